"""Slow, plain twins of what tsanomaly.series computes fast."""

import math

import numpy as np
from numpy.typing import NDArray


def naive_grid(
    times: list[int], values: list[list[float]], step: int, phase: int
) -> tuple[list[int], NDArray[np.float64]]:
    """Each row to its nearest slot, each slot the mean of what was observed in it, NaN where nothing was."""
    slots: dict[int, list[list[float]]] = {}
    for time, row in zip(times, values, strict=True):
        slots.setdefault((time - phase + step // 2) // step, []).append(row)
    first, last = min(slots), max(slots)
    channels = len(values[0])
    laid = np.full((last - first + 1, channels), np.nan)
    for slot, rows in slots.items():
        for channel in range(channels):
            seen = [row[channel] for row in rows if not math.isnan(row[channel])]
            if seen:
                laid[slot - first, channel] = math.fsum(seen) / len(seen)
    return [phase + slot * step for slot in range(first, last + 1)], laid


def naive_autocorrelation(values: list[float], lag: int) -> float:
    """Of one channel: products of pairs that were both seen, their mean weighted by the pairs there could have been."""
    seen = [value for value in values if not math.isnan(value)]
    mean = math.fsum(seen) / len(seen)
    variance = math.fsum((value - mean) ** 2 for value in seen) / len(seen)
    pairs = [
        (values[i] - mean) * (values[i + lag] - mean)
        for i in range(len(values) - lag)
        if not math.isnan(values[i]) and not math.isnan(values[i + lag])
    ]
    covariance = math.fsum(pairs) / len(pairs) if pairs else 0.0
    return covariance / variance * (len(values) - lag) / len(values)
