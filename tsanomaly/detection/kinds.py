"""What kind of anomaly an event is, in a word: by the leading channel around it, against the same channel elsewhere.

The course that was to be expected is read off the channel itself, not off the model, which follows an anomaly a little:
at each row the median of the same phase in the periods before and after, or, without a period, the level of the rows
around. In units of the channel's usual distance from that course, the stretch that deviates most is found near the
event, and the first kind that fits it is the answer:

    flat line            it stands still, which this channel does not do for so long elsewhere
    spike                all of the deviation lies in a few rows
    level, trend         a constant, or a ramp, explains most of the deviation
    variance             the deviation is rough: it changes from row to row far more than usual, or far less
    frequency            the usual course, with its time running faster or slower
    broken correlation   a course that this channel has at other times, but not together with the other channels'
    unusual pattern      none of these

What a rule cannot tell apart it calls by the later name. How often each is right: ``docs/explanations.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tsanomaly.detection.bands import ordinary_rows
from tsanomaly.detection.events import Event, Events
from tsanomaly.detection.grouping import stretches
from tsanomaly.series import estimate_period

Line = NDArray[np.float64]


class EventKind(StrEnum):
    """What an event looks like."""

    SPIKE = "spike"  # a few rows off
    LEVEL = "level"  # moved by a constant
    TREND = "trend"  # moving away, or back, steadily
    VARIANCE = "variance"  # noisier than usual, or much calmer
    FREQUENCY = "frequency"  # the usual course, faster or slower
    FLAT_LINE = "flat line"  # stuck
    BROKEN_CORRELATION = "broken correlation"  # usual by itself, unusual beside the other channels
    PATTERN = "unusual pattern"  # none of these


FEW = 3.0
"""Rows in which a spike's deviation lies, at most."""

STUCK = 5
"""Rows that stand still in a flat line, at least."""

STILL = 0.05
"""Of a channel's usual step from row to row: below it, it stands still."""

FITS = 0.6
"""Share of the deviation that a constant or a ramp must explain."""

STEADY = 0.5
"""Of a ramp's height at its one end: what it has at the other, at least, to be called a level."""

ROUGH = 0.5
"""Of a white noise's roughness: from here on a deviation counts as rough."""

CALM = 1 / 3
"""Of the usual rough deviation: from here down a stretch is unusually calm."""

TIMED = 0.5
"""Of the deviation: what may be left once the time is shifted block by block, for the time to be what is wrong."""

LINKED = 0.5
"""Share of a channel's variance that the others explain, from which it counts as going with them."""

BROKEN = 3.0
"""Times its usual size that the error of that explanation must have in the event."""

DONORS = 4
"""Periods before, and after, that the usual course is taken from."""

CONTEXT = 20_000
"""Rows before and after an event that are looked at, at most."""

_CALM_ROW = 3.0
"""Squared deviation below which a row weakens a stretch that deviates."""

_CAP = 30.0
"""Squared deviation of a row counted at most: one wild row must not join what is far apart."""


@dataclass(frozen=True, eq=False)
class Course:
    """The leading channel of an event, near it.

    Attributes:
        kind: what it looks like.
        column: the channel.
        start, stop: the rows that deviate most, half open, near the event or equal to it.
        deviation: ``(stop - start,)`` from the usual course, in units of the channel's usual distance from it.
    """

    kind: EventKind
    column: int
    start: int
    stop: int
    deviation: Line


def course_of(events: Events, event: Event) -> Course:
    """What kind of anomaly an event is, and the course of its leading channel."""
    return Grounds(events).course_of(event)


