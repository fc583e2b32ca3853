"""Where in a series anomalies may be put in: stretches that were observed, judged, and not suspicious already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

SEEN = 0.9
"""Share of a stretch's rows that must have been read and judged."""

CALM = 0.9
"""Quantile of the stretches' mean scores below which a stretch counts as calm."""


@dataclass(frozen=True)
class Place:
    """Room for one anomaly: the first row of a calm stretch, and a channel that was read there."""

    start: int
    channel: int


def calm_starts(
    scores: Sequence[NDArray[np.float64]], observed: NDArray[np.bool_], length: int, margin: int
) -> NDArray[np.bool_]:
    """``(n, c)`` true where a calm stretch of ``length`` rows starts in which the channel was read.

    Args:
        scores: of each detector that is tested, ``(n,)``, NaN where not judged; a stretch must be calm for all.
        observed: ``(n, c)``.
        margin: rows before and after the stretch whose scores count too.
    """
    n, c = observed.shape
    starts = np.zeros((n, c), bool)
    count = n - length - 2 * margin + 1
    if count <= 0:
        return starts
    inner = slice(margin, margin + count)
    judged = np.isfinite(scores).all(axis=0)
    for j in range(c):
        starts[inner, j] = _means(observed[:, j] & judged, length)[inner] >= SEEN
    for score in scores:
        wide = length + 2 * margin
        weight = _means(np.isfinite(score), wide)
        known = weight > 0
        suspicion = np.full(count, np.inf)
        suspicion[known] = _means(np.nan_to_num(score), wide)[known] / weight[known]
        candidates = starts[inner].any(axis=1)
        if candidates.any():
            # Sums of equal numbers differ in their last digits; equal scores must all stay calm.
            limit = np.quantile(suspicion[candidates], CALM)
            starts[inner] &= (suspicion <= limit + 1e-9 * abs(limit))[:, None]
    return starts


@dataclass(frozen=True, eq=False)
class Calm:
    """The calm rest of a series.

    Attributes:
        starts: ``(n,)`` true where a calm stretch starts.
        length: rows in each.
        margin: rows before and after a stretch that count as near it; the series has them at every start.
    """

    starts: NDArray[np.bool_]
    length: int
    margin: int

    @property
    def rows(self) -> NDArray[np.bool_]:
        """``(n,)`` those that some calm stretch covers."""
        edges = np.zeros(len(self.starts) + self.length + 1, np.int64)
        first = np.flatnonzero(self.starts)
        edges[first] += 1
        edges[first + self.length] -= 1
        return np.cumsum(edges)[: len(self.starts)] > 0

    def height(self, scores: NDArray[np.float64], length: int, share: float) -> float:
        """What the highest score in and near a calm stretch of ``length`` rows stays below in a ``share`` of them.

        Args:
            scores: ``(n,)`` NaN where not judged.
        """
        wide = length + 2 * self.margin
        highest = maximum_filter1d(np.nan_to_num(scores, nan=-np.inf), wide, mode="constant", cval=-np.inf)
        centres = np.flatnonzero(self.starts) - self.margin + wide // 2
        return float(np.quantile(highest[centres], share, method="higher"))


def lay_out(starts: NDArray[np.bool_], count: int, spacing: int, rng: np.random.Generator) -> list[list[Place]]:
    """``count`` places over as few sheets (copies of the series) as their spacing allows.

    A sheet begins at a random calm start and goes both ways from there, ``spacing`` rows at least from start to start.

    Args:
        starts: ``(n, c)`` of :func:`calm_starts`, true somewhere.
    """
    rows = np.flatnonzero(starts.any(axis=1))
    sheets: list[list[Place]] = []
    missing = count
    while missing > 0:
        chosen = rng.permutation(_spaced(rows, int(rng.choice(rows)), spacing))[:missing]
        sheets.append([Place(int(row), int(rng.choice(np.flatnonzero(starts[row])))) for row in chosen])
        missing -= len(chosen)
    return sheets


def _spaced(rows: NDArray[np.intp], anchor: int, spacing: int) -> list[int]:
    chosen, last = [anchor], anchor
    while (at := int(np.searchsorted(rows, last + spacing))) < len(rows):
        last = int(rows[at])
        chosen.append(last)
    last = anchor
    while (at := int(np.searchsorted(rows, last - spacing, side="right"))) > 0:
        last = int(rows[at - 1])
        chosen.append(last)
    return chosen


def _means(values: NDArray[np.generic], length: int) -> NDArray[np.float64]:
    """``(n - length + 1,)`` mean over the ``length`` rows from each on."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return np.asarray((total[length:] - total[:-length]) / length)
