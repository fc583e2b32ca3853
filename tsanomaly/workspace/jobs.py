"""Jobs that are registered, as the TOML they were given in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select, update

from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace.audit import record
from tsanomaly.workspace.database import Database
from tsanomaly.workspace.names import short
from tsanomaly.workspace.statements import locked, upsert
from tsanomaly.workspace.tables import jobs


@dataclass(frozen=True)
class StoredJob:
    """A job; ``put_at`` is when its TOML was stored."""

    name: str
    toml: str
    enabled: bool
    put_at: datetime


class Jobs:
    """The jobs of a workspace. Every change is in the audit trail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, name: str, toml: str, enabled: bool = True, *, author: str = "", now: datetime | None = None) -> None:
        """Store a job, or replace the one of that name. What it says is not looked at here."""
        at = now or datetime.now(UTC)
        row = {
            "name": short(name, "a job's name"),
            "toml": toml,
            "enabled": enabled,
            "put_at": at,
        }
        with self._database.writing() as connection:
            before = connection.execute(locked(select(jobs).where(jobs.c.name == row["name"]))).one_or_none()
            if before is not None and (before.toml, before.enabled) == (toml, enabled):
                return
            upsert(connection, jobs, [row], ("name",))
            old = None if before is None else {"toml": before.toml, "enabled": before.enabled}
            record(connection, at, author, "put job", name, old, {"toml": toml, "enabled": enabled})

    def get(self, name: str) -> StoredJob:
        """One job.

        Raises:
            WorkspaceError: there is none of that name.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(jobs).where(jobs.c.name == name)).one_or_none()
        if row is None:
            raise _missing(name)
        return StoredJob(**row._mapping)

    def list(self, enabled: bool | None = None) -> list[StoredJob]:
        """All jobs by name, or only those that are enabled, or only those that are not."""
        wanted = select(jobs).order_by(jobs.c.name)
        if enabled is not None:
            wanted = wanted.where(jobs.c.enabled == enabled)
        with self._database.reading() as connection:
            return [StoredJob(**row._mapping) for row in connection.execute(wanted)]

    def enable(self, name: str, *, author: str = "", now: datetime | None = None) -> None:
        """Let it run when it is due.

        Raises:
            WorkspaceError: there is none of that name.
        """
        self._switch(name, True, author, now)

    def disable(self, name: str, *, author: str = "", now: datetime | None = None) -> None:
        """Do not let it run.

        Raises:
            WorkspaceError: there is none of that name.
        """
        self._switch(name, False, author, now)

    def remove(self, name: str, *, author: str = "", now: datetime | None = None) -> None:
        """Forget the job; its runs and events stay.

        Raises:
            WorkspaceError: there is none of that name.
        """
        with self._database.writing() as connection:
            row = connection.execute(delete(jobs).where(jobs.c.name == name).returning(jobs)).one_or_none()
            if row is None:
                raise _missing(name)
            old = {"toml": row.toml, "enabled": row.enabled}
            record(connection, now or datetime.now(UTC), author, "remove job", name, old, None)

    def _switch(self, name: str, on: bool, author: str, now: datetime | None) -> None:
        with self._database.writing() as connection:
            was = connection.execute(locked(select(jobs.c.enabled).where(jobs.c.name == name))).scalar_one_or_none()
            if was is None:
                raise _missing(name)
            if was != on:
                connection.execute(update(jobs).where(jobs.c.name == name).values(enabled=on))
                done = "enable job" if on else "disable job"
                record(connection, now or datetime.now(UTC), author, done, name, {"enabled": was}, {"enabled": on})


def _missing(name: str) -> WorkspaceError:
    return WorkspaceError(f"there is no job '{name[:60]}' in this workspace; tsanomaly jobs list names them")
