"""Seeded series whose anomalies are known, because they were put there.

Parts of an ordinary signal come as functions of time; a :class:`Recording` holds the channels, takes anomalies at
named moments, and keeps the labels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

DAY, HOUR = np.timedelta64(1, "D"), np.timedelta64(1, "h")


def clock(start: str, rows: int, minutes: int) -> NDArray[np.datetime64]:
    """``(rows,)`` stamps to the second, ``minutes`` apart."""
    return np.datetime64(start, "s") + np.arange(rows) * np.timedelta64(minutes * 60, "s")


def hour_of_day(times: NDArray[Any]) -> Signal:
    """``(n,)`` 0 to 24."""
    return np.asarray((times - times.astype("datetime64[D]")) / HOUR, np.float64)


def day_of_week(times: NDArray[Any]) -> NDArray[np.int64]:
    """``(n,)`` 0 on Monday to 6 on Sunday."""
    return (times.astype("datetime64[D]").astype(np.int64) + 3) % 7


def bump(times: NDArray[Any], peak: float, width: float) -> Signal:
    """``(n,)`` a daily hill of height 1 at hour ``peak``, ``width`` hours to either side (a wrapped Gaussian)."""
    away = (hour_of_day(times) - peak + 12) % 24 - 12
    return np.asarray(np.exp(-0.5 * (away / width) ** 2), np.float64)


def autoregressive(random: np.random.Generator, rows: int, memory: float, size: float) -> Signal:
    """``(rows,)`` noise of standard deviation ``size`` that keeps a share ``memory`` of its last value."""
    noise = random.normal(0, size * np.sqrt(1 - memory**2), rows)
    noise[0] = random.normal(0, size)
    return follow(noise, memory)


def follow(driver: Signal, memory: float) -> Signal:
    """``(n,)`` what follows ``driver`` with inertia: ``y[i] = memory * y[i - 1] + driver[i]``."""
    followed = np.empty_like(driver)
    last = 0.0
    for i, value in enumerate(driver):
        last = memory * last + value
        followed[i] = last
    return followed


class Recording:
    """Channels over one clock, with anomalies put in by hand.

    Attributes:
        times: ``(n,)`` stamps.
        channels: a signal ``(n,)`` by name.
        labels: ``(n,)`` true where an anomaly was put.
    """

    def __init__(self, times: NDArray[Any], channels: dict[str, Signal]) -> None:
        self.times = times
        self.channels = channels
        self.labels = np.zeros(len(times), np.bool_)

    def rows(self, start: str, end: str) -> slice:
        """Rows from ``start`` up to ``end``."""
        first, last = np.searchsorted(self.times, [np.datetime64(start), np.datetime64(end)])
        return slice(int(first), int(last))

    def change(self, start: str, end: str, **changes: Callable[[Signal], Signal]) -> None:
        """An anomaly: each channel named is replaced between two moments by a function of what it was."""
        rows = self.rows(start, end)
        for name, changed in changes.items():
            self.channels[name][rows] = changed(self.channels[name][rows])
        self.labels[rows] = True


def scaled(factor: float) -> Callable[[Signal], Signal]:
    """Multiplied."""
    return lambda signal: signal * factor


def shifted(amount: float) -> Callable[[Signal], Signal]:
    """Moved by a constant: a level shift, or a spike where it lasts a row."""
    return lambda signal: signal + amount


def drifted(amount: float) -> Callable[[Signal], Signal]:
    """Moved by more and more, up to ``amount``."""
    return lambda signal: signal + np.linspace(0, amount, len(signal))


def frozen() -> Callable[[Signal], Signal]:
    """Stuck at its first value."""
    return lambda signal: np.full_like(signal, signal[0])


def swinging(amount: float, rows: float) -> Callable[[Signal], Signal]:
    """With a swing on top, ``rows`` a turn."""
    return lambda signal: signal + amount * np.sin(2 * np.pi * np.arange(len(signal)) / rows)


def shaken(random: np.random.Generator, amount: float) -> Callable[[Signal], Signal]:
    """With noise on top."""
    return lambda signal: signal + random.normal(0, amount, len(signal))
