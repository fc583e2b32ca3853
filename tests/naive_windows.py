"""Windows, their folding and the spreading of their surprise in plain loops."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def starts(present: Sequence[bool], length: int, stride: int) -> list[tuple[int, bool]]:
    """Each window's first row, and whether all its rows are present."""
    first = (len(present) - length) % stride
    return [(s, all(present[s : s + length])) for s in range(first, len(present) - length + 1, stride)]


def fold(parts: NDArray[np.float64], stride: int) -> NDArray[np.float64]:
    windows, channels, length = parts.shape
    rows = np.zeros(((windows - 1) * stride + length, channels))
    for i in range(windows):
        for j in range(channels):
            for k in range(length):
                rows[i * stride + k, j] += parts[i, j, k]
    return rows


def spread(surprise: Sequence[float], first: int, stride: int, length: int, judged: Sequence[bool]) -> list[float]:
    """A window's surprise stands at its centre; a judged row takes that of the nearest centre; then the mean over the
    judged rows among half a window of rows centred on each."""
    n, width = len(judged), max(1, length // 2)
    centres = {first + i * stride + length // 2: s for i, s in enumerate(surprise) if math.isfinite(s)}
    filled = [centres[min(centres, key=lambda c, r=r: (abs(c - r), c))] if judged[r] else math.nan for r in range(n)]
    answer = []
    for r in range(n):
        near = [filled[i] for i in range(max(0, r - width // 2), min(n, r + (width + 1) // 2)) if judged[i]]
        answer.append(sum(near) / len(near) if judged[r] else math.nan)
    return answer


def within_reach(observed: Sequence[bool], longest: int) -> list[bool]:
    """Rows that were read or lie in a gap, between two readings, of no more than ``longest`` rows."""
    answer = list(observed)
    for row, read in enumerate(observed):
        if read:
            continue
        before = [i for i in range(row) if observed[i]]
        after = [i for i in range(row, len(observed)) if observed[i]]
        answer[row] = bool(before and after) and after[0] - before[-1] - 1 <= longest
    return answer
