"""From windows to numbers per row: errors folded back over the rows they belong to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tsanomaly.detection.residuals import Residuals
from tsanomaly.detection.training import OnProgress, report
from tsanomaly.detection.windows import Windows, fold

CHUNK_CELLS = 2_000_000
"""Window cells held at once, whatever the series' length: 8 MB a tensor."""


@dataclass(frozen=True, eq=False)
class Parts:
    """What one model says of each row.

    Attributes:
        pattern: ``(n,)`` surprise of the window around the row; NaN where no complete window covers it.
        cells: ``(n, c)`` mean squared error of the row's cell over the windows that cover it; NaN likewise, but 0 for
            a cell that was not read in a row that is covered.
        expected: ``(n, c)`` mean reconstruction over those windows, scaled; NaN likewise.
    """

    pattern: NDArray[np.float64]
    cells: NDArray[np.float32]
    expected: NDArray[np.float32]


@torch.no_grad()
def score(
    reconstruct: Callable[[Tensor], Tensor],
    residuals: Residuals,
    windows: Windows,
    *,
    stage: str = "scoring",
    on_progress: OnProgress | None = None,
) -> Parts:
    """Score every row of a series in constant memory beside its results.

    Args:
        reconstruct: ``(batch, c * L)`` to the same shape, on the windows' device.
        windows: one row apart.

    Raises:
        CancelledError: ``on_progress`` answered ``False``.
    """
    n, c, length = windows.rows, windows.channels, windows.length
    error = torch.zeros(n, c)
    output = torch.zeros(n, c)
    covered = torch.zeros(n, 1)
    surprise = np.full(windows.count, np.nan)
    chunk = max(1, CHUNK_CELLS // (c * length))
    for first in range(0, windows.count, chunk):
        last = min(first + chunk, windows.count)
        complete = torch.from_numpy(windows.complete[first:last])
        if complete.any():
            x, mask = windows.gather(slice(first, last))
            y = reconstruct(x)
            residual = (y - x) * mask  # (batch, c * L)
            surprise[first:last] = residuals.surprise(residual).numpy()
            weight = complete[:, None, None].to(x.dtype)  # (batch, 1, 1)
            rows = slice(first, last + length - 1)
            error[rows] += fold(residual.square().view(-1, c, length) * weight, 1)
            output[rows] += fold(y.view(-1, c, length) * weight, 1)
            covered[rows] += fold(weight.expand(-1, 1, length), 1)
        report(on_progress, stage, last, windows.count)
    surprise[~windows.complete] = np.nan
    judged = covered[:, 0].numpy() > 0
    error /= covered  # 0 / 0 = NaN: nothing saw the row
    output /= covered
    return Parts(spread(surprise, length, judged), error.numpy(), output.numpy())


def spread(surprise: NDArray[np.float64], length: int, judged: NDArray[np.bool_]) -> NDArray[np.float64]:
    """A window's surprise at its centre row, averaged over the judged rows of half a window.

    Args:
        surprise: ``(w,)`` NaN for windows that were not used.
        judged: ``(n,)`` rows that some used window covers. Those before the first centre or after the last of their
            stretch take the nearest centre's value.

    Returns:
        ``(n,)`` NaN where not judged.
    """
    n = len(judged)
    half = length // 2
    known = np.zeros(n, bool)
    value = np.zeros(n)
    known[half : half + len(surprise)] = np.isfinite(surprise)
    value[half : half + len(surprise)] = np.nan_to_num(surprise)
    near = _nearest(known)
    filled = np.where(judged, value[near], 0.0)
    width = max(1, half)
    total, count = _running_sum(filled, width), _running_sum(judged.astype(float), width)
    return np.where(judged, total / np.maximum(count, 1.0), np.nan)


def _nearest(known: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each row the index of the nearest row where ``known`` is true; 0 where there is none at all."""
    at = np.flatnonzero(known)
    if len(at) == 0:
        return np.zeros(len(known), np.intp)
    rows = np.arange(len(known))
    after = np.minimum(np.searchsorted(at, rows), len(at) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(np.abs(at[before] - rows) <= np.abs(at[after] - rows), at[before], at[after])


def _running_sum(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Sum over ``width`` rows centred on each, fewer at the ends.

    The end of one block and the beginning of the next, summed within their blocks: differences of one long running
    sum would leave the rounding error of a huge value in every row after it.
    """
    n = len(values)
    padded = np.zeros((n // width + 2) * width)
    padded[width // 2 : width // 2 + n] = values
    blocks = padded.reshape(-1, width)
    to_the_end = np.cumsum(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    from_the_start = np.zeros_like(blocks)
    np.cumsum(blocks[:, :-1], axis=1, out=from_the_start[:, 1:])
    return to_the_end[:n] + from_the_start.ravel()[width : width + n]
