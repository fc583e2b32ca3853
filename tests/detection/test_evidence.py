"""Evidence is measured in what is usual, pooled over channels, and its logarithms' squares are averaged: by hand."""

import numpy as np
import pytest

from tsanomaly.detection.evidence import Evidence, Usual
from tsanomaly.detection.scoring import Parts

ROWS, CHANNELS = 101, 3


def parts(seed: int = 0) -> Parts:
    rng = np.random.default_rng(seed)
    return Parts(*(rng.gamma(2, size=(ROWS, CHANNELS)).astype(np.float32) for _ in range(4)))


def everything_observed() -> np.ndarray:
    return np.ones((ROWS, CHANNELS), bool)


def by_hand(numbers: np.ndarray, row: int) -> float:
    usual = np.quantile(numbers, 0.9, axis=0)
    pooled = [(sum(np.sqrt(r[j] / usual[j]) for j in range(CHANNELS)) / CHANNELS) ** 2 for r in numbers]
    return float(np.log1p(pooled[row] / np.quantile(pooled, 0.9)))


def hear(evidence: Evidence, numbers: Parts, seen: np.ndarray, point: float = 1.0) -> None:
    evidence.add(numbers.kinds, Usual.fit(numbers.kinds, seen), seen, (1.0, 1.0, point))
    evidence.expect(numbers.expected)


def test_the_total_is_the_root_of_the_weighted_mean_of_squared_logarithms() -> None:
    one, other, seen = parts(0), parts(1), everything_observed()
    evidence = Evidence.none(ROWS, CHANNELS)
    hear(evidence, one, seen, point=0.5)
    hear(evidence, other, seen, point=0.0)
    total, _, expected = evidence.mean()
    for row in (0, 17, 100):
        whole = sum(by_hand(said, row) ** 2 for said in (one.pattern, one.peak, other.pattern, other.peak))
        assert total[row] == pytest.approx(np.sqrt((whole + 0.5 * by_hand(one.point, row) ** 2) / 4.5), rel=1e-5)
    np.testing.assert_allclose(expected, (one.expected + other.expected) / 2, rtol=1e-6)


def test_a_voice_that_expects_nothing_adds_its_evidence_alone() -> None:
    one, rare, seen = parts(0), parts(1).pattern, everything_observed()
    evidence = Evidence.none(ROWS, CHANNELS)
    hear(evidence, one, seen, point=0.0)
    evidence.add([rare], Usual.fit([rare], seen), seen, (1.0,))
    total, _, expected = evidence.mean()
    whole = sum(by_hand(said, 17) ** 2 for said in (one.pattern, one.peak, rare))
    assert total[17] == pytest.approx(np.sqrt(whole / 3), rel=1e-5)
    np.testing.assert_array_equal(expected, one.expected)


def test_usual_rows_have_the_logarithm_of_two_at_the_usual_size() -> None:
    same = np.full((ROWS, 1), 7.0, np.float32)
    evidence = Evidence.none(ROWS, 1)
    hear(evidence, Parts(same, same, same, same), np.ones((ROWS, 1), bool))
    np.testing.assert_allclose(evidence.mean()[0], np.log(2), rtol=1e-6)


def test_an_unread_channel_neither_helps_nor_hurts_and_an_unjudged_row_stays_unjudged() -> None:
    numbers, seen = parts(), everything_observed()
    seen[:, 1] = False
    for part in (*numbers.kinds, numbers.expected):
        part[5] = np.nan
    evidence = Evidence.none(ROWS, CHANNELS)
    hear(evidence, numbers, seen)
    total, by_channel, _ = evidence.mean()
    assert np.isnan(total[5])
    assert np.isnan(by_channel[5]).all()
    assert (by_channel[:5, 1] == 0).all()
    two = Parts(*(part[:, [0, 2]] for part in (*numbers.kinds, numbers.expected)))
    alone = Evidence.none(ROWS, 2)
    hear(alone, two, np.ones((ROWS, 2), bool))
    np.testing.assert_allclose(total, alone.mean()[0], rtol=1e-6)


def test_nothing_is_measured_in_units_of_nothing() -> None:
    zeros = np.zeros((ROWS, 1), np.float32)
    spike = zeros.copy()
    spike[50] = 5
    evidence = Evidence.none(ROWS, 1)
    hear(evidence, Parts(zeros, spike, zeros, zeros), np.ones((ROWS, 1), bool))
    total = evidence.mean()[0]
    assert np.isfinite(total).all()
    assert total.argmax() == 50
