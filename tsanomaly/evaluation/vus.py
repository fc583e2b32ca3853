"""Volume under the range-ROC and range-PR surfaces: the yardstick of TSB-AD.

Source: Paparrizos et al., "Volume Under the Surface", VLDB 2022, as the benchmark of
Liu & Paparrizos, "The Elephant in the Room" (TSB-AD), NeurIPS 2024, computes it.

For each buffer ``b`` from 0 to the window, labels are softened: an unlabelled point ``d`` steps from a labelled
segment, ``d <= b // 2``, counts ``sqrt(1 - d / b)``, the sum over segments capped at 1. Segments whose surroundings
of ``b // 2`` meet are one when it is counted which were found. At each threshold, with ``P`` labelled points, ``H``
of them flagged, ``S`` the soft labels flagged and ``F`` points flagged in all::

    TPR = min((H + S) / (P + S / 2), 1) * share of segments found        precision = (H + S) / F
    FPR = (F - H - S) / (n - P - S / 2)

The volumes are the means over buffers of the areas: trapezoids up to (1, 1) for ROC, rectangles for PR.

Any two soft contributions add up to more than 1, for each is at least ``sqrt(1/2)``. So a point matters through its
two smallest distances alone, and counts of points by (distance, first threshold that flags them) hold all that the
``window * thresholds`` confusion matrices need: nothing of size ``thresholds * n`` or ``window * n`` is ever made.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tsanomaly.errors import ConfigurationError
from tsanomaly.evaluation.inputs import as_both_classes, as_ranking
from tsanomaly.evaluation.ranges import intervals
from tsanomaly.series.period import autocorrelation

POINTS_READ = 20_000
LAGS_READ = 400
SHORTEST_PEAK = 4
SHORTEST_PERIOD, LONGEST_PERIOD = 6, 303
DEFAULT_WINDOW = 125


def vus(labels: ArrayLike, scores: ArrayLike, window: int, thresholds: int = 250) -> tuple[float, float]:
    """``(VUS-ROC, VUS-PR)`` of the scores ``(n,)`` of a series against its labels ``(n,)``.

    Args:
        labels: 0/1 or booleans.
        scores: higher is more anomalous; only their order matters. NaN, not judged, ranks lowest.
        window: the largest buffer, in points; :func:`sliding_window` gives the benchmark's.
        thresholds: how many positions of the sorted scores serve as thresholds.

    Raises:
        DataError: no point, or every point, is labelled; shapes differ; or no score is a number.
        ConfigurationError: a negative window or fewer than two thresholds.
    """
    if window < 0:
        raise ConfigurationError(f"the window of VUS is {window}; give 0 points or more, such as the series' period")
    if thresholds < 2:
        raise ConfigurationError(f"VUS was asked with {thresholds} thresholds; give at least 2, such as 250")
    truth = as_both_classes(labels)
    level = _first_flagged_at(as_ranking(scores, len(truth)), thresholds)
    halo = _Halo(truth, level, window // 2, thresholds)
    flagged = _running_count(level, thresholds)
    hits = _running_count(level[truth], thresholds)

    areas = np.zeros(2)
    for reach in range(window // 2 + 1):
        halo.grow_to(reach)
        found = halo.share_found()
        for buffer in range(2 * reach, min(2 * reach + 1, window) + 1):
            areas += _areas(hits, halo.soft_hits(buffer), flagged, found, len(truth))
    roc, pr = areas / (window + 1)
    return float(roc), float(pr)


def sliding_window(values: ArrayLike) -> int:
    """The window TSB-AD gives VUS for a series ``(n,)`` or ``(n, c)``: its period by the first channel, in points.

    The lag of the highest local maximum of the autocorrelation of the first 20,000 points, among lags 4 to 399; 125
    where there is none or where it lies outside 6 to 303 (the benchmark's code asks for 3 to 300, counted from lag 3).
    Departure: missing values are masked.
    """
    table = np.asarray(values, dtype=np.float64)[:POINTS_READ]
    first = table[:, :1] if table.ndim > 1 else table[:, None]
    correlation = autocorrelation(first, LAGS_READ)
    if correlation is None:
        return DEFAULT_WINDOW
    inner, shorter, longer = (correlation[SHORTEST_PEAK + k : len(correlation) - 1 + k] for k in (0, -1, 1))
    peaks = np.flatnonzero((inner > shorter) & (inner > longer))
    if not peaks.size:
        return DEFAULT_WINDOW
    lag = int(peaks[np.argmax(inner[peaks])]) + SHORTEST_PEAK
    return lag if SHORTEST_PERIOD <= lag <= LONGEST_PERIOD else DEFAULT_WINDOW


def _first_flagged_at(ranking: NDArray[np.float64], thresholds: int) -> NDArray[np.intp]:
    """``(n,)`` index of the first, that is highest, threshold that each point reaches."""
    negated = np.sort(-ranking)
    positions = np.linspace(0, len(ranking) - 1, thresholds).astype(int)
    return np.searchsorted(negated[positions], -ranking, side="left")


def _running_count(level: NDArray[np.intp], thresholds: int) -> NDArray[np.intp]:
    return np.cumsum(np.bincount(level, minlength=thresholds))


class _Halo:
    """The points around labelled segments, as the reach of a buffer grows one step at a time."""

    def __init__(self, truth: NDArray[np.bool_], level: NDArray[np.intp], furthest: int, thresholds: int) -> None:
        self.segments = intervals(truth)
        self.level = level
        self.thresholds = thresholds
        self.reach = 0
        self.best = np.minimum.reduceat(np.append(level, 0), self.segments.ravel())[::2]
        self.doubly = np.zeros(thresholds, dtype=np.int64)
        near, first, second = _nearest_two(truth, self.segments, furthest)
        cell = first * thresholds + level[near]
        self.singly = np.bincount(cell, minlength=(furthest + 1) * thresholds).reshape(-1, thresholds)
        order = np.argsort(second, kind="stable")
        self.cells = cell[order]
        self.joins = np.searchsorted(second[order], np.arange(furthest + 2))

    def grow_to(self, reach: int) -> None:
        """Widen the surroundings to ``reach``, one step beyond the last."""
        starts, stops = self.segments.T
        ahead = self.level[np.maximum(starts - reach, 0)]
        behind = self.level[np.minimum(stops - 1 + reach, len(self.level) - 1)]
        self.best = np.minimum(self.best, np.minimum(ahead, behind))
        moved = self.cells[self.joins[reach] : self.joins[reach + 1]]
        np.subtract.at(self.singly.reshape(-1), moved, 1)
        self.doubly += np.bincount(moved % self.thresholds, minlength=self.thresholds)
        self.reach = reach

    def share_found(self) -> NDArray[np.float64]:
        """``(thresholds,)`` share of segments, merged where surroundings meet, with a flagged point in them."""
        gaps = self.segments[1:, 0] - (self.segments[:-1, 1] - 1)
        first_of_group = np.append(0, np.flatnonzero(gaps > 2 * self.reach) + 1)
        best = np.minimum.reduceat(self.best, first_of_group)
        return _running_count(best, self.thresholds) / len(best)

    def soft_hits(self, buffer: int) -> NDArray[np.float64]:
        """``(thresholds,)`` sum of the soft labels of unlabelled points flagged."""
        weights = np.sqrt(1 - np.arange(1, self.reach + 1) / max(buffer, 1))
        return np.cumsum(weights @ self.singly[1 : self.reach + 1] + self.doubly)


def _nearest_two(
    truth: NDArray[np.bool_], segments: NDArray[np.intp], furthest: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Unlabelled points within ``furthest`` of a segment, and their distances to the two nearest segments' edges."""
    nowhere = np.full(2, len(truth) + furthest + 1)
    starts = np.concatenate((segments[:, 0], nowhere))
    ends = np.concatenate((-nowhere, segments[:, 1] - 1))
    points = np.flatnonzero(~truth)
    following = np.searchsorted(segments[:, 0], points)
    near = np.minimum(points - ends[following + 1], starts[following] - points) <= furthest
    points, following = points[near], following[near]
    distances = np.sort(
        (
            points - ends[following],
            points - ends[following + 1],
            starts[following] - points,
            starts[following + 1] - points,
        ),
        axis=0,
    )
    return points, distances[0], distances[1]


def _areas(
    hits: NDArray[np.intp],
    soft: NDArray[np.float64],
    flagged: NDArray[np.intp],
    found: NDArray[np.float64],
    points: int,
) -> NDArray[np.float64]:
    """``(2,)`` area under ROC and under PR for one buffer."""
    true = hits + soft
    positives = hits[-1] + soft / 2
    recall = np.minimum(true / positives, 1) * found
    false_rate = (flagged - true) / (points - positives)
    precision = true / flagged
    roc = np.trapezoid(np.concatenate(([0.0], recall, [1.0])), np.concatenate(([0.0], false_rate, [1.0])))
    pr = np.dot(np.diff(recall, prepend=0.0), precision)
    return np.array([roc, pr])
