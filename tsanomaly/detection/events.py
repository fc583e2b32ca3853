"""What the detector hands over: events, ranked by severity, and what could not be judged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsanomaly.detection.grouping import shortest_with, stretches
from tsanomaly.detection.scores import Scores
from tsanomaly.detection.thresholds import Threshold
from tsanomaly.series import Series

CLEAR = 0.6
"""Share of an event's error on one side from which it has a direction; below, it goes both ways."""


@dataclass(frozen=True)
class ChannelShare:
    """One channel's part in an event.

    Attributes:
        name: the channel.
        share: of the event's error, 0 to 1; an event's shares add up to 1.
        direction: ``above``, ``below`` or ``both``, against what was expected.
    """

    name: str
    share: float
    direction: str


@dataclass(frozen=True)
class Event:
    """One anomaly.

    Attributes:
        rank: 1 is the most severe.
        start, end: half open; ISO 8601 strings, or row numbers where the series has no clock.
        peak_time: where the score is highest; of several rows that are equal, where readings are furthest off.
        start_row, end_row, peak_row: the same as rows of the grid.
        severity: 0 to 100, see :mod:`tsanomaly.detection.severity`.
        score: the score at the peak.
        direction: of the leading channel.
        channels: by share, the largest first.
    """

    rank: int
    start: str | int
    end: str | int
    peak_time: str | int
    start_row: int
    end_row: int
    peak_row: int
    severity: float
    score: float
    direction: str
    channels: tuple[ChannelShare, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "channels"}
        channels = [{"name": c.name, "share": round(c.share, 4), "direction": c.direction} for c in self.channels]
        return plain | {
            "severity": round(self.severity, 1),
            "score": round(self.score, 6),
            "channels": channels,
        }


@dataclass(frozen=True)
class Coverage:
    """How much of the grid could be judged.

    Attributes:
        judged, not_judged: rows of the grid.
        gaps: half-open stretches that were not judged, as ``(start, end)`` in the events' notion of time; the first 50.
    """

    judged: int
    not_judged: int
    gaps: tuple[tuple[str | int, str | int], ...] = ()

    @property
    def share(self) -> float:
        """Judged rows among all, 0 to 1."""
        return self.judged / max(1, self.judged + self.not_judged)

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        gaps = [{"start": start, "end": end} for start, end in self.gaps]
        return {"judged": self.judged, "not_judged": self.not_judged, "share": round(self.share, 4), "gaps": gaps}


