"""Putting together what several voices say: each piece measured in its own usual size, then averaged as logarithms.

A voice is a member, which says three numbers of each row and channel (pattern, peak, point), or a neighbourhood, which
says one. Of each number ``s``, a row's evidence is

    e = log(1 + m / q of m),    m = (mean over channels of √(s / q of the channel))²

where ``q`` is the 90th percentile over what was learned from: anomalies in the highest tenth do not move it. A
channel that rests most of the time, and is then reconstructed almost to the last bit, is measured by its mean instead.
The mean of roots lets one broken channel among many be heard, and a few that are slightly off together as
well; the logarithm keeps one voice that is beside itself from drowning the others. A row's total is the root of the
weighted mean of ``e²`` over the numbers that judged it: one voice that is sure counts more than two that shrug.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

USUAL = 0.9
"""The quantile that is called usual."""

RESTING = 1e-7
"""A usual size below this says no more than that nothing happens most of the time: ``z²`` of ordinary errors is near 1.
"""

_ROWS = 200_000
"""Rows that quantiles are taken over, at most, evenly spaced."""


@dataclass(frozen=True, eq=False)
class Usual:
    """The usual sizes of what one voice says, ``k`` numbers of each row and channel.

    Attributes:
        channel: ``(k, c)`` by number and channel.
        mean: ``(k,)`` by number, of the ratios to ``channel``, pooled over channels.
    """

    channel: NDArray[np.float64]
    mean: NDArray[np.float64]

    @classmethod
    def fit(cls, said: Sequence[NDArray[np.float32]], observed: NDArray[np.bool_]) -> Usual:
        """Learn the sizes from what was said, each ``(n, c)``."""
        every = max(1, len(observed) // _ROWS)
        seen = observed[::every]
        channel, mean = [], []
        for numbers in said:
            some = np.where(seen, numbers[::every], np.nan)
            channel.append([_usual(some[:, j]) for j in range(some.shape[1])])
            mean.append(_usual(_pooled(some / np.asarray(channel[-1]))))
        return cls(np.array(channel), np.array(mean))


@dataclass(eq=False)
class Evidence:
    """The sum of what voices say, one after the other: only one voice's numbers are in memory at a time.

    Attributes:
        total: ``(n,)`` weighted sum of squared evidence.
        weight: ``(n,)`` sum of the weights.
        by_channel: ``(n, c)`` float32 weighted sum of the channels' ratios.
        expected: ``(n, c)`` float32 sum of the reconstructions.
        members: ``(n,)`` how many reconstructed.
    """

    total: NDArray[np.float64]
    weight: NDArray[np.float32]
    by_channel: NDArray[np.float32]
    expected: NDArray[np.float32]
    members: NDArray[np.int32]

    @classmethod
    def none(cls, rows: int, channels: int) -> Evidence:
        """Before the first voice."""
        wide = (rows, channels)
        return cls(
            np.zeros(rows),
            np.zeros(rows, np.float32),
            np.zeros(wide, np.float32),
            np.zeros(wide, np.float32),
            np.zeros(rows, np.int32),
        )

    def add(
        self,
        said: Sequence[NDArray[np.float32]],
        usual: Usual,
        observed: NDArray[np.bool_],
        weights: Sequence[float],
    ) -> None:
        """Add one voice where it judged: its numbers, each ``(n, c)``, with their weights."""
        for weight, numbers, channel, mean in zip(weights, said, usual.channel, usual.mean, strict=True):
            if weight == 0:
                continue
            ratio = np.where(observed, numbers / channel.astype(np.float32), np.nan)
            judged = np.isfinite(ratio).any(axis=1)
            self.total[judged] += weight * np.square(np.log1p(_pooled(ratio[judged]) / mean))
            self.weight[judged] += weight
            self.by_channel += weight * np.nan_to_num(ratio)

    def expect(self, reconstruction: NDArray[np.float32]) -> None:
        """Add what one member expected, ``(n, c)``, NaN where it did not judge."""
        self.expected += np.nan_to_num(reconstruction)
        self.members += np.isfinite(reconstruction[:, 0])

    def mean(self) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
        """Total ``(n,)``, channels' ratios and reconstruction ``(n, c)``; NaN where nothing judged."""
        weight = np.where(self.weight > 0, self.weight, np.nan)
        members = np.where(self.members > 0, self.members, np.nan).astype(np.float32)[:, None]
        by_channel = self.by_channel / weight.astype(np.float32)[:, None]
        return np.sqrt(self.total / weight), by_channel, self.expected / members


def _pooled(ratios: NDArray[np.floating]) -> NDArray[np.float64]:
    """``(n, c)`` to ``(n,)``, the squared mean root over the channels that were judged; NaN where none was."""
    count = np.isfinite(ratios).sum(axis=1)
    total = np.nansum(np.sqrt(ratios), axis=1, dtype=np.float64)
    return np.where(count > 0, np.square(total / np.maximum(count, 1)), np.nan)


def _usual(numbers: NDArray[np.floating]) -> float:
    """The usual size; where most are next to 0 the mean, and 1 where all are: a size is never 0."""
    finite = numbers[np.isfinite(numbers)]
    if len(finite) == 0:
        return 1.0
    size = float(np.quantile(finite, USUAL))
    size = size if size > RESTING else float(finite.mean(dtype=np.float64))
    return size if size > RESTING else 1.0
