"""What the members of a detector look at: chosen from the unlabelled series alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tsanomaly.detection.gaps import prepare
from tsanomaly.detection.member import View
from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.series import estimate_period

SHORTEST_PERIOD, LONGEST_PERIOD, NO_PERIOD = 10, 300, 100
"""Base windows chosen by period, in rows; a series without a period gets ``NO_PERIOD``."""

SLOWEST_PERIOD = 1000
"""Likewise, of a lone channel that has none so short. Longer ones, such as a day of minutes, want fine rows beside.
"""

PERIODS = 8
"""Base windows that must fit into a series."""

MOST_CELLS = 300
"""Cells in a channel's base window, at most: where it has more rows, a cell is the mean of several."""

PROMINENCE = 0.125
"""Of the autocorrelation's maximum that is called a period."""

SCALES, APERIODIC_SCALES, CHANNEL_SCALES = (1,), (1, 1 / 8), (4,)
"""Windows that learn from all rows, in base windows: of a lone channel with a period; of one without, whose windows are
long already, and short ones see what is brief; of several channels, each by itself: base windows see them all at once,
and long ones what each does over time, but not over more rows than the longest period."""

NOVELTY = 5.0
"""What it counts that a member's error is like no other, beside 2 for its windows' errors: of each member of a lone
channel that looks at a base window or a longer one."""

NEIGHBOUR = 0.5
"""Likewise, that a window is like no other."""

NEIGHBOUR_SCALES = (1, 1 / 2)
"""Windows whose nearest neighbours are sought, in base windows: as they are, and in shape alone."""

POINT, APERIODIC_POINT = 0.5, 1.0
"""What a single value's own error counts, beside 2 for its windows': in a lone channel with a period it is asked of the
base member alone, for what is wrong there is mostly the pattern; without one, of all members but those with short
windows; of several channels, of every member."""

CELLS, FEWEST = 640, 32
"""Numbers (rows × channels) in a base window, at most, so more channels mean fewer rows; but not fewer than this."""

WINDOWS_TO_LEARN = 2
"""A member needs a stretch at least so many of its windows long."""

WINDOWS_TO_COMPARE = 4
"""Neighbours are sought in a series at least so many windows long."""


