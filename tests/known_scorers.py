"""Detectors that are known functions of what they score, so that what a self-test must find can be worked out."""

from types import SimpleNamespace

import numpy as np


class Known:
    """Scores by a function of ``(n, c)`` values; counts what it is asked to score."""

    def __init__(self, function, threshold=0.0, window=20, twin=None):
        self.function = function
        self.threshold_ = SimpleNamespace(value=threshold)
        self.window_ = window
        self.twin_ = twin
        self.cells = 0

    def scores(self, series):
        self.cells += series.values.size
        return SimpleNamespace(total=np.asarray(self.function(series.values), float))


def change_from(original, channels=slice(None)):
    """Scores by the largest change in a row: what knows the truth. NaN where nothing was read."""

    def score(values):
        changed = np.abs(values - original)[:, channels]
        return np.where(np.isfinite(changed).any(axis=1), np.nan_to_num(changed).max(axis=1), np.nan)

    return score
