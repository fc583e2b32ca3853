"""Which old events are forgotten. What a person said something about is knowledge, and stays.

Forgetting must not be noticed by what comes after. So an event stays, however old it is,

- while a run may score its stretch again: found anew, it would be told as new;
- if it was ever judged, or has a note: feedback and likeness rest on that, and so does undoing;
- if another that stays was merged into it: that one says so.

The audit trail is never touched.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select

from tsanomaly.workspace.statements import chunks
from tsanomaly.workspace.tables import event_history, events, notes, series, verdicts
from tsanomaly.workspace.turns import rulings_in_turn


def forget_events(connection: Connection, job: str, before: datetime, late: timedelta) -> int:
    """Remove old events and their history within a transaction; see :meth:`EventTable.prune`."""
    rulings_in_turn(connection, job)  # neither a run nor a verdict comes between
    doomed = _old(connection, job, before, late)
    doomed -= _spoken_of(connection, verdicts, job) | _spoken_of(connection, notes, job)
    while needed := _needed(connection, job, doomed):
        doomed -= needed
    for some in chunks(sorted(doomed)):
        connection.execute(delete(event_history).where(event_history.c.event_id.in_(some)))
        connection.execute(delete(events).where(events.c.id.in_(some)))
    return len(doomed)


def _old(connection: Connection, job: str, before: datetime, late: timedelta) -> set[str]:
    """Events that no run scores again, held so that nobody writes a note on one meanwhile."""
    wanted = (
        select(events.c.id, events.c.end_at, series.c.watermark)
        .join(series, series.c.id == events.c.series_id)
        .where(events.c.job == job, events.c.start_at < before, events.c.end_at < before)
        .order_by(events.c.id)
        .with_for_update(of=events)
    )
    return {
        row.id for row in connection.execute(wanted) if row.watermark is not None and row.end_at < row.watermark - late
    }


def _spoken_of(connection: Connection, said: Any, job: str) -> set[str]:
    """Events that have verdicts or notes, undone ones too."""
    of_job = select(said.c.event_id).join(events, events.c.id == said.c.event_id).where(events.c.job == job)
    return set(connection.execute(of_job.distinct()).scalars())


def _needed(connection: Connection, job: str, doomed: set[str]) -> set[str]:
    """Those of them that an event that stays was merged into."""
    merged = select(events.c.id, events.c.merged_into).where(events.c.job == job)
    return {
        row.merged_into
        for some in chunks(sorted(doomed))
        for row in connection.execute(merged.where(events.c.merged_into.in_(some)))
        if row.id not in doomed
    }
