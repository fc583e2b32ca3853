import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly.detection.severity import Severity


def exponential(n=100_001, scale=1.0):
    """The quantiles of an exponential distribution: a sample without chance."""
    return -scale * np.log1p(-np.arange(n) / n)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 250.0])
def test_ten_points_are_ten_times_rarer(scale):
    severity = Severity.fit(exponential(scale=scale))
    rarity = np.array([1, 1e-1, 1e-2, 1e-3, 1e-6, 1e-10])
    assert severity.of(-scale * np.log(rarity)) == pytest.approx([0, 10, 20, 30, 60, 100], abs=0.02)


def test_below_the_90th_percentile_the_learned_scores_themselves_answer():
    severity = Severity.fit(np.arange(101.0))  # score s is exceeded by 100 - s in a hundred
    assert severity.of(np.array([0.0, 50.0, 80.0])) == pytest.approx([0, 10 * np.log10(2), 10 * np.log10(5)])


def test_it_runs_from_0_to_100_and_not_judged_stays_so():
    severity = Severity.fit(exponential())
    answer = severity.of(np.array([-5.0, 1e9, np.nan]))
    assert answer[:2].tolist() == [0, 100]
    assert np.isnan(answer[2])


def test_the_highest_hundredth_learned_from_does_not_change_it():
    scores = exponential(10_000)
    severity = Severity.fit(scores)
    spoiled = Severity.fit(np.where(scores > np.quantile(scores, 0.991), 1e6, scores))
    at = np.linspace(0, 20, 50)
    assert spoiled.of(at) == pytest.approx(severity.of(at))


def test_constant_scores_have_severity_0_and_only_what_exceeds_them_more():
    severity = Severity.fit(np.full(50, 3.0))
    assert severity.of(np.array([2.0, 3.0, 3.1])).tolist() == [0, 0, 100]


def test_equal_scores_are_as_common_as_all_of_them_together():
    severity = Severity.fit(np.r_[np.zeros(600), np.linspace(1, 2, 400)])
    assert severity.of(np.array([0.0])).tolist() == [0]
    assert severity.of(np.array([1.5])) == pytest.approx(10 * np.log10(5), abs=0.1)


def test_without_a_judged_score_nothing_has_a_severity_but_what_exceeds_0():
    severity = Severity.fit(np.full(3, np.nan))
    assert severity.of(np.array([0.0])).tolist() == [0]
    assert np.isnan(severity.of(np.array([np.nan]))).all()


SOME = st.lists(st.one_of(st.floats(-50, 50), st.just(np.nan)), min_size=1, max_size=40)


@settings(max_examples=150, deadline=None)
@given(SOME, st.lists(st.floats(-100, 100), min_size=2, max_size=20))
def test_a_higher_score_is_never_less_severe(learned, asked):
    answer = Severity.fit(np.array(learned)).of(np.sort(asked))
    assert ((answer >= 0) & (answer <= 100)).all()
    assert (np.diff(answer) >= -1e-9).all()
