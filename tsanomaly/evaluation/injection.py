"""Known anomalies put into a copy of a series, so that a detector can be tested without labels.

Each kind is a small function of one channel; :func:`inject` applies them to a copy. Sizes are in units of the channel's
own :func:`local_variation`, so that the same strength means the same for a pressure in pascal and one in bar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tsanomaly.errors import ConfigurationError
from tsanomaly.series import Series

Channel = NDArray[np.float64]

GAUSSIAN = 1.4826
"""Standard deviation of a Gaussian over its median absolute deviation."""

LEAST_VARIATION = 0.01
"""Of a channel's spread: what counts as its variation where it repeats (almost) exactly."""

DONORS = 32
"""Other times tried for a broken correlation; the one least like what it replaces is taken."""


class Kind(StrEnum):
    """What is put in, at strength ``s``, with ``u`` the channel's local variation and windows as the detector's."""

    SPIKE = "spike"  # one row moved by s·u
    LEVEL_SHIFT = "level shift"  # a window moved by s·u
    DRIFT = "drift"  # a window moved by a ramp that ends at s·u
    FLAT_LINE = "flat line"  # s/8 windows stuck at their first value
    NOISE_BURST = "noise burst"  # a window with Gaussian noise of standard deviation s·u added
    FREQUENCY_CHANGE = "frequency change"  # two windows whose time runs 1 + s/16 times as fast, then slower
    BROKEN_CORRELATION = "broken correlation"  # s/8 windows of one channel taken from another time


WINDOWS_LONG: dict[Kind, Callable[[float], float]] = {
    Kind.SPIKE: lambda strength: 0.0,
    Kind.LEVEL_SHIFT: lambda strength: 1.0,
    Kind.DRIFT: lambda strength: 1.0,
    Kind.FLAT_LINE: lambda strength: strength / 8,
    Kind.NOISE_BURST: lambda strength: 1.0,
    Kind.FREQUENCY_CHANGE: lambda strength: 2.0,
    Kind.BROKEN_CORRELATION: lambda strength: strength / 8,
}


def rows_long(kind: Kind, strength: float, window: int) -> int:
    """How many rows an anomaly takes; only a spike takes less than two.

    Raises:
        ConfigurationError: a strength that is not above 0.
    """
    if not 0 < strength < np.inf:
        raise ConfigurationError(f"the strength of a {kind} is {strength:g}; expected a number above 0")
    return 1 if kind is Kind.SPIKE else max(2, round(WINDOWS_LONG[kind](strength) * window))


@dataclass(frozen=True)
class Injection:
    """One anomaly in one channel.

    Attributes:
        kind, strength: what, and how strong.
        channel: its column.
        start, stop: half-open rows.
        sign: 1 or -1, the direction of spikes, shifts and drifts.
        seed: of what is drawn at random for it: noise, and the other time of a broken correlation.
    """

    kind: Kind
    strength: float
    channel: int
    start: int
    stop: int
    sign: int = 1
    seed: int = 0


def inject(series: Series, injections: Iterable[Injection], units: NDArray[np.float64]) -> Series:
    """A copy of the series with the anomalies in it. Nothing else changes, and what was not observed stays so.

    Args:
        injections: stretches of one channel must not overlap.
        units: ``(c,)`` local variation of each channel.

    Raises:
        ConfigurationError: an anomaly lies outside the series.
    """
    values = series.values.copy()
    for injection in injections:
        j, rows = injection.channel, slice(injection.start, injection.stop)
        if not (0 <= injection.start < injection.stop <= len(series) and 0 <= j < len(series.channels)):
            raise ConfigurationError(
                f"a {injection.kind} in rows {injection.start} to {injection.stop} of column {j} lies outside "
                f"series '{series.name}' with {len(series)} rows and {len(series.channels)} columns"
            )
        changed = MAKERS[injection.kind](_filled(series.values[:, j]), injection, float(units[j]))
        values[rows, j] = np.where(series.observed[rows, j], changed, np.nan)
    return replace(series, values=values)


def local_variation(values: NDArray[np.float64], period: int | None = None) -> NDArray[np.float64]:
    """How far each channel usually is from its own pattern: ``(c,)``, NaN for a channel that never changes.

    The pattern at a row is the median of the four rows one and two periods before and after it; the variation is the
    median absolute deviation from it, times 1.4826, as a Gaussian's standard deviation; at least a hundredth of what
    the middle nine tenths of the values span, or, where those are all alike, of what all span.

    Args:
        values: ``(n, c)``, NaN where not observed.
        period: in rows; ``None``: no period, the neighbouring rows make the pattern.
    """
    return np.array([_variation(channel, period or 1) for channel in values.T])


