"""Contenders are the detector with what their names say, and nothing else."""

import numpy as np

from tsanomaly import Detector
from tsanomaly.evaluation.benchmark import contender_named
from tsanomaly.series import from_array

REFERENCE = 333


def test_a_detector_without_trust_learns_early_from_the_same_rows_and_lowers_nothing_in_them():
    rng = np.random.default_rng(4)
    values = np.sin(np.arange(1_000) * 2 * np.pi / 25) + 0.05 * rng.normal(size=1_000)
    values[100] += 4.0
    series = from_array(values[:, None]).one()

    trusting = contender_named("default").judge(series, REFERENCE, 0).scores
    without = contender_named("no-trust").judge(series, REFERENCE, 0).scores
    fitted = Detector(reference=(REFERENCE + 0.5) / 1_000, twin=False).fit(series)

    assert np.array_equal(without, fitted.scores(series).total)
    assert np.array_equal(without[REFERENCE:], trusting[REFERENCE:])
    assert without[100] > trusting[100]
