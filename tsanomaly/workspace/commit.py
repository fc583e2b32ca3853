"""What a run found, stored exactly once: events, watermarks, outcomes, alerts and score files in one transaction."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from tsanomaly.errors import ConfigurationError
from tsanomaly.workspace.column_types import canonical
from tsanomaly.workspace.events import ALL_CHANNELS, LEADING, EventChange
from tsanomaly.workspace.identity import Known, Stretch, reconcile
from tsanomaly.workspace.kinds import Change, EventStatus, Outcome
from tsanomaly.workspace.outbox import AlertDraft, enqueue
from tsanomaly.workspace.rulings import rule_on_found
from tsanomaly.workspace.runs import Run, fence
from tsanomaly.workspace.scores import ScorePart, register
from tsanomaly.workspace.series_rows import SeriesRow, hold
from tsanomaly.workspace.statements import chunks, upsert
from tsanomaly.workspace.tables import event_history, events, run_series, series
from tsanomaly.workspace.turns import rulings_in_turn

OF_A_FILE = {"rank", "start_row", "end_row", "peak_row"}
"""What an event is called within the rows that were scored together: other rows in the next run, so not stored."""


IN_COLUMNS = {"start", "end", "peak_time", "severity", "score", "direction", "kind", "channels"}
"""What of an event has a column of its own; the rest is among its details."""


@dataclass(frozen=True)
class SeriesResult:
    """What a run found in one series.

    Attributes:
        series: its name.
        outcome, message: how it went, in a word and in a sentence.
        scored_from, scored_until: what was judged, half open; ``None``: nothing was, and no event is touched.
        watermark: everything before it is done; ``None``: it stays. It never moves back.
        events: each as ``Event.to_dict`` gives it, with ``start``, ``end`` and ``peak_time`` as aware datetimes or
            ISO 8601 with an offset; what else it holds (``kind``, ``threshold``, ``fingerprint``) is kept as details.
        rows: how many were judged.
        alerts: to be sent when this is stored.
        learned_from: the first moment that its model learned from: a new normal before that is spent.
        state: what the runner is to remember of it, as plain types; ``None``: what it remembered before.
    """

    series: str
    outcome: Outcome
    message: str = ""
    scored_from: datetime | None = None
    scored_until: datetime | None = None
    watermark: datetime | None = None
    events: Sequence[Mapping[str, Any]] = ()
    rows: int = 0
    alerts: Sequence[AlertDraft] = field(default=())
    state: Mapping[str, Any] | None = None
    learned_from: datetime | None = None


def commit(
    connection: Connection,
    folder: Path,
    run: Run,
    results: Sequence[SeriesResult],
    parts: Iterable[ScorePart],
    calendars: Sequence[str],
    now: datetime,
) -> list[EventChange]:
    """Store results within a transaction; see :meth:`Workspace.commit`."""
    fence(connection, run)
    rulings_in_turn(connection, run.job, shared=True)
    rows = hold(connection, run.job, [result.series for result in results])
    if len(rows) < len(results):
        raise ConfigurationError("a series is among the results twice; give one result for each")
    changes = _store_events(connection, run, results, rows, now)
    learned_from = {result.series: result.learned_from for result in results if result.learned_from is not None}
    rule_on_found(connection, run.job, [change.event_id for change in changes], calendars, learned_from)
    _move_watermarks(connection, results, rows, now)
    _store_states(connection, results, rows)
    _store_outcomes(connection, run, results, rows)
    register(connection, folder, run.job, parts)
    enqueue(connection, run.job, [draft for result in results for draft in result.alerts], now)
    return changes


def _store_events(
    connection: Connection, run: Run, results: Sequence[SeriesResult], rows: Mapping[str, SeriesRow], now: datetime
) -> list[EventChange]:
    scored = [result for result in results if result.scored_from is not None and result.scored_until is not None]
    before = _known(connection, scored, rows)
    ledger = _Ledger(run, now)
    for result in scored:
        assert result.scored_from is not None
        assert result.scored_until is not None
        row = rows[result.series]
        stored = before.get(row.id, {})
        known = [_as_known(event) for event in stored.values()]
        plan = reconcile(known, map(_stretch, result.events), result.scored_from, result.scored_until)
        for event, at in plan.kept:
            ledger.change(stored[event.id], _fields(at) | {"status": EventStatus.FOUND, "merged_into": None})
        for at in plan.new:
            ledger.add(row, _fields(at))
        for event, into in plan.merged:
            ledger.change(stored[event.id], {"status": EventStatus.MERGED, "merged_into": into})
        for event in plan.withdrawn:
            ledger.change(stored[event.id], {"status": EventStatus.WITHDRAWN})
    return ledger.write(connection)


def _known(
    connection: Connection, scored: Sequence[SeriesResult], rows: Mapping[str, SeriesRow]
) -> dict[int, dict[str, dict[str, Any]]]:
    """Stored events that touch what was scored, by series and id."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    if not scored:
        return found
    since = min(result.scored_from for result in scored if result.scored_from)
    until = max(result.scored_until for result in scored if result.scored_until)
    wanted = select(events).where(events.c.end_at >= since, events.c.start_at <= until)
    for some in chunks(sorted(rows[result.series].id for result in scored)):
        for row in connection.execute(wanted.where(events.c.series_id.in_(some))).mappings():
            found.setdefault(row["series_id"], {})[row["id"]] = dict(row)
    return found


