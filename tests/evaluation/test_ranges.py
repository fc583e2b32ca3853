import naive_ranges
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.evaluation import event_scores, intervals, range_scores


def flags_with(n, *segments):
    flags = np.zeros(n, dtype=bool)
    for start, stop in segments:
        flags[start:stop] = True
    return flags


LABELS = flags_with(20, (0, 10))
PREDICTED = flags_with(20, (0, 2), (5, 8))


def test_intervals_are_half_open_and_reach_both_edges():
    assert intervals([1, 1, 0, 0, 1, 0, 1]).tolist() == [[0, 2], [4, 5], [6, 7]]
    assert intervals([0, 0]).shape == (0, 2)
    assert intervals([1, 1]).tolist() == [[0, 2]]


@pytest.mark.parametrize(
    ("bias", "share"),
    [("flat", 5 / 10), ("front", (10 + 9 + 5 + 4 + 3) / 55), ("back", (1 + 2 + 6 + 7 + 8) / 55), ("middle", 15 / 30)],
)
def test_range_recall_worked_by_hand(bias, share):
    # One labelled range of 10 met by two predicted ones: the share is halved for that, unless cardinality is one.
    given_bias = {"existence": 0, "recall_bias": bias}
    assert range_scores(LABELS, PREDICTED, **given_bias).recall == pytest.approx(share / 2)
    assert range_scores(LABELS, PREDICTED, **given_bias, cardinality="one").recall == pytest.approx(share)


def test_existence_is_earned_by_being_met_at_all():
    assert range_scores(LABELS, PREDICTED).recall == pytest.approx(0.2 + 0.8 * 0.25)
    assert range_scores(LABELS, PREDICTED, existence=1).recall == 1
    assert range_scores(LABELS, flags_with(20, (10, 12)), existence=1).recall == 0


def test_range_precision_worked_by_hand():
    # Of three predicted ranges one is right, one half right, one wrong; of the half right the front half is labelled.
    predicted = flags_with(20, (0, 2), (8, 12), (15, 16))
    assert range_scores(LABELS, predicted).precision == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert range_scores(LABELS, predicted, precision_bias="front").precision == pytest.approx((1 + 7 / 10 + 0) / 3)


@settings(max_examples=150, deadline=None)
@given(
    points=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30),
    existence=st.sampled_from([0, 0.2, 1]),
    recall_bias=st.sampled_from(["flat", "front", "middle", "back"]),
    precision_bias=st.sampled_from(["flat", "front", "middle", "back"]),
    cardinality=st.sampled_from(["reciprocal", "one"]),
)
def test_range_scores_equal_the_definition(points, existence, recall_bias, precision_bias, cardinality):
    labels, predicted = ([int(point[k]) for point in points] for k in (0, 1))
    scores = range_scores(
        labels,
        predicted,
        existence=existence,
        recall_bias=recall_bias,
        precision_bias=precision_bias,
        cardinality=cardinality,
    )
    expected = naive_ranges.range_scores(labels, predicted, existence, recall_bias, precision_bias, cardinality)
    assert (scores.precision, scores.recall) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=40).filter(any))
def test_a_perfect_prediction_scores_one(labels):
    for metric in (range_scores, event_scores):
        scores = metric(labels, labels)
        assert (scores.precision, scores.recall, scores.f1) == (1, 1, 1)


def test_event_scores_worked_by_hand():
    labels = flags_with(30, (2, 6), (10, 12), (20, 29))
    predicted = flags_with(30, (5, 8), (25, 26))
    scores = event_scores(labels, predicted)
    assert scores.recall == pytest.approx(2 / 3)  # the second event is missed
    assert scores.precision == pytest.approx(2 / 4)  # points 5 and 25 of 5, 6, 7 and 25
    assert scores.f1 == pytest.approx(2 * (1 / 2) * (2 / 3) / (1 / 2 + 2 / 3))


def test_flagging_everything_finds_all_events_at_the_precision_of_the_base_rate():
    scores = event_scores(LABELS, np.ones(20))
    assert (scores.precision, scores.recall) == (0.5, 1)


@pytest.mark.parametrize("metric", [range_scores, event_scores])
def test_what_is_undefined_is_nan_and_its_f1_is_the_worst(metric):
    nothing_flagged = metric(LABELS, np.zeros(20))
    assert np.isnan(nothing_flagged.precision)
    assert (nothing_flagged.recall, nothing_flagged.f1) == (0, 0)
    nothing_labelled = metric(np.zeros(20), PREDICTED)
    assert np.isnan(nothing_labelled.recall)
    assert (nothing_labelled.precision, nothing_labelled.f1) == (0, 0)
    assert np.isnan(metric(np.zeros(20), np.zeros(20)).f1)


def test_settings_without_a_meaning_are_refused():
    with pytest.raises(ConfigurationError, match=r"existence is 1\.5"):
        range_scores(LABELS, PREDICTED, existence=1.5)
    with pytest.raises(ConfigurationError, match="bias 'side' is unknown"):
        range_scores(LABELS, PREDICTED, recall_bias="side")
    with pytest.raises(ConfigurationError, match="cardinality 'two' is unknown"):
        range_scores(LABELS, PREDICTED, cardinality="two")


def test_predictions_of_another_length_are_refused():
    with pytest.raises(DataError, match="there are 3 predictions for 20 labels"):
        range_scores(LABELS, [0, 1, 0])


def test_predictions_other_than_0_and_1_are_refused():
    with pytest.raises(DataError, match="predictions hold values other than 0 and 1"):
        event_scores(LABELS, np.full(20, 0.5))
