"""One channel's habits, and how far it leaves them near an event."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import signal

from tsanomaly.detection.grouping import stretches
from tsanomaly.series import estimate_period

Line = NDArray[np.float64]

DONORS = 4
"""Periods before, and after, that the usual course is taken from."""

CONTEXT = 20_000
"""Rows before and after an event that are looked at, at most."""

PAD = 4000
"""Rows looked at before and after an event, at most."""

REACH = 2
"""Lengths of an event that what deviates may begin before it and end after it: detectors name the core of an event."""

LEAST_REACH = 16
"""Rows that it may, at least."""

_CALM_ROW = 3.0
"""Squared deviation below which a row weakens a stretch that deviates."""

_CAP = 30.0
"""Squared deviation of a row counted at most: one wild row must not join what is far apart."""

FEW = 3.0
"""Rows in which a spike's deviation lies, at most."""

STUCK = 5
"""Rows that stand still in a flat line, at least."""

STILL = 0.05
"""Of a channel's usual step from row to row: below it, it stands still."""

ROUGH = 0.5
"""Of a white noise's roughness: from here on a deviation counts as rough."""

TIMED = 0.6
"""Of the deviation: what may be left once the time is shifted block by block, for the time to be what is wrong."""

WANDERS = 0.06
"""Of a period: what the time must run early and late by, from one block to another."""

SHORTEST_COURSE = 8
"""Rows from which a stretch has a course that could be compared with others."""

SAMPLE = 16
"""Ordinary stretches that it is compared with, about."""

ALIKE = 2.0
"""Times the distance that an ordinary stretch has to its closest one elsewhere."""


