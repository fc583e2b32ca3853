import json

import numpy as np
import pytest

from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.evaluation import POINT_ADJUSTED_WARNING, auc_pr, auc_roc, evaluate_flags, evaluate_scores, vus


@pytest.fixture
def labels():
    flags = np.zeros(400, dtype=int)
    flags[100:120] = flags[300:310] = 1
    return flags


@pytest.fixture
def scores(labels, rng):
    return labels + rng.normal(size=400)


def test_the_summary_holds_what_the_metrics_say(labels, scores):
    metrics = evaluate_scores(labels, scores, threshold=1.5, window=20)
    assert (metrics.vus_roc, metrics.vus_pr) == vus(labels, scores, 20)
    assert (metrics.auc_roc, metrics.auc_pr) == (auc_roc(labels, scores), auc_pr(labels, scores))
    assert (metrics.points, metrics.anomalous, metrics.events, metrics.window) == (400, 30, 2, 20)
    assert metrics.flags == evaluate_flags(labels, scores > 1.5)


def test_a_score_at_the_threshold_is_not_flagged(labels):
    metrics = evaluate_scores(labels, labels, threshold=1)
    assert metrics.flags.alarms == 0


def test_unjudged_points_are_counted_never_flagged_and_never_a_free_win(labels, scores):
    scores[labels == 1] = 9.0
    scores[105:110] = scores[200:210] = np.nan
    metrics = evaluate_scores(labels, scores, threshold=5)
    assert (metrics.unjudged, metrics.unjudged_anomalous) == (15, 5)
    assert metrics.flags.point.recall == pytest.approx(25 / 30)
    assert metrics.auc_pr < 1
    assert evaluate_scores(labels, scores, threshold=-np.inf).flags.point.recall == pytest.approx(25 / 30)


def test_alarms_and_events_are_counted_in_intervals(labels):
    predicted = np.zeros(400, dtype=bool)
    predicted[90:101] = predicted[110:112] = predicted[200:230] = True
    flags = evaluate_flags(labels, predicted)
    assert (flags.alarms, flags.false_alarms, flags.events_found) == (3, 1, 1)


def test_predictions_are_taken_as_they_are(labels, scores):
    assert evaluate_scores(labels, scores, predicted=labels).flags.point.f1 == 1


def test_without_a_threshold_there_are_no_metrics_of_flags_and_the_window_is_the_benchmarks_fallback(labels, scores):
    metrics = evaluate_scores(labels, scores)
    assert metrics.flags is None
    assert metrics.to_dict()["flags"] is None
    assert metrics.window == 125


def test_the_summary_is_plain_json_with_undefined_numbers_as_null(labels, scores):
    written = json.loads(json.dumps(evaluate_scores(labels, scores, threshold=99).to_dict(), allow_nan=False))
    assert written["flags"]["point"] == {"precision": None, "recall": 0.0, "f1": 0.0}
    assert written["flags"]["point_adjusted"]["warning"] == POINT_ADJUSTED_WARNING


def test_a_threshold_and_predictions_together_are_refused(labels, scores):
    with pytest.raises(ConfigurationError, match="both a threshold and predictions"):
        evaluate_scores(labels, scores, threshold=1, predicted=labels)


def test_a_series_without_labelled_points_is_refused():
    with pytest.raises(DataError, match="no point is labelled anomalous"):
        evaluate_scores(np.zeros(10), np.arange(10))
