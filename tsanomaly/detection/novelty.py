"""Has the model been wrong in this way at any other time? The distance of a window's error to the most alike one.

Where a series has steep short events, an autoencoder errs at every one of them, and in the same way: large errors are
then nothing new. And what it can almost reconstruct leaves a small error, but one of a shape that no other window has.
So a window's error is compared with those of other times, as windows themselves are
(:mod:`tsanomaly.detection.neighbours`). Errors are whitened (:mod:`tsanomaly.detection.residuals`) and brought to
``sign(z) log(1 + |z|)``, so that one huge cell does not make all errors beside it alike.

Every cell of the error counts: whitened errors have no few directions in which most of them lies, and principal
components of them did worse (``docs/detection.md``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tsanomaly.detection import nearest
from tsanomaly.detection.gaps import Prepared
from tsanomaly.detection.training import OnProgress
from tsanomaly.detection.windows import Windows, cut

MOST_NUMBERS = 1_000_000
"""Numbers of errors kept, at most: 2 MB in a saved model."""

PIECE = 1_000
"""Windows whose logarithms are taken at a time."""

Whitened = Callable[[Windows, NDArray[np.intp]], Tensor]
"""A member's whitened errors ``(w, cells)`` of some windows of one channel."""


@dataclass(frozen=True, eq=False)
class Novelty:
    """Errors of windows learned from, for others to be compared with.

    Attributes:
        length, grain: of the windows.
        errors: ``(r, cells)`` whitened, as logarithms; float32 of the numbers that half precision has.
        rows: ``(r,)`` the rows they start at, counted from the first row learned from.
    """

    length: int
    grain: int
    errors: Tensor
    rows: NDArray[np.int64]

    @classmethod
    def fit(cls, whitened: Whitened, prepared: Prepared, length: int, grain: int) -> Self:
        """Keep errors of a series of one channel; it must have a usable window."""
        windows = cut(prepared.values, prepared.observed, prepared.present, length, grain=grain)
        kept = nearest.kept(windows, windows.cells, MOST_NUMBERS)
        errors = _logarithms(whitened(windows, kept)).half().float()
        return cls(length, grain, errors, kept.astype(np.int64))

    @torch.no_grad()
    def score(
        self,
        whitened: Whitened,
        prepared: Prepared,
        offset: int,
        *,
        stage: str = "scoring",
        on_progress: OnProgress | None = None,
    ) -> NDArray[np.float32]:
        """How far each row's error is from any at a time that it shares no row with.

        Args:
            offset: rows from the first row learned from to the first one here; may be negative.

        Returns:
            ``(n, 1)`` mean squared distance over half a window, NaN where no complete window is near.

        Raises:
            CancelledError: ``on_progress`` answered ``False``.
        """
        windows = nearest.asked(prepared, self.length, self.grain)
        errors = whitened(windows, windows.usable)
        for some in torch.split(errors, PIECE):  # in place: of millions of rows they are hundreds of megabytes
            some.copy_(_logarithms(some))
        distance = nearest.distances(
            windows, errors, offset, self.errors, self.rows, stage=stage, on_progress=on_progress
        )
        return nearest.by_row(windows, distance[:, None], prepared.present)


def _logarithms(z: Tensor) -> Tensor:
    return torch.sign(z) * torch.log1p(z.abs())