class Habits:
    """One channel's habits: its period, its usual distance from its course, its usual step."""

    def __init__(self, values: Line, ordinary: NDArray[np.bool_]) -> None:
        self.values = np.where(np.isfinite(values), values, np.nan)
        self.ordinary = ordinary & np.isfinite(values)
        most = max(3, min(3000, len(values) // 4))
        self.period = estimate_period(np.where(ordinary, values, np.nan), high=most, prominence=0.15)
        self.unit = self._unit()

    def _unit(self) -> float:
        """The usual distance from the course, as a Gaussian's standard deviation; never 0."""
        seen = self.values[self.ordinary] if self.ordinary.any() else self.values[np.isfinite(self.values)]
        if not len(seen):
            return 1.0
        low, high = np.quantile(seen, (0.05, 0.95))
        spread = float(high - low) or float(np.ptp(seen)) or 1.0
        lag = self.period or 1
        inner = len(self.values) - 4 * lag
        if inner <= 0:
            return spread / 4
        shifted = [self.values[k * lag : k * lag + inner] for k in (0, 1, 3, 4)]
        off = np.abs(self.values[2 * lag : 2 * lag + inner] - np.median(shifted, axis=0))
        off = off[np.isfinite(off)]
        return max(1.4826 * float(np.median(off)) if len(off) else 0.0, 0.01 * spread)

    def near(self, start: int, stop: int) -> Near:
        """Some rows and what lies beside them, against the usual course."""
        length, period = stop - start, self.period or 0
        pad = min(PAD, max(2 * length, 2 * period) if period else max(8, length // 2))
        first, last = max(0, start - pad), min(len(self.values), stop + pad)
        if period:
            usual, unit = self._same_phase(first, last, start, stop), self.unit
        else:
            usual, unit = self._bridge(first, last, start, stop)
        deviation = (self.values[first:last] - usual) / unit
        return Near(first, (start, stop), usual, deviation)

    def _same_phase(self, first: int, last: int, start: int, stop: int) -> Line:
        """At each row the median of the nearest ordinary rows of the same phase."""
        period = self.period or 1
        skip = -(-(stop - start) // period) + 1
        steps = np.arange(1, DONORS + skip + 1) * period
        rows = np.arange(first, last)
        before, after = (
            self._donors(rows[:, None] - steps, start, stop),
            self._donors(rows[:, None] + steps, start, stop),
        )
        both = _median(np.concatenate([before, after], axis=1))
        past = _median(before) if np.isfinite(before).any(axis=1).mean() > 0.9 else both
        flank = slice(0, start - first)  # what came before the event: a lasting change must not be split in two halves
        own = self.values[first:last][flank]
        if np.isfinite(own).sum() < 8:
            return both
        worse = np.nanmean(np.abs(own - past[flank])) if np.isfinite(past[flank]).any() else np.inf
        better = np.nanmean(np.abs(own - both[flank])) if np.isfinite(both[flank]).any() else np.inf
        return past if worse < 0.8 * better else both

    def _donors(self, rows: NDArray[np.intp], start: int, stop: int) -> Line:
        """Ordinary readings at some rows outside the event, the ``DONORS`` nearest; ``(k, DONORS)``, NaN for none."""
        known = (rows >= 0) & (rows < len(self.values)) & ((rows < start) | (rows >= stop))
        safe = np.clip(rows, 0, len(self.values) - 1)
        known &= self.ordinary[safe]
        order = np.argsort(~known, axis=1, kind="stable")[:, :DONORS]
        taken = np.where(known, self.values[safe], np.nan)
        return np.take_along_axis(taken, order, axis=1)

    def _bridge(self, first: int, last: int, start: int, stop: int) -> tuple[Line, float]:
        """A straight line from the level before to the level after, and how far rows usually lie from such a line.

        Where the two levels differ by more than they usually do, something has changed for good: the level before goes
        on.
        """
        reach = min(200, max(3, (stop - start) // 2))
        before, after = self._level_at(start - reach, start), self._level_at(stop, stop + reach)
        half = max(1, (stop - start) // 2)
        near = self.values[max(0, start - CONTEXT) : stop + CONTEXT]
        off = np.abs(near[half:-half] - (near[: -2 * half] + near[2 * half :]) / 2)
        off = off[np.isfinite(off)]
        unit = max(1.4826 * float(np.median(off)) if len(off) else 0.0, self.unit)
        before, after = (after if np.isnan(level) else level for level, after in ((before, after), (after, before)))
        if np.isnan(before):
            return np.full(last - first, float(np.nan_to_num(self._level_at(0, len(self.values))))), unit
        end = after if abs(after - before) <= 4 * unit else before
        return np.interp(np.arange(first, last), [start, max(start + 1, stop - 1)], [before, end]), unit

    def _level_at(self, first: int, last: int) -> float:
        """The median reading of some rows, NaN where there is none."""
        part = self.values[max(0, first) : max(0, last)]
        part = part[np.isfinite(part)]
        return float(np.median(part)) if len(part) else np.nan

    def stuck(self, start: int, stop: int) -> bool:
        """Whether it stands still there for longer than it does elsewhere."""
        here = stretches(self._still[max(0, start - 2) : stop + 1])
        if not len(here):
            return False
        longest = int((here[:, 1] - here[:, 0]).max()) + 1
        return longest >= max(STUCK, 0.6 * (stop - start), 1.5 * self._usually_still)

    @cached_property
    def _still(self) -> NDArray[np.bool_]:
        """``(n - 1,)`` whether it stands still from one row to the next."""
        steps = np.abs(np.diff(self.values))
        moved = steps[np.isfinite(steps) & (steps > 0)]
        return steps <= (STILL * float(np.median(moved)) if len(moved) else 0.0)

    @cached_property
    def _usually_still(self) -> int:
        """Rows that it stands still for at most, outside events."""
        runs = stretches(self._still & self.ordinary[:-1])
        return int((runs[:, 1] - runs[:, 0]).max()) + 1 if len(runs) else 0

    def out_of_time(self, near: Near) -> bool:
        """Whether the usual course, run early or late by a changing number of rows, explains most of the deviation."""
        period = self.period
        if period is None or period < 8 or near.stop - near.start < period // 2:
            return False
        block, most = max(6, period // 4), period // 2
        lags, left, before = [], 0.0, 0.0
        for at in range(near.start, near.stop - block + 1, max(1, block // 2)):
            own = self.values[at : at + block]
            low = at - most - near.first
            course = near.usual[max(0, low) : low + block + 2 * most]
            if low < 0 or len(course) < block + 2 * most or not np.isfinite(own).all() or not np.isfinite(course).all():
                continue
            errors = np.square(sliding_window_view(course, block) - own).mean(axis=1)  # (2 * most + 1,)
            best = int(np.argmin(errors))
            lags.append(best - most)
            left += float(errors[best])
            before += float(errors[most])
        noise = self.unit**2 * len(lags)
        if len(lags) < 3 or before <= noise or left - noise > TIMED * (before - noise):
            return False
        smooth = float(np.median(np.abs(np.diff(lags)))) <= period / 4
        return smooth and float(np.ptp(lags)) >= WANDERS * period

    def seen_elsewhere(self, start: int, stop: int) -> bool:
        """Whether the channel runs like this at some other time, as closely as its ordinary stretches do."""
        length = stop - start
        if length < SHORTEST_COURSE or length > CONTEXT // 4 or not np.isfinite(self.values[start:stop]).all():
            return False
        first, last = max(0, start - CONTEXT), min(len(self.values), stop + CONTEXT)
        known = self.ordinary[first:last]
        if known.sum() < 4 * length:
            return False
        level = float(np.median(self.values[first:last][known]))
        filled = np.where(known, self.values[first:last] - level, 0.0)
        holes = np.concatenate([[0], np.cumsum(~known)])
        whole = holes[length:] == holes[:-length]  # stretches without a row that is unusual
        sums = np.concatenate([[0.0], np.cumsum(np.square(filled))])
        sizes = sums[length:] - sums[:-length]

        def closest(own: Line, at: int) -> float:
            """The least squared distance to an ordinary stretch that does not overlap."""
            elsewhere = whole & (np.abs(np.arange(len(sizes)) - at) >= length)
            crossed = signal.correlate(filled, own, mode="valid", method="fft")
            distance = sizes - 2 * crossed + float(own @ own)
            return float(np.maximum(distance[elsewhere], 0).min()) if elsewhere.any() else np.inf

        starts = np.flatnonzero(whole)
        sample = starts[:: max(1, len(starts) // SAMPLE)].tolist()
        usual = [closest(filled[at : at + length], at) for at in sample]
        here = closest(self.values[start:stop] - level, start - first)
        return bool(len(usual) > 0 and here <= ALIKE * float(np.median(usual)))

    def faster(self, start: int, stop: int) -> bool:
        """Whether it crosses its own middle much more often, or more seldom, than stretches of the same length do."""
        length = stop - start
        if length < 16:
            return False
        centres = np.arange(0, len(self.values) - length + 1, max(1, length // 2))
        whole = [at for at in centres if self.ordinary[at : at + length].all()][:400]
        if len(whole) < 8 or not np.isfinite(self.values[start:stop]).all():
            return False
        usual = np.array([_crossings(self.values[at : at + length]) for at in whole])
        spread = max(1.4826 * float(np.median(np.abs(usual - np.median(usual)))), 0.5 + 0.05 * float(np.median(usual)))
        return bool(abs(_crossings(self.values[start:stop]) - np.median(usual)) > 4 * spread)


def _crossings(values: Line) -> int:
    above = values > values.mean()
    return int(np.count_nonzero(above[1:] != above[:-1]))


def _median(donors: Line) -> Line:
    known = np.isfinite(donors)
    out = np.full(len(donors), np.nan)
    some = known.any(axis=1)
    out[some] = np.nanmedian(donors[some], axis=1)
    return out


class Near:
    """The rows near an event: the usual course, and how far it was left, in usual distances."""

    def __init__(self, first: int, rows: tuple[int, int], usual: Line, deviation: Line) -> None:
        self.first = first
        self.rows = rows
        self.usual = usual
        self.deviation = deviation
        reach = max(REACH * (rows[1] - rows[0]), LEAST_REACH)
        low, high = max(first, rows[0] - reach), rows[1] + reach
        start, stop = _deviating(deviation[low - first : high - first], rows[0] - low, rows[1] - low)
        self.start, self.stop = low + start, low + stop
        self.inside = deviation[self.start - first : self.stop - first]
        self.energy = np.square(np.nan_to_num(self.inside))

    @property
    def deviates(self) -> bool:
        """Whether the channel by itself is anything unusual."""
        return bool(self.energy.sum() > _CALM_ROW * max(1, int(np.isfinite(self.inside).sum())))

    @property
    def spike(self) -> bool:
        """Whether a few rows hold all of the deviation."""
        return float(self.energy.sum() ** 2 / np.square(self.energy).sum()) <= FEW

    @property
    def rough(self) -> bool:
        """Whether the deviation changes from row to row as noise does."""
        seen = self.inside[np.isfinite(self.inside)]
        if len(seen) < 4:
            return False
        return float(np.mean(np.square(np.diff(seen)))) / 2 >= ROUGH * float(np.var(seen))

    @property
    def step_and_ramp(self) -> tuple[float, float]:
        """Share of the deviation, flanks included, that a step explains, and that a ramp does."""
        length = self.stop - self.start
        low = max(0, self.start - self.first - length)
        part = self.deviation[low : self.stop - self.first + length]
        known = np.isfinite(part)
        begin, end = self.start - self.first - low, self.stop - self.first - low
        at = np.arange(len(part))
        step = _explained(part, known, ((at >= begin) & (at < end)).astype(float))
        ramps = [0.0]
        for more in (0, length // 4, length // 2, length):
            rising = (at - (begin - more) + 1) / (length + more)
            falling = ((end + more) - at) / (length + more)
            ramps += [_explained(part, known, np.where((rising > 0) & (at < end), rising, 0.0))]
            ramps += [_explained(part, known, np.where((falling > 0) & (at >= begin), falling, 0.0))]
        return step, max(ramps)


def _explained(part: Line, known: NDArray[np.bool_], shape: Line) -> float:
    """Share of a deviation that is a multiple of a shape."""
    own, like = part[known], shape[known]
    size, total = float(like @ like), float(own @ own)
    return float(own @ like) ** 2 / (size * total) if size > 0 and total > 0 else 0.0


def _deviating(deviation: Line, start: int, stop: int) -> tuple[int, int]:
    """The stretch with the largest sum of squared deviations above what is calm, if it meets the event's rows.

    Kadane's maximal subarray over the event and what lies beside it.
    """
    gain = np.minimum(np.square(np.nan_to_num(deviation)), _CAP) - _CALM_ROW
    best, best_rows = 0.0, (start, stop)
    total, begun = 0.0, 0
    for row, more in enumerate(gain.tolist()):
        if total <= 0:
            total, begun = 0.0, row
        total += more
        if total > best and row >= start and begun < stop:
            best, best_rows = total, (begun, row + 1)
    return best_rows
