"""What kind of anomaly an event is, in a word: by the leading channel around it, against the same channel elsewhere.

The course that was to be expected is read off the channel itself, not off the model, which follows an anomaly a little:
at each row the median of the same phase in the periods before and after, or, without a period, the level of the rows
around. In units of the channel's usual distance from that course, the stretch that deviates most is found near the
event, and the first kind that fits it is the answer:

    flat line            it stands still, which this channel does not do for so long elsewhere
    spike                all of the deviation lies in a few rows
    level, trend         a constant, or a ramp, explains most of the deviation
    variance             the deviation is rough: it changes from row to row as noise does
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
from numpy.typing import NDArray

from tsanomaly.detection.bands import ordinary_rows
from tsanomaly.detection.events import Event, Events
from tsanomaly.detection.habits import CONTEXT, SHORTEST_COURSE, Habits, Line, Near


class EventKind(StrEnum):
    """What an event looks like."""

    SPIKE = "spike"  # a few rows off
    LEVEL = "level"  # moved by a constant
    TREND = "trend"  # moving away, or back, steadily
    VARIANCE = "variance"  # noisier than usual
    FREQUENCY = "frequency"  # the usual course, faster or slower
    FLAT_LINE = "flat line"  # stuck
    BROKEN_CORRELATION = "broken correlation"  # usual by itself, unusual beside the other channels
    PATTERN = "unusual pattern"  # none of these


FITS = 0.6
"""Share of the deviation that a constant or a ramp must explain."""

LINKED = 0.5
"""Share of a channel's variance that the others explain, from which it counts as going with them."""

BROKEN = 2.0
"""Times its usual size that the error of that explanation must have in the event."""

FITTED = 4000
"""Rows that the explanation is learned from, at most."""

LARGEST = 1e50
"""Readings beyond are looked at as if they lay here: how far off they are says no more, and powers of them fit."""

LEAST_ERROR = 0.01
"""Least mean squared error of it, in units of the channel's usual distance from its course."""


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
        self.values = _bounded(events.series.values)
        self._channels: dict[int, Habits] = {}

    @cached_property
    def ordinary(self) -> NDArray[np.bool_]:
        """``(n,)`` rows far from any event."""
        return ordinary_rows(self.events)

    def channel(self, column: int) -> Habits:
        """One channel's habits."""
        if column not in self._channels:
            self._channels[column] = Habits(self.values[:, column], self.ordinary)
        return self._channels[column]

    def course_of(self, event: Event) -> Course:
        """What kind of anomaly an event is, and the course of its leading channel."""
        column = self.events.series.channels.index(event.channels[0].name)
        near = self.channel(column).near(event.start_row, event.end_row)
        return Course(self._kind(column, near), column, near.start, near.stop, near.inside)

    def _kind(self, column: int, near: Near) -> EventKind:
        """The first rule that fits."""
        channel = self.channel(column)
        if channel.stuck(near.start, near.stop) or channel.stuck(*near.rows):
            return EventKind.FLAT_LINE
        linked = near.rows[1] - near.rows[0] < SHORTEST_COURSE or not self.unlinked(column, *near.rows)
        if not linked and channel.seen_elsewhere(*near.rows):
            return EventKind.BROKEN_CORRELATION
        deviates = near.deviates
        if deviates and near.spike:
            return EventKind.SPIKE
        step, ramp = near.step_and_ramp
        if deviates and max(step, ramp) >= FITS:
            return EventKind.LEVEL if step >= ramp else EventKind.TREND
        if deviates and near.rough:
            return EventKind.VARIANCE
        if channel.out_of_time(near):
            return EventKind.FREQUENCY
        if not linked:
            return EventKind.BROKEN_CORRELATION
        return EventKind.FREQUENCY if channel.faster(near.start, near.stop) else EventKind.PATTERN

    def unlinked(self, column: int, start: int, stop: int) -> bool:
        """Whether the channel usually goes with the others, and does not here."""
        first, last = max(0, start - CONTEXT), min(len(self.values), stop + CONTEXT)
        if self.values.shape[1] == 1:
            return False
        others = np.delete(self.values[first:last], column, axis=1)  # (rows, c - 1)
        lag = (self.channel(column).period or 0) // 4  # what runs a quarter turn late goes together as well
        late = np.roll(others, lag, axis=0) if lag else others[:, :0]
        table = np.column_stack([others, late, np.ones(last - first)])
        usable = np.isfinite(table).all(axis=1) & np.isfinite(self.values[first:last, column])
        usable &= self.ordinary[first:last]
        usable[start - first : stop - first] = False
        if usable.sum() < 10 * table.shape[1]:
            return False
        own = self.values[first:last, column] / self.channel(column).unit
        table = table / np.maximum(np.abs(table[usable]).max(axis=0), np.finfo(float).tiny)
        fitted = np.flatnonzero(usable)[:: max(1, int(usable.sum()) // FITTED)]
        weights, *_ = np.linalg.lstsq(table[fitted], own[fitted], rcond=None)
        error = np.square(own - table @ weights)
        usual = float(np.mean(error[usable]))
        here = error[start - first : stop - first]
        here = here[np.isfinite(here)]
        goes_with_them = usual <= (1 - LINKED) * float(np.var(own[usable]))
        return goes_with_them and len(here) > 0 and float(np.mean(here)) > BROKEN**2 * max(usual, LEAST_ERROR)


def _bounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same array where nothing lies beyond, for it may be large."""
    beyond = np.fmax.reduce(values, axis=None) > LARGEST or np.fmin.reduce(values, axis=None) < -LARGEST
    return np.clip(values, -LARGEST, LARGEST) if beyond else values
