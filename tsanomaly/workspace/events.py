"""Events as the store has them, with how they came to be what they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, func, select

from tsanomaly.detection.events import ChannelShare
from tsanomaly.detection.similarity import Fingerprint
from tsanomaly.detection.verdicts import Judgement, Occurrence
from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace.database import Database
from tsanomaly.workspace.kinds import Change, EventStatus
from tsanomaly.workspace.names import digest
from tsanomaly.workspace.retention import forget_events
from tsanomaly.workspace.runs import Run
from tsanomaly.workspace.statements import chunks
from tsanomaly.workspace.tables import event_history, events, series

LEADING = 8
"""Channels that a list shows of an event, by share; a single event shows all."""

ALL_CHANNELS = "all channels"
"""Among an event's stored details: its channels, where they are more."""

Order = Literal["severity", "start", "updated", "series"]

_ORDERS = {
    "severity": (events.c.severity.desc(), events.c.start_at.desc(), events.c.id),
    "start": (events.c.start_at.desc(), events.c.id),
    "updated": (events.c.updated_at.desc(), events.c.id),
    "series": (series.c.name, events.c.start_at.desc(), events.c.id),
}


@dataclass(frozen=True)
class StoredEvent:
    """One anomaly of one series of one job.

    Attributes:
        id: the same in every copy of the workspace; a link may hold it.
        start, end: half open.
        peak_time: where the score is highest.
        severity: 0 to 100.
        score: at the peak.
        kind: such as spike or level; ``None``: not worked out.
        channels: by share, the largest first; in lists the first eight.
        status: what the last scoring of its stretch says of it.
        merged_into: the event that it is part of now.
        ongoing: it reaches to the end of what was scored so far.
        found_at, updated_at: when a run found it, and last changed it.
        verdict: in force; ``None``: nobody judged it.
        verdict_version: to be handed back when a verdict is given: see :meth:`Verdicts.give`.
        held_back: why it is, by a verdict on it or on others like it, or a calendar; empty: it is shown.
        details: whatever else its job knew of it; empty in lists unless asked for.
    """

    id: str
    job: str
    series: str
    start: datetime
    end: datetime
    peak_time: datetime
    severity: float
    score: float
    direction: str
    kind: str | None
    channels: tuple[ChannelShare, ...]
    status: EventStatus
    merged_into: str | None
    ongoing: bool
    found_at: datetime
    updated_at: datetime
    verdict: Judgement | None
    verdict_version: int
    held_back: str
    details: Mapping[str, Any]

    @property
    def occurrence(self) -> Occurrence:
        """The event as feedback sees it, with the fingerprint and threshold among its details, where they are."""
        mark, threshold = self.details.get("fingerprint"), self.details.get("threshold")
        return Occurrence(
            self.series,
            self.start,
            self.end,
            self.score,
            float("inf") if threshold is None else float(threshold),
            None if mark is None else Fingerprint.from_dict(mark),
            self.id,
        )


@dataclass(frozen=True)
class EventChange:
    """What a run did to an event.

    Attributes:
        run_id: the run; ``None``: it was pruned.
        before, after: the fields that changed, as plain types.
    """

    event_id: str
    run_id: int | None
    at: datetime
    change: Change
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]


_FIELDS = tuple(name for name in StoredEvent.__annotations__ if name != "details")
"""In the order of the columns that :func:`_columns` selects."""


