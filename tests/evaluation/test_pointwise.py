import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from tsanomaly.errors import DataError
from tsanomaly.evaluation import POINT_ADJUSTED_WARNING, auc_pr, auc_roc, point_adjusted, point_scores

LABELS = np.array([0, 1, 0, 1, 0])
SCORES = np.array([1.0, 5.0, 4.0, 2.0, 2.0])


def test_areas_worked_by_hand():
    # From the top: 5 (right), 4 (wrong), 2 and 2 (one of each, tied), 1 (wrong).
    assert auc_pr(LABELS, SCORES) == pytest.approx(1 / 2 * 1 + 1 / 2 * 2 / 4)
    # Of 2 x 3 pairs of an anomalous and a normal point, 3 + 1 are ordered and 1 is tied.
    assert auc_roc(LABELS, SCORES) == pytest.approx((3 + 1 + 0.5) / 6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=50))
def test_areas_equal_scikit_learns(points):
    labels, scores = np.array([p[0] for p in points]), np.array([p[1] for p in points], dtype=float)
    if labels.any() and not labels.all():
        assert auc_roc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
        assert auc_pr(labels, scores) == pytest.approx(average_precision_score(labels, scores))
        assert auc_pr(labels, np.exp(scores) - 9) == auc_pr(labels, scores)
        assert auc_roc(labels, np.exp(scores) - 9) == auc_roc(labels, scores)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=30).filter(lambda labels: any(labels) and not all(labels)))
def test_scores_that_are_the_labels_give_one_and_constant_ones_the_base_rate(labels):
    assert auc_pr(labels, labels) == auc_roc(labels, labels) == pytest.approx(1)
    assert auc_pr(labels, np.zeros(len(labels))) == pytest.approx(np.mean(labels))
    assert auc_roc(labels, np.zeros(len(labels))) == pytest.approx(0.5)


def test_random_scores_give_a_half_and_the_base_rate(rng):
    labels = rng.random(20_000) < 0.1
    assert auc_roc(labels, rng.random(20_000)) == pytest.approx(0.5, abs=0.02)
    assert auc_pr(labels, rng.random(20_000)) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("area", [auc_pr, auc_roc])
def test_not_judging_an_anomaly_is_never_better_than_judging_it(area):
    unjudged = np.where(np.arange(5) == 3, np.nan, SCORES)
    assert area(LABELS, unjudged) == area(LABELS, np.where(np.arange(5) == 3, -9.0, SCORES))
    assert area(LABELS, unjudged) < area(LABELS, SCORES)


@pytest.mark.parametrize("area", [auc_pr, auc_roc])
def test_labels_all_alike_are_refused(area):
    with pytest.raises(DataError, match="no point is labelled anomalous"):
        area([0, 0], [1, 2])
    with pytest.raises(DataError, match="every point is labelled anomalous"):
        area([1, 1], [1, 2])


def test_point_scores_worked_by_hand():
    scores = point_scores([1, 1, 1, 0, 0, 0], [0, 1, 1, 1, 1, 1])
    assert (scores.precision, scores.recall) == pytest.approx((2 / 5, 2 / 3))
    assert scores.f1 == pytest.approx(2 * 2 / (2 * 2 + 3 + 1))


def test_point_adjustment_worked_by_hand():
    # Point 2 alone finds the segment 1 to 3; point 5 is false; the segment 7 to 8 stays missed.
    adjusted = point_adjusted([0, 1, 1, 1, 0, 0, 0, 1, 1], [0, 0, 1, 0, 0, 1, 0, 0, 0])
    assert (adjusted.precision, adjusted.recall) == pytest.approx((3 / 4, 3 / 5))


def test_point_adjustment_calls_random_flags_excellent_and_comes_with_its_warning(rng):
    labels = np.zeros(20_000, dtype=bool)
    labels[5_000:7_000] = True
    flags = rng.random(20_000) > 0.99
    assert point_scores(labels, flags).f1 < 0.05
    adjusted = point_adjusted(labels, flags)
    assert adjusted.f1 > 0.9
    assert adjusted.warning == POINT_ADJUSTED_WARNING
    assert "random scores come close to 1" in adjusted.warning
