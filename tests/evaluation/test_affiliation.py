import naive_ranges
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly.evaluation import affiliation_scores


def flags_with(n, *segments):
    flags = np.zeros(n, dtype=bool)
    for start, stop in segments:
        flags[start:stop] = True
    return flags


def test_one_event_worked_by_hand():
    # Event [4, 6] in the zone [0, 10]; flagged [8, 9], 2 to 3 after it. Farther than d: 4 - d on either side.
    # Precision: the mean of (8 - 2d) / 10 over d from 2 to 3.
    # Recall: at y in [4, 6], d = 8 - y; farther are 2 beyond the flag and 2y - 8 before y: (2y - 6) / 10, mean 4 / 10.
    scores = affiliation_scores(flags_with(10, (4, 6)), flags_with(10, (8, 9)))
    assert (scores.precision, scores.recall) == pytest.approx((0.3, 0.4))


def test_a_flag_across_two_zones_worked_by_hand():
    # Events [2, 4] and [12, 14] meet at 8, where the flag [7, 9] is cut.
    # Zone [0, 8]: d from 3 to 4, farther 4 - d, mean 0.5 of 8. Zone [8, 20]: d from 3 to 4, (4 - d) + (6 - d), 3 of 12.
    scores = affiliation_scores(flags_with(20, (2, 4), (12, 14)), flags_with(20, (7, 9)))
    assert scores.precision == pytest.approx((0.5 / 8 + 3 / 12) / 2)


def test_precision_leaves_out_zones_without_flags_and_recall_does_not():
    labels = flags_with(20, (2, 4), (12, 14))
    scores = affiliation_scores(labels, flags_with(20, (2, 4)))
    assert (scores.precision, scores.recall) == (1, 0.5)


@pytest.mark.parametrize("flag", [9, 10])
def test_a_flag_that_ends_where_zones_meet_belongs_to_one_of_them(flag):
    # Events [6, 8] and [12, 14] meet at 10. By symmetry either flag gives its own zone of 10 the same recall:
    # for y in [12, 14] and the flag [10, 11], farther are 1 before the flag and 31 - 2y after y, mean 6 of 10.
    scores = affiliation_scores(flags_with(20, (6, 8), (12, 14)), flags_with(20, (flag, flag + 1)))
    assert scores.recall == pytest.approx((0.6 + 0) / 2)


@st.composite
def runs_of_flags(draw, points):
    lengths = draw(st.lists(st.integers(1, 6), min_size=1, max_size=points))
    return np.repeat(np.arange(len(lengths)) % 2 == draw(st.integers(0, 1)), lengths)[:points].tolist()


@settings(max_examples=80, deadline=None)
@given(runs_of_flags(18), runs_of_flags(18))
def test_the_closed_form_equals_the_integrals(labels, predicted):
    points = max(len(labels), len(predicted))
    labels, predicted = ([*flags, *[False] * (points - len(flags))] for flags in (labels, predicted))
    if any(labels):
        scores = affiliation_scores(labels, predicted)
        expected = naive_ranges.affiliation_scores(labels, predicted)
        assert (scores.precision, scores.recall) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=60).filter(any))
def test_a_perfect_prediction_scores_one(labels):
    scores = affiliation_scores(labels, labels)
    assert (scores.precision, scores.recall) == pytest.approx((1, 1))


def test_the_nearer_flag_scores_higher():
    labels = flags_with(100, (50, 55))
    f1 = [affiliation_scores(labels, flags_with(100, (at, at + 3))).f1 for at in (90, 75, 60, 52)]
    assert f1 == sorted(f1)
    assert len(set(f1)) == 4


def test_random_flags_are_worth_a_half_in_precision(rng):
    labels = flags_with(20_000, *((at, at + 5) for at in range(500, 20_000, 1000)))
    assert affiliation_scores(labels, rng.random(20_000) < 0.2).precision == pytest.approx(0.5, abs=0.02)


def test_what_is_undefined_is_nan():
    nothing_flagged = affiliation_scores([0, 1, 0], [0, 0, 0])
    assert np.isnan(nothing_flagged.precision)
    assert (nothing_flagged.recall, nothing_flagged.f1) == (0, 0)
    nothing_labelled = affiliation_scores([0, 0, 0], [0, 1, 0])
    assert np.isnan(nothing_labelled.recall)
    assert (nothing_labelled.precision, nothing_labelled.f1) == (0, 0)
    assert np.isnan(affiliation_scores([0, 0], [0, 0]).f1)
