"""Verdicts on events, as immutable lists: what somebody said, of which stretch of which series, when and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tsanomaly.detection.events import Events
from tsanomaly.detection.similarity import Fingerprint
from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.series import Series

Moment = datetime | int
"""An aware time; of a series without a clock, the number of a row."""

SAME = 0.5
"""Share of the shorter of two stretches that must lie in the other for them to be the same event."""


class Judgement(StrEnum):
    """What an event was."""

    TRUE = "true"  # a real anomaly
    FALSE_ALARM = "false alarm"  # nothing was wrong
    MAINTENANCE = "maintenance"  # known work on the system
    UNCLEAR = "unclear"  # looked at, and not decided
    NEW_NORMAL = "new normal"  # the system has changed for good


@dataclass(frozen=True)
class Span:
    """A half-open stretch of time, such as one occurrence of a calendar's entry."""

    start: Moment
    end: Moment
    summary: str = ""


@dataclass(frozen=True)
class Verdict:
    """What somebody said of an event.

    Attributes:
        judgement: what it was.
        series: the series' name.
        start, end: of the event, half open.
        at: when it was said.
        score, threshold: of the event when it was judged.
        fingerprint: of the event; without one, a false alarm changes nothing for others.
        note, author: in the analyst's words.
        since: from when on the new normal holds; ``None``: from the event's start.
    """

    judgement: Judgement
    series: str
    start: Moment
    end: Moment
    at: datetime
    score: float = 0.0
    threshold: float = 0.0
    fingerprint: Fingerprint | None = None
    note: str = ""
    author: str = ""
    since: Moment | None = None

    def __post_init__(self) -> None:
        for name in ("start", "end", "at", "since"):
            moment = getattr(self, name)
            if isinstance(moment, datetime) and moment.tzinfo is None:
                raise ConfigurationError(f"{name} of a verdict is {moment.isoformat()}; expected a time with its zone")
        if isinstance(self.start, datetime) != isinstance(self.end, datetime) or self.end < self.start:  # type: ignore[operator]
            raise ConfigurationError(f"a verdict is from {self.start} to {self.end}; expected its end after its start")

    @cached_property
    def id(self) -> str:
        """The same text for the same verdict, on any machine."""
        return hashlib.blake2s(json.dumps(self.to_dict(), sort_keys=True).encode(), digest_size=12).hexdigest()

    @property
    def holds_from(self) -> Moment:
        """From when on the new normal holds."""
        return self.start if self.since is None else self.since

    @property
    def span(self) -> Span:
        """The stretch judged."""
        return Span(self.start, self.end, self.note)

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {
            "judgement": str(self.judgement),
            "series": self.series,
            "start": _written(self.start),
            "end": _written(self.end),
            "at": _written(self.at),
            "score": round(float(self.score), 6),
            "threshold": round(float(self.threshold), 6) if np.isfinite(self.threshold) else None,
            "fingerprint": None if self.fingerprint is None else self.fingerprint.to_dict(),
            "note": self.note,
            "author": self.author,
            "since": None if self.since is None else _written(self.since),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What :meth:`to_dict` wrote.

        Raises:
            DataError: it is something else.
        """
        try:
            at, since, threshold = _read(plain["at"]), plain.get("since"), plain.get("threshold")
            if not isinstance(at, datetime):
                raise TypeError
            return cls(
                Judgement(plain["judgement"]),
                str(plain["series"]),
                _read(plain["start"]),
                _read(plain["end"]),
                at,
                float(plain.get("score", 0.0)),
                np.inf if threshold is None else float(threshold),
                Fingerprint.from_dict(plain["fingerprint"]) if plain.get("fingerprint") else None,
                str(plain.get("note", "")),
                str(plain.get("author", "")),
                None if since is None else _read(since),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError("this is no verdict; expected what Verdict.to_dict wrote") from None


@dataclass(frozen=True)
class Occurrence:
    """An event as feedback sees it: a stored one is enough, its series is not needed.

    Attributes:
        series: its name.
        start, end: half open.
        score: at the peak.
        threshold: in force when it was found.
        fingerprint: ``None``: it is like no other.
        key: whatever the caller knows it by.
    """

    series: str
    start: Moment
    end: Moment
    score: float
    threshold: float
    fingerprint: Fingerprint | None = None
    key: Any = None

    @classmethod
    def all_of(cls, events: Events, fingerprints: Sequence[Fingerprint | None] | None = None) -> tuple[Self, ...]:
        """The events of a series in their order, by rank; without fingerprints they are like no other."""
        marks: Sequence[Fingerprint | None] = fingerprints if fingerprints is not None else [None] * len(events)
        return tuple(
            cls(
                events.series.name,
                instant(events.series, event.start_row),
                instant(events.series, event.end_row),
                event.score,
                events.threshold.value,
                mark,
                event.rank,
            )
            for event, mark in zip(events, marks, strict=True)
        )

    @property
    def span(self) -> Span:
        """When it was."""
        return Span(self.start, self.end)

    def judged(
        self, judgement: Judgement, at: datetime, *, note: str = "", author: str = "", since: Moment | None = None
    ) -> Verdict:
        """A verdict on it."""
        known = self.series, self.start, self.end, at, self.score, self.threshold, self.fingerprint
        return Verdict(judgement, *known, note=note, author=author, since=since)


@dataclass(frozen=True)
class Feedback:
    """All verdicts, the oldest first. Giving one and undoing one make another list; this one stays as it is."""

    verdicts: tuple[Verdict, ...] = ()

    def __len__(self) -> int:
        return len(self.verdicts)

    def give(self, verdict: Verdict) -> Feedback:
        """With one verdict more. It replaces an earlier one on the same event, which comes back when it is undone."""
        return self if verdict in self.verdicts else Feedback((*self.verdicts, verdict))

    def undo(self, verdict_id: str) -> Feedback:
        """Without a verdict, as if it had never been given.

        Raises:
            ConfigurationError: there is none of that id.
        """
        kept = tuple(verdict for verdict in self.verdicts if verdict.id != verdict_id)
        if len(kept) == len(self.verdicts):
            raise ConfigurationError(f"there is no verdict '{verdict_id[:40]}' to undo; perhaps it was undone already")
        return Feedback(kept)

    @cached_property
    def in_force(self) -> tuple[Verdict, ...]:
        """Of each event the verdict given last."""
        by_series: dict[str, list[Verdict]] = {}
        for verdict in sorted(self.verdicts, key=lambda v: v.at, reverse=True):
            by_series.setdefault(verdict.series, []).append(verdict)
        latest: list[Verdict] = []
        for given in by_series.values():  # the newest first
            spans = SpanSet([verdict.span for verdict in given])
            replaced = np.zeros(len(given), bool)
            for place, verdict in enumerate(given):
                if not replaced[place]:
                    latest.append(verdict)
                    replaced |= spans.same(verdict.span)
        return tuple(sorted(latest, key=lambda verdict: verdict.at))

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {"format": 1, "verdicts": [verdict.to_dict() for verdict in self.verdicts]}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What :meth:`to_dict` wrote.

        Raises:
            DataError: it is something else.
        """
        verdicts = plain.get("verdicts") if isinstance(plain, Mapping) else None
        if not isinstance(verdicts, list) or plain.get("format") != 1:
            raise DataError("this is no list of verdicts; expected what Feedback.to_dict wrote, of format 1")
        return cls(tuple(Verdict.from_dict(verdict) for verdict in verdicts))

    def to_json(self) -> str:
        """:meth:`to_dict` as strict JSON."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What :meth:`to_json` wrote.

        Raises:
            DataError: it is something else.
        """
        try:
            plain = json.loads(text)
        except (ValueError, RecursionError):
            raise DataError("this is no list of verdicts: it is not JSON") from None
        return cls.from_dict(plain)


def instant(series: Series, row: int) -> Moment:
    """A row's time in UTC; its number without a clock."""
    at = series.time_at(row)
    if not series.has_clock:
        return int(at)
    microseconds = int(np.datetime64(at, "us").astype(np.int64))
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)


