"""Windows, their folding and the spreading of their surprise in plain loops."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

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


def score(
    reconstruct: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    mean: NDArray[np.float64],
    root: NDArray[np.float64],
    values: NDArray[np.float64],
    observed: NDArray[np.bool_],
    present: Sequence[bool],
    length: int,
    stride: int,
) -> dict[str, NDArray[np.float64]]:
    """Pattern, peak, point and expected, each ``(n, c)``: window by window, channel by channel."""
    n, c = values.shape
    whole = [[math.nan] * c for _ in starts(present, length, stride)]
    largest = [list(row) for row in whole]
    point, expected, covered = np.zeros((n, c)), np.zeros((n, c)), np.zeros(n)
    for i, (start, complete) in enumerate(starts(present, length, stride)):
        if not complete:
            continue
        rows = slice(start, start + length)
        x = values[rows].T  # (c, L)
        y = reconstruct(x)
        covered[rows] += 1
        for j in range(c):
            z = ((y[j] - x[j]) * observed[rows, j] - mean[j]) @ root[j]
            whole[i][j], largest[i][j] = float(np.mean(z**2)), float(np.max(z**2))
            point[rows, j] += z**2
            expected[rows, j] += y[j]
    judged = covered > 0
    times = np.where(judged, covered, math.nan)[:, None]
    first = (n - length) % stride

    def over_rows(per_window: list[list[float]]) -> NDArray[np.float64]:
        columns = [spread([row[j] for row in per_window], first, stride, length, judged.tolist()) for j in range(c)]
        return np.array(columns).T

    return {
        "pattern": over_rows(whole),
        "peak": over_rows(largest),
        "point": point / times,
        "expected": expected / times,
    }