class Grounds:
    """What is known of a series, kept while its events are looked at one after the other."""

    def __init__(self, events: Events) -> None:
        self.events = events
        self.values = events.series.values
        self._channels: dict[int, _Channel] = {}

    @cached_property
    def ordinary(self) -> NDArray[np.bool_]:
        """``(n,)`` rows far from any event."""
        return ordinary_rows(self.events)

    def channel(self, column: int) -> _Channel:
        """One channel's habits."""
        if column not in self._channels:
            self._channels[column] = _Channel(self.values[:, column], self.ordinary)
        return self._channels[column]

    def course_of(self, event: Event) -> Course:
        """What kind of anomaly an event is, and the course of its leading channel."""
        column = self.events.series.channels.index(event.channels[0].name)
        channel = self.channel(column)
        rows = (event.start_row, event.end_row)
        usual, first = channel.usual_around(*rows)
        deviation = (channel.values[first : first + len(usual)] - usual) / channel.unit
        start, stop = _deviating(deviation, rows[0] - first, rows[1] - first)
        kind = self._kind(column, rows, first, usual, deviation, (start, stop))
        return Course(kind, column, first + start, first + stop, deviation[start:stop])

    def _kind(
        self,
        column: int,
        rows: tuple[int, int],
        first: int,
        usual: Line,
        deviation: Line,
        part: tuple[int, int],
    ) -> EventKind:
        """The first rule that fits."""
        channel = self.channel(column)
        inside = deviation[slice(*part)]
        if channel.stuck(first + part[0], first + part[1]) or channel.stuck(*rows):
            return EventKind.FLAT_LINE
        energy = np.square(np.nan_to_num(inside))
        if energy.sum() == 0:
            return EventKind.PATTERN
        if energy.sum() ** 2 / np.square(energy).sum() <= FEW:
            return EventKind.SPIKE
        if (line := _line(inside)) is not None:
            return line
        return self._not_a_line(column, rows, first, usual, deviation, part)

    def _not_a_line(
        self,
        column: int,
        rows: tuple[int, int],
        first: int,
        usual: Line,
        deviation: Line,
        part: tuple[int, int],
    ) -> EventKind:
        channel = self.channel(column)
        start, stop = first + part[0], first + part[1]
        if channel.rougher(deviation, part):
            return EventKind.VARIANCE
        lags = channel.timing(start, stop, usual, first)
        linked = self.values.shape[1] > 1 and self.unlinked(column, start, stop)
        if lags is not None and np.ptp(lags) > 0.15 * (channel.period or 1):
            return EventKind.FREQUENCY
        if linked:
            return EventKind.BROKEN_CORRELATION
        if channel.faster(start, stop):
            return EventKind.FREQUENCY
        return EventKind.PATTERN

    def unlinked(self, column: int, start: int, stop: int) -> bool:
        """Whether the channel usually goes with the others, and does not here."""
        first, last = max(0, start - CONTEXT), min(len(self.values), stop + CONTEXT)
        whole = np.isfinite(self.values[first:last]).all(axis=1)
        usable = whole & self.ordinary[first:last]
        usable[start - first : stop - first] = False
        others = [j for j in range(self.values.shape[1]) if j != column and self.channel(j).unit > 0]
        if usable.sum() < 10 * (len(others) + 1) or not others or not self.channel(column).unit > 0:
            return False
        table = np.column_stack([*(self.values[first:last, j] for j in others), np.ones(last - first)])
        table = table / np.maximum(np.abs(table[usable]).max(axis=0), np.finfo(float).tiny)
        own = self.values[first:last, column]
        weights, *_ = np.linalg.lstsq(table[usable], own[usable], rcond=None)
        error = own - table @ weights
        usual = float(np.mean(np.square(error[usable])))
        if usual > (1 - LINKED) * float(np.var(own[usable])):
            return False
        here = error[start - first : stop - first]
        here = here[np.isfinite(here)]
        return len(here) > 0 and float(np.mean(np.square(here))) > BROKEN**2 * max(usual, np.finfo(float).tiny)


