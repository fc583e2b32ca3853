"""The expected band: where a channel's readings ordinarily lie around what was expected of them.

A split-conformal interval (Papadopoulos et al., 2002; Lei et al., 2018, section 5.2), once per channel: ordinary rows
give errors ``r = reading - expected``, a rough size ``s`` of the error is estimated from how steep and how high the
expected line is, and the band at a row is

    expected + s · (low quantile of r / s)   to   expected + s · (high quantile of r / s)

so that it is wide where the model is usually unsure, and need not be symmetric. The quantiles are those of a sample
with one row more, the new one (Vovk et al., 2005), which makes the coverage honest for rows like the ordinary ones, not
only for those it was measured on. It says nothing of rows inside events: they are left out when it is measured.

Of a long series it is measured on ``MEASURED`` of the ordinary rows, drawn at random with a fixed seed, and worked out
for the rows that are asked for: nothing is held for each row of the series.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tsanomaly.detection.events import Events
from tsanomaly.errors import ConfigurationError

COVERAGE = 0.95
"""Share of ordinary readings that lie inside, unless the caller says otherwise."""

MEASURED = 200_000
"""Ordinary rows that it is measured on at most: with so many the share inside is known to a twentieth of a per cent."""

PIECE = 200_000
"""Rows gone through at a time."""

CLASSES = 10
"""Classes of steepness, and of height, in each of which the error has a size of its own."""

LEAST_ROWS = 50
"""Rows that a class needs; with fewer there are fewer classes."""

MARGIN = 0.5
"""Rows before and after an event, in lengths of it, that do not count as ordinary."""

LEAST = 1e-3
"""Least size of an error, in units of the channel's median one: where a model is exact, there still is a band."""


