"""From flagged rows to stretches: merging across short gaps, dropping what is too short."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stretches(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Half-open runs of true values, ``(k, 2)``, in order."""
    edges = np.diff(flags.astype(np.int8), prepend=0, append=0)
    return np.column_stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)])


def group(flags: NDArray[np.bool_], merge_gap: int = 0, shortest: int = 1) -> NDArray[np.intp]:
    """Half-open events, ``(k, 2)``: runs no more than ``merge_gap`` rows apart are one, and then those of fewer
    than ``shortest`` rows are dropped."""
    runs = stretches(flags)
    if len(runs) == 0:
        return runs
    apart = runs[1:, 0] - runs[:-1, 1] > merge_gap
    starts = runs[np.concatenate([[True], apart]), 0]
    ends = runs[np.concatenate([apart, [True]]), 1]
    long_enough = ends - starts >= shortest
    return np.column_stack([starts[long_enough], ends[long_enough]])
