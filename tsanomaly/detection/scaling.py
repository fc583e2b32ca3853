"""Channels brought to a common size by scikit-learn's scalers, fitted on what was learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tsanomaly.errors import ConfigurationError

KINDS = ("standard", "robust", "minmax", "none")

CLIP = 20.0
"""Scaled values are held within ± this: one absurd reading must not drown a window's other rows. Twenty standard
deviations is far outside what is normal, so what is clipped is still an anomaly."""

UNSCALED_CLIP = 1e12
"""The same for ``none``, where a value's size says nothing: its square and sums of squares still fit float32."""

HUGE = 1e60
"""Readings are held within ± this, and differences below ``1 / HUGE`` are none: no unit of measurement needs more, and
no arithmetic on what is left overflows."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """An affine map a channel, ``(x - centre) / scale``.

    Attributes:
        kind: which of ``KINDS`` it was fitted as.
        centre, scale: ``(c,)``.
    """

    kind: str
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def fit(cls, values: NDArray[np.float64], kind: str = "standard") -> Self:
        """Fit on ``(n, c)``, not finite where nothing was read.

        A constant channel gets scale 1; one without a single reading is left as it is.

        Raises:
            ConfigurationError: ``kind`` is not one of ``KINDS``.
        """
        if kind not in KINDS:
            raise ConfigurationError(f"scaling is '{kind}'; expected one of {', '.join(KINDS)}")
        maps = [_fit_channel(_held(channel[np.isfinite(channel)]), kind) for channel in values.T]
        centre, scale = np.array(maps, np.float64).reshape(-1, 2).T
        return cls(kind, centre, scale)

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Scale ``(n, c)`` and hold the result within ± ``CLIP`` (``UNSCALED_CLIP`` for ``none``).

        What is not finite was not read: it becomes NaN.
        """
        clip = UNSCALED_CLIP if self.kind == "none" else CLIP
        out = np.empty(values.shape, np.float32)
        for j in range(values.shape[1]):  # a channel at a time: no second float64 copy of a long series
            channel = np.where(np.isfinite(values[:, j]), _held(values[:, j]), np.nan)
            out[:, j] = np.clip((channel - self.centre[j]) / self.scale[j], -clip, clip)
        return out

    def invert(self, scaled: NDArray[np.float32]) -> NDArray[np.float64]:
        """Back to the source's units."""
        return np.asarray(scaled * self.scale + self.centre)


def _held(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(values, -HUGE, HUGE)


def _fit_channel(read: NDArray[np.float64], kind: str) -> tuple[float, float]:
    """Centre and scale of one channel's readings, ``(m,)``.

    scikit-learn takes a spread for none when it is small beside the mean, beside 1 or beside one outlier; so it is
    given distances from the median, in units of the median distance.
    """
    if kind == "none" or not len(read):
        return 0.0, 1.0
    median = float(np.partition(read, len(read) // 2)[len(read) // 2])
    apart = read - median
    distances = np.abs(apart)
    if distances.max() <= 1 / HUGE:
        return median, 1.0
    unit = float(np.median(distances[distances > 1 / HUGE]))
    centre, scale = _fit_scikit(apart / unit, kind)
    return median + centre * unit, scale * unit


def _fit_scikit(values: NDArray[np.float64], kind: str) -> tuple[float, float]:
    from sklearn import preprocessing

    column = values[:, None]
    if kind == "standard":
        standard = preprocessing.StandardScaler().fit(column)
        return float(standard.mean_[0]), float(standard.scale_[0])
    if kind == "robust":
        robust = preprocessing.RobustScaler(unit_variance=True).fit(column)
        # More than half the readings alike leaves a quartile range of 0; the standard deviation then tells the size.
        first, third = np.percentile(values, [25, 75])
        return float(robust.center_[0]), float(values.std() if first == third else robust.scale_[0])
    minmax = preprocessing.MinMaxScaler().fit(column)
    return float(minmax.data_min_[0]), float(minmax.data_range_[0])
