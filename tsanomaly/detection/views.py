"""What the members of a detector look at: chosen from the unlabelled series alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tsanomaly.detection.gaps import prepare
from tsanomaly.detection.member import View
from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.series import estimate_period

SHORTEST_PERIOD, LONGEST_PERIOD, NO_PERIOD = 10, 300, 100
"""Base windows chosen by period, in rows; a series without a period gets ``NO_PERIOD``."""

JOINT_CELLS = 640
"""Numbers (rows × channels) in a window of all channels at once, at most."""

WINDOWS_TO_LEARN = 2
"""A member needs a stretch at least so many of its windows long."""


def bridgeable(length: int) -> int:
    """Longest gap, in rows, that a window of ``length`` may hold: an eighth of it."""
    return max(1, length // 8)


def choose_views(
    scaled: NDArray[np.float32],
    name: str,
    window: int | None,
    scales: Sequence[float],
    early_scales: Sequence[float],
    reference: int,
) -> list[View]:
    """The base view first, then those that the series is long enough for.

    One channel gives one view a scale. Several channels are looked at one by one at those scales and, at the base
    scale, all at once.

    Args:
        scaled: ``(n, c)`` NaN in the gaps.
        name: of the series, for messages.
        window: rows in the base window; ``None``: the period.
        reference: rows at the start that early views learn from.

    Raises:
        ConfigurationError: a scale or the window is out of range.
        DataError: the series has no stretch without a gap that is long enough for the base window.
    """
    c = scaled.shape[1]
    if not scales or any(not s > 0 for s in (*scales, *early_scales)):
        raise ConfigurationError("scales must be numbers above 0, and at least one")
    base = _base_window(scaled, name, window)
    longest = _longest_stretch(scaled, base)
    if longest < base + 1:
        raise DataError(
            f"series '{name}' has no stretch of {base + 1} rows without a gap; "
            "choose a shorter window or a coarser step"
        )
    whole = _lengths(base, scales, longest)
    early = _lengths(base, early_scales, min(longest, reference))
    joint = max(2, min(base, JOINT_CELLS // c))
    views = [View(length) for length in whole] if c == 1 else [View(length, joint=False) for length in whole]
    views += [View(length, joint=c == 1, early=True) for length in early]
    if c > 1:
        views.append(View(joint))
        if reference >= WINDOWS_TO_LEARN * joint:
            views.append(View(joint, early=True))
    return views


def _base_window(scaled: NDArray[np.float32], name: str, window: int | None) -> int:
    n = len(scaled)
    if window is not None:
        if window < 2:
            raise ConfigurationError(f"window is {window}; expected at least 2 rows")
        if n < window + 1:
            raise DataError(f"series '{name}' has {n} rows; a window of {window} rows needs at least {window + 1}")
        return int(window)
    if n < 8:
        raise DataError(f"series '{name}' has {n} row{'s' * (n != 1)}; at least 8 are needed to learn what is normal")
    period = estimate_period(scaled, SHORTEST_PERIOD, LONGEST_PERIOD, NO_PERIOD) or NO_PERIOD
    return max(2, min(period, n // 8))


def _lengths(base: int, scales: Sequence[float], rows: int) -> list[int]:
    """Distinct window lengths, the base first, that fit into ``rows`` often enough."""
    wanted = sorted(scales, key=lambda scale: (abs(scale - 1), scale))
    lengths = dict.fromkeys(max(2, round(base * scale)) for scale in wanted)
    return [length for length in lengths if length == base or WINDOWS_TO_LEARN * length <= rows]


def _longest_stretch(scaled: NDArray[np.float32], base: int) -> int:
    """Rows in the longest run that windows may lie in."""
    present = prepare(scaled.copy(), bridgeable(base)).present
    edges = np.flatnonzero(np.diff(np.concatenate([[False], present, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
