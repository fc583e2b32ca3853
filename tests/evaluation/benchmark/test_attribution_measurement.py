import numpy as np
from benchmarks.attribution import MEASURES, Segment, ranking, segments


def test_interpretations_count_rows_from_the_end_of_the_prefix_with_both_ends_and_channels_from_one():
    assert segments("10-12:1,3\n20-20:2\n", prefix=100) == [
        Segment(110, 113, frozenset({0, 2})),
        Segment(120, 121, frozenset({1})),
    ]


def test_channels_are_ranked_by_the_sum_of_their_errors_over_the_segment_as_an_events_channels_are():
    errors = np.array([[9, 9, 9], [1, 5, 0], [np.nan, 1, 2], [0, 0, 3], [9, 0, 0]], np.float32)
    assert ranking(errors, Segment(1, 4, frozenset())) == [1, 2, 0]


def test_a_ranking_is_judged_by_hits_among_as_many_channels_as_broke_and_half_as_many_more():
    scores = {name: measure([0, 1, 2, 3], {0, 2}) for name, measure in MEASURES.items()}
    assert scores["HitRate@100%"] == 0.5
    assert scores["HitRate@150%"] == 1.0
    assert scores["NDCG@100%"] == 1 / (1 + 1 / np.log2(3))
