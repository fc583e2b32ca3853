"""Which times plotly writes under an axis of times, and how, so that they can be there before it is.

It has one rule for all axes of ``LONG`` pixels and more; a shorter one has fewer ticks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

LONG = 720
"""Pixels from which an axis has its ticks so far apart as is said here."""

PARTS = 10
"""Of an axis: as many as it has ticks, roughly."""

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
MONTH, YEAR = 2_629_800_000, 31_557_600_000

MONTHS = (1, 2, 3, 6, 12)
STEPS = ((DAY, (1, 2, 3, 7, 14)), (HOUR, MONTHS), (MINUTE, (1, 2, 5, 10, 15, 30)), (SECOND, (1, 2, 5, 10, 15, 30)))
"""Milliseconds, and how many of them two ticks may be apart."""

LINES = {
    DAY: ("{0:%b} {0.day}", "{:%Y}"),
    HOUR: ("{:%H:%M}", "{0:%b} {0.day}, {0:%Y}"),
    MINUTE: ("{:%H:%M}", "{0:%b} {0.day}, {0:%Y}"),
    SECOND: ("{:%H:%M:%S}", "{0:%b} {0.day}, {0:%Y}"),
}
"""What is written of a tick, and beneath it where that is not what the tick before it had there."""

MIDNIGHT, SUNDAY = 946_684_800_000, 946_771_200_000
"""The first of 2000, from which hours and less are counted, and the day after, from which days are."""

BEYOND = 1e-4
"""Share of an axis by which a tick may lie beyond its ends."""


def clock_ticks(first: float, last: float) -> list[tuple[float, str]]:
    """Ticks of an axis between two times in milliseconds, each with its text, of one line or two; none of an axis of
    seconds, on which plotly writes fractions of them."""
    room = BEYOND * (last - first)
    places, line, below = _ticks(first - room, last + room, (last - first) / PARTS)
    return list(zip(places.tolist(), _texts(places, line, below), strict=True))


def _ticks(first: float, last: float, rough: float) -> tuple[NDArray[np.float64], str, str]:
    """Where they are, and how their two lines are written."""
    if 2 * rough > MONTH:
        apart = _months(rough)
        return _at_months(first, last, apart), "{:%Y}" if apart % 12 == 0 else "{:%b %Y}", ""
    for unit, numbers in STEPS:
        if 2 * rough > unit:
            apart, begin = unit * _next(rough / unit, numbers), SUNDAY if unit == DAY else MIDNIGHT
            steps = np.arange(np.ceil((first - begin) / apart), np.floor((last - begin) / apart) + 1)
            return begin + apart * steps, *LINES[unit]
    return np.empty(0), "", ""


def _months(rough: float) -> int:
    """Months between two ticks."""
    if 2 * rough <= YEAR:
        return _next(rough / MONTH, MONTHS)
    tens = 10.0 ** math.floor(math.log10(rough / YEAR))
    return round(12 * tens * _next(rough / YEAR / tens, (2, 5, 10)))


def _next(rough: float, numbers: tuple[int, ...]) -> int:
    """The first that is larger, or the last."""
    return next((number for number in numbers if number > rough), numbers[-1])


def _at_months(first: float, last: float, apart: int) -> NDArray[np.float64]:
    """The first of each so many months, counted from 2000 on."""
    begin, end = np.array([first, last]).astype("M8[ms]").astype("M8[M]").astype(int) - 360
    months = np.arange(begin // apart * apart, end + 1, apart) + 360
    places = months.astype("M8[M]").astype("M8[ms]").astype(float)
    return np.asarray(places[(places >= first) & (places <= last)])


def _texts(places: NDArray[np.float64], line: str, below: str) -> Iterator[str]:
    """A second line stands only where it differs from the one before."""
    known = ""
    for place in places.astype("M8[ms]").tolist():
        more = below.format(place)
        yield line.format(place) + (f"\n{more}" if more != known else "")
        known = more
