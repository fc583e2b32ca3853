"""Has this shape been seen anywhere else? The distance of a window to the most alike one at another time.

An autoencoder that learns from the whole series may learn an anomaly as well; and where a series has steep short
events, its errors are large at every one of them. The nearest neighbour asks another question: a window that has no
counterpart is a discord (Keogh, Lin & Fu, 2005, 'HOT SAX', section 2), however well it is reconstructed.
Windows that overlap in time are no counterparts: without that, the most alike window is always the one a row later.

Each channel is looked at by itself, in its principal components: the code of its linear tied autoencoder
(Baldi & Hornik, 1989). Distances are squared and Euclidean, of windows as they are (``shape`` false), or of windows
centred and divided by their own spread (``shape`` true), where a quiet stretch is not blown up: a tenth of the usual
spread is added.

Departure from the matrix profile (Yeh et al., 2016): neighbours are sought among a bounded number of windows, evenly
taken, so that the work is linear in the rows and a saved model stays small. A window that falls between two of them is
not punished for it: the least distance within half their spacing counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d
from torch import Tensor

from tsanomaly.detection.gaps import Prepared
from tsanomaly.detection.scoring import spread
from tsanomaly.detection.training import OnProgress, report
from tsanomaly.detection.windows import Windows, cut

MOST = 10_000
"""Windows kept, at most, over all channels no more than ``MOST_CELLS`` numbers."""

MOST_CELLS = 2_000_000

COMPONENTS = 16
"""Principal components that windows are compared in."""

SAMPLE = 5_000
"""Windows that components are fitted on, at most."""

PER_WINDOW = 16
"""Windows asked for in a window's length: neighbours share all but a sixteenth of their rows."""

QUIET = 0.1
"""Share of the usual spread that is added to a window's own."""

