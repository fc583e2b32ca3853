"""The slow twin of :mod:`tsanomaly.report.thinning`: which gaps a line must break at, one row after another."""

from __future__ import annotations

import math


def gaps_seen(values: list[float], most: int) -> list[tuple[int, int]]:
    """Half-open stretches of NaN that are wide enough to be seen among ``most`` drawn rows."""
    narrowest = 1 if len(values) <= most else math.ceil(2 * len(values) / most)
    found, first = [], None
    for row, value in enumerate([*values, 0.0]):
        missing = math.isnan(value)
        if missing and first is None:
            first = row
        if not missing and first is not None:
            if row - first >= narrowest:
                found.append((first, row))
            first = None
    return found
