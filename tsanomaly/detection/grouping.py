"""From flagged rows to stretches: merging across short gaps, dropping what is too short."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray


def stretches(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Half-open runs of true values, ``(k, 2)``, in order."""
    edges = np.diff(flags.astype(np.int8), prepend=0, append=0)
    return np.column_stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)])


def group(flags: NDArray[np.bool_], merge_gap: int = 0, shortest: int = 1) -> NDArray[np.intp]:
    """Half-open events, ``(k, 2)``: runs no more than ``merge_gap`` rows apart are one, and then those of fewer
    than ``shortest`` rows are dropped."""
    runs = stretches(flags)
    if len(runs) == 0:
        return runs
    apart = runs[1:, 0] - runs[:-1, 1] > merge_gap
    starts = runs[np.concatenate([[True], apart]), 0]
    ends = runs[np.concatenate([apart, [True]]), 1]
    long_enough = ends - starts >= shortest
    return np.column_stack([starts[long_enough], ends[long_enough]])


CORE = 2 / 3
"""Of an event's height above the usual score: rows that reach it are its core."""


def narrow(runs: NDArray[np.intp], scores: NDArray[np.float64], usual: float) -> NDArray[np.intp]:
    """Each run from the first to the last row of its core.

    Windows smear: rows near an anomaly score high because windows that reach it do. Nothing is lost by narrowing but
    the flanks, and no run is lost.

    Args:
        runs: ``(k, 2)`` half open, each with at least one judged row.
        scores: ``(n,)`` NaN where not judged.
        usual: an ordinary score, such as the median.

    Returns:
        ``(k, 2)``.
    """
    narrowed = np.empty_like(runs)
    for k, (first, last) in enumerate(runs):
        part = np.nan_to_num(scores[first:last], nan=-np.inf)
        high = np.flatnonzero(part >= min(part.max(), usual + CORE * (part.max() - usual)))
        narrowed[k] = first + high[0], first + high[-1] + 1
    return narrowed


WHERE = 0.9
"""Share of what is off in an event that lies between its bounds."""


def shortest_with(parts: NDArray[np.float64], share: float = WHERE) -> tuple[int, int]:
    """The shortest stretch, half open, that holds a share of the sum of ``(n,)`` parts, none of them negative.

    Of several as short the first; all of it where the sum is 0.
    """
    until = np.concatenate([[0.0], np.cumsum(parts)])
    if not until[-1] > 0:
        return 0, len(parts)
    needed = until[:-1] + share * until[-1]
    ends = np.searchsorted(until, np.minimum(needed, until[-1]), side="left")
    ends[needed > until[-1] * (1 + 1e-12)] = 2 * len(parts)  # what follows is not enough
    first = int(np.argmin(ends - np.arange(len(parts))))
    return first, max(first + 1, int(ends[first]))


def count_events(
    scores: NDArray[np.float64], levels: NDArray[np.float64], merge_gap: int = 0, shortest: int = 1
) -> NDArray[np.intp]:
    """How many events :func:`group` makes of ``scores > level``, for each level, without grouping at each.

    Row ``i`` starts an event of at least ``shortest`` rows exactly at the levels between two numbers. At or above the
    first, no row close enough before it is flagged. Below the second, it is flagged itself, and no gap too wide to
    merge opens within the ``shortest`` rows that follow.

    Args:
        scores: ``(n,)`` minus infinity where not judged.
        levels: ``(m,)`` finite.

    Returns:
        ``(m,)``.
    """
    n = len(scores)
    reach, shortest = min(merge_gap + 1, n), min(shortest, n + 1)
    padded = np.concatenate([np.full(reach, -np.inf), scores, np.full(reach + shortest, -np.inf)])
    highest = sliding_window_view(padded, reach).max(axis=1)
    before, onward = highest[:n], highest[reach:]  # of the ``reach`` rows before row i; of those from row i on
    goes_on = sliding_window_view(onward, shortest).min(axis=1)[:n]
    first, second = before, np.minimum(scores, goes_on)
    ever = first < second
    begun = np.searchsorted(np.sort(first[ever]), levels, side="right")
    over = np.searchsorted(np.sort(second[ever]), levels, side="right")
    return begun - over
