"""The smallest repair: what would have to be otherwise for an event to be none.

Channels are put right one after the other, those with the largest share first: over the event, and a little beyond it,
their readings are replaced by what was expected, and a stretch cut out around the event is scored again. What was
expected was made from readings that were wrong, so the first repair is rarely enough: each is refined once with what is
expected of the repaired stretch. The first set of channels whose score stays below the threshold is the answer; then
the shortest stretch that still does is sought. A dozen scorings of a short stretch, at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from tsanomaly.detection.events import Event, Events, moment
from tsanomaly.series import Series

if TYPE_CHECKING:
    from tsanomaly.detection.detector import Detector

CONTEXT = 4
"""Base windows kept before and after an event when it is scored again: the longest windows reach no further."""

MOST_CHANNELS = 4
"""Channels put right at most."""

ROUNDS = 2
"""Times that a set of channels is replaced by what is expected."""

BEYOND = (0.0, 0.5)
"""Base windows by which the stretch put right is wider than the event, tried in this order."""

LONGEST = 20_000
"""Rows of an event beyond which no repair is sought: scoring it again would not be cheap."""


@dataclass(frozen=True)
class Repair:
    """What was put right, and what that did.

    Attributes:
        channels: those replaced by what was expected.
        start_row, end_row: of the stretch replaced, half open; rows of the series.
        start, end: the same in the event's notion of time.
        score_before, score_after: the highest score in the event, of the stretch cut out.
        threshold: in force.
        enough: whether the event is then none.
    """

    channels: tuple[str, ...]
    start_row: int
    end_row: int
    start: str | int
    end: str | int
    score_before: float
    score_after: float
    threshold: float
    enough: bool

    @property
    def sentence(self) -> str:
        """In words."""
        names = ", ".join(name[:60] for name in self.channels)
        rows = self.end_row - self.start_row
        fall = f"the score falls from {self.score_before:.3g} to {self.score_after:.3g}"
        how = f"With {names} as expected over {rows:,} row{'' if rows == 1 else 's'}, {fall}"
        if self.enough:
            return f"{how}, and nothing stands out any more."
        return f"{how}; that alone is not enough, the threshold is {self.threshold:.3g}."

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {
            "channels": list(self.channels),
            "start_row": self.start_row,
            "end_row": self.end_row,
            "start": self.start,
            "end": self.end,
            "score_before": round(self.score_before, 6),
            "score_after": round(self.score_after, 6),
            "threshold": round(self.threshold, 6) if np.isfinite(self.threshold) else None,
            "enough": self.enough,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What :meth:`to_dict` wrote; of anything else a ``KeyError``, ``TypeError`` or ``ValueError``."""
        threshold = plain["threshold"]
        return cls(
            tuple(str(name) for name in plain["channels"]),
            int(plain["start_row"]),
            int(plain["end_row"]),
            plain["start"],
            plain["end"],
            float(plain["score_before"]),
            float(plain["score_after"]),
            np.inf if threshold is None else float(threshold),
            bool(plain["enough"]),
        )


def smallest_repair(events: Events, event: Event, detector: Detector) -> Repair | None:
    """The smallest repair found; ``None`` where the event is too long, or cannot be scored by itself.

    Args:
        detector: the one that found the event.
    """
    if event.end_row - event.start_row > LONGEST:
        return None
    bench = _Bench(events, event, detector)
    if not np.isfinite(bench.before):
        return None
    columns = [events.series.channels.index(share.name) for share in event.channels[:MOST_CHANNELS]]
    best: _Attempt | None = None
    for beyond in BEYOND:
        rows = bench.rows(round(beyond * detector.window_))
        for count in range(1, len(columns) + 1):
            attempt = bench.put_right(columns[:count], rows)
            if best is None or attempt.score < best.score:
                best = attempt
            if attempt.score <= bench.threshold:
                return bench.report(bench.shorten(attempt))
    return bench.report(best) if best is not None else None


@dataclass(frozen=True)
class _Attempt:
    columns: list[int]
    rows: tuple[int, int]
    score: float
    values: NDArray[np.float64]


class _Bench:
    """A stretch cut out around an event, to be repaired and scored again."""

    def __init__(self, events: Events, event: Event, detector: Detector) -> None:
        margin = CONTEXT * detector.window_
        self.first = max(0, event.start_row - margin)
        last = min(len(events.series), event.end_row + margin)
        self.whole, self.detector = events.series, detector
        self.series: Series = events.series.between(self.first, last)
        self.event = (event.start_row - self.first, event.end_row - self.first)
        self.threshold = events.threshold.value
        self.before, self.expected = self.score(self.series.values)

    def score(self, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The highest score in the event, and what is expected of the stretch."""
        scores = self.detector.scores(replace(self.series, values=values))
        within = scores.total[slice(*self.event)]
        return (float(np.nanmax(within)) if np.isfinite(within).any() else np.nan), scores.expected

    def rows(self, beyond: int) -> tuple[int, int]:
        """The event's rows and so many before and after it."""
        return max(0, self.event[0] - beyond), min(len(self.series), self.event[1] + beyond)

    def put_right(self, columns: list[int], rows: tuple[int, int]) -> _Attempt:
        """Replace some channels by what is expected, and again by what is then expected."""
        values, expected, score = self.series.values, self.expected, self.before
        for _ in range(ROUNDS):
            values = values.copy()
            for j in columns:
                part = slice(*rows)
                good = np.isfinite(values[part, j]) & np.isfinite(expected[part, j])
                values[part, j] = np.where(good, expected[part, j], values[part, j])
            score, expected = self.score(values)
            if score <= self.threshold:
                break
        return _Attempt(columns, rows, score, values)

    def shorten(self, attempt: _Attempt) -> _Attempt:
        """The half of the stretch that matters, as long as that is enough."""
        while attempt.rows[1] - attempt.rows[0] > 1:
            halves = self._halves(attempt)
            shorter = min(halves, key=lambda half: half.score)
            if not shorter.score <= self.threshold:
                return attempt
            attempt = shorter
            if attempt.rows[1] - attempt.rows[0] <= (self.event[1] - self.event[0]) // 4:
                return attempt
        return attempt

    def _halves(self, attempt: _Attempt) -> list[_Attempt]:
        first, last = attempt.rows
        middle = (first + last) // 2
        halves = []
        for rows in ((first, middle), (middle, last)):
            values = self.series.values.copy()
            values[slice(*rows)] = attempt.values[slice(*rows)]
            halves.append(_Attempt(attempt.columns, rows, self.score(values)[0], values))
        return halves

    def report(self, attempt: _Attempt) -> Repair:
        """The attempt in terms of the whole series."""
        first, last = (self.first + row for row in attempt.rows)
        return Repair(
            tuple(self.whole.channels[j] for j in attempt.columns),
            first,
            last,
            moment(self.whole, first),
            moment(self.whole, last),
            self.before,
            attempt.score,
            self.threshold,
            bool(attempt.score <= self.threshold),
        )
