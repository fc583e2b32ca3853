"""One anomaly, one height: rows that belong together score alike.

Evidence of one anomaly rises and falls row by row, and its highest row says how unusual the whole is. Two steps make
rows of one anomaly equal, so that ranking rows ranks anomalies, and a threshold takes an anomaly whole or leaves it:

1. a row is as unusual as the most unusual one within ``reach`` rows: a spike's neighbours share in it;
2. walking away from a peak, its height is kept as long as the score stays above ``KEPT`` of it.

Heights are above the usual score. ``reach`` is a twentieth of the base window, but no more than a 32nd of the usual
distance between what stands out: where single rows are anomalous all the time, they are not to run together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from tsanomaly.detection.grouping import stretches

KEPT = 0.92
"""Of a peak's height: above it a row still belongs to the peak."""

PER_WINDOW, PER_DISTANCE = 20, 32
"""Parts of the base window, and of the distance between peaks, that ``reach`` is at most."""

STANDS_OUT = 5.0
"""Median absolute deviations above the median from which a row is a peak whose distance to the next one counts."""


@dataclass(frozen=True)
class Plateaus:
    """What was learned about rows that belong together.

    Attributes:
        usual: the median score.
        reach: rows on either side of a row that share its height.
    """

    usual: float
    reach: int

    @classmethod
    def fit(cls, scores: NDArray[np.float64], window: int) -> Self:
        """Learn from ``(n,)`` scores, NaN where not judged, of a detector whose base window has ``window`` rows."""
        judged = scores[np.isfinite(scores)]
        if not len(judged):
            return cls(0.0, 0)
        usual = float(np.median(judged))
        deviation = 1.4826 * float(np.median(np.abs(judged - usual)))
        begun = stretches(np.nan_to_num(scores, nan=-np.inf) > usual + STANDS_OUT * deviation)[:, 0]
        distance = float(np.median(np.diff(begun))) if len(begun) > 1 else float(len(scores))
        return cls(usual, int(min(window / PER_WINDOW, distance / PER_DISTANCE)))

    def of(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(n,)`` scores, those of one anomaly alike; NaN stays NaN, and nothing is carried across it."""
        judged = np.isfinite(scores)
        if not judged.any():
            return scores
        spread = maximum_filter1d(np.where(judged, scores, -np.inf), 2 * self.reach + 1, mode="nearest")
        height = np.where(judged, np.maximum(spread - self.usual, 0.0), 0.0)
        kept = np.maximum(_carried(height), _carried(height[::-1])[::-1])
        return np.where(judged, np.where(kept > 0, self.usual + kept, spread), np.nan)


def _carried(height: NDArray[np.float64]) -> NDArray[np.float64]:
    """The height that each row takes over from the row before, unless its own is higher, or below ``KEPT`` of it."""
    carried, out = 0.0, []
    for own in height.tolist():
        if not KEPT * carried <= own < carried:
            carried = own
        out.append(carried)
    return np.array(out)
