"""How surprising is a window's reconstruction error? Its length under the covariance of ordinary errors.

Errors of a good model still have a shape: it is usually wrong at steep edges and at the window's ends, and neighbouring
cells err together. Measured in that covariance (Mahalanobis, 1936), the usual errors count little, and an error in a
direction that is never wrong counts much.
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


@dataclass(frozen=True, eq=False)
class Residuals:
    """The covariance of ordinary errors, as a whitening map.

    Attributes:
        mean: ``(D,)`` of ordinary errors.
        root: ``(D, D)``; an error ``r`` has surprise ``mean(((r - mean) @ root)²)``.
    """

    mean: Tensor
    root: Tensor

    @classmethod
    def fit(cls, errors: Tensor) -> Self:
        """Fit on ``(w, D)`` errors of windows, contaminated or not, ``w`` at least 1."""
        size = errors.square().mean(dim=1)
        last = 1 + int(CALM * (len(size) - 1))  # torch.quantile would refuse more than 2**24 windows
        calm = errors[size <= size.kthvalue(last).values]
        mean = calm.mean(dim=0)
        centred = (calm - mean).double()
        covariance = centred.t() @ centred / max(1, len(calm))
        eigenvalues, vectors = torch.linalg.eigh(covariance)
        eigenvalues = eigenvalues.clamp(min=0)
        ridge = max(float(RIDGE * eigenvalues.mean()), 1e-12)
        return cls(mean, (vectors / (eigenvalues + ridge).sqrt()).to(errors.dtype))

    def surprise(self, errors: Tensor) -> Tensor:
        """``(w, D)`` errors to ``(w,)``; over the windows learned from as calm it averages somewhat below 1."""
        return ((errors - self.mean) @ self.root).square().mean(dim=1)
