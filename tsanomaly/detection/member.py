"""One model of one window length: a tied autoencoder and what its ordinary errors look like.

A detector has several members, because no single length, and no single choice of what to learn from, is right for all
anomalies (``docs/detection.md`` has the figures).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tsanomaly.detection.autoencoder import TiedAutoencoder
from tsanomaly.detection.gaps import Prepared
from tsanomaly.detection.novelty import Novelty
from tsanomaly.detection.residuals import Residuals
from tsanomaly.detection.scoring import CHUNK_CELLS, Parts, score
from tsanomaly.detection.training import History, OnProgress, Stop, Training, part_of, split, train
from tsanomaly.detection.windows import Windows, cut

RESIDUAL_WINDOWS = 10_000
"""Windows that a covariance is learned from, at most, evenly taken."""

FINEST = 64
"""Windows longer than this many rows are scored so many to a window length, not at every row: neighbours then share
all but a 64th of their rows."""


@dataclass(frozen=True)
class Architecture:
    """The autoencoder's shape, relative to the window it will see.

    Attributes:
        layers: sizes after the input: numbers below 1 are shares of the window's cells, others are units.
        activation: of encoder and decoder; the output is linear.
        denoising, dropout: as in :class:`TiedAutoencoder`.
        linear: the linear twin instead: one layer, the bottleneck, with principal components as its weights.
    """

    layers: tuple[float, ...] = (0.5, 0.1)
    activation: str = "gelu"
    denoising: float = 0.0
    dropout: float = 0.0
    linear: bool = False

    def sizes(self, cells: int) -> tuple[int, ...]:
        """Layer sizes for a window of ``cells`` numbers."""
        sizes = tuple(max(2, round(s * cells)) if s < 1 else int(s) for s in self.layers)
        return (cells, sizes[-1]) if self.linear else (cells, *sizes)

    def build(self, cells: int) -> TiedAutoencoder:
        """An autoencoder with fresh weights from torch's generator."""
        if self.linear:
            return TiedAutoencoder(self.sizes(cells), activation="identity")
        return TiedAutoencoder(
            self.sizes(cells), activation=self.activation, denoising=self.denoising, dropout=self.dropout
        )


@dataclass(frozen=True)
class View:
    """What a member looks at.

    Attributes:
        length: rows in a window.
        grain: rows to a cell of it: an autoencoder of long windows sees means of so many rows.
        joint: all channels of a window at once; otherwise each channel's window by itself, one model for all channels.
        early: learned from the reference rows at the start alone, otherwise from all rows.
        point: how much the error of the single value counts, beside 1 for the window's mean and 1 for its largest.
        novelty: how much it counts that the error is like no other; 0: that is not asked.
    """

    length: int
    joint: bool = True
    early: bool = False
    point: float = 1.0
    grain: int = 1
    novelty: float = 0.0

    @property
    def cells(self) -> int:
        """Cells in a channel's window."""
        return self.length // self.grain

    @property
    def weights(self) -> tuple[float, ...]:
        """Of a member's numbers: pattern, peak, point, and novelty where it is asked."""
        return (1.0, 1.0, self.point, self.novelty) if self.novelty else (1.0, 1.0, self.point)


