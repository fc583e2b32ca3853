"""Loop twins of nearest neighbours and plateaus."""

from __future__ import annotations

import numpy as np


def nearest(windows: np.ndarray, starts: np.ndarray, kept: np.ndarray, rows: np.ndarray, length: int) -> np.ndarray:
    """``(w,)`` squared distance to the nearest kept window that shares no row; 0 where there is none."""
    out = np.zeros(len(windows))
    for i, window in enumerate(windows):
        apart = [j for j in range(len(kept)) if abs(int(rows[j]) - int(starts[i])) >= length]
        out[i] = min((float(((window - kept[j]) ** 2).sum()) for j in apart), default=0.0)
    return out


def plateaus(scores: np.ndarray, usual: float, reach: int, kept: float) -> np.ndarray:
    """Widened by ``reach`` rows, then each height carried on as long as scores stay above ``kept`` of it."""
    n = len(scores)
    wide = np.full(n, np.nan)
    for i in range(n):
        if np.isfinite(scores[i]):
            wide[i] = np.nanmax(scores[max(0, i - reach) : i + reach + 1])

    def walk(order: range) -> dict[int, float]:
        height, heights = 0.0, {}
        for i in order:
            own = max(wide[i] - usual, 0.0) if np.isfinite(wide[i]) else 0.0
            height = height if kept * height <= own < height else own
            heights[i] = height
        return heights

    there, back = walk(range(n)), walk(range(n - 1, -1, -1))
    out = np.full(n, np.nan)
    for i in range(n):
        if np.isfinite(wide[i]):
            height = max(there[i], back[i])
            out[i] = usual + height if height > 0 else wide[i]
    return out
