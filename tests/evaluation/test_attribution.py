import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.evaluation import hit_rate, ndcg


def test_hit_rate_worked_by_hand():
    ranked, truth = [4, 0, 2, 3, 1], {4, 2, 1}
    assert hit_rate(ranked, truth) == pytest.approx(2 / 3)  # 4 and 2 among 4, 0, 2
    assert hit_rate(ranked, truth, 150) == pytest.approx(2 / 3)  # 4 places: 3 is no cause
    assert hit_rate(ranked, truth, 200) == 1


def test_ndcg_worked_by_hand():
    ranked, truth = [4, 0, 2, 3, 1], {4, 2, 1}
    best = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(ranked, truth) == pytest.approx((1 + 1 / math.log2(4)) / best)
    assert ndcg(ranked, truth, 200) == pytest.approx((1 + 1 / math.log2(4) + 1 / math.log2(6)) / best)


def test_a_ranking_that_stops_early_just_misses_the_rest():
    assert hit_rate([2], {0, 2}) == 0.5
    assert ndcg([2], {0, 2}) == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert hit_rate([], {1}) == ndcg([], {1}) == 0


@given(st.permutations(range(8)), st.sets(st.integers(0, 7), min_size=1), st.integers(100, 300))
def test_both_lie_between_nought_and_one_and_reach_one_with_the_causes_first(ranked, truth, percent):
    assert 0 <= hit_rate(ranked, truth, percent) <= 1
    assert 0 <= ndcg(ranked, truth, percent) <= 1 + 1e-12
    first = sorted(ranked, key=lambda channel: channel not in truth)
    assert hit_rate(first, truth, percent) == 1
    assert ndcg(first, truth, percent) == pytest.approx(1)


@pytest.mark.parametrize("metric", [hit_rate, ndcg])
def test_what_cannot_be_judged_is_refused(metric):
    with pytest.raises(DataError, match="no channel is named as the cause"):
        metric([0, 1], set())
    with pytest.raises(DataError, match="ranked more than once"):
        metric([0, 0], {1})
    with pytest.raises(ConfigurationError, match="50 %"):
        metric([0, 1], {1}, 50)
