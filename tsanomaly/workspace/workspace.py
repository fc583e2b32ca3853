"""The workspace: the one store of runs, events, models, watermarks, verdicts, notes, calendars and alerts on their way.

>>> with Workspace.open() as workspace:                        # doctest: +SKIP
...     run = workspace.runs.claim("pumps", due, "host-1", timedelta(minutes=5), now)
...     workspace.commit(run, results, now)
...     workspace.runs.finish(run, Outcome.SUCCEEDED, now)
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace.address import Address
from tsanomaly.workspace.audit import Audit
from tsanomaly.workspace.backup import back_up
from tsanomaly.workspace.calendar_store import CalendarStore
from tsanomaly.workspace.checkup import Checkup, check
from tsanomaly.workspace.commit import SeriesResult, commit
from tsanomaly.workspace.database import PATIENCE_S, Database
from tsanomaly.workspace.events import EventChange, EventTable
from tsanomaly.workspace.jobs import Jobs
from tsanomaly.workspace.models import Models
from tsanomaly.workspace.notes import Notes
from tsanomaly.workspace.outbox import Outbox
from tsanomaly.workspace.runs import Run, Runs
from tsanomaly.workspace.schema import refuse_other, revision, upgrade
from tsanomaly.workspace.scores import ScoreFiles, ScorePart
from tsanomaly.workspace.tallies import Tallies
from tsanomaly.workspace.verdicts import Verdicts
from tsanomaly.workspace.watermarks import Watermarks


class Workspace:
    """A store that is open. Threads may share it; another process opens its own, from :attr:`url`.

    Attributes:
        jobs, runs, watermarks, events, scores, models, outbox: what batch scoring keeps.
        verdicts, notes, calendars, audit: what people say, and what they changed.
        tallies: how much there is of all that.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.jobs = Jobs(database)
        self.runs = Runs(database)
        self.watermarks = Watermarks(database)
        self.events = EventTable(database)
        self.scores = ScoreFiles(database)
        self.models = Models(database)
        self.outbox = Outbox(database)
        self.verdicts = Verdicts(database)
        self.notes = Notes(database)
        self.calendars = CalendarStore(database)
        self.audit = Audit(database)
        self.tallies = Tallies(database)

    @classmethod
    def open(
        cls, url: str | os.PathLike[str] | None = None, *, create: bool = True, patience_s: float = PATIENCE_S
    ) -> Self:
        """Open a workspace, and make it if there is none.

        Args:
            url: ``postgresql+psycopg://USER:PASSWORD@HOST/DATABASE``, ``sqlite:///PATH`` or a path; ``None``: what the
                environment's ``TSANOMALY_WORKSPACE`` says, else a file in the user's data folder.
            create: make it where it is missing.
            patience_s: how long to wait for another writer.

        Raises:
            WorkspaceUnavailableError: it is locked or cannot be reached just now.
            WorkspaceError: it cannot be used: wrong address, password or rights, or another revision.
        """
        address = Address.of(url)
        if address.is_sqlite:
            _prepare(address, create)
        database = Database(address, patience_s)
        try:
            with database.reading() as connection:
                found = revision(connection, address)
            if found is None and create:
                with database.writing() as connection:
                    _, found = upgrade(connection, address)
            refuse_other(found, address)
        except BaseException:
            database.close()
            raise
        return cls(database)

    @classmethod
    def upgrade(
        cls, url: str | os.PathLike[str] | None = None, *, patience_s: float = PATIENCE_S
    ) -> tuple[str | None, str]:
        """Bring a workspace to the revision of this version of tsanomaly, and make it if there is none.

        Returns:
            The revision before (``None``: there was none) and after.

        Raises:
            WorkspaceError: it cannot be used, or is of a newer version.
        """
        address = Address.of(url)
        if address.is_sqlite:
            _prepare(address, create=True)
        database = Database(address, patience_s)
        try:
            with database.writing() as connection:
                return upgrade(connection, address)
        finally:
            database.close()

    @property
    def url(self) -> str:
        """What :meth:`open` takes in another process. It may hold a password: show :attr:`shown` to people."""
        return self._database.address.url.render_as_string(hide_password=False)

    @property
    def shown(self) -> str:
        """Where it is, for people: no password."""
        return self._database.address.shown

    @property
    def folder(self) -> Path:
        """Where Parquet scores and model files lie."""
        return self._database.address.folder

    def commit(
        self,
        run: Run,
        results: Sequence[SeriesResult],
        now: datetime,
        *,
        parts: Iterable[ScorePart] = (),
        calendars: Sequence[str] = (),
    ) -> list[EventChange]:
        """Store what a run found, in one transaction: all of it, or nothing.

        Events are found again, grown, merged or withdrawn (:mod:`tsanomaly.workspace.identity`), watermarks move
        forward, outcomes of series and alerts are stored, files of scores become visible. Committing the same again
        changes nothing. A run may commit several times, a shard of its series each.

        Args:
            run: held by the caller.
            results: by series.
            now: the caller's clock.
            parts: what :meth:`ScoreFiles.write` gave.
            calendars: of known maintenance: events in it are held back, as are those that verdicts say so of.

        Returns:
            What became of events.

        Raises:
            LostRunError: the run was taken over or has ended: nothing was stored.
        """
        with self._database.writing() as connection:
            return commit(connection, self.folder, run, results, parts, calendars, now)

    def check(self) -> Checkup:
        """Whether the database is sound, and the files that it names are there."""
        return check(self._database)

    def back_up(self, target: str | os.PathLike[str]) -> None:
        """Copy all of it into a new folder, while it is in use; SQLite only.

        Raises:
            WorkspaceError: the folder is there or cannot be written; PostgreSQL has pg_dump for this.
        """
        back_up(self._database, Path(target))

    def close(self) -> None:
        """Give back what it holds."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).open, (self.url,)

    def __repr__(self) -> str:
        return f"Workspace({self.shown!r})"


def _prepare(address: Address, create: bool) -> None:
    """Refuse what SQLite would otherwise make silently, and make the user's data folder."""
    file = address.file
    if file.is_dir():
        raise WorkspaceError(f"the workspace {address.shown} is a folder; give the path of a file in it")
    if file.exists():
        return
    if not create:
        raise WorkspaceError(f"there is no workspace at {address.shown} yet; run: tsanomaly workspace init")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(
            f"the workspace {address.shown} cannot be made: {error.strerror or error}; give another path"
        ) from None
