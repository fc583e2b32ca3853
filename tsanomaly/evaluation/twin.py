"""The one line that ``detect``, a report and a dashboard say of a detector and its linear twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tsanomaly.errors import DataError
from tsanomaly.evaluation.injection import Kind
from tsanomaly.evaluation.self_test import GAP, LEAST_PLACES, REPEATS, self_test
from tsanomaly.evaluation.verdict import Standing, TwinVerdict
from tsanomaly.series import Series

if TYPE_CHECKING:
    from tsanomaly.detection.detector import Detector
    from tsanomaly.detection.training import OnProgress

STRENGTH = 8.0
"""The middle one: where two detectors differ most, both missing weaker ones and both finding stronger ones."""

CELLS = 80_000
"""Rows times channels of the part that is looked at. Twice as many are scored again with anomalies in them, so that
the test costs the same on a series of any length."""


def twin_verdict(
    detector: Detector, series: Series, *, seed: int = 0, on_progress: OnProgress | None = None
) -> TwinVerdict:
    """Whether the autoencoder beats its linear twin on a series, by a small self-test of bounded cost.

    One strength, on the latest part of the series that was read best, at as many places as the cost allows. It never
    fails on data: what cannot be told is a verdict too.

    Args:
        detector: fitted.
        series: one it can score, usually the one it learned from.
        seed: as of :func:`self_test`, which compares with more power and more time.
        on_progress: as of :func:`self_test`.

    Raises:
        CancelledError: ``on_progress`` answered ``False``.
    """
    if detector.twin_ is None:
        return TwinVerdict(Standing.UNKNOWN, reason="this detector carries none")
    channels = len(series.channels)
    kinds = len(Kind) - (channels == 1)
    spacing = (2 + GAP) * detector.window_
    places = 2 * CELLS // (channels * spacing)
    repeats = int(np.clip(places // kinds, -(-LEAST_PLACES // (kinds - 1)), REPEATS))
    part = _best_read(series, max(2 * spacing, CELLS // channels))
    try:
        return self_test(
            detector, part, seed=seed, strengths=(STRENGTH,), repeats=repeats, on_progress=on_progress
        ).twin_verdict
    except DataError as error:
        return TwinVerdict(Standing.UNKNOWN, reason=str(error))


def _best_read(series: Series, rows: int) -> Series:
    """The ``rows`` rows with the most readings, the latest of several such."""
    if len(series) <= rows:
        return series
    read = np.concatenate([[0], np.cumsum(series.observed.sum(axis=1))])
    within = read[rows:] - read[:-rows]
    first = len(within) - 1 - int(within[::-1].argmax())
    return series.between(first, first + rows)
