"""How surprising is a window's reconstruction error? Its size under the covariance of ordinary errors.

Errors of a good model still have a shape: it is usually wrong at steep edges and at the window's ends, and neighbouring
cells err together. Whitening (ZCA: Kessy, Lewin & Strimmer, 2018, table 1) removes that shape and keeps each cell in
its place: ``z = (r - mean) Σ^(-1/2)``. The mean of ``z²`` over a window is its error's squared Mahalanobis length; the
``z²`` of a cell says where in the window the surprise lies. The usual errors then count little, and an error in a
direction that is never wrong counts much.

Each channel has a covariance of its own, over the cells of a window: one over all cells of all channels would need far
more windows than a series has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

CALM = 0.9
"""Share of windows, those with the smallest errors, that the covariance is learned from: unlabelled data holds
anomalies, and they must not teach what is usual."""

RIDGE = 0.1
"""Added to each eigenvalue, in units of their mean: directions that never err get a size, not an infinite weight."""

LEAST = 1e-4
"""Least standard deviation an error is measured in, in units of the scaled channel: a channel reconstructed to the last
bit is not infinitely surprising when it moves by two."""


@dataclass(frozen=True, eq=False)
class Residuals:
    """The covariance of each channel's ordinary errors, as a whitening map.

    Attributes:
        mean: ``(c, cells)`` of ordinary errors.
        root: ``(c, cells, cells)`` the inverse square root of their covariance.
    """

    mean: Tensor
    root: Tensor

    @classmethod
    def fit(cls, errors: Tensor) -> Self:
        """Fit on ``(w, c, cells)`` errors of windows, contaminated or not, ``w`` at least 1."""
        means, roots = zip(*(_fit_channel(errors[:, j]) for j in range(errors.shape[1])), strict=True)
        return cls(torch.stack(means), torch.stack(roots))

    def whiten(self, errors: Tensor) -> Tensor:
        """``(w, c, cells)`` errors to ``z`` of the same shape; over calm windows ``z²`` averages somewhat below 1."""
        return torch.einsum("wcl,clk->wck", errors - self.mean, self.root)


def _fit_channel(errors: Tensor) -> tuple[Tensor, Tensor]:
    """Mean ``(cells,)`` and inverse root ``(cells, cells)`` from ``(w, cells)``."""
    size = errors.square().mean(dim=1)
    last = 1 + int(CALM * (len(size) - 1))  # torch.quantile would refuse more than 2**24 windows
    calm = errors[size <= size.kthvalue(last).values]
    mean = calm.mean(dim=0)
    centred = (calm - mean).double()
    eigenvalues, vectors = torch.linalg.eigh(centred.t() @ centred / len(calm))
    eigenvalues = eigenvalues.clamp(min=0)
    root = (eigenvalues + RIDGE * eigenvalues.mean() + LEAST**2).rsqrt()
    return mean, ((vectors * root) @ vectors.t()).to(errors.dtype)
