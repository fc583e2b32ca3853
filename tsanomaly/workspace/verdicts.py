"""Verdicts on stored events. What they change for others is worked out in ``rulings.py``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from tsanomaly.detection.verdicts import Feedback, Judgement, Verdict
from tsanomaly.errors import ConflictError, WorkspaceError
from tsanomaly.workspace.audit import record
from tsanomaly.workspace.database import Database
from tsanomaly.workspace.events import StoredEvent, read_event
from tsanomaly.workspace.names import digest, short
from tsanomaly.workspace.rulings import feedback_of, rule_again
from tsanomaly.workspace.statements import locked
from tsanomaly.workspace.tables import events, series, verdicts
from tsanomaly.workspace.turns import rulings_in_turn


@dataclass(frozen=True)
class StoredVerdict:
    """What somebody said of an event.

    Attributes:
        id: in this workspace.
        job, series: of the event.
        verdict: as feedback takes it, with the event as it was when it was judged.
        in_force: it was given last, and was not undone.
        undone_at, undone_by: ``None``: it was not.
    """

    id: int
    event_id: str
    job: str
    series: str
    judgement: Judgement
    note: str
    author: str
    at: datetime
    verdict: Verdict
    in_force: bool
    undone_at: datetime | None
    undone_by: str | None


class Verdicts:
    """The verdicts of a workspace. Every change is in the audit trail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def give(
        self,
        event_id: str,
        judgement: Judgement,
        *,
        author: str,
        seen_version: int,
        note: str = "",
        since: datetime | None = None,
        now: datetime | None = None,
        calendars: Sequence[str] = (),
    ) -> StoredEvent:
        """Judge an event. An earlier verdict on it is replaced, and comes back when this one is undone.

        Other events of the job are held back or shown again in the same transaction, exactly those that
        :func:`tsanomaly.detection.feedback.preview` names.

        Args:
            seen_version: the event's ``verdict_version`` as the author saw it.
            since: from when on a new normal holds; ``None``: from the event's start.
            calendars: of the job, by name: what lies in them is held back whatever the verdict.

        Returns:
            The event as it is now.

        Raises:
            ConflictError: somebody else gave or undid a verdict meanwhile.
            WorkspaceError: there is no such event.
        """
        at = now or datetime.now(UTC)
        author = short(author or "unknown", "an author's name")
        with self._database.writing() as connection:
            event = _seen(connection, event_id, seen_version)
            before = feedback_of(connection, event.job)
            said = event.occurrence.judged(judgement, at, note=note, author=author, since=since)
            row = {"event_id": event_id, "judgement": judgement, "note": note, "author": author, "at": at}
            connection.execute(insert(verdicts), [row | {"details": said.to_dict()}])
            return _settle(connection, event, before, at, author, "give verdict", calendars)

    def undo(
        self,
        event_id: str,
        *,
        author: str,
        seen_version: int,
        now: datetime | None = None,
        calendars: Sequence[str] = (),
    ) -> StoredEvent:
        """Take back the verdict in force; the one before it, if any, is in force again.

        Args:
            seen_version, calendars: as for :meth:`give`.

        Raises:
            ConflictError: somebody else gave or undid a verdict meanwhile.
            WorkspaceError: there is no such event, or no verdict on it.
        """
        at = now or datetime.now(UTC)
        author = short(author or "unknown", "an author's name")
        with self._database.writing() as connection:
            event = _seen(connection, event_id, seen_version)
            before = feedback_of(connection, event.job)
            last = _in_force(connection, event_id)
            if last is None:
                raise WorkspaceError(f"event '{event_id}' has no verdict to undo")
            gone = {"undone_at": at, "undone_by": author}
            connection.execute(update(verdicts).where(verdicts.c.id == last.id).values(gone))
            return _settle(connection, event, before, at, author, "undo verdict", calendars)

    def list(
        self,
        job: str | None = None,
        series: str | None = None,
        judgement: Judgement | None = None,
        limit: int | None = 1000,
    ) -> list[StoredVerdict]:
        """Verdicts in force, the newest first."""
        return [v for v in _read(self._database, job, series, judgement) if v.in_force][:limit]

    def history(self, event_id: str) -> Sequence[StoredVerdict]:
        """All that were given to an event, the oldest first, undone ones too."""
        return _read(self._database, event_id=event_id)[::-1]

    def feedback(self, job: str) -> Feedback:
        """The verdicts in force on events of a job, as detection takes them."""
        with self._database.reading() as connection:
            return feedback_of(connection, job)