class EventTable:
    """The events of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(
        self,
        job: str | None = None,
        series: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        status: EventStatus | None = EventStatus.FOUND,
        verdict: Judgement | Literal["none"] | None = None,
        order: Order = "severity",
        limit: int | None = 5000,
        offset: int = 0,
        *,
        severity: float | None = None,
        held_back: bool | None = None,
        details: bool = False,
    ) -> list[StoredEvent]:
        """Events.

        Args:
            job, series: only theirs.
            since, until: only those that overlap this stretch.
            status: only those; ``None``: withdrawn and merged ones, too.
            verdict: only those so judged; ``"none"``: only those that nobody judged.
            order: the most severe, the latest or the latest changed first, or by series.
            limit, offset: so many of them; ``None``: all.
            severity: at least so severe.
            held_back: only those that are held back, or only those that are not.
            details: with what else is known of each: slower.
        """
        wanted = _filtered(_columns(details), job, series, since, until, status, verdict, severity, held_back)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(*_ORDERS[order]).limit(limit).offset(offset))
            return [_event(row) for row in rows]

    def count(
        self,
        job: str | None = None,
        series: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        status: EventStatus | None = EventStatus.FOUND,
        verdict: Judgement | Literal["none"] | None = None,
        *,
        severity: float | None = None,
        held_back: bool | None = None,
    ) -> int:
        """How many :meth:`list` would give without a limit."""
        wanted = _filtered(select(func.count()), job, series, since, until, status, verdict, severity, held_back)
        with self._database.reading() as connection:
            return int(connection.execute(wanted).scalar_one())

    def get(self, event_id: str) -> StoredEvent:
        """One event, with its details.

        Raises:
            WorkspaceError: there is none of that id.
        """
        with self._database.reading() as connection:
            return read_event(connection, event_id)

    def get_many(self, event_ids: Iterable[str]) -> dict[str, StoredEvent]:
        """Events by id, without their details; an id that there is not is not in it."""
        found: dict[str, StoredEvent] = {}
        with self._database.reading() as connection:
            for some in chunks(sorted(set(event_ids))):
                found |= {event.id: event for event in read_events(connection, events.c.id.in_(some), details=False)}
        return found

    def history(self, event_id: str) -> Sequence[EventChange]:
        """What runs did to an event, the oldest first. Verdicts have a history of their own."""
        return self._changes(event_history.c.event_id == event_id)

    def changed_in(self, run: Run | int) -> Sequence[EventChange]:
        """What a run did to events, in the order in which it was done; the same after a takeover."""
        return self._changes(event_history.c.run_id == (run.id if isinstance(run, Run) else run))

    def prune(self, job: str, before: datetime, *, late: timedelta = timedelta(0)) -> int:
        """Forget events of a job that ended before then, with what runs did to them.

        Those stay that somebody judged or wrote a note on, also where the verdict was undone, and those that such a
        one was merged into; so do those that a run may score again, and the audit trail.

        Args:
            late: so much before a series' watermark a run may score again.

        Returns:
            How many were forgotten.
        """
        with self._database.writing() as connection:
            return forget_events(connection, job, before, late)

    def _changes(self, which: Any) -> Sequence[EventChange]:
        columns = (event_history.c[name] for name in EventChange.__annotations__)
        wanted = select(*columns).where(which).order_by(event_history.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(wanted).mappings()
            return [EventChange(**(dict(row) | {"change": Change(row["change"])})) for row in rows]


def read_event(connection: Connection, event_id: str) -> StoredEvent:
    """One event within a transaction.

    Raises:
        WorkspaceError: there is none of that id.
    """
    row = connection.execute(_joined(_columns(True)).where(events.c.id == event_id)).one_or_none()
    if row is None:
        raise WorkspaceError(f"there is no event '{event_id[:40]}' in this workspace")
    return _event(row)


def read_events(
    connection: Connection, which: ColumnElement[bool], *, details: bool, limit: int | None = None
) -> list[StoredEvent]:
    """Events within a transaction, the latest first."""
    wanted = _joined(_columns(details)).where(which).order_by(events.c.start_at.desc(), events.c.id).limit(limit)
    return [_event(row) for row in connection.execute(wanted)]


def _columns(details: bool) -> Select[Any]:
    wanted = select(
        events.c.id,
        events.c.job,
        series.c.name,
        events.c.start_at,
        events.c.end_at,
        events.c.peak_at,
        events.c.severity,
        events.c.score,
        events.c.direction,
        events.c.kind,
        events.c.channels,
        events.c.status,
        events.c.merged_into,
        (events.c.end_at >= series.c.watermark).label("ongoing"),
        events.c.found_at,
        events.c.updated_at,
        events.c.verdict,
        events.c.verdict_version,
        events.c.held_back,
    )
    return wanted.add_columns(events.c.details) if details else wanted


def _joined(wanted: Select[Any]) -> Select[Any]:
    return wanted.select_from(events.join(series, series.c.id == events.c.series_id))


def _filtered(
    wanted: Select[Any],
    job: str | None,
    series_name: str | None,
    since: datetime | None,
    until: datetime | None,
    status: EventStatus | None,
    verdict: str | None,
    severity: float | None,
    held_back: bool | None,
) -> Select[Any]:
    wanted = _joined(wanted)
    if job is not None:
        wanted = wanted.where(events.c.job == job)
    if series_name is not None:
        wanted = wanted.where(series.c.digest == digest(series_name))
    if since is not None:
        wanted = wanted.where(events.c.end_at > since)
    if until is not None:
        wanted = wanted.where(events.c.start_at < until)
    if status is not None:
        wanted = wanted.where(events.c.status == status)
    if verdict is not None:
        wanted = wanted.where(events.c.verdict.is_(None) if verdict == "none" else events.c.verdict == verdict)
    if severity is not None:
        wanted = wanted.where(events.c.severity >= severity)
    if held_back is not None:
        wanted = wanted.where(events.c.held_back != "" if held_back else events.c.held_back == "")
    return wanted


def _event(row: Any) -> StoredEvent:
    details = row[len(_FIELDS)] if len(row) > len(_FIELDS) else {}
    columns = dict(zip(_FIELDS, row, strict=False)) | {"details": details}
    channels = details.pop(ALL_CHANNELS, columns["channels"])
    columns["channels"] = tuple(ChannelShare(c["name"], c["share"], c["direction"]) for c in channels)
    columns["status"] = EventStatus(columns["status"])
    columns["ongoing"] = bool(columns["ongoing"])
    columns["verdict"] = None if columns["verdict"] is None else Judgement(columns["verdict"])
    return StoredEvent(**columns)
