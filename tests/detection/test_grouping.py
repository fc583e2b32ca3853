import naive_grouping
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly.detection.grouping import count_events, group, narrow, shortest_with, stretches

GAPS = st.integers(0, 6)
LENGTHS = st.integers(1, 6)
FEW_SCORES = st.lists(st.sampled_from([-np.inf, 0.0, 1.0, 2.0, 3.0, 4.0]), min_size=1, max_size=30)


def flags(text):
    return np.array([c == "x" for c in text])


def test_stretches_are_half_open_and_reach_both_ends():
    assert stretches(flags("xx..x.x")).tolist() == [[0, 2], [4, 5], [6, 7]]
    assert stretches(flags("...")).shape == stretches(flags("")).shape == (0, 2)
    assert stretches(flags("xx")).tolist() == [[0, 2]]


def test_runs_merge_across_gaps_no_longer_than_merge_gap():
    assert group(flags("x.x..x")).tolist() == [[0, 1], [2, 3], [5, 6]]
    assert group(flags("x.x..x"), merge_gap=1).tolist() == [[0, 3], [5, 6]]
    assert group(flags("x.x..x"), merge_gap=2).tolist() == [[0, 6]]


def test_short_events_are_dropped_after_merging():
    assert group(flags("x.x..x"), merge_gap=1, shortest=3).tolist() == [[0, 3]]
    assert group(flags("x.x..x"), shortest=2).shape == (0, 2)
    assert group(flags("...."), merge_gap=9, shortest=9).shape == (0, 2)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.booleans(), max_size=40), GAPS, LENGTHS)
def test_grouping_equals_its_loop_twin(flagged, merge_gap, shortest):
    events = group(np.array(flagged, bool), merge_gap, shortest)
    assert [tuple(event) for event in events.tolist()] == naive_grouping.group(flagged, merge_gap, shortest)


@settings(max_examples=300, deadline=None)
@given(FEW_SCORES, GAPS, LENGTHS)
def test_counting_equals_grouping_at_each_level(scores, merge_gap, shortest):
    levels = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 9.0])
    counted = count_events(np.array(scores), levels, merge_gap, shortest)
    grouped = [len(naive_grouping.group([s > level for s in scores], merge_gap, shortest)) for level in levels]
    assert counted.tolist() == grouped


def test_counting_many_rows_at_many_levels_equals_grouping_at_some():
    scores = np.random.default_rng(0).normal(size=20_000).cumsum()
    levels = np.unique(scores)
    counted = count_events(scores, levels, 20, 5)
    for i in range(0, len(levels), 997):
        assert counted[i] == len(group(scores > levels[i], 20, 5))


def test_a_merge_gap_longer_than_the_series_leaves_one_event():
    assert count_events(np.array([3.0, 0.0, 2.0]), np.array([-1.0, 1.0, 2.5, 3.0]), 10**9, 1).tolist() == [1, 1, 1, 0]
    assert count_events(np.array([3.0, 0.0, 2.0]), np.array([1.0]), 10**9, 10**9).tolist() == [0]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=25), st.sampled_from([0.25, 0.5, 0.75, 1.0]))
def test_the_shortest_stretch_with_a_share_equals_its_loop_twin(parts, share):
    assert shortest_with(np.array(parts, float), share) == naive_grouping.shortest_with(parts, share)


def test_the_shortest_stretch_is_the_first_of_several_and_whole_where_there_is_nothing():
    assert shortest_with(np.array([0.0, 9.0, 0.5, 0.5, 0.0])) == (1, 2)
    assert shortest_with(np.array([1.0, 1.0, 1.0, 1.0]), 0.5) == (0, 2)
    assert shortest_with(np.zeros(4)) == (0, 4)
    assert shortest_with(np.array([1e-320, 1e300, 1e300]), 0.9) == (1, 3)


def test_a_run_is_narrowed_to_two_thirds_of_its_height():
    scores = np.array([0, 2, 8, 3, 11, 7.9, 8.1, 2, np.nan, 0])  # 2 + 2/3 of 9 is 8
    assert narrow(np.array([[1, 8]]), scores, usual=2.0).tolist() == [[2, 7]]
    assert narrow(np.array([[1, 4], [7, 9]]), scores, usual=2.0).tolist() == [[2, 3], [7, 8]]
    assert narrow(np.array([[0, 2]]), scores, usual=9.0).tolist() == [[1, 2]]  # below the usual: its peak alone
    assert narrow(np.empty((0, 2), int), scores, usual=0.0).shape == (0, 2)
