"""One meaning of severity, 0 to 100, wherever a number of that name is shown.

Severity counts tens: **each 10 points are ten times rarer in the data learned from**. 10 is exceeded by one row in
ten, 20 by one in a hundred, 30 by one in a thousand, 60 by one in a million, and 100 (the cap) by one in ten
thousand million. It depends on the score and on what was learned, not on the threshold: moving the threshold changes
which events are shown, never how severe one is. Equal scores are as common as all of them together: constant scores
have severity 0.

Up to the 90th percentile the empirical distribution answers. Beyond it an exponential tail is laid through the 90th
and the 99th percentile of the total score (which is a sum of logarithms, so its exponential tail is a power law in the
reconstruction error). The highest hundredth is left out of the fit on purpose: unlabelled data holds anomalies there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

MOST = 100.0
_QUANTILES = 91
"""Percentiles 0 to 90 are kept."""


@dataclass(frozen=True, eq=False)
class Severity:
    """The learned scale.

    Attributes:
        body: ``(91,)`` percentiles 0 to 90 of the scores learned from.
        per_ten: how much the score rises from one tenfold rarity to the next, beyond the 90th percentile; 0 where all
            scores were alike.
    """

    body: NDArray[np.float64]
    per_ten: float

    @classmethod
    def fit(cls, scores: NDArray[np.float64]) -> Self:
        """Fit on judged scores, ``(n,)``, NaN left out."""
        judged = scores[np.isfinite(scores)]
        if len(judged) == 0:
            return cls(np.zeros(_QUANTILES), 0.0)
        percentiles = np.percentile(judged, [*range(_QUANTILES), 99])
        return cls(percentiles[:_QUANTILES], float(percentiles[-1] - percentiles[-2]))

    @property
    def usual(self) -> float:
        """The median score."""
        return float(self.body[50])

    def of(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Severity of each score, same shape; NaN stays NaN."""
        # Mirrored: among equal percentiles np.interp takes the last, which is then the lowest.
        reached = np.interp(-scores, -self.body[::-1], np.linspace(0.1, 1, _QUANTILES))
        body = 10 * np.log10(1 / reached)
        excess = np.maximum(scores - self.body[-1], 0.0)
        tail = 10 + 10 * excess / self.per_ten if self.per_ten > 0 else np.where(excess > 0, MOST, 0.0)
        return np.minimum(np.where(scores > self.body[-1], tail, body), MOST)
