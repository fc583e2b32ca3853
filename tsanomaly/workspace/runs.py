"""Runs: who does what is due, and how it ended. A run is (job, scheduled time); its row is lock and history in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select, update

from tsanomaly.errors import LostRunError, WorkspaceError
from tsanomaly.workspace.database import Database
from tsanomaly.workspace.kinds import Outcome
from tsanomaly.workspace.names import short
from tsanomaly.workspace.outbox import AlertDraft, enqueue
from tsanomaly.workspace.statements import insert_new, locked
from tsanomaly.workspace.tables import run_series, runs, series


@dataclass(frozen=True)
class Run:
    """One run of a job.

    Attributes:
        id: in this workspace.
        job, scheduled_at: what was due, unique together.
        owner: who runs it.
        attempt: 1, and one more for each time somebody took it over.
        claimed_at, heartbeat_at, lease_until: by the owner's clock. Past ``lease_until`` others may take it over.
        finished_at, outcome, message: ``None`` and empty while it runs.
        counts: such as rows and events.
    """

    id: int
    job: str
    scheduled_at: datetime
    owner: str
    attempt: int
    claimed_at: datetime
    heartbeat_at: datetime
    lease_until: datetime
    finished_at: datetime | None
    outcome: Outcome | None
    message: str
    counts: Mapping[str, Any]

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.outcome is None


@dataclass(frozen=True)
class SeriesOutcome:
    """How one series of a run ended; ``scored_from`` and ``scored_until`` are half open, ``None`` if nothing was."""

    series: str
    outcome: Outcome
    message: str
    scored_from: datetime | None
    scored_until: datetime | None
    rows: int
    events: int


class Runs:
    """The runs of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(
        self, job: str, scheduled_at: datetime, owner: str, lease: timedelta, now: datetime, *, again: bool = False
    ) -> Run | None:
        """Take a run, for one owner alone.

        Args:
            job, scheduled_at: what is due.
            owner: who asks, such as host and process.
            lease: how long it is held without a heartbeat.
            now: the owner's clock.
            again: take a run that has ended, too: for a backfill.

        Returns:
            The run; ``None`` when somebody has it, or it is done. One whose lease has lapsed is taken over:
            ``attempt`` rises, and whoever had it can store nothing more.
        """
        mine = {"owner": short(owner, "the owner of a run"), "claimed_at": now, "heartbeat_at": now}
        mine |= {"lease_until": now + lease}
        fresh = mine | {"job": short(job, "a job's name"), "scheduled_at": scheduled_at, "attempt": 0}
        this = and_(runs.c.job == fresh["job"], runs.c.scheduled_at == scheduled_at)
        free = and_(runs.c.outcome.is_(None), (runs.c.attempt == 0) | (runs.c.lease_until <= now))
        if again:
            free = free | runs.c.outcome.is_not(None)
        unended: dict[str, Any] = {"finished_at": None, "outcome": None, "message": "", "counts": {}}
        with self._database.writing() as connection:
            insert_new(connection, runs, [fresh], ("job", "scheduled_at"))
            taken = connection.execute(
                update(runs).where(this, free).values(mine | unended | {"attempt": runs.c.attempt + 1}).returning(runs)
            ).one_or_none()
        return None if taken is None else _run(taken)

    def heartbeat(self, run: Run, now: datetime, lease: timedelta) -> bool:
        """Prolong a lease. ``False``: the run was taken from us, or has ended; stop."""
        with self._database.writing() as connection:
            held = connection.execute(
                update(runs).where(_held(run)).values(heartbeat_at=now, lease_until=now + lease).returning(runs.c.id)
            )
            return held.one_or_none() is not None

    def finish(
        self,
        run: Run,
        outcome: Outcome,
        now: datetime,
        *,
        counts: Mapping[str, Any] | None = None,
        message: str = "",
        alerts: Sequence[AlertDraft] = (),
    ) -> None:
        """End a run, and put alerts into the outbox with it.

        Raises:
            LostRunError: somebody took it over, or it has ended.
        """
        ended = {"outcome": outcome, "finished_at": now, "counts": dict(counts or {}), "message": message}
        with self._database.writing() as connection:
            held = connection.execute(update(runs).where(_held(run)).values(ended).returning(runs.c.id))
            if held.one_or_none() is None:
                raise lost(run)
            enqueue(connection, run.job, alerts, now)

    def get(self, run_id: int) -> Run:
        """One run.

        Raises:
            WorkspaceError: there is none of that id.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
        if row is None:
            raise WorkspaceError(f"there is no run {run_id}; perhaps it was pruned")
        return _run(row)

    def list(
        self,
        job: str | None = None,
        outcome: Outcome | None = None,
        since: datetime | None = None,
        limit: int | None = 100,
        *,
        running: bool | None = None,
    ) -> list[Run]:
        """Runs, the latest scheduled first.

        Args:
            job, outcome: only these.
            since: scheduled then or later.
            limit: at most so many; ``None``: all.
            running: only those that run, or only those that have ended.
        """
        wanted = select(runs).order_by(runs.c.scheduled_at.desc(), runs.c.id.desc()).limit(limit)
        if job is not None:
            wanted = wanted.where(runs.c.job == job)
        if outcome is not None:
            wanted = wanted.where(runs.c.outcome == outcome)
        if since is not None:
            wanted = wanted.where(runs.c.scheduled_at >= since)
        if running is not None:
            wanted = wanted.where(runs.c.outcome.is_(None) if running else runs.c.outcome.is_not(None))
        with self._database.reading() as connection:
            return [_run(row) for row in connection.execute(wanted)]

    def series_outcomes(self, run: Run | int) -> Sequence[SeriesOutcome]:
        """How each series of a run ended so far, by name."""
        of_run = run.id if isinstance(run, Run) else run
        wanted = (
            select(series.c.name.label("series"), *(run_series.c[n] for n in list(SeriesOutcome.__annotations__)[1:]))
            .join(series, series.c.id == run_series.c.series_id)
            .where(run_series.c.run_id == of_run)
            .order_by(series.c.name)
        )
        with self._database.reading() as connection:
            rows = connection.execute(wanted).mappings()
            return [SeriesOutcome(**(dict(row) | {"outcome": Outcome(row["outcome"])})) for row in rows]

    def prune(self, keep: timedelta, now: datetime, job: str | None = None) -> int:
        """Forget runs that ended longer ago than ``keep``; the last of each job stays, and so do all events.

        Returns:
            How many were forgotten.
        """
        other = runs.alias()
        latest = (
            select(func.max(other.c.scheduled_at))
            .where(other.c.job == runs.c.job, other.c.outcome.is_not(None))
            .scalar_subquery()
        )
        old = and_(runs.c.finished_at < now - keep, runs.c.outcome.is_not(None), runs.c.scheduled_at < latest)
        if job is not None:
            old = and_(old, runs.c.job == job)
        with self._database.writing() as connection:
            return int(connection.execute(delete(runs).where(old)).rowcount)


def fence(connection: Connection, run: Run) -> None:
    """Hold a run for the rest of a transaction: nobody takes it over until then.

    Raises:
        LostRunError: somebody has, or it has ended.
    """
    if connection.execute(locked(select(runs.c.id).where(_held(run)), shared=True)).one_or_none() is None:
        raise lost(run)


def lost(run: Run) -> LostRunError:
    """Why a run can store nothing more."""
    return LostRunError(
        f"the run of job '{run.job}' scheduled at {run.scheduled_at:%Y-%m-%d %H:%M:%S} UTC is no longer held by "
        f"{run.owner}: it was taken over or has ended; what was committed before stays, stop here"
    )


def _held(run: Run) -> Any:
    return and_(runs.c.id == run.id, runs.c.attempt == run.attempt, runs.c.outcome.is_(None))


def _run(row: Any) -> Run:
    plain = dict(row._mapping)
    return Run(**(plain | {"outcome": None if plain["outcome"] is None else Outcome(plain["outcome"])}))
