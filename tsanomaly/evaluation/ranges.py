"""Intervals of labels and flags."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tsanomaly.evaluation.inputs import as_flags


def intervals(flags: ArrayLike, name: str = "labels") -> NDArray[np.int64]:
    """``(k, 2)`` half-open runs ``[start, stop)`` of true points, in order.

    Raises:
        DataError: flags are not one-dimensional, or not all 0 or 1.
    """
    padded = np.concatenate(([False], as_flags(flags, name), [False]))
    return np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2).astype(np.int64)
