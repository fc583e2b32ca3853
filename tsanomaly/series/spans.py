"""Spans of time in words."""

from __future__ import annotations

import numpy as np

_UNITS = (
    *(("day", 86_400 * 10**9), ("h", 3600 * 10**9), ("min", 60 * 10**9)),
    *(("s", 10**9), ("ms", 10**6), ("µs", 10**3)),
)


def lasting(span: np.timedelta64) -> str:
    """A span of time in its two largest units: ``3 h 20 min``, ``12 days``."""
    nanoseconds = int(span / np.timedelta64(1, "ns"))
    parts: list[str] = []
    for unit, size in _UNITS:
        number, rest = divmod(nanoseconds, size)
        if number:
            parts.append(f"{number:,} {unit}{'s' * (unit == 'day' and number != 1)}")
        elif parts:
            break
        nanoseconds = rest
        if len(parts) == 2 or not rest:
            break
    return " ".join(parts) or f"{nanoseconds} ns"
