"""The expected band: where a channel's readings ordinarily lie around what was expected of them.

A split-conformal interval (Papadopoulos et al., 2002; Lei et al., 2018, section 5.2), once per channel: ordinary rows
give errors ``r = reading - expected``, a rough size ``s`` of the error is estimated from how steep and how high the
expected line is, and the band at a row is

    expected + s · (low quantile of r / s)   to   expected + s · (high quantile of r / s)

so that it is wide where the model is usually unsure, and need not be symmetric. The quantiles are those of a sample
with one row more, the new one (Vovk et al., 2005), which makes the coverage honest for rows like the ordinary ones, not
only for those it was measured on. It says nothing of rows inside events: they are left out when it is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from tsanomaly.detection.events import Events
from tsanomaly.errors import ConfigurationError

COVERAGE = 0.95
"""Share of ordinary readings that lie inside, unless the caller says otherwise."""

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
        lower, upper: ``(n, c)`` float64 in the channels' units; NaN where not judged.
        coverage: share of ordinary readings that lie inside.
        rows: ordinary rows it was measured on.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    coverage: float
    rows: int

    def outside(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """``(n, c)`` true where a reading lies outside."""
        with np.errstate(invalid="ignore"):
            return (values < self.lower) | (values > self.upper)


def expected_band(events: Events, coverage: float = COVERAGE) -> Band:
    """The band of each channel at each row of a series.

    Args:
        coverage: share of ordinary readings inside, between 0 and 1.

    Raises:
        ConfigurationError: a coverage that is not between 0 and 1.
    """
    if not 0 < coverage < 1:
        raise ConfigurationError(f"the coverage is {coverage}; expected a number between 0 and 1, such as {COVERAGE}")
    ordinary = ordinary_rows(events)
    expected = events.scores.expected
    errors = events.series.values - expected  # (n, c)
    lower, upper = np.full(expected.shape, np.nan), np.full(expected.shape, np.nan)
    for j in range(expected.shape[1]):
        known = ordinary & np.isfinite(errors[:, j])
        if not known.any():
            continue
        size = _sizes(expected[:, j], errors[:, j], known)
        low, high = _quantiles(errors[known, j] / size[known], coverage)
        lower[:, j] = expected[:, j] + size * low
        upper[:, j] = expected[:, j] + size * high
    return Band(lower, upper, coverage, int(ordinary.sum()))


def ordinary_rows(events: Events) -> NDArray[np.bool_]:
    """``(n,)`` judged rows that lie in no event and near none; all judged rows where that leaves none."""
    judged = np.isfinite(events.scores.total)
    ordinary = judged.copy()
    for event in events:
        margin = 1 + int(MARGIN * (event.end_row - event.start_row))
        ordinary[max(0, event.start_row - margin) : event.end_row + margin] = False
    return ordinary if ordinary.any() else judged


def _sizes(expected: NDArray[np.float64], errors: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """``(n,)`` the usual size of an error at each row, by how steep and by how high the expected line is there."""
    usual = float(np.median(np.abs(errors[known]))) or float(np.mean(np.abs(errors[known])))
    if not usual > 0:
        return np.ones(len(expected))
    size = np.full(len(expected), usual)
    for feature in (_steepness(expected), expected):
        size *= _by_class(feature, np.abs(errors) / size, known)
    return np.asarray(np.maximum(size, LEAST * usual))


def _steepness(expected: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(expected) < 2:
        return np.zeros(len(expected))
    slope = np.abs(np.gradient(np.nan_to_num(expected)))
    return np.asarray(uniform_filter1d(slope, 3, mode="nearest"))


def _by_class(
    feature: NDArray[np.float64], ratio: NDArray[np.float64], known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """``(n,)`` median of a ratio among the known rows of the same class of a feature."""
    classes = min(CLASSES, int(known.sum()) // LEAST_ROWS)
    if classes < 2:
        return np.ones(len(feature))
    edges = np.unique(np.quantile(feature[known], np.arange(1, classes) / classes))
    place = np.searchsorted(edges, feature)
    medians = np.ones(len(edges) + 1)
    for k in range(len(medians)):
        among = ratio[known & (place == k)]
        if len(among) >= LEAST_ROWS // 2:
            medians[k] = max(float(np.median(among)), LEAST)
    return np.asarray(medians[place])


def _quantiles(ratios: NDArray[np.float64], coverage: float) -> tuple[float, float]:
    """Low and high quantile as of a sample with one more; its extremes where it is too small for them."""
    ordered = np.sort(ratios)
    left_out = int((1 - coverage) / 2 * (len(ordered) + 1))  # readings on either side
    first = min(max(0, left_out - 1), (len(ordered) - 1) // 2)
    return float(ordered[first]), float(ordered[len(ordered) - 1 - first])