class _Ledger:
    """Changes of events, gathered to be written at once."""

    def __init__(self, run: Run, now: datetime) -> None:
        self._run, self._now = run, now
        self._new: list[tuple[SeriesRow, dict[str, Any]]] = []
        self._changed: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def add(self, row: SeriesRow, fields: dict[str, Any]) -> None:
        """An event found for the first time."""
        self._new.append((row, fields))

    def change(self, stored: dict[str, Any], fields: dict[str, Any]) -> None:
        """A known event is otherwise now; if it is not, nothing is written."""
        after = {name: value for name, value in fields.items() if stored[name] != value}
        if after:
            self._changed.append((stored, after))

    def write(self, connection: Connection) -> list[EventChange]:
        """Write all of it."""
        fresh = self._named(connection)
        history = [self._entry(row["id"], Change.FOUND, None, _shown(row)) for row in fresh]
        for stored, after in self._changed:
            old = {name: stored[name] for name in after}
            history.append(self._entry(stored["id"], _kind_of_change(stored, after), _shown(old), _shown(after)))
        if fresh:
            connection.execute(insert(events), fresh)
        by_fields: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for stored, after in self._changed:
            values = {f"new_{name}": value for name, value in after.items()}
            by_fields.setdefault(tuple(sorted(after)), []).append(values | {"this": stored["id"], "now": self._now})
        for names, rows in by_fields.items():
            new = {name: bindparam(f"new_{name}", type_=events.c[name].type) for name in names}
            moved = update(events).where(events.c.id == bindparam("this"))
            connection.execute(
                moved.values(new | {"updated_at": bindparam("now", type_=events.c.updated_at.type)}), rows
            )
        if history:
            connection.execute(insert(event_history), history)
        return [EventChange(**entry) for entry in history]

    def _named(self, connection: Connection) -> list[dict[str, Any]]:
        """New events as rows. An id comes of job, series and start, so it is the same wherever the same is found."""
        names = [(self._run.job, row.digest, fields["start_at"].isoformat()) for row, fields in self._new]
        ids = [_id(*name) for name in names]
        taken: set[str] = set()
        for some in chunks(ids):
            taken |= set(connection.execute(select(events.c.id).where(events.c.id.in_(some))).scalars())
        rows = []
        for (row, fields), name, first in zip(self._new, names, ids, strict=True):
            chosen, turn = first, 1
            while chosen in taken:  # an event that began then begins elsewhere now
                turn += 1
                chosen = _id(*name, str(turn))
                if connection.scalar(select(events.c.id).where(events.c.id == chosen)):
                    taken.add(chosen)
            taken.add(chosen)
            made = {"id": chosen, "job": self._run.job, "series_id": row.id, "status": EventStatus.FOUND}
            rows.append(fields | made | {"merged_into": None, "found_at": self._now, "updated_at": self._now})
        return rows

    def _entry(self, event_id: str, change: Change, before: Any, after: Any) -> dict[str, Any]:
        entry = {"event_id": event_id, "run_id": self._run.id, "at": self._now}
        return entry | {"change": change, "before": before, "after": after}


def _id(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=8).hexdigest()


