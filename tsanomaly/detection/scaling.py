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
        """Fit on ``(n, c)`` with NaN where nothing was read. A constant channel gets scale 1.

        Raises:
            ConfigurationError: ``kind`` is not one of ``KINDS``.
        """
        if kind not in KINDS:
            raise ConfigurationError(f"scaling is '{kind}'; expected one of {', '.join(KINDS)}")
        # Two passes keep numbers like 1e300 or epoch-sized offsets exact: scikit-learn squares what it is given.
        offset = np.zeros(values.shape[1]) if kind == "none" else _finite(np.nanmedian(_some_rows(values), axis=0), 0.0)
        spread = np.nanmax(np.abs(values - offset), axis=0, initial=0.0, where=np.isfinite(values))
        unit = np.where((spread > 0) & np.isfinite(spread), spread, 1.0)
        if kind == "none":
            return cls(kind, offset, np.ones(values.shape[1]))
        centre, scale = _fit_scikit((values - offset) / unit, kind)
        return cls(kind, offset + centre * unit, np.where(spread > 0, scale, 1.0) * unit)

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Scale ``(n, c)`` and hold the result within ± ``CLIP``; NaN stays NaN."""
        out = np.empty(values.shape, np.float32)
        for j in range(values.shape[1]):  # a channel at a time: no second float64 copy of a long series
            out[:, j] = np.clip((values[:, j] - self.centre[j]) / self.scale[j], -CLIP, CLIP)
        return out

    def invert(self, scaled: NDArray[np.float32]) -> NDArray[np.float64]:
        """Back to the source's units."""
        return np.asarray(scaled * self.scale + self.centre)


def _some_rows(values: NDArray[np.float64], most: int = 200_000) -> NDArray[np.float64]:
    return values[:: max(1, len(values) // most)]


def _finite(numbers: NDArray[np.float64], otherwise: float) -> NDArray[np.float64]:
    return np.where(np.isfinite(numbers), numbers, otherwise)


def _fit_scikit(values: NDArray[np.float64], kind: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from sklearn import preprocessing

    if kind == "standard":
        standard = preprocessing.StandardScaler().fit(values)
        return _finite(standard.mean_, 0.0), _positive(standard.scale_)
    if kind == "robust":
        robust = preprocessing.RobustScaler(unit_variance=True).fit(values)
        # More than half the readings alike leaves a quartile range of 0; the standard deviation then tells the size.
        quartiles = np.nanpercentile(values, [25, 75], axis=0)
        flat = quartiles[0] == quartiles[1]
        return _finite(robust.center_, 0.0), _positive(np.where(flat, np.nanstd(values, axis=0), robust.scale_))
    minmax = preprocessing.MinMaxScaler().fit(values)
    return _finite(minmax.data_min_, 0.0), _positive(1.0 / minmax.scale_)


def _positive(scale: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(scale) & (scale > 0), scale, 1.0)
