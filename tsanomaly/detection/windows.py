"""Windows over a gridded series, as views: whatever the series' length, no copy of all windows is ever made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from tsanomaly.errors import DataError


@dataclass(frozen=True, eq=False)
class Windows:
    """All windows of one length over one scaled series.

    Attributes:
        view: ``(w, c, L)`` a strided view of the scaled values.
        observed: ``(w, c, L)`` a strided view, true where a value was read; loss and score look only there.
        complete: ``(w,)`` true where the window holds no gap longer than what may be bridged: only these are used.
        grain: rows to a cell; a model sees their mean.
        rows: length of the series they were cut from.
        first: row that the first window starts at.
        stride: rows from one window to the next.
    """

    view: Tensor
    observed: Tensor
    complete: NDArray[np.bool_]
    rows: int
    first: int
    stride: int
    grain: int = 1

    @property
    def count(self) -> int:
        """Number of windows, usable or not."""
        return int(self.view.shape[0])

    @property
    def length(self) -> int:
        """Rows in a window."""
        return int(self.view.shape[2])

    @property
    def channels(self) -> int:
        """Channels in a window."""
        return int(self.view.shape[1])

    @property
    def usable(self) -> NDArray[np.intp]:
        """Indices of the windows without a gap."""
        return np.flatnonzero(self.complete)

    @property
    def cells(self) -> int:
        """Cells in a channel's window."""
        return self.length // self.grain

    def gather(self, index: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Some windows, values and mask, each ``(batch, c, cells)``. For reading only: some are still views.

        A cell of several rows is their mean, bridged ones too, and observed where one of them was.
        """
        x, observed = self.view[index], self.observed[index]
        if self.grain == 1:
            return x, observed
        parts = (*x.shape[:2], self.cells, self.grain)
        return x.reshape(parts).mean(dim=3), observed.reshape(parts).any(dim=3)

    def by_row(self, cells: Tensor) -> Tensor:
        """``(batch, c, cells)`` to ``(batch, c, L)``: each of a cell's rows gets its number."""
        return cells if self.grain == 1 else cells.repeat_interleave(self.grain, dim=2)


def cut(
    values: Tensor, observed: Tensor, present: NDArray[np.bool_], length: int, stride: int = 1, grain: int = 1
) -> Windows:
    """Cut windows of ``length`` rows, ``stride`` rows apart, as many as fit; the last ends at the last row.

    Args:
        values: ``(n, c)`` float32, scaled, finite everywhere (short gaps bridged, others 0).
        observed: ``(n, c)`` bool.
        present: ``(n,)`` rows that may lie inside a window: observed, or in a gap short enough to bridge.
        grain: rows to a cell; it divides ``length``.

    Raises:
        DataError: there are fewer rows than ``length``.
    """
    if len(values) < length:
        raise DataError(f"the series has {len(values)} rows; a window needs at least {length}")
    first = (len(values) - length) % stride
    view = values[first:].unfold(0, length, stride)  # (w, c, L)
    holes = np.concatenate([[0], np.cumsum(~present)])
    starts = first + np.arange(view.shape[0]) * stride
    complete = holes[starts + length] == holes[starts]
    return Windows(view, observed[first:].unfold(0, length, stride), complete, len(values), first, stride, grain)


def fold(parts: Tensor, stride: int) -> Tensor:
    """Sum windows back over the rows they cover.

    Args:
        parts: ``(w, c, L)`` one number a window cell, of ``w`` windows ``stride`` rows apart.

    Returns:
        ``(n, c)`` with ``n = (w - 1) * stride + L``: torch's column-to-image sum in one dimension, the
        adjoint of ``unfold``.
    """
    w, c, length = parts.shape
    rows = (w - 1) * stride + length
    columns = parts.reshape(w, c * length).t()  # (c * L, w)
    folded = F.fold(columns[None], output_size=(1, rows), kernel_size=(1, length), stride=(1, stride))
    return folded[0, :, 0].t()  # (n, c)