CHUNK_CELLS = 1_000_000
"""Distances held at once: what fits into a processor's cache is several times faster than what does not."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The windows of each of ``c`` channels that others are compared with.

    Attributes:
        length: rows in a window, ``L``.
        shape: whether windows are compared centred and scaled.
        floor: ``(c,)`` added to a window's spread where ``shape``.
        mean: ``(c, L)`` of windows.
        components: ``(c, L, k)``.
        codes: ``(c, r, k)`` the windows kept.
        rows: ``(r,)`` the rows they start at, counted from the first row learned from.
    """

    length: int
    shape: bool
    floor: Tensor
    mean: Tensor
    components: Tensor
    codes: Tensor
    rows: NDArray[np.int64]

    @classmethod
    def fit(cls, prepared: Prepared, length: int, *, shape: bool) -> Self:
        """Keep windows of ``(n, c)`` values learned from; there must be at least one without a gap."""
        windows = cut(prepared.values, prepared.observed, prepared.present, length)
        channels, usable = windows.channels, windows.usable
        width = min(COMPONENTS, length)
        kept = usable[:: max(1, -(-len(usable) // min(MOST, max(100, MOST_CELLS // (channels * width)))))]
        some = torch.from_numpy(usable[:: max(1, -(-len(usable) // SAMPLE))])
        floors, means, components, codes = [], [], [], []
        for channel in range(channels):
            sample = windows.view[some, channel]  # (s, L)
            floor = QUIET * sample.std(dim=1, correction=0).median() if shape else torch.zeros(())
            sample = _shaped(sample, floor) if shape else sample
            mean = sample.mean(dim=0)
            centred = (sample - mean).double()
            _, vectors = torch.linalg.eigh(centred.t() @ centred)
            floors.append(floor)
            means.append(mean)
            components.append(vectors[:, -width:].flip(1).to(mean.dtype))
            codes.append(_coded(windows, kept, channel, shape, floors[-1], means[-1], components[-1]))
        return cls(
            length,
            shape,
            torch.stack(floors),
            torch.stack(means),
            torch.stack(components),
            torch.stack(codes),
            kept.astype(np.int64),
        )

    @torch.no_grad()
    def score(
        self, prepared: Prepared, offset: int, *, stage: str = "scoring", on_progress: OnProgress | None = None
    ) -> NDArray[np.float32]:
        """How far each row's window is from any other that it shares no row with.

        Args:
            offset: rows from the first row learned from to the first one here; may be negative.

        Returns:
            ``(n, c)`` mean squared distance over half a window, NaN where no complete window is near.

        Raises:
            CancelledError: ``on_progress`` answered ``False``.
        """
        spacing = int(np.median(np.diff(self.rows))) if len(self.rows) > 1 else 1
        stride = max(1, self.length // PER_WINDOW)
        windows = cut(prepared.values, prepared.observed, prepared.present, self.length, stride)
        asked = windows.usable
        starts = offset + windows.first + asked * stride
        per_window = np.full((windows.count, windows.channels), np.nan, np.float32)
        for channel in range(windows.channels):
            code = _coded(
                windows, asked, channel, self.shape, self.floor[channel], self.mean[channel], self.components[channel]
            )
            distance = _nearest(code, starts, self.codes[channel], self.rows, self.length)
            per_window[asked, channel] = minimum_filter1d(distance, max(1, round(spacing / stride)))
            report(on_progress, stage, channel + 1, windows.channels)
        return spread(per_window, windows, _covered(windows))


def _shaped(x: Tensor, floor: Tensor) -> Tensor:
    """``(w, L)`` windows, centred and divided by their own spread."""
    centred = x - x.mean(dim=1, keepdim=True)
    return centred / (centred.square().mean(dim=1, keepdim=True).sqrt() + floor + torch.finfo(x.dtype).tiny)


def _coded(
    windows: Windows, index: NDArray[np.intp], channel: int, shape: bool, floor: Tensor, mean: Tensor, parts: Tensor
) -> Tensor:
    """``(w, k)`` principal components of one channel's windows."""
    codes = [torch.empty(0, parts.shape[1])]
    for chosen in torch.split(torch.from_numpy(index), max(1, CHUNK_CELLS // windows.length)):
        x = windows.view[chosen, channel]
        codes.append(((_shaped(x, floor) if shape else x) - mean) @ parts)
    return torch.cat(codes)


def _nearest(
    code: Tensor, starts: NDArray[np.intp], kept: Tensor, rows: NDArray[np.int64], length: int
) -> NDArray[np.float32]:
    """``(w,)`` squared distance to the nearest kept window that shares no row; 0 where all of them do.

    Args:
        code, starts: ``(w, k)`` and ``(w,)``, in order of time.
        kept, rows: ``(r, k)`` and ``(r,)``, likewise.
    """
    first = np.searchsorted(rows, starts - length, side="right")
    last = np.searchsorted(rows, starts + length, side="left")
    size = kept.square().sum(dim=1)
    out = np.empty(len(code), np.float32)
    chunk = max(1, CHUNK_CELLS // len(kept))
    table = torch.empty(chunk, len(kept))
    for begin in range(0, len(code), chunk):
        asked = code[begin : begin + chunk]
        distance = table[: len(asked)]  # (b, r), without the asked one's own size
        torch.addmm(size[None], asked, kept.t(), alpha=-2, out=distance)
        for i in range(len(asked)):
            distance[i, first[begin + i] : last[begin + i]] = torch.inf
        out[begin : begin + chunk] = (distance.amin(dim=1) + asked.square().sum(dim=1)).numpy()
    return np.where(np.isfinite(out), np.maximum(out, 0.0), 0.0)


def _covered(windows: Windows) -> NDArray[np.bool_]:
    """``(n,)`` rows that a complete window covers."""
    edges = np.zeros(windows.rows + 1, np.int64)
    starts = windows.first + windows.usable * windows.stride
    np.add.at(edges, starts, 1)
    np.add.at(edges, starts + windows.length, -1)
    return np.cumsum(edges[:-1]) > 0
