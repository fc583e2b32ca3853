"""Training by mini-batches gathered from window views."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from numbers import Integral

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tsanomaly.detection.windows import Windows
from tsanomaly.errors import CancelledError, ConfigurationError

STEPS, STEPS_TOGETHER = 300, 600
"""Optimiser steps of a series of one channel, of one of several, which have more to learn in a window. Three hundred
batches of 256 see a series of 10,000 rows some 8 times."""


@dataclass(frozen=True)
class Training:
    """How the autoencoder is trained. Numbers are the defaults that hold on the benchmark (``docs/detection.md``).

    Attributes:
        steps: most optimiser steps; ``None``: ``STEPS``, or ``STEPS_TOGETHER`` for a series of several channels.
        batch: windows a step.
        rate: highest learning rate, reached after three tenths of the steps and then annealed to nothing
            (one-cycle, Smith & Topin, 2019).
        decay: AdamW's weight decay.
        patience: checks without improvement on the held-back windows after which training stops.
        check_every: steps between two checks.
        seconds: time budget; training stops with the best weights so far. ``None``: no limit.
    """

    steps: int | None = None
    batch: int = 256
    rate: float = 3e-3
    decay: float = 1e-4
    patience: int = 6
    check_every: int = 50
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "patience", "check_every"):
            value = getattr(self, name)
            if name == "steps" and value is None:
                continue
            if not isinstance(value, Integral) or value < 1:
                raise ConfigurationError(f"{name} is {value}; expected a whole number of at least 1")
        if not 0 < self.rate < math.inf:
            raise ConfigurationError(f"rate is {self.rate}; expected a number above 0")
        if not 0 <= self.decay < math.inf:
            raise ConfigurationError(f"decay is {self.decay}; expected a number of at least 0")
        if self.seconds is not None and not self.seconds > 0:
            raise ConfigurationError(f"seconds is {self.seconds}; expected a number above 0, or None for no limit")


class Stop(StrEnum):
    """Why training ended."""

    STEPS = "all steps were taken"
    PATIENCE = "the held-back windows stopped improving"
    TIME = "the time budget was used up"
    CLOSED_FORM = "the best weights are known in closed form"


@dataclass(frozen=True)
class Progress:
    """What a progress callback is told."""

    stage: str
    done: int
    total: int
    loss: float | None = None


OnProgress = Callable[[Progress], bool | None]
"""Called now and then; returning ``False`` cancels, and :class:`CancelledError` leaves the call."""


def report(on_progress: OnProgress | None, stage: str, done: int, total: int, loss: float | None = None) -> None:
    """Tell the caller where things stand.

    Raises:
        CancelledError: the callback answered ``False``.
    """
    if on_progress is not None and on_progress(Progress(stage, done, total, loss)) is False:
        raise CancelledError(f"cancelled while {stage}; nothing was kept")


def part_of(on_progress: OnProgress | None, part: int, parts: int) -> OnProgress | None:
    """A callback that reports the whole when told of one part of several alike."""
    if on_progress is None:
        return None

    def report_whole(progress: Progress) -> bool | None:
        share = (part + progress.done / progress.total) / parts
        return on_progress(Progress(progress.stage, round(1000 * share), 1000, progress.loss))

    return report_whole


@dataclass(frozen=True)
class History:
    """How training went.

    Attributes:
        steps: steps whose losses were checked.
        trained, held_back: mean squared error per observed cell at those steps; ``held_back`` may be empty.
        best_step: where the restored weights come from.
        stopped: why it ended.
    """

    steps: tuple[int, ...]
    trained: tuple[float, ...]
    held_back: tuple[float, ...]
    best_step: int
    stopped: Stop


def split(
    usable: NDArray[np.intp], length: int, share: float = 0.1, blocks: int = 5
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Hold back whole stretches of windows, spread over the series.

    A window that shares a row with a held-back one is in neither part: single windows held back at random would
    overlap their neighbours almost wholly and measure nothing.

    Args:
        usable: ``(w,)`` sorted start rows of usable windows.
        length: rows in a window.

    Returns:
        Windows to train on, windows to hold back. The second is empty where the series is too short to spare any.
    """
    count = len(usable)
    block = int(count * share / blocks)
    while blocks > 1 and block < length:
        blocks -= 1
        block = int(count * share / blocks)
    if block < max(8, length // 4) or count < 8 * length:
        return usable, usable[:0]
    position = np.arange(count)
    starts = ((np.arange(blocks) + 0.5) * count / blocks - block / 2).astype(int)
    held = np.zeros(count, bool)
    near = np.zeros(count, bool)
    for start in starts:
        held |= (position >= start) & (position < start + block)
    for start in starts:
        first, last = usable[start], usable[min(start + block, count) - 1]
        near |= (usable > first - length) & (usable < last + length)
    return usable[~near], usable[held]


def train(
    model: nn.Module,
    windows: Windows,
    index: NDArray[np.intp],
    held_back: NDArray[np.intp],
    training: Training,
    *,
    seed: int = 0,
    stage: str = "training",
    on_progress: OnProgress | None = None,
) -> History:
    """Train in place; the weights of the best check are the ones that stay.

    The loss is the mean squared error over observed cells only.

    Args:
        model: maps ``(batch, c, cells)`` to the same shape.
        index: windows to draw batches from, each drawn once before any is drawn again.
        held_back: windows to judge by; empty: the training loss judges.
        seed: of the order of windows. Denoising and dropout draw from torch's own generator.

    Raises:
        CancelledError: ``on_progress`` answered ``False``; the model is left part-trained.
        ConfigurationError: the loss is no longer a number, which only too high a rate brings about; likewise.
    """
    device = next(model.parameters()).device
    optimiser = torch.optim.AdamW(model.parameters(), lr=training.rate, weight_decay=training.decay, fused=True)
    steps = training.steps or (STEPS if windows.channels == 1 else STEPS_TOGETHER)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, training.rate, steps)
    order = np.random.default_rng(seed)
    deadline = None if training.seconds is None else time.monotonic() + training.seconds
    judged = _thin(held_back, 2048)
    checked, trained, held = [], [], []
    best, best_step, best_weights = np.inf, 0, copy.deepcopy(model.state_dict())
    queue = np.empty(0, np.intp)
    losses: list[Tensor] = []
    stopped = Stop.STEPS

    model.train()
    for step in range(1, steps + 1):
        if len(queue) < training.batch:
            queue = np.concatenate([queue, order.permutation(index)])
        batch, queue = queue[: training.batch], queue[training.batch :]
        x, mask = (part.to(device) for part in windows.gather(torch.from_numpy(batch)))
        loss = _masked_error(model(x), x, mask)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        losses.append(loss.detach())

        if step % training.check_every == 0 or step == steps:
            mean_loss = float(torch.stack(losses).mean())
            losses.clear()
            if not math.isfinite(mean_loss):
                raise ConfigurationError(f"training diverged by step {step}; choose a rate below {training.rate:g}")
            value = _evaluate(model, windows, judged, training.batch) if len(judged) else mean_loss
            checked.append(step)
            trained.append(mean_loss)
            if len(judged):
                held.append(value)
            if value < best:
                # A copy, not a reference: state_dict() shares memory with the weights still being trained.
                best, best_step, best_weights = value, step, copy.deepcopy(model.state_dict())
            report(on_progress, stage, step, steps, value)
            if step - best_step >= training.patience * training.check_every:
                stopped = Stop.PATIENCE
                break
        if deadline is not None and time.monotonic() > deadline:
            stopped = Stop.TIME
            break
    if best_step:
        model.load_state_dict(best_weights)
    model.eval()
    return History(tuple(checked), tuple(trained), tuple(held), best_step, stopped)


def _masked_error(output: Tensor, x: Tensor, mask: Tensor) -> Tensor:
    return ((output - x).square() * mask).sum() / mask.sum().clamp(min=1)


def _thin(index: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    return index[:: max(1, -(-len(index) // most))]


@torch.no_grad()
def _evaluate(model: nn.Module, windows: Windows, index: NDArray[np.intp], batch: int) -> float:
    device = next(model.parameters()).device
    model.eval()
    total, cells = 0.0, 0.0
    for start in range(0, len(index), batch):
        x, mask = (p.to(device) for p in windows.gather(torch.from_numpy(index[start : start + batch])))
        total += float(((model(x) - x).square() * mask).sum())
        cells += float(mask.sum())
    model.train()
    return total / max(cells, 1.0)
