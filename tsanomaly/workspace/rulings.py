"""What verdicts make of stored events: which are held back, and why, by the rules of ``detection/feedback.py``.

Two moments change it. A run judges the events that it found or changed, under all verdicts in force and the calendars
of its job. A verdict that is given or undone changes exactly the events of which its preview says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from tsanomaly.detection.feedback import judge
from tsanomaly.detection.verdicts import Feedback, Occurrence, Verdict
from tsanomaly.workspace.calendar_store import spans_of
from tsanomaly.workspace.events import StoredEvent, read_events
from tsanomaly.workspace.kinds import EventStatus
from tsanomaly.workspace.statements import chunks
from tsanomaly.workspace.tables import events, verdicts

MOST = 20_000
"""Events of a job that a verdict is held against, the latest."""


def feedback_of(connection: Connection, job: str) -> Feedback:
    """The verdicts in force on events of a job, the oldest first."""
    table = verdicts.join(events, events.c.id == verdicts.c.event_id)
    wanted = select(verdicts.c.event_id, verdicts.c.details).select_from(table)
    wanted = wanted.where(events.c.job == job, verdicts.c.undone_at.is_(None)).order_by(verdicts.c.id)
    latest: dict[str, Any] = {}
    for event_id, details in connection.execute(wanted):
        latest.pop(event_id, None)  # the last given counts, and takes its place in time
        latest[event_id] = details
    return Feedback(tuple(map(Verdict.from_dict, latest.values())))


def rule_on_found(
    connection: Connection,
    job: str,
    event_ids: Sequence[str],
    calendars: Sequence[str],
    learned_from: Mapping[str, datetime],
) -> None:
    """Judge events that a run found or changed."""
    feedback = feedback_of(connection, job) if event_ids else Feedback()
    if not event_ids or not (feedback.verdicts or calendars):
        return
    chosen = chunks(sorted(set(event_ids)))
    found = [e for some in chosen for e in read_events(connection, events.c.id.in_(some), details=True)]
    since, until = min(event.start for event in found), max(event.end for event in found)
    calendar = spans_of(connection, calendars, since, until)
    rulings = judge(_occurrences(found), feedback, calendar, learned_from=learned_from)
    reasons = ["" if ruling.shown else ruling.reason for ruling in rulings]
    _write(connection, {e.id: reason for e, reason in zip(found, reasons, strict=True) if e.held_back != reason})


def rule_again(
    connection: Connection, judged: StoredEvent, before: Feedback, after: Feedback, calendars: Sequence[str] = ()
) -> dict[str, int]:
    """Change what a verdict changes: the event it was given to, and others of its job. What lies in maintenance by one
    of the calendars is held back before and after.

    Returns:
        How many events are ``held back`` that were shown, and ``shown again`` that were held back.
    """
    others = (events.c.job == judged.job) & (events.c.status == EventStatus.FOUND) & (events.c.id != judged.id)
    found = [judged, *read_events(connection, others, details=True, limit=MOST)]
    occurrences = _occurrences(found)
    since, until = min(event.start for event in found), max(event.end for event in found)
    calendar = spans_of(connection, calendars, since, until)
    was, now = judge(occurrences, before, calendar), judge(occurrences, after, calendar)
    changed = {}
    for event, one, other in zip(found, was, now, strict=True):
        reason = "" if other.shown else other.reason
        # What else has changed since the event was stored, such as a calendar, is not the verdict's doing.
        if (event.id == judged.id or (one.shown, one.reason) != (other.shown, other.reason)) and (
            reason != event.held_back
        ):
            changed[event.id] = (event.held_back, reason)
    _write(connection, {event_id: reason for event_id, (_, reason) in changed.items()})
    return {
        "held back": sum(not old for old, new in changed.values() if new),
        "shown again": sum(not new for _, new in changed.values()),
    }


def _occurrences(found: Sequence[StoredEvent]) -> list[Occurrence]:
    return [event.occurrence for event in found]


def _write(connection: Connection, reasons: Mapping[str, str]) -> None:
    if reasons:
        to = update(events).where(events.c.id == bindparam("this"))
        rows = [{"this": event_id, "to": reason} for event_id, reason in reasons.items()]
        connection.execute(to.values(held_back=bindparam("to", type_=events.c.held_back.type)), rows)
