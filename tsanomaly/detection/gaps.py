"""Gaps: what a window may bridge for the model's input, and what it must not cross."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LIVE_CHANNELS = 0.5
"""Share of channels that must be there (read, or in a short gap) for a row to lie inside a window."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A scaled series as the model takes it.

    Attributes:
        values: ``(n, c)`` float32, finite everywhere: gaps hold the straight line between their two sides,
            or the nearest reading where there is but one side. That is input only; loss and score look where
            ``observed`` is true and nowhere else.
        observed: ``(n, c)`` bool.
        present: ``(n,)`` rows that a window may hold.
    """

    values: Tensor
    observed: Tensor
    present: NDArray[np.bool_]


def prepare(scaled: NDArray[np.float32], bridge: int) -> Prepared:
    """Fill gaps for the model's input and say which rows may lie inside a window.

    Args:
        scaled: ``(n, c)`` with NaN in the gaps; overwritten.
        bridge: longest gap, in rows, that a window may hold. A channel that is read more seldom than every row may be
            silent for twice its own usual spacing.
    """
    rows, channels = scaled.shape
    observed = np.isfinite(scaled)
    live = np.zeros(rows, np.int32)
    for j in range(channels):
        if observed[:, j].all():
            live += 1
            continue
        live += _within_reach(observed[:, j], bridge)
        _interpolate(scaled[:, j], observed[:, j])
    present = live >= max(1, int(np.ceil(channels * LIVE_CHANNELS)))
    return Prepared(torch.from_numpy(scaled), torch.from_numpy(observed), present)


def _within_reach(observed: NDArray[np.bool_], bridge: int) -> NDArray[np.bool_]:
    """Rows that were read, or lie between two readings no more than ``bridge`` missing rows apart."""
    at = np.flatnonzero(observed)
    if len(at) == 0:
        return observed
    spacing = np.diff(at)
    usual = float(np.median(spacing)) if len(spacing) else 1.0
    longest = bridge if usual <= 1 else max(bridge, int(2 * usual))
    reach = observed.copy()
    reach[at[0] : at[-1]] |= np.repeat(spacing - 1 <= longest, spacing)  # from each reading up to the next
    return reach


def _interpolate(values: NDArray[np.float32], observed: NDArray[np.bool_]) -> None:
    at = np.flatnonzero(observed)
    holes = np.flatnonzero(~observed)
    values[holes] = np.interp(holes, at, values[at]) if len(at) else 0.0
