"""How much there is of everything, counted by the database: for watching over a workspace of any size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from tsanomaly.workspace.database import Database
from tsanomaly.workspace.kinds import EventStatus, Outcome
from tsanomaly.workspace.tables import events, outbox, runs, series


@dataclass(frozen=True)
class SeriesTally:
    """The series of a job: how many, and the least and the furthest that one of them was scored."""

    number: int
    oldest: datetime
    newest: datetime


@dataclass(frozen=True)
class OutboxTally:
    """Messages that were not sent: how many, how many of them were tried in vain, and when the oldest was made."""

    waiting: int
    failing: int
    oldest: datetime | None


class Tallies:
    """What a workspace holds, in numbers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def runs(self) -> dict[tuple[str, Outcome | None], int]:
        """Runs that are kept, by job and outcome; ``None``: they run."""
        wanted = select(runs.c.job, runs.c.outcome, func.count()).group_by(runs.c.job, runs.c.outcome)
        with self._database.reading() as connection:
            return {(job, outcome and Outcome(outcome)): number for job, outcome, number in connection.execute(wanted)}

    def series(self) -> dict[str, SeriesTally]:
        """By job; series of which nothing was scored are not counted."""
        mark = series.c.watermark
        wanted = select(series.c.job, func.count(mark), func.min(mark), func.max(mark)).where(mark.is_not(None))
        with self._database.reading() as connection:
            return {job: SeriesTally(*rest) for job, *rest in connection.execute(wanted.group_by(series.c.job))}

    def events(self, found_since: datetime | None = None) -> dict[tuple[str, EventStatus], int]:
        """Events that are kept, by job and status; those found then or later, where that is given."""
        wanted = select(events.c.job, events.c.status, func.count()).group_by(events.c.job, events.c.status)
        if found_since is not None:
            wanted = wanted.where(events.c.found_at >= found_since)
        with self._database.reading() as connection:
            return {(job, EventStatus(status)): number for job, status, number in connection.execute(wanted)}

    def outbox(self) -> OutboxTally:
        """What waits to be sent, due or not."""
        failing = func.coalesce(func.sum(case((outbox.c.tries > 0, 1), else_=0)), 0)
        wanted = select(func.count(), failing, func.min(outbox.c.created_at)).where(outbox.c.sent_at.is_(None))
        with self._database.reading() as connection:
            return OutboxTally(*connection.execute(wanted).one())
