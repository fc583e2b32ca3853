"""Scores that any detector must beat: random ones, and the variance and the jumps in a moving window."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tsanomaly.errors import ConfigurationError


def random_scores(values: ArrayLike, seed: int = 0) -> NDArray[np.float64]:
    """``(n,)`` scores uniform in [0, 1), the same for the same seed; NaN at rows where nothing was observed.

    Args:
        values: the series, ``(n,)`` or ``(n, c)``; only its gaps are looked at.
        seed: of NumPy's default generator.
    """
    table = _as_table(values)
    observed = np.isfinite(table).any(axis=1)
    return np.where(observed, np.random.default_rng(seed).random(len(table)), np.nan)


def moving_variance(values: ArrayLike, window: int) -> NDArray[np.float64]:
    """``(n,)`` variance of the window centred on each row, each channel's divided by its own overall variance.

    Missing values are left out, windows are cut at the ends, and channels are averaged. NaN at rows where nothing was
    observed.

    Args:
        values: the series, ``(n,)`` or ``(n, c)``.
        window: in rows; the period, or half of it, as :func:`tsanomaly.evaluation.sliding_window` estimates it.

    Raises:
        ConfigurationError: a window of fewer than 2 rows.
    """
    if window < 2:
        raise ConfigurationError(f"the window of the moving variance is {window}; give at least 2 rows")
    import pandas as pd

    table = _as_table(values)
    observed = np.isfinite(table)
    frame = pd.DataFrame(np.where(observed, table, np.nan))
    moving = frame.rolling(window, center=True, min_periods=1).var(ddof=0)
    varying = frame.max() > frame.min()
    share = moving.loc[:, varying] / frame.loc[:, varying].var(ddof=0)
    scores = share.mean(axis=1).fillna(0.0).to_numpy()
    return np.where(observed.any(axis=1), scores, np.nan)


def squared_differences(values: ArrayLike, window: int) -> NDArray[np.float64]:
    """``(n,)`` mean of the squared steps from row to row in the window centred on each row, each channel's divided by
    their overall mean.

    Missing steps are left out, windows are cut at the ends, and channels are averaged. NaN at rows where nothing was
    observed.

    Args:
        values: the series, ``(n,)`` or ``(n, c)``.
        window: in rows, as for :func:`moving_variance`.

    Raises:
        ConfigurationError: a window of fewer than 2 rows.
    """
    if window < 2:
        raise ConfigurationError(f"the window of the squared differences is {window}; give at least 2 rows")
    import pandas as pd

    table = _as_table(values)
    observed = np.isfinite(table)
    steps = pd.DataFrame(np.where(observed, table, np.nan)).diff() ** 2
    moving = steps.rolling(window, center=True, min_periods=1).mean()
    varying = steps.max() > 0
    share = moving.loc[:, varying] / steps.loc[:, varying].mean()
    scores = share.mean(axis=1).fillna(0.0).to_numpy()
    return np.where(observed.any(axis=1), scores, np.nan)


def _as_table(values: ArrayLike) -> NDArray[np.float64]:
    given = np.asarray(values, dtype=np.float64)
    return given if given.ndim > 1 else given[:, None]
