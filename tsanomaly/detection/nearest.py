"""The distance of a window's code to the most alike one at another time: what neighbours and novelty both ask.

Windows that share a row are no counterparts: without that, the most alike window is always the one a row later.

Departure from the matrix profile (Yeh et al., 2016): counterparts are sought among a bounded number of windows, evenly
taken, so that the work is linear in the rows and a saved model stays small. A window that falls between two of them is
not punished for it: the least distance within half their spacing counts.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, minimum_filter1d
from torch import Tensor

from tsanomaly.detection.gaps import Prepared
from tsanomaly.detection.scoring import spread
from tsanomaly.detection.training import OnProgress, report
from tsanomaly.detection.windows import Windows, cut

MOST = 10_000
"""Windows kept, at most."""

FEWEST = 100
"""Windows kept, if there are so many, however long their codes."""

PER_WINDOW = 16
"""Windows asked for in a window's length: neighbours share all but a sixteenth of their rows."""

CHUNK_CELLS = 1_000_000
"""Distances held at once: what fits into a processor's cache is several times faster than what does not."""


def kept(windows: Windows, width: int, most_numbers: int) -> NDArray[np.intp]:
    """Usable windows, evenly taken, so many that codes of ``width`` numbers are ``most_numbers`` together."""
    usable = windows.usable
    most = min(MOST, max(FEWEST, most_numbers // width))
    return usable[:: max(1, -(-len(usable) // most))]


def asked(prepared: Prepared, length: int, grain: int = 1) -> Windows:
    """The windows of a series that are compared."""
    stride = max(1, length // PER_WINDOW)
    return cut(prepared.values, prepared.observed, prepared.present, length, stride, grain)


def distances(
    windows: Windows,
    code: Tensor,
    offset: int,
    kept: Tensor,
    rows: NDArray[np.int64],
    *,
    stage: str = "scoring",
    on_progress: OnProgress | None = None,
) -> NDArray[np.float32]:
    """``(w,)`` squared distance of each usable window to the most alike one kept, as sparsely as those are kept.

    Args:
        windows: from :func:`asked`; ``code`` ``(u, k)`` of the usable ones.
        offset: rows from the first row learned from to the first one here; may be negative.
        kept, rows: ``(r, k)`` and ``(r,)``, the rows they start at, counted from the first row learned from.

    Returns:
        NaN where a window is not usable.

    Raises:
        CancelledError: ``on_progress`` answered ``False``.
    """
    starts = offset + windows.first + windows.usable * windows.stride
    out = np.full(windows.count, np.nan, np.float32)
    distance = nearest(code, starts, kept, rows, windows.length, stage=stage, on_progress=on_progress)
    width = max(1, round(spacing(rows) / windows.stride))
    out[windows.usable] = minimum_filter1d(distance, min(width, 2 * len(distance) + 1))  # more reach no further
    return out


def spacing(rows: NDArray[np.int64]) -> int:
    """Rows from one kept window to the next, as a rule."""
    return int(np.median(np.diff(rows))) if len(rows) > 1 else 1


def by_row(windows: Windows, per_window: NDArray[np.float32], present: NDArray[np.bool_]) -> NDArray[np.float32]:
    """``(w, c)`` to ``(n, c)``: averaged over half a window, NaN where no usable window is near.

    Rows that only a window between two of these covers, as the first ones of a series, take the nearest one's value:
    were they not judged, what else is said of them would weigh more there than anywhere.

    Args:
        present: ``(n,)`` rows that may lie inside a window. Gaps are wider than windows are apart.
    """
    near = maximum_filter1d(_covered(windows), 2 * windows.stride - 1)
    return spread(per_window, windows, near & present)


def nearest(
    code: Tensor,
    starts: NDArray[np.intp],
    kept: Tensor,
    rows: NDArray[np.int64],
    length: int,
    *,
    stage: str = "scoring",
    on_progress: OnProgress | None = None,
) -> NDArray[np.float32]:
    """``(w,)`` squared distance to the nearest kept window that shares no row; 0 where all of them do.

    Args:
        code, starts: ``(w, k)`` and ``(w,)``, in order of time.
        kept, rows: ``(r, k)`` and ``(r,)``, likewise.

    Raises:
        CancelledError: ``on_progress`` answered ``False``.
    """
    first = np.searchsorted(rows, starts - length, side="right")
    last = np.searchsorted(rows, starts + length, side="left")
    size = kept.square().sum(dim=1)
    out = np.empty(len(code), np.float32)
    chunk = max(1, CHUNK_CELLS // len(kept))
    table = torch.empty(chunk, len(kept))
    for begin in range(0, len(code), chunk):
        some = code[begin : begin + chunk]
        distance = table[: len(some)]  # (b, r), without the asked one's own size
        torch.addmm(size[None], some, kept.t(), alpha=-2, out=distance)
        for i in range(len(some)):
            distance[i, first[begin + i] : last[begin + i]] = torch.inf
        out[begin : begin + chunk] = (distance.amin(dim=1) + some.square().sum(dim=1)).numpy()
        report(on_progress, stage, begin + len(some), len(code))
    return np.where(np.isfinite(out), np.maximum(out, 0.0), 0.0)


def _covered(windows: Windows) -> NDArray[np.bool_]:
    """``(n,)`` rows that a complete window covers."""
    edges = np.zeros(windows.rows + 1, np.int64)
    starts = windows.first + windows.usable * windows.stride
    np.add.at(edges, starts, 1)
    np.add.at(edges, starts + windows.length, -1)
    return np.cumsum(edges[:-1]) > 0