def _kind_of_change(stored: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    status = after.get("status")
    if status == EventStatus.WITHDRAWN:
        return Change.WITHDRAWN
    if status == EventStatus.MERGED:
        return Change.MERGED
    if status == EventStatus.FOUND:
        return Change.RETURNED
    longer = after.get("end_at", stored["end_at"]) - after.get("start_at", stored["start_at"])
    was = stored["end_at"] - stored["start_at"]
    return Change.GROWN if longer > was or after.get("severity", 0.0) > stored["severity"] else Change.UPDATED


_SHOWN = {"start_at": "start", "end_at": "end", "peak_at": "peak_time", "severity": "severity", "status": "status"}
_SHOWN |= {"score": "score", "direction": "direction", "kind": "kind", "merged_into": "merged_into"}


def _shown(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields for the history, as plain types; what is bulky is left out."""
    plain = {_SHOWN[name]: value for name, value in fields.items() if name in _SHOWN}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in plain.items()}


def _as_known(stored: Mapping[str, Any]) -> Known:
    body = {name: stored[name] for name in ("score", "direction", "kind", "channels", "details")}
    at = Stretch(stored["start_at"], stored["end_at"], stored["peak_at"], stored["severity"], body)
    return Known(stored["id"], at, stored["status"] == EventStatus.FOUND, stored["verdict"] is not None)


def _stretch(found: Mapping[str, Any]) -> Stretch:
    details = {name: value for name, value in found.items() if name not in IN_COLUMNS | OF_A_FILE}
    if len(found["channels"]) > LEADING:
        details[ALL_CHANNELS] = found["channels"]
    kind = found.get("kind")
    body: dict[str, Any] = {
        "score": float(found["score"]),
        "direction": str(found["direction"]),
        "kind": None if kind is None else str(kind),
        "channels": json.loads(canonical(found["channels"][:LEADING])),  # as they will be read: to be compared
        "details": json.loads(canonical(details)),
    }
    start, end = moment(found["start"], "an event's start"), moment(found["end"], "an event's end")
    severity = float(found["severity"])
    if not (math.isfinite(severity) and math.isfinite(body["score"])):
        raise ConfigurationError(f"an event has severity {severity} and score {body['score']}; expected numbers")
    if end <= start:
        raise ConfigurationError(f"an event is from {start} to {end}; expected its end after its start")
    return Stretch(start, end, moment(found["peak_time"], "an event's peak"), severity, body)


def _fields(at: Stretch) -> dict[str, Any]:
    return {"start_at": at.start, "end_at": at.end, "peak_at": at.peak, "severity": at.severity, **at.body}


def moment(value: Any, what: str) -> datetime:
    """An aware UTC datetime of a datetime or of ISO 8601 text with an offset.

    Raises:
        ConfigurationError: it is neither, or has no zone.
    """
    parsed = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(parsed, datetime) or parsed.tzinfo is None:
        raise ConfigurationError(f"{what} is {value!r}; expected a time with its zone")
    return parsed.astimezone(UTC)


def _move_watermarks(
    connection: Connection, results: Sequence[SeriesResult], rows: Mapping[str, SeriesRow], now: datetime
) -> None:
    moved = []
    for result in results:
        row = rows[result.series]
        if result.watermark is not None and (row.watermark is None or result.watermark > row.watermark):
            moved.append({"this": row.id, "to": result.watermark, "now": now})
    if moved:
        to, seen = bindparam("to", type_=series.c.watermark.type), bindparam("now", type_=series.c.arrived_at.type)
        forward = update(series).where(series.c.id == bindparam("this"))
        connection.execute(forward.values(watermark=to, arrived_at=seen), moved)


def _store_states(connection: Connection, results: Sequence[SeriesResult], rows: Mapping[str, SeriesRow]) -> None:
    known = [{"this": rows[r.series].id, "to": dict(r.state)} for r in results if r.state is not None]
    if known:
        remembered = update(series).where(series.c.id == bindparam("this"))
        connection.execute(remembered.values(state=bindparam("to", type_=series.c.state.type)), known)


def _store_outcomes(
    connection: Connection, run: Run, results: Sequence[SeriesResult], rows: Mapping[str, SeriesRow]
) -> None:
    outcomes = [
        {
            "run_id": run.id,
            "series_id": rows[result.series].id,
            "outcome": result.outcome,
            "message": result.message,
            "scored_from": result.scored_from,
            "scored_until": result.scored_until,
            "rows": result.rows,
            "events": len(result.events),
        }
        for result in results
    ]
    upsert(connection, run_series, outcomes, ("run_id", "series_id"))