def _variation(channel: Channel, period: int) -> float:
    seen = channel[np.isfinite(channel)]
    if len(seen) == 0 or seen.min() == seen.max():
        return float("nan")
    low, high = np.quantile(seen, (0.05, 0.95))
    spread = float(high - low if high > low else np.ptp(seen))
    for lag in (period, 1):
        inner = len(channel) - 4 * lag
        if inner <= 0:
            continue
        shifted = [channel[k * lag : k * lag + inner] for k in (0, 1, 3, 4)]
        off = np.abs(channel[2 * lag : 2 * lag + inner] - np.median(shifted, axis=0))
        off = off[np.isfinite(off)]
        if len(off):
            return max(GAUSSIAN * float(np.median(off)), LEAST_VARIATION * spread)
    return spread


def _filled(channel: Channel) -> Channel:
    """Gaps bridged by straight lines, so that resampling has something to read."""
    at = np.flatnonzero(np.isfinite(channel))
    return channel if len(at) == len(channel) else np.interp(np.arange(len(channel)), at, channel[at])


# --- the kinds: channel (n,) without gaps, injection, unit -> the stretch as it becomes (stop - start,) ------------


def _shift(channel: Channel, injection: Injection, unit: float) -> Channel:
    return channel[injection.start : injection.stop] + injection.sign * injection.strength * unit


def _drift(channel: Channel, injection: Injection, unit: float) -> Channel:
    length = injection.stop - injection.start
    ramp = np.arange(1, length + 1) / length
    return channel[injection.start : injection.stop] + injection.sign * injection.strength * unit * ramp


def _flat(channel: Channel, injection: Injection, unit: float) -> Channel:
    return np.full(injection.stop - injection.start, channel[injection.start])


def _noise(channel: Channel, injection: Injection, unit: float) -> Channel:
    noise = np.random.default_rng(injection.seed).normal(size=injection.stop - injection.start)
    return channel[injection.start : injection.stop] + injection.strength * unit * noise


def _warp(channel: Channel, injection: Injection, unit: float) -> Channel:
    """Time runs ``f = 1 + s/16`` times as fast over the first ``1 / (1 + f)`` of the stretch and ``1/f`` as fast over
    the rest: both ends stay where they were, so that the frequency alone gives it away, not a jump."""
    speed = 1 + injection.strength / 16
    last = injection.stop - injection.start - 1
    clock = np.interp(np.arange(last + 1), [0, last / (1 + speed), last], [0, last * speed / (1 + speed), last])
    return np.interp(injection.start + clock, np.arange(len(channel)), channel)


def _elsewhere(channel: Channel, injection: Injection, unit: float) -> Channel:
    """The same channel at another time that does not overlap: of ``DONORS`` drawn, the one least correlated with what
    it replaces. The channel keeps its own look; only its company is wrong."""
    length = injection.stop - injection.start
    starts = np.arange(len(channel) - length + 1)
    starts = starts[np.abs(starts - injection.start) >= length]
    if len(starts) == 0:
        raise ConfigurationError(
            f"a {injection.kind} of {length} rows needs a series of at least {2 * length} rows, "
            "to take another time from"
        )
    drawn = np.random.default_rng(injection.seed).choice(starts, DONORS)
    stretches = channel[drawn[:, None] + np.arange(length)]  # (DONORS, length)
    own = channel[injection.start : injection.stop]
    return np.asarray(stretches[np.argmin(np.abs(_correlation(stretches, own)))])


def _correlation(stretches: NDArray[np.float64], own: Channel) -> NDArray[np.float64]:
    """``(k,)`` of each stretch ``(k, length)`` with ``own``; 1 where one of the two is constant: nothing is broken."""
    a, b = _centred(stretches), _centred(own)
    size = np.sqrt(np.square(a).sum(axis=1) * np.square(b).sum())
    return np.asarray(np.divide(a @ b, size, out=np.ones(len(a)), where=size > 0))


def _centred(stretches: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each stretch less its mean, in units of its largest reading, so that squares of huge readings fit."""
    unit = np.maximum(np.abs(stretches).max(axis=-1, keepdims=True), np.finfo(float).tiny)
    scaled = stretches / unit
    return np.asarray(scaled - scaled.mean(axis=-1, keepdims=True))


MAKERS: dict[Kind, Callable[[Channel, Injection, float], Channel]] = {
    Kind.SPIKE: _shift,
    Kind.LEVEL_SHIFT: _shift,
    Kind.DRIFT: _drift,
    Kind.FLAT_LINE: _flat,
    Kind.NOISE_BURST: _noise,
    Kind.FREQUENCY_CHANGE: _warp,
    Kind.BROKEN_CORRELATION: _elsewhere,
}