@dataclass(frozen=True, eq=False)
class Band:
    """Where readings were to be expected.

    Attributes:
        expected: ``(n, c)`` what the model expects, in the channels' units.
        errors: of each channel, how it errs; ``None`` where nothing is known.
        coverage: share of ordinary readings that lie inside.
        rows: ordinary rows it was measured on.
    """

    expected: NDArray[np.float64]
    errors: tuple[ErrorSize | None, ...]
    coverage: float
    rows: int

    def at(self, channel: int, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper edge of a channel, each ``(k,)`` in its unit, at some rows; NaN where not judged."""
        line, error = self.expected[:, channel], self.errors[channel]
        if error is None:
            nothing = np.full(len(rows), np.nan)
            return nothing, nothing
        size = error.at(line, rows)
        return line[rows] + size * error.low, line[rows] + size * error.high

    @cached_property
    def lower(self) -> NDArray[np.float64]:
        """``(n, c)`` the lower edges at all rows."""
        return np.asarray(self._edges[0])

    @cached_property
    def upper(self) -> NDArray[np.float64]:
        """``(n, c)`` the upper edges at all rows."""
        return np.asarray(self._edges[1])

    def outside(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """``(n, c)`` true where a reading lies outside."""
        with np.errstate(invalid="ignore"):
            return (values < self.lower) | (values > self.upper)

    @cached_property
    def _edges(self) -> NDArray[np.float64]:
        """``(2, n, c)``."""
        edges = np.empty((2, *self.expected.shape))
        for first in range(0, len(self.expected), PIECE):
            rows = np.arange(first, min(first + PIECE, len(self.expected)))
            for j in range(self.expected.shape[1]):
                edges[:, rows, j] = self.at(j, rows)
        return edges


def expected_band(events: Events, coverage: float = COVERAGE) -> Band:
    """The band of each channel at each row of a series.

    Args:
        coverage: share of ordinary readings inside, between 0 and 1.

    Raises:
        ConfigurationError: a coverage that is not between 0 and 1.
    """
    if not 0 < coverage < 1:
        raise ConfigurationError(f"the coverage is {coverage}; expected a number between 0 and 1, such as {COVERAGE}")
    rows = _some_of(ordinary_rows(events), MEASURED)
    expected, values = events.scores.expected, events.series.values
    measured = [_measured(expected[:, j], values[:, j], rows, coverage) for j in range(expected.shape[1])]
    return Band(expected, tuple(measured), coverage, len(rows))


def ordinary_rows(events: Events) -> NDArray[np.bool_]:
    """``(n,)`` judged rows that lie in no event and near none; all judged rows where that leaves none."""
    judged = np.isfinite(events.scores.total)
    ordinary = judged.copy()
    for event in events:
        margin = 1 + int(MARGIN * (event.end_row - event.start_row))
        ordinary[max(0, event.start_row - margin) : event.end_row + margin] = False
    return ordinary if ordinary.any() else judged


@dataclass(frozen=True, eq=False)
class ErrorSize:
    """How a channel errs.

    Attributes:
        usual: the median size of an error; 1 where there is none.
        by_steepness, by_height: factors on it.
        low, high: quantiles of the errors over their size.
    """

    usual: float
    by_steepness: Factors
    by_height: Factors
    low: float
    high: float

    def at(self, line: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """``(k,)`` the usual size of an error at some rows of what was expected, ``(n,)``."""
        return _size(self.usual, self.by_steepness.of(_steepness(line, rows)), self.by_height.of(line[rows]))


@dataclass(frozen=True, eq=False)
class Factors:
    """What to multiply a size with, by the class that a feature falls in.

    Attributes:
        edges: ``(k,)`` between classes.
        values: ``(k + 1,)``.
    """

    edges: NDArray[np.float64]
    values: NDArray[np.float64]

    def of(self, feature: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(n,)`` of features ``(n,)``."""
        return np.asarray(self.values[np.searchsorted(self.edges, feature)])


def _some_of(ordinary: NDArray[np.bool_], most: int) -> NDArray[np.intp]:
    """``(k,)`` rows, in order: all that are ordinary, or some of them at random, about so many. Rows at equal distances
    would be of the same hours of the day."""
    share = most / max(1, int(ordinary.sum()))
    if share >= 1:
        return np.flatnonzero(ordinary)
    drawn, rows = np.random.default_rng(0), []
    for first in range(0, len(ordinary), PIECE):
        part = ordinary[first : first + PIECE]
        rows.append(first + np.flatnonzero(part & (drawn.random(len(part)) < share)))
    return np.concatenate(rows)


def _measured(
    line: NDArray[np.float64], values: NDArray[np.float64], rows: NDArray[np.intp], coverage: float
) -> ErrorSize | None:
    """How a channel errs at some rows; ``None``: it is known at none of them."""
    errors = values[rows] - line[rows]
    known = np.isfinite(errors)
    rows, errors = rows[known], errors[known]
    if not len(rows):
        return None
    sizes = np.abs(errors)
    usual = float(np.median(sizes)) or float(np.mean(sizes))
    if not usual > 0:
        return ErrorSize(1.0, SAME, SAME, *_quantiles(errors, coverage))
    steepness, height = _steepness(line, rows), line[rows]
    by_steepness = _by_class(steepness, sizes / usual)
    by_height = _by_class(height, sizes / (usual * by_steepness.of(steepness)))
    size = _size(usual, by_steepness.of(steepness), by_height.of(height))
    return ErrorSize(usual, by_steepness, by_height, *_quantiles(errors / size, coverage))


def _size(usual: float, *factors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.maximum(usual * np.prod(factors, axis=0), LEAST * usual))


def _steepness(line: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """``(k,)`` slope of a line at some rows and their neighbours, on average; a gap counts as 0."""
    last = len(line) - 1

    def slope(at: NDArray[np.intp]) -> NDArray[np.float64]:
        before, after = np.maximum(at - 1, 0), np.minimum(at + 1, last)
        rise = np.nan_to_num(line[after]) - np.nan_to_num(line[before])
        return np.asarray(np.abs(rise) / np.maximum(after - before, 1))

    return np.asarray(np.mean([slope(np.clip(rows + shift, 0, last)) for shift in (-1, 0, 1)], axis=0))


SAME = Factors(np.empty(0), np.ones(1))
"""One class for all."""


def _by_class(feature: NDArray[np.float64], ratio: NDArray[np.float64]) -> Factors:
    """Median of a ratio among the rows of the same class of a feature, each ``(k,)``."""
    classes = min(CLASSES, len(feature) // LEAST_ROWS)
    if classes < 2:
        return SAME
    edges = np.unique(np.quantile(feature, np.arange(1, classes) / classes))
    place = np.searchsorted(edges, feature)
    medians = np.ones(len(edges) + 1)
    for k in range(len(medians)):
        among = ratio[place == k]
        if len(among) >= LEAST_ROWS // 2:
            medians[k] = max(float(np.median(among)), LEAST)
    return Factors(edges, medians)


def _quantiles(ratios: NDArray[np.float64], coverage: float) -> tuple[float, float]:
    """Low and high quantile as of a sample with one more; its extremes where it is too small for them."""
    ordered = np.sort(ratios)
    left_out = int((1 - coverage) / 2 * (len(ordered) + 1))  # readings on either side
    first = min(max(0, left_out - 1), (len(ordered) - 1) // 2)
    return float(ordered[first]), float(ordered[len(ordered) - 1 - first])
