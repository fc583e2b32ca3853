"""From windows to numbers per row: errors, whitened, brought back to the rows they belong to."""

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

CHUNK_CELLS = 1_000_000
"""Window cells held at once, whatever the series' length: 4 MB a tensor."""


@dataclass(frozen=True, eq=False)
class Parts:
    """What one model says of each row and channel; ``z`` is the whitened error of a window's cell.

    Attributes:
        pattern: ``(n, c)`` mean of ``z²`` over the window around the row: a shape that is not usual.
        peak: ``(n, c)`` largest ``z²`` in the window around the row: somewhere in it a value that is not usual.
        point: ``(n, c)`` mean of the row's own ``z²`` over the windows that cover it: this value is not usual.
        expected: ``(n, c)`` mean reconstruction over those windows, scaled.
        novelty: ``(n, c)`` how far the window's ``z`` is from that of any window at another time: an error that is not
            usual (:mod:`tsanomaly.detection.novelty`); ``None`` where the view does not ask for it.

    All are float32, NaN where no complete window covers the row.
    """

    pattern: NDArray[np.float32]
    peak: NDArray[np.float32]
    point: NDArray[np.float32]
    expected: NDArray[np.float32]
    novelty: NDArray[np.float32] | None = None

    @property
    def kinds(self) -> tuple[NDArray[np.float32], ...]:
        """The numbers that tell of anomalies, three or four."""
        three = self.pattern, self.peak, self.point
        return three if self.novelty is None else (*three, self.novelty)


@torch.no_grad()
def score(
    reconstruct: Callable[[Tensor], Tensor],
    residuals: Residuals,
    windows: Windows,
    *,
    stage: str = "scoring",
    on_progress: OnProgress | None = None,
) -> Parts:
    """Score every row that a complete window covers, in constant memory beside the results.

    Args:
        reconstruct: ``(batch, c, cells)`` to the same shape, on the windows' device.
        windows: ``windows.first`` and ``windows.stride`` say which rows they start at.

    Raises:
        CancelledError: ``on_progress`` answered ``False``.
    """
    n, c, length, stride = windows.rows, windows.channels, windows.length, windows.stride
    point, output, covered = torch.zeros(n, c), torch.zeros(n, c), torch.zeros(n, 1)
    pattern = np.full((windows.count, c), np.nan, np.float32)
    peak = np.full((windows.count, c), np.nan, np.float32)
    chunk = max(1, CHUNK_CELLS // (c * length))
    for first in range(0, windows.count, chunk):
        last = min(first + chunk, windows.count)
        complete = torch.from_numpy(windows.complete[first:last])
        if complete.any():
            x, mask = windows.gather(slice(first, last))  # (batch, c, cells)
            y = reconstruct(x)
            z2 = residuals.whiten((y - x) * mask).square()
            pattern[first:last] = z2.mean(dim=2).numpy()
            peak[first:last] = z2.amax(dim=2).numpy()
            weight = complete[:, None, None].to(x.dtype)  # (batch, 1, 1)
            start = windows.first + first * stride
            rows = slice(start, start + (last - first - 1) * stride + length)
            point[rows] += fold(windows.by_row(z2 * weight), stride)
            output[rows] += fold(windows.by_row(y * weight), stride)
            covered[rows] += fold(weight.expand(-1, 1, length), stride)
        report(on_progress, stage, last, windows.count)
    pattern[~windows.complete] = np.nan
    peak[~windows.complete] = np.nan
    judged = covered[:, 0].numpy() > 0
    point /= covered  # 0 / 0 = NaN: nothing saw the row
    output /= covered
    return Parts(spread(pattern, windows, judged), spread(peak, windows, judged), point.numpy(), output.numpy())


def spread(per_window: NDArray[np.float32], windows: Windows, judged: NDArray[np.bool_]) -> NDArray[np.float32]:
    """A window's number at its centre row, and from there averaged over half a window.

    Args:
        per_window: ``(w, c)`` NaN for windows that were not used.
        judged: ``(n,)`` rows that some used window covers; each takes the value of the nearest centre.

    Returns:
        ``(n, c)`` NaN where not judged.
    """
    centres = windows.first + np.arange(windows.count) * windows.stride + windows.length // 2
    used = np.isfinite(per_window[:, 0])
    if not used.any():
        return np.full((len(judged), per_window.shape[1]), np.nan, np.float32)
    nearest = _nearest(centres[used], len(judged))
    values = per_window[used]
    width = max(1, windows.length // 2)
    count = np.maximum(_running_sum(judged.astype(float), width), 1.0)
    out = np.empty((len(judged), per_window.shape[1]), np.float32)
    for j in range(per_window.shape[1]):  # a channel at a time: no float64 copy of a wide series
        total = _running_sum(np.where(judged, values[nearest, j], 0.0), width)
        out[:, j] = np.where(judged, total / count, np.nan)
    return out


def _nearest(at: NDArray[np.intp], rows: int) -> NDArray[np.intp]:
    """For each row the position in ``at`` (sorted, not empty) of the nearest entry."""
    row = np.arange(rows)
    after = np.minimum(np.searchsorted(at, row), len(at) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(np.abs(at[before] - row) <= np.abs(at[after] - row), before, after)


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
