import naive_windows
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly.detection.gaps import prepare

NAN = np.nan


def column(*values):
    return np.array(values, np.float32)[:, None]


def test_a_gap_holds_the_straight_line_between_its_two_sides():
    prepared = prepare(column(1, NAN, NAN, 4, 2), bridge=2)
    assert prepared.values[:, 0].tolist() == [1, 2, 3, 4, 2]
    assert prepared.observed[:, 0].tolist() == [True, False, False, True, True]
    assert prepared.present.tolist() == [True] * 5


def test_a_gap_longer_than_the_bridge_must_not_lie_in_a_window():
    prepared = prepare(column(1, NAN, NAN, NAN, 5, NAN, 7, 8, 9, 9), bridge=2)
    assert prepared.present.tolist() == [True, False, False, False, True, True, True, True, True, True]
    assert torch.isfinite(prepared.values).all()


def test_both_ends_without_a_reading_are_no_gap_that_could_be_bridged():
    prepared = prepare(column(NAN, 2, 3, NAN), bridge=5)
    assert prepared.present.tolist() == [False, True, True, False]
    assert prepared.values[:, 0].tolist() == [2, 2, 3, 3]


def test_infinities_are_gaps():
    prepared = prepare(column(1, np.inf, 3, -np.inf, 5), bridge=1)
    assert prepared.observed[:, 0].tolist() == [True, False, True, False, True]
    assert prepared.values[:, 0].tolist() == [1, 2, 3, 4, 5]


def test_a_channel_read_every_fifth_row_may_be_silent_for_twice_as_long():
    values = np.full((60, 1), NAN, np.float32)
    values[::5] = 1
    assert prepare(values.copy(), bridge=1).present[:56].all()
    values[20:30] = NAN  # rows 15 and 30 are read: 14 missing rows, more than twice 5
    present = prepare(values.copy(), bridge=1).present
    assert present[16:30].tolist() == [False] * 14
    values[25] = 1  # rows 15 and 25: 9 missing ones
    assert prepare(values, bridge=1).present[:56].all()


def test_a_series_without_a_single_reading_is_finite_and_absent():
    prepared = prepare(np.full((4, 1), NAN, np.float32), bridge=9)
    assert prepared.values.tolist() == [[0]] * 4
    assert not prepared.present.any()
    assert not prepared.observed.any()


def test_one_reading_alone_is_present():
    assert prepare(column(NAN, 5, NAN), bridge=9).present.tolist() == [False, True, False]


@pytest.mark.parametrize(("channels", "needed"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_a_row_is_present_where_half_of_the_channels_are(channels, needed):
    for live in range(channels + 1):
        scaled = np.zeros((9, channels), np.float32)
        scaled[2:7, live:] = NAN
        present = prepare(scaled, bridge=1).present
        assert present[2:7].tolist() == [live >= needed] * 5
        assert present[[0, 1, 7, 8]].all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=25), st.integers(1, 5))
def test_presence_equals_its_loop_twin(observed, bridge):
    at = np.flatnonzero(observed)
    usual = np.median(np.diff(at)) if len(at) > 1 else 1
    longest = bridge if usual <= 1 else max(bridge, int(2 * usual))
    values = np.where(observed, 1.0, NAN).astype(np.float32)[:, None]
    assert prepare(values, bridge).present.tolist() == naive_windows.within_reach(observed, longest)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(-20, 20, width=32)), min_size=1, max_size=20))
def test_readings_are_never_changed_and_bridges_never_leave_the_range_of_their_sides(readings):
    scaled = np.array([NAN if r is None else r for r in readings], np.float32)[:, None]
    prepared = prepare(scaled.copy(), bridge=3)
    values, observed = prepared.values.numpy(), prepared.observed.numpy()
    assert np.array_equal(values[observed], scaled[observed])
    if observed.any():
        assert values.min() >= scaled[observed].min()
        assert values.max() <= scaled[observed].max()
