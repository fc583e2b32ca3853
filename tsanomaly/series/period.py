"""The dominant period of a series, from its autocorrelation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

POINTS = 20_000
"""Points looked at, as in TSB-AD: a longer series says nothing new about a period of a few hundred."""


def estimate_period(
    values: ArrayLike,
    low: int = 3,
    high: int = 300,
    default: int | None = None,
    *,
    search: tuple[int, int] | None = None,
    prominence: float = 0.0,
) -> int | None:
    """The lag of the highest local maximum of the autocorrelation between ``low`` and ``high``.

    The rule of TSB-AD's ``find_length_rank`` (Liu & Paparrizos, NeurIPS 2024, public code): first ``POINTS`` points,
    autocorrelation, local maxima, the highest one inside the range, otherwise a fixed length.
    Departures: missing values are masked (each lag is divided by the number of pairs seen, with the biased estimate's
    weight kept for the pairs that could have been seen, so without gaps it is the usual autocorrelation);
    several channels are judged by the mean of their autocorrelations, constant channels left out.
    To the letter TSB-AD's own rule is ``low=6, high=303, default=125, search=(4, 399)``: its bounds count from lag 3,
    and a highest maximum beyond them means the fixed length.

    Args:
        values: ``(n,)`` or ``(n, c)``; NaN where nothing was observed.
        low: smallest lag allowed.
        high: largest lag allowed.
        default: the answer where there is no such maximum.
        search: the lags whose highest local maximum is sought; one that lies outside ``low`` to ``high`` gives
            ``default``. ``None``: ``low`` to ``high`` themselves.
        prominence: a maximum counts only if it is at least so high, and so much higher than the lowest value before
            it; wiggles on the slow decay of a series that merely drifts are then no period.

    Returns:
        A lag in rows, or ``default``.
    """
    first, last = search or (low, high)
    table = np.asarray(values, dtype=np.float64)[:POINTS]
    if table.size == 0:
        return default
    correlation = autocorrelation(table.reshape(len(table), -1), last + 1)
    if correlation is None:
        return default
    inner = correlation[1:-1]
    peaks = 1 + np.flatnonzero((inner > correlation[:-2]) & (inner > correlation[2:]))
    peaks = peaks[(peaks >= first) & (peaks <= last)]
    if prominence:
        rise = correlation[peaks] - np.minimum.accumulate(correlation)[peaks]
        peaks = peaks[np.minimum(rise, correlation[peaks]) >= prominence]
    if not len(peaks):
        return default
    highest = int(peaks[np.argmax(correlation[peaks])])
    return highest if low <= highest <= high else default


def autocorrelation(values: NDArray[np.float64], lags: int) -> NDArray[Any] | None:
    """Mean autocorrelation of the channels at lags 0 to ``lags``; ``None`` where every channel is constant or unseen.

    Args:
        values: ``(n, c)``, NaN where unseen.
        lags: the largest lag; cut to ``n - 1``.

    Returns:
        ``(lags + 1,)``.
    """
    n = len(values)
    if n < 2:
        return None
    lags = min(lags, n - 1)
    size = 1 << (2 * n - 1).bit_length()
    possible = n - np.arange(lags + 1)
    total, channels = np.zeros(lags + 1), 0
    for channel in values.T:
        seen = np.isfinite(channel)
        if not seen.any():
            continue
        centred = np.where(seen, channel - channel[seen].mean(), 0.0)
        largest = np.abs(centred).max()
        if largest == 0:
            continue
        products = _correlate(centred / largest, size, lags)
        pairs = np.maximum(np.rint(_correlate(seen.astype(np.float64), size, lags)), 1)
        covariance = products / pairs * possible
        total += covariance / covariance[0]
        channels += 1
    return total / channels if channels else None


def _correlate(signal: NDArray[np.float64], size: int, lags: int) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(signal, size)
    return np.fft.irfft(spectrum * spectrum.conj(), size)[: lags + 1]