def _read(
    database: Database,
    job: str | None = None,
    series_name: str | None = None,
    judgement: Judgement | None = None,
    event_id: str | None = None,
) -> list[StoredVerdict]:
    """Verdicts, the newest first, undone ones too."""
    table = verdicts.join(events, events.c.id == verdicts.c.event_id).join(series, series.c.id == events.c.series_id)
    wanted = select(verdicts, events.c.job, series.c.name.label("series")).select_from(table)
    if job is not None:
        wanted = wanted.where(events.c.job == job)
    if series_name is not None:
        wanted = wanted.where(series.c.digest == digest(series_name))
    if event_id is not None:
        wanted = wanted.where(verdicts.c.event_id == event_id)
    with database.reading() as connection:
        rows = connection.execute(wanted.order_by(verdicts.c.id.desc())).mappings().all()
    found, judged = [], set()
    for row in rows:
        stands = row["undone_at"] is None and row["event_id"] not in judged
        if stands:
            judged.add(row["event_id"])
        if judgement in (None, row["judgement"]):
            found.append(_stored(row, stands))
    return found


def _seen(connection: Connection, event_id: str, seen_version: int) -> StoredEvent:
    """The event, held until the transaction ends, if its verdict is the one that was seen."""
    rulings_in_turn(connection, read_event(connection, event_id).job)
    connection.execute(locked(select(events.c.id).where(events.c.id == event_id)))
    event = read_event(connection, event_id)
    if event.verdict_version != seen_version:
        by = _in_force(connection, event_id)
        now = "without a verdict" if by is None else f"judged '{by.judgement}' by {by.author}"
        raise ConflictError(
            f"event '{event_id}' was judged by somebody else meanwhile and is {now}; load it again and decide again"
        )
    return event


def _in_force(connection: Connection, event_id: str) -> Any:
    standing = select(verdicts).where(verdicts.c.event_id == event_id, verdicts.c.undone_at.is_(None))
    return connection.execute(standing.order_by(verdicts.c.id.desc()).limit(1)).one_or_none()


def _settle(
    connection: Connection,
    event: StoredEvent,
    before: Feedback,
    at: datetime,
    author: str,
    action: str,
    calendars: Sequence[str],
) -> StoredEvent:
    """Write the verdict in force to its event, what it changes to others, and all of it to the audit trail."""
    last = _in_force(connection, event.id)
    verdict = None if last is None else last.judgement
    this = update(events).where(events.c.id == event.id)
    connection.execute(this.values(verdict=verdict, verdict_version=event.verdict_version + 1))
    changed = rule_again(connection, event, before, feedback_of(connection, event.job), calendars)
    was = {"verdict": event.verdict and str(event.verdict)}
    note = "" if last is None else last.note
    record(connection, at, author, action, event.id, was, {"verdict": verdict, "note": note} | changed)
    return read_event(connection, event.id)


def _stored(row: Any, stands: bool) -> StoredVerdict:
    return StoredVerdict(
        row["id"],
        row["event_id"],
        row["job"],
        row["series"],
        Judgement(row["judgement"]),
        row["note"],
        row["author"],
        row["at"],
        Verdict.from_dict(row["details"]),
        stands,
        row["undone_at"],
        row["undone_by"],
    )
