"""One model of one window length: a tied autoencoder and what its ordinary errors look like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tsanomaly.detection.autoencoder import TiedAutoencoder
from tsanomaly.detection.gaps import Prepared
from tsanomaly.detection.residuals import Residuals
from tsanomaly.detection.scoring import Parts, score
from tsanomaly.detection.training import History, OnProgress, Training, split, train
from tsanomaly.detection.windows import Windows, cut

RESIDUAL_WINDOWS = 20_000
"""Windows that the covariance of errors is learned from, at most, evenly taken."""


@dataclass(frozen=True)
class Architecture:
    """The autoencoder's shape, relative to the window it will see.

    Attributes:
        layers: sizes after the input: numbers below 1 are shares of the window's cells, others are units.
        activation: of encoder and decoder; the output is linear.
        denoising, dropout: as in :class:`TiedAutoencoder`.
    """

    layers: tuple[float, ...] = (0.5, 0.1)
    activation: str = "gelu"
    denoising: float = 0.0
    dropout: float = 0.0

    def sizes(self, cells: int) -> tuple[int, ...]:
        """Layer sizes for a window of ``cells`` numbers."""
        return (cells, *(max(2, round(s * cells)) if s < 1 else int(s) for s in self.layers))

    def build(self, cells: int) -> TiedAutoencoder:
        """An autoencoder with fresh weights from torch's generator."""
        return TiedAutoencoder(
            self.sizes(cells), activation=self.activation, denoising=self.denoising, dropout=self.dropout
        )


@dataclass(frozen=True, eq=False)
class Member:
    """A trained model of windows of ``length`` rows."""

    length: int
    autoencoder: TiedAutoencoder
    residuals: Residuals

    def score(self, prepared: Prepared, *, stage: str = "scoring", on_progress: OnProgress | None = None) -> Parts:
        """What this model says of each row."""
        device = next(self.autoencoder.parameters()).device

        def reconstruct(x: Tensor) -> Tensor:
            return self.autoencoder(x.to(device)).cpu()  # type: ignore[no-any-return]

        return score(reconstruct, self.residuals, windows_of(prepared, self.length), stage=stage,
                     on_progress=on_progress)


def windows_of(prepared: Prepared, length: int) -> Windows:
    """All windows of a prepared series, one row apart."""
    return cut(prepared.values, prepared.observed, prepared.present, length)


def learn(
    prepared: Prepared,
    length: int,
    architecture: Architecture,
    training: Training,
    *,
    stride: int = 1,
    seed: int = 0,
    device: str = "cpu",
    on_progress: OnProgress | None = None,
) -> tuple[Member, History, NDArray[np.intp]]:
    """Train a member.

    Returns:
        The member, how training went, and the start rows of the windows held back from it.

    Raises:
        CancelledError: ``on_progress`` answered ``False``.
    """
    windows = windows_of(prepared, length)
    index, held_back = split(windows.usable, length)
    with torch.random.fork_rng(devices=[0] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        model = architecture.build(windows.channels * length).to(device)
        history = train(model, windows, index[::stride], held_back[::stride], training, seed=seed,
                        on_progress=on_progress)
    return Member(length, model, Residuals.fit(_errors(model, windows, index))), history, held_back


@torch.no_grad()
def _errors(model: TiedAutoencoder, windows: Windows, index: NDArray[np.intp]) -> Tensor:
    """``(w, D)`` errors of windows evenly taken, masked where nothing was observed."""
    device = next(model.parameters()).device
    cells = windows.channels * windows.length
    most = min(RESIDUAL_WINDOWS, max(1_000, 40_000_000 // cells))
    some = torch.from_numpy(index[:: max(1, -(-len(index) // most))])
    parts = []
    for chosen in torch.split(some, 2048):
        x, mask = windows.gather(chosen)
        parts.append((model(x.to(device)).cpu() - x) * mask)
    return torch.cat(parts)
