"""Evidence is measured in what is usual, pooled over channels and averaged as logarithms: all of it by hand."""

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


def test_the_total_is_the_weighted_mean_of_logarithms() -> None:
    one, other, seen = parts(0), parts(1), everything_observed()
    evidence = Evidence.none(ROWS, CHANNELS)
    evidence.add(one, Usual.fit(one, seen), seen, point=0.5)
    evidence.add(other, Usual.fit(other, seen), seen, point=0.0)
    total, _, expected = evidence.mean()
    for row in (0, 17, 100):
        heavy = (
            by_hand(one.pattern, row) + by_hand(one.peak, row) + by_hand(other.pattern, row) + by_hand(other.peak, row)
        )
        assert total[row] == pytest.approx((heavy + 0.5 * by_hand(one.point, row)) / 4.5, rel=1e-5)
    np.testing.assert_allclose(expected, (one.expected + other.expected) / 2, rtol=1e-6)


def test_usual_rows_have_the_logarithm_of_two_at_the_usual_size() -> None:
    same = np.full((ROWS, 1), 7.0, np.float32)
    seen = np.ones((ROWS, 1), bool)
    evidence = Evidence.none(ROWS, 1)
    evidence.add(Parts(same, same, same, same), Usual.fit(Parts(same, same, same, same), seen), seen)
    np.testing.assert_allclose(evidence.mean()[0], np.log(2), rtol=1e-6)


def test_an_unread_channel_neither_helps_nor_hurts_and_an_unjudged_row_stays_unjudged() -> None:
    numbers, seen = parts(), everything_observed()
    seen[:, 1] = False
    for part in (numbers.pattern, numbers.peak, numbers.point, numbers.expected):
        part[5] = np.nan
    evidence = Evidence.none(ROWS, CHANNELS)
    evidence.add(numbers, Usual.fit(numbers, seen), seen)
    total, by_channel, _ = evidence.mean()
    assert np.isnan(total[5])
    assert np.isnan(by_channel[5]).all()
    assert (by_channel[:5, 1] == 0).all()
    two = Parts(*(part[:, [0, 2]] for part in (numbers.pattern, numbers.peak, numbers.point, numbers.expected)))
    alone = Evidence.none(ROWS, 2)
    alone.add(two, Usual.fit(two, np.ones((ROWS, 2), bool)), np.ones((ROWS, 2), bool))
    np.testing.assert_allclose(total, alone.mean()[0], rtol=1e-6)


def test_nothing_is_measured_in_units_of_nothing() -> None:
    zeros = np.zeros((ROWS, 1), np.float32)
    spike = zeros.copy()
    spike[50] = 5
    numbers, seen = Parts(zeros, spike, zeros, zeros), np.ones((ROWS, 1), bool)
    evidence = Evidence.none(ROWS, 1)
    evidence.add(numbers, Usual.fit(numbers, seen), seen)
    total = evidence.mean()[0]
    assert np.isfinite(total).all()
    assert total.argmax() == 50