class _Channel:
    """One channel's habits: its period, its usual distance from its course, its usual step."""

    def __init__(self, values: Line, ordinary: NDArray[np.bool_]) -> None:
        self.values = np.where(np.isfinite(values), values, np.nan)
        self.ordinary = ordinary & np.isfinite(values)
        most = max(3, min(3000, len(values) // 4))
        self.period = estimate_period(np.where(ordinary, values, np.nan), high=most, prominence=0.15)
        self.unit = self._unit()
        steps = np.abs(np.diff(self.values))
        steps = steps[np.isfinite(steps) & (steps > 0)]
        self.step = float(np.median(steps)) if len(steps) else 0.0

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

    def usual_around(self, start: int, stop: int) -> tuple[Line, int]:
        """The usual course of some rows and what lies beside them, and the row it begins at."""
        pad = min(2000, max(stop - start, self.period or 32))
        first, last = max(0, start - pad), min(len(self.values), stop + pad)
        if self.period is None:
            return self._level(first, last, start, stop), first
        return self._same_phase(first, last, start, stop), first

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

    def _level(self, first: int, last: int, start: int, stop: int) -> Line:
        """A constant: the level before the event, or after it where nothing came before."""
        before = self.values[max(0, first - 200) : start]
        before = before[self.ordinary[max(0, first - 200) : start]]
        after = self.values[stop : last + 200]
        after = after[self.ordinary[stop : last + 200]]
        known = before if len(before) >= 8 else after if len(after) else self.values[np.isfinite(self.values)]
        return np.full(last - first, float(np.median(known)) if len(known) else 0.0)

    def stuck(self, start: int, stop: int) -> bool:
        """Whether it stands still there for longer than it does elsewhere."""
        still = np.abs(np.diff(self.values)) <= STILL * self.step if self.step > 0 else np.diff(self.values) == 0
        first, last = max(0, start - 2), min(len(still), stop + 1)
        here = stretches(still[first:last])
        if not len(here):
            return False
        longest = int((here[:, 1] - here[:, 0]).max()) + 1
        if longest < STUCK or longest < 0.6 * (stop - start):
            return False
        elsewhere = stretches(still & self.ordinary[:-1])
        usual = int((elsewhere[:, 1] - elsewhere[:, 0]).max()) + 1 if len(elsewhere) else 0
        return longest > 1.5 * usual

    def rougher(self, deviation: Line, part: tuple[int, int]) -> bool:
        """Whether the deviation changes from row to row much more than usual, and does little else."""
        inside = deviation[slice(*part)]
        inside = inside[np.isfinite(inside)]
        if len(inside) < 4:
            return False
        rough = float(np.mean(np.square(np.diff(inside)))) / 2
        whole = float(np.var(inside))
        return whole > 0 and rough >= ROUGH * whole

    def timing(self, start: int, stop: int, usual: Line, first: int) -> NDArray[np.intp] | None:
        """By how many rows each block of a stretch runs late, where shifting it takes most of the deviation away."""
        period = self.period
        if period is None or period < 8 or stop - start < period // 2:
            return None
        block = max(6, period // 3)
        most = period // 2
        lags, left, before = [], 0.0, 0.0
        for at in range(start, stop - block + 1, max(1, block // 2)):
            own = self.values[at : at + block]
            low = at - most - first
            if low < 0 or low + block + 2 * most > len(usual) or not np.isfinite(own).all():
                continue
            candidates = sliding_window_view(usual[low : low + block + 2 * most], block)  # (2 * most + 1, block)
            errors = np.square(candidates - own).mean(axis=1)
            if not np.isfinite(errors).all():
                continue
            best = int(np.argmin(errors))
            lags.append(best - most)
            left += float(errors[best])
            before += float(errors[most])
        noise = self.unit**2 * len(lags)
        if not lags or before <= noise or left - noise > TIMED * (before - noise):
            return None
        return np.array(lags)

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


def _line(deviation: Line) -> EventKind | None:
    """A level or a trend, where a straight line explains most of the deviation."""
    known = np.isfinite(deviation)
    if known.sum() < 4:
        return None
    at = np.flatnonzero(known) / max(1, len(deviation) - 1)
    seen = deviation[known]
    slope, level = np.polyfit(at, seen, 1)
    total = float(np.square(seen).sum())
    explained = 1 - float(np.square(seen - slope * at - level).sum()) / total
    if explained < FITS:
        return None
    ends = sorted((abs(level), abs(level + slope)))
    same_side = level * (level + slope) > 0
    return EventKind.LEVEL if same_side and ends[0] >= STEADY * ends[1] else EventKind.TREND