def bridgeable(length: int) -> int:
    """Longest gap, in rows, that a window of ``length`` may hold: an eighth of it."""
    return max(1, length // 8)


def choose_views(
    scaled: NDArray[np.float32],
    name: str,
    window: int | None,
    scales: Sequence[float] | None,
    early_scales: Sequence[float],
    reference: int,
    *,
    novelty: bool = True,
) -> list[View]:
    """The base view first, then those that the series is long enough for.

    One channel gives one view a scale. Several channels are looked at one by one at the scales that learn from all
    rows and, at the base scale, all at once.

    Args:
        scaled: ``(n, c)`` NaN in the gaps.
        name: of the series, for messages.
        scales: ``None``: ``SCALES``, ``APERIODIC_SCALES`` or ``CHANNEL_SCALES``.
        window: rows in the base window; ``None``: the period.
        reference: rows at the start that early views learn from.
        novelty: whether members of a lone channel are asked if their errors are like no other.

    Raises:
        ConfigurationError: a scale or the window is out of range.
        DataError: the series has no stretch without a gap that is long enough for the base window.
    """
    n, c = scaled.shape
    period = _period(scaled)
    if scales is None:
        scales = CHANNEL_SCALES if c > 1 else SCALES if period else APERIODIC_SCALES
    if not scales or any(not s > 0 for s in (*scales, *early_scales)):
        raise ConfigurationError("scales must be numbers above 0, and at least one")
    base = _base_window(n, c, period, name, window)
    grain = -(-base // MOST_CELLS) if c == 1 else 1
    base -= base % grain
    longest = _longest_stretch(scaled, base)
    if longest < base + 1:
        raise DataError(
            f"series '{name}' has no stretch of {base + 1} rows without a gap; "
            "choose a shorter window or a coarser step"
        )
    early = _longest_stretch(scaled[:reference], base)
    if c > 1:
        views = [View(base, point=POINT)]
        if early_scales and early >= WINDOWS_TO_LEARN * base:
            views.append(View(base, early=True, point=POINT))
        most = max(base, min(LONGEST_PERIOD, longest // WINDOWS_TO_LEARN))
        alone = dict.fromkeys(max(2, min(round(base * scale), most)) for scale in scales)
        return [*views, *(View(length, joint=False, point=POINT) for length in alone)]
    views = [View(length, grain=grain) for length in _lengths(base, grain, scales, longest)]
    lengths = _lengths(base, grain, early_scales, early)
    views += [View(length, early=True, grain=grain) for length in lengths if WINDOWS_TO_LEARN * length <= early]
    return [
        replace(view, point=_point(view, base, period, first=i == 0), novelty=_novelty(view, base, n) if novelty else 0)
        for i, view in enumerate(views)
    ]


def _novelty(view: View, base: int, rows: int) -> float:
    return NOVELTY if view.length >= base and WINDOWS_TO_COMPARE * view.length <= rows else 0.0


def _period(scaled: NDArray[np.float32]) -> int | None:
    """The period, if it was seen often enough: the distance of two events in a short series is none."""
    n, c = scaled.shape
    period = estimate_period(scaled, SHORTEST_PERIOD, min(LONGEST_PERIOD, n // PERIODS), prominence=PROMINENCE)
    if period is None and c == 1 and n // PERIODS > LONGEST_PERIOD:
        most = min(SLOWEST_PERIOD, n // PERIODS)
        period = estimate_period(scaled, LONGEST_PERIOD, most, prominence=PROMINENCE)
    return period


def _point(view: View, base: int, period: int | None, *, first: bool) -> float:
    if period:
        return POINT if first else 0.0
    return APERIODIC_POINT if view.length >= base else 0.0


def _base_window(n: int, c: int, period: int | None, name: str, window: int | None) -> int:
    if window is not None:
        if window < 2:
            raise ConfigurationError(f"window is {window}; expected at least 2 rows")
        if n < window + 1:
            raise DataError(f"series '{name}' has {n} rows; a window of {window} rows needs at least {window + 1}")
        return int(window)
    if n < 8:
        raise DataError(f"series '{name}' has {n} row{'s' * (n != 1)}; at least 8 are needed to learn what is normal")
    most = max(FEWEST, CELLS // c) if c > 1 else SLOWEST_PERIOD
    return max(2, min(period or NO_PERIOD, most, n // PERIODS))


def _lengths(base: int, grain: int, scales: Sequence[float], rows: int) -> list[int]:
    """Distinct window lengths in whole grains, the base first, that fit into ``rows`` often enough."""
    wanted = sorted(scales, key=lambda scale: (abs(scale - 1), scale))
    lengths = dict.fromkeys(grain * max(2, round(base * scale / grain)) for scale in wanted)
    return [length for length in lengths if length == base or WINDOWS_TO_LEARN * length <= rows]


def neighbour_lengths(base: int, rows: int, channels: int) -> list[int]:
    """Window lengths whose neighbours are sought in a series of so many rows: there must be room for some.

    Several channels have none: a channel's rare windows are too often another channel's ordinary day, and together
    they drowned what the members found (``docs/detection.md``).
    """
    if channels > 1:
        return []
    lengths = dict.fromkeys(max(2, round(base * scale)) for scale in NEIGHBOUR_SCALES)
    return [length for length in lengths if WINDOWS_TO_COMPARE * length <= rows]


def _longest_stretch(scaled: NDArray[np.float32], base: int) -> int:
    """Rows in the longest run that windows may lie in."""
    present = prepare(scaled.copy(), bridgeable(base)).present
    edges = np.flatnonzero(np.diff(np.concatenate([[False], present, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