def row_at(series: Series, moment: Moment) -> int:
    """The first row that begins no earlier than a moment, 0 to ``len(series)``."""
    at: Any = moment
    if isinstance(moment, datetime):
        at = np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "ns")
    return int(np.searchsorted(series.times, at))


def said(moment: Moment) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if isinstance(moment, datetime) else f"row {moment:,}"


class SpanSet:
    """Many spans, to be compared with one at once."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._clock = np.array([isinstance(span.start, datetime) for span in spans], bool)
        self._start = np.array([_number(span.start) for span in spans], np.float64)
        self._end = np.array([_number(span.end) for span in spans], np.float64)

    def holding(self, span: Span) -> NDArray[np.float64]:
        """``(k,)`` share of a span that lies in each."""
        start, end = _number(span.start), _number(span.end)
        if start == end:
            return ((self._start <= start) & (start < self._end)) * self._of_its_kind(span)
        return np.asarray(self._common(span) / (end - start))

    def same(self, span: Span) -> NDArray[np.bool_]:
        """``(k,)`` whether each is the same event as a span."""
        length = self._end - self._start
        common = self._common(span)
        inside = np.divide(common, length, out=np.zeros_like(common), where=length > 0)
        point = (length == 0) & (_number(span.start) <= self._start) & (self._start < _number(span.end))
        near = (np.maximum(self.holding(span), inside) >= SAME) | (point & (self._of_its_kind(span) > 0))
        return np.asarray(near, np.bool_)

    def _common(self, span: Span) -> NDArray[np.float64]:
        first, last = np.maximum(self._start, _number(span.start)), np.minimum(self._end, _number(span.end))
        return np.asarray(np.maximum(last - first, 0.0) * self._of_its_kind(span))

    def _of_its_kind(self, span: Span) -> NDArray[np.float64]:
        """Times and rows have nothing in common."""
        return np.asarray(self._clock == isinstance(span.start, datetime), np.float64)


def _number(moment: Moment) -> float:
    """Seconds, or the row."""
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)


def _written(moment: Moment) -> str | int:
    return moment.astimezone(UTC).isoformat() if isinstance(moment, datetime) else int(moment)


def _read(written: Any) -> Moment:
    if isinstance(written, int) and not isinstance(written, bool):
        return written
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        raise ValueError(written)
    return moment.astimezone(UTC)
