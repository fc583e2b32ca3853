"""Which rows of a long series to draw, so that its picture stays small and says the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tsdownsample import M4Downsampler

from tsanomaly.detection.grouping import stretches


def rows_to_draw(values: NDArray[Any], anomalous: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """Rows whose line looks like the line of all rows.

    M4 (Jugel et al., 2014) keeps first, last, lowest and highest of each bin, so that no extreme is lost. Anomalous
    rows are thinned on their own and added: each event keeps its extremes however short it is. A gap that is wide
    enough to be seen keeps a row of NaN, where a plotted line breaks.

    Args:
        values: ``(n,)``, NaN in gaps.
        anomalous: ``(k,)`` sorted rows of events.
        most: observed rows to draw, and again as many anomalous ones.

    Returns:
        Sorted rows, at most ``3.5 * most``.
    """
    observed = np.isfinite(values)
    narrowest = 1 if len(values) <= most else -(-2 * len(values) // most)
    gaps = stretches(~observed)
    gaps = gaps[gaps[:, 1] - gaps[:, 0] >= narrowest]
    edges = np.concatenate([gaps[:, 0] - 1, gaps[:, 0], gaps[:, 1]])
    edges = edges[(edges >= 0) & (edges < len(values))]
    usual = _thinned(values, np.flatnonzero(observed), most)
    unusual = _thinned(values, anomalous[observed[anomalous]], most)
    return np.unique(np.concatenate([usual, unusual, edges]))


def _thinned(values: NDArray[Any], rows: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    most -= most % 4  # M4 takes four rows a bin
    if len(rows) <= most:
        return rows
    downsampler = M4Downsampler()  # type: ignore[no-untyped-call]
    picked: NDArray[np.intp] = downsampler.downsample(np.ascontiguousarray(values[rows]), n_out=most).astype(np.intp)
    return np.asarray(rows[picked], np.intp)


def lonely(values: NDArray[Any]) -> NDArray[np.intp]:
    """Places of values that stand alone between gaps: no line reaches them, so they need a dot."""
    observed = np.concatenate([[False], np.isfinite(values), [False]])
    return np.flatnonzero(observed[1:-1] & ~observed[:-2] & ~observed[2:])