@dataclass(frozen=True, eq=False)
class Events(Sequence[Event]):
    """The ranked events of one series, with the scores they come from.

    Attributes:
        events: by rank.
        series: what was judged.
        scores: per row and channel.
        threshold: flagged were scores strictly above.
        severity: ``(n,)`` of every row, on the events' scale.
    """

    events: tuple[Event, ...]
    series: Series
    scores: Scores
    threshold: Threshold
    severity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.events)

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Event, ...]: ...

    def __getitem__(self, index: int | slice) -> Event | tuple[Event, ...]:
        return self.events[index]

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    @cached_property
    def coverage(self) -> Coverage:
        """What was judged and what was not."""
        judged = np.isfinite(self.scores.total)
        holes = stretches(~judged)[:50]
        gaps = tuple((moment(self.series, int(a)), moment(self.series, int(b))) for a, b in holes)
        return Coverage(int(judged.sum()), int((~judged).sum()), gaps)

    @property
    def per_week(self) -> float:
        """Events per judged week."""
        return len(self) / max(self.coverage.judged / self.series.rows_per_week, 1e-12)

    def to_dict(self) -> dict[str, Any]:
        """Events, threshold and coverage as plain types, ready for JSON (``docs/detect.schema.json``)."""
        value = self.threshold.value
        threshold = {
            "value": round(value, 6) if np.isfinite(value) else None,
            "rule": self.threshold.rule,
            "fitted_on": self.threshold.fitted_on,
            "note": self.threshold.note,
        }
        return {
            "series": self.series.name,
            "events": [event.to_dict() for event in self],
            "threshold": threshold,
            "coverage": self.coverage.to_dict(),
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as strict JSON: no NaN, no infinity."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def to_frame(self) -> pd.DataFrame:
        """A row an event; ``channels`` reads ``pressure 71 %, flow 20 %``."""
        rows = [event.to_dict() | {"channels": describe_channels(event.channels)} for event in self]
        columns = list(Event.__dataclass_fields__)
        return pd.DataFrame(rows, columns=columns)

    def to_csv(self) -> str:
        """:meth:`to_frame` as CSV text. A name that a spreadsheet would run as a formula is quoted by an apostrophe."""
        frame = self.to_frame()
        frame["channels"] = [_no_formula(text) for text in frame["channels"]]
        return frame.to_csv(index=False)


def _no_formula(text: str) -> str:
    text = text.replace("\r", " ")  # a lone carriage return is left unquoted, and ends a row for other readers
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def describe_channels(channels: Sequence[ChannelShare], most: int = 3) -> str:
    """The leading channels in words, ``pressure 71 %, flow 20 %``."""
    return ", ".join(f"{c.name} {c.share:.0%}".replace("%", " %") for c in channels[:most])


def moment(series: Series, row: int) -> str | int:
    """A row's time as ISO 8601 in the series' zone, to no more than the needed digits; its number without a clock."""
    if not series.has_clock:
        return int(series.time_at(row))
    stamp = pd.Timestamp(series.time_at(row))
    if series.zone is not None:
        stamp = stamp.tz_localize("UTC").tz_convert(series.zone)
    return stamp.isoformat()


def localise(series: Series, scores: Scores, threshold: Threshold, runs: NDArray[np.intp]) -> NDArray[np.intp]:
    """Each of ``(k, 2)`` runs, half open, from where readings begin to be off to where they end.

    Windows smear: a single wrong reading lifts the scores of a window's length. The bounds are those of the shortest
    stretch with nine tenths of what is off in rows above the threshold, so that no run is lost.
    """
    found = np.empty_like(runs)
    for k, (first, last) in enumerate(runs):
        off = np.square(_off(series, scores, int(first), int(last))).sum(axis=1)
        flagged = np.nan_to_num(scores.total[first:last], nan=-np.inf) > threshold.value
        begin, end = shortest_with(off * flagged)
        found[k] = first + begin, first + end
    return found


def build(
    series: Series, scores: Scores, threshold: Threshold, severity: NDArray[np.float64], runs: NDArray[np.intp]
) -> Events:
    """Make ranked events of flagged runs, ``(k, 2)`` half-open rows."""
    drafts = [_draft(series, scores, severity, int(first), int(last)) for first, last in runs]
    drafts.sort(key=lambda d: (-d["severity"], -d["score"], d["start_row"]))
    events = tuple(Event(rank=rank, **draft) for rank, draft in enumerate(drafts, start=1))
    return Events(events, series, scores, threshold, severity)


def _draft(series: Series, scores: Scores, severity: NDArray[np.float64], first: int, last: int) -> dict[str, Any]:
    off = _off(series, scores, first, last)
    peak = first + _peak(scores.total[first:last], np.square(off).sum(axis=1))
    channels = _shares(scores.by_channel[first:last], off, series.channels)
    return {
        "start": moment(series, first),
        "end": moment(series, last),
        "peak_time": moment(series, peak),
        "start_row": first,
        "end_row": last,
        "peak_row": peak,
        "severity": float(severity[peak]),
        "score": float(scores.total[peak]),
        "direction": channels[0].direction,
        "channels": channels,
    }


def _off(series: Series, scores: Scores, first: int, last: int) -> NDArray[np.float64]:
    """``(rows, c)`` how far readings are from what was expected: of each channel's furthest, so that units, whose
    squares may overflow, are gone; weighted by how much the channel has to do with the row's score, for rows at an
    event's edge only lie near what is wrong."""
    off = np.nan_to_num(series.values[first:last] - scores.expected[first:last])
    off /= np.maximum(np.abs(off).max(axis=0), np.finfo(float).tiny)
    return np.asarray(np.sqrt(np.nan_to_num(scores.by_channel[first:last])) * off, np.float64)


def _peak(total: NDArray[np.float64], off: NDArray[np.float64]) -> int:
    """The row with the highest score; of several, as rows of one anomaly often are, the one that is furthest off."""
    highest = np.flatnonzero(total == np.nanmax(total))
    return int(highest[np.argmax(off[highest])])


def _shares(
    by_channel: NDArray[np.float32], off: NDArray[np.float64], channels: tuple[str, ...]
) -> tuple[ChannelShare, ...]:
    """Each channel's part in the scores of some rows ``(rows, c)``, the largest first."""
    parts = np.nan_to_num(by_channel).sum(axis=0, dtype=np.float64)  # (c,)
    total = parts.sum()
    shares = parts / total if total > 0 else np.full(len(parts), 1 / len(parts))
    above = np.square(np.maximum(off, 0)).sum(axis=0)
    below = np.square(np.minimum(off, 0)).sum(axis=0)
    order = np.argsort(-shares, kind="stable")
    return tuple(
        ChannelShare(channels[j], float(shares[j]), _direction(float(above[j]), float(below[j]))) for j in order
    )


def _direction(above: float, below: float) -> str:
    both = above + below
    if both == 0:
        return "both"
    return "above" if above / both > CLEAR else "below" if below / both > CLEAR else "both"
