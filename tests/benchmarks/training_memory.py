"""Does memory stay flat while training? Prints resident memory after 1,000 and after 10,000 optimiser steps.

python tests/benchmarks/training_memory.py [STEPS ...]
"""

from __future__ import annotations

import gc
import sys

import numpy as np
import psutil
import torch

from tsanomaly import Progress, TiedAutoencoder, Training
from tsanomaly.detection.gaps import prepare
from tsanomaly.detection.training import split, train
from tsanomaly.detection.windows import cut

ROWS, LENGTH = 20_000, 100


def measure(marks: list[int]) -> dict[int, tuple[float, int]]:
    """Train up to the last of ``marks``; resident memory in MB and live tensors at each of them."""
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(ROWS) / 8) + 0.1 * rng.normal(size=ROWS)
    prepared = prepare(wave[:, None].astype(np.float32), bridge=4)
    windows = cut(prepared.values, prepared.observed, prepared.present, LENGTH)
    trained, held_back = split(windows.usable, LENGTH)
    torch.manual_seed(0)
    model = TiedAutoencoder((LENGTH, 50, 10), denoising=0.1, dropout=0.1)
    seen: dict[int, tuple[float, int]] = {}

    def watch(progress: Progress) -> None:
        if progress.done in marks:
            gc.collect()
            tensors = sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())
            seen[progress.done] = (psutil.Process().memory_info().rss / 1e6, tensors)

    settings = Training(steps=marks[-1], batch=128, patience=marks[-1])
    train(model, windows, trained, held_back, settings, on_progress=watch)
    return seen


if __name__ == "__main__":
    for step, (megabytes, tensors) in measure([int(a) for a in sys.argv[1:]] or [1_000, 10_000]).items():
        print(f"after {step:>6,} steps: {megabytes:7.1f} MB resident, {tensors} live tensors")
