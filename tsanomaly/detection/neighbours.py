"""Has this shape been seen anywhere else? The distance of a window to the most alike one at another time.

An autoencoder that learns from the whole series may learn an anomaly as well; and where a series has steep short
events, its errors are large at every one of them. The nearest neighbour asks another question: a window that has no
counterpart is a discord (Keogh, Lin & Fu, 2005, 'HOT SAX', section 2), however well it is reconstructed.

Each channel is looked at by itself, in its principal components: the code of its linear tied autoencoder
(Baldi & Hornik, 1989). Distances are squared and Euclidean, of windows as they are (``shape`` false), or of windows
centred and divided by their own spread (``shape`` true), where a quiet stretch is not blown up: a tenth of the usual
spread is added.

:mod:`tsanomaly.detection.nearest` says among which windows they are sought, and departs from the matrix profile there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tsanomaly.detection import nearest
from tsanomaly.detection.gaps import Prepared
from tsanomaly.detection.scoring import CHUNK_CELLS
from tsanomaly.detection.training import OnProgress, part_of
from tsanomaly.detection.windows import Windows, cut

MOST_NUMBERS = 2_000_000
"""Numbers of codes kept, at most, over all channels."""

COMPONENTS = 16
"""Principal components that windows are compared in."""

SAMPLE = 5_000
"""Windows that components are fitted on, at most."""

QUIET = 0.1
"""Share of the usual spread that is added to a window's own."""


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
        kept = nearest.kept(windows, channels * width, MOST_NUMBERS)
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
        windows = nearest.asked(prepared, self.length)
        asked = windows.usable
        per_window = np.empty((windows.count, windows.channels), np.float32)
        for channel in range(windows.channels):
            code = _coded(
                windows, asked, channel, self.shape, self.floor[channel], self.mean[channel], self.components[channel]
            )
            per_window[:, channel] = nearest.distances(
                windows,
                code,
                offset,
                self.codes[channel],
                self.rows,
                stage=stage,
                on_progress=part_of(on_progress, channel, windows.channels),
            )
        return nearest.by_row(windows, per_window, prepared.present)


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