class WindowModel(nn.Module):
    """An autoencoder applied to windows ``(batch, c, cells)``, all channels at once or one by one."""

    def __init__(self, autoencoder: TiedAutoencoder, joint: bool) -> None:
        super().__init__()
        self.autoencoder = autoencoder
        self.joint = joint

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruct ``(batch, c, cells)``."""
        return self.autoencoder(x.flatten(1) if self.joint else x.flatten(0, 1)).view(x.shape)  # type: ignore[no-any-return]

    def reconstruct(self, x: Tensor) -> Tensor:
        """Likewise, of windows in main memory, wherever the model is."""
        return self(x.to(next(self.parameters()).device)).cpu()  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class Member:
    """A trained model and the view it was trained for; ``novelty`` where the view asks for it."""

    view: View
    model: WindowModel
    residuals: Residuals
    novelty: Novelty | None = None

    def score(
        self, prepared: Prepared, offset: int = 0, *, stage: str = "scoring", on_progress: OnProgress | None = None
    ) -> Parts:
        """What this model says of each row and channel.

        Args:
            offset: rows from the first row learned from to the first one here; may be negative.

        Raises:
            CancelledError: ``on_progress`` answered ``False``.
        """
        length, grain = self.view.length, self.view.grain
        windows = cut(prepared.values, prepared.observed, prepared.present, length, max(1, length // FINEST), grain)
        if self.novelty is None:
            return score(self.model.reconstruct, self.residuals, windows, stage=stage, on_progress=on_progress)
        first, second = part_of(on_progress, 0, 2), part_of(on_progress, 1, 2)
        parts = score(self.model.reconstruct, self.residuals, windows, stage=stage, on_progress=first)
        novelty = self.novelty.score(self.whitened, prepared, offset, stage=stage, on_progress=second)
        return replace(parts, novelty=novelty)

    @torch.no_grad()
    def whitened(self, windows: Windows, index: NDArray[np.intp]) -> Tensor:
        """``(w, cells)`` whitened errors of some windows of one channel."""
        out = torch.empty(len(index), windows.cells)  # written into: joined parts would be held twice
        size = max(1, CHUNK_CELLS // windows.length)
        for first in range(0, len(index), size):
            x, mask = windows.gather(torch.from_numpy(index[first : first + size]))
            out[first : first + size] = self.residuals.whiten((self.model.reconstruct(x) - x) * mask)[:, 0]
        return out


def learn(
    prepared: Prepared,
    view: View,
    architecture: Architecture,
    training: Training,
    *,
    rows: int,
    stride: int = 1,
    seed: int = 0,
    device: str = "cpu",
    stage: str = "training",
    on_progress: OnProgress | None = None,
) -> tuple[Member, History, NDArray[np.intp]]:
    """Train a member on the first ``rows`` rows.

    Returns:
        The member, how training went, and the start rows of the windows held back from it.

    Raises:
        CancelledError: ``on_progress`` answered ``False``.
    """
    windows = cut(
        prepared.values[:rows], prepared.observed[:rows], prepared.present[:rows], view.length, grain=view.grain
    )
    index, held_back = split(windows.usable, view.length)
    with torch.random.fork_rng(devices=[0] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        cells = view.cells * (windows.channels if view.joint else 1)
        model = WindowModel(architecture.build(cells), view.joint).to(device)
        if architecture.linear:
            history = _fit_linear(model, windows, index)
        else:
            if not view.joint:  # a window is then as many samples as it has channels
                training = replace(training, batch=max(16, training.batch // windows.channels))
            history = train(
                model,
                windows,
                index[::stride],
                held_back[::stride],
                training,
                seed=seed,
                stage=stage,
                on_progress=on_progress,
            )
    member = Member(view, model, Residuals.fit(_errors(model, windows, index)))
    if view.novelty:  # of all rows: what it did not learn from it may also have met before
        novelty = Novelty.fit(member.whitened, prepared, view.length, view.grain)
        member = replace(member, novelty=novelty)
    return member, history, held_back


@torch.no_grad()
def _errors(model: WindowModel, windows: Windows, index: NDArray[np.intp]) -> Tensor:
    """``(w, c, cells)`` errors of windows evenly taken, 0 where nothing was observed."""
    parts = []
    for chosen in torch.split(_evenly(index, windows), 1024):
        x, mask = windows.gather(chosen)
        parts.append((model.reconstruct(x) - x) * mask)
    return torch.cat(parts)


def _evenly(index: NDArray[np.intp], windows: Windows) -> Tensor:
    """As many windows as a covariance needs and memory allows, evenly taken."""
    most = min(RESIDUAL_WINDOWS, max(1_000, 20_000_000 // (windows.channels * windows.length)))
    return torch.from_numpy(index[:: max(1, -(-len(index) // most))])


@torch.no_grad()
def _fit_linear(model: WindowModel, windows: Windows, index: NDArray[np.intp]) -> History:
    """The best linear tied autoencoder in closed form: principal components (Baldi & Hornik, 1989)."""
    x, _ = windows.gather(_evenly(index, windows))
    samples = (x.flatten(1) if model.joint else x.flatten(0, 1)).double()
    mean = samples.mean(dim=0)
    centred = samples - mean
    _, vectors = torch.linalg.eigh(centred.t() @ centred)
    auto = model.autoencoder
    components = vectors[:, -auto.sizes[-1] :].t().flip(0)  # (k, cells), the largest first
    auto.weights[0].copy_(components)
    auto.encoder_biases[0].copy_(-components @ mean)
    auto.decoder_biases[0].copy_(mean)  # type: ignore[index]
    model.eval()
    error = float((centred - centred @ components.t() @ components).square().mean())
    return History((1,), (error,), (), 1, Stop.CLOSED_FORM)
