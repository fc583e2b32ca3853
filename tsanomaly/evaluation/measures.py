"""The pair that most metrics come as."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import SupportsFloat


@dataclass(frozen=True)
class PrecisionRecall:
    """How much of what was flagged is right, and how much of what is anomalous was found, each from 0 to 1.

    Attributes:
        precision: NaN where nothing was flagged.
        recall: NaN where nothing is labelled.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean; 0 where one of the two is 0 or NaN, NaN where both are (nothing labelled, nothing flagged)."""
        if math.isnan(self.precision) and math.isnan(self.recall):
            return math.nan
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both > 0 else 0.0


def ratio(part: SupportsFloat, whole: SupportsFloat) -> float:
    """``part / whole``, NaN where there is no whole."""
    return float(part) / float(whole) if whole else math.nan
