"""How good a detector is: metrics against labels, and the baselines that any detector must beat."""

from tsanomaly.evaluation.ranges import intervals
from tsanomaly.evaluation.vus import sliding_window, vus

__all__ = ["intervals", "sliding_window", "vus"]
