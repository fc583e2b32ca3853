"""Rows of one anomaly score alike, rows of two do not, and nothing is carried across what was not judged."""

import naive_neighbours
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsanomaly.detection.plateaus import KEPT, Plateaus

SCORES = st.lists(st.one_of(st.floats(0, 10), st.just(np.nan)), min_size=1, max_size=40)


@given(SCORES, st.floats(0, 5), st.integers(0, 4))
def test_plateaus_equal_a_walk_row_by_row(scores, usual, reach):
    scores = np.array(scores)
    expected = naive_neighbours.plateaus(scores, usual, reach, KEPT)
    np.testing.assert_allclose(Plateaus(usual, reach).of(scores), expected)


@given(SCORES, st.floats(0, 5), st.integers(0, 4))
def test_no_row_is_lowered_and_the_highest_stays(scores, usual, reach):
    scores = np.array(scores)
    out = Plateaus(usual, reach).of(scores)
    judged = np.isfinite(scores)
    np.testing.assert_array_equal(np.isfinite(out), judged)
    assert (out[judged] >= scores[judged] - 1e-12).all()
    if judged.any():
        assert out[judged].max() == pytest.approx(scores[judged].max())


def test_a_dented_top_becomes_flat_and_a_valley_parts_two_peaks():
    one = np.array([0.0, 10, 9.5, 9.3, 10, 0])
    np.testing.assert_array_equal(Plateaus(0.0, 0).of(one), [0, 10, 10, 10, 10, 0])
    two = np.array([0.0, 10, 5, 8, 0])
    np.testing.assert_array_equal(Plateaus(0.0, 0).of(two), two)


def test_a_spike_lends_its_height_to_its_neighbours():
    np.testing.assert_array_equal(Plateaus(0.0, 2).of(np.eye(9)[4]), [0, 0, 1, 1, 1, 1, 1, 0, 0])


def test_a_gap_is_no_bridge():
    torn = np.array([10.0, np.nan, 9.5])
    np.testing.assert_array_equal(Plateaus(0.0, 0).of(torn), torn)


def test_rows_that_stand_out_all_the_time_do_not_run_together():
    rng = np.random.default_rng(0)
    seldom = rng.random(10_000)
    seldom[[2_000, 7_000]] = 50
    assert Plateaus.fit(seldom, 100).reach == 5
    often = rng.random(10_000)
    often[::40] = 50
    assert Plateaus.fit(often, 100).reach == 1
    often[::20] = 50
    assert Plateaus.fit(often, 100).reach == 0


def test_where_nothing_was_judged_nothing_is_learned():
    nothing = np.full(5, np.nan)
    np.testing.assert_array_equal(Plateaus.fit(nothing, 10).of(nothing), nothing)
