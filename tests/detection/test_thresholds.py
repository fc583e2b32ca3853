import naive_grouping
import naive_thresholds
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly import MAD, Budget, Dynamic, ExtremeValue, Quantile, Threshold
from tsanomaly.detection.grouping import group
from tsanomaly.detection.thresholds import RULES, Grouping, rule_named
from tsanomaly.errors import ConfigurationError

WEEKLY = Grouping(rows_per_week=100)
EVERY_RULE = [Quantile(), MAD(), ExtremeValue(), Dynamic(), Budget()]


def middle_quantiles(inverse, n):
    """A sample without chance: the inverse distribution function at the middle of each of ``n`` equal shares."""
    return inverse((np.arange(n) + 0.5) / n)


# --- what holds for every rule ---------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e6, 1e6), st.integers(1, 60), st.integers(0, 5))
@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: rule.name)
def test_constant_scores_flag_nothing(rule, level, n, unjudged):
    scores = np.r_[np.full(n, level), np.full(unjudged, np.nan)]
    threshold = rule.fit(scores, WEEKLY)
    assert not (scores > threshold.value).any()
    assert threshold.fitted_on == n


@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: rule.name)
def test_without_a_judged_score_nothing_can_be_flagged(rule):
    threshold = rule.fit(np.full(4, np.nan), WEEKLY)
    assert (threshold.value, threshold.fitted_on) == (np.inf, 0)
    assert threshold.note == "no score was judged, so nothing can be flagged"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 10), min_size=1, max_size=50), st.integers(1, 10))
@pytest.mark.parametrize("rule", [Quantile(), MAD(), ExtremeValue()], ids=lambda rule: rule.name)
def test_rules_that_look_at_values_alone_ignore_order_and_what_was_not_judged(rule, scores, unjudged):
    shuffled = np.random.default_rng(0).permutation(np.r_[scores, np.full(unjudged, np.nan)])
    assert rule.fit(shuffled, WEEKLY).value == pytest.approx(rule.fit(np.array(scores), WEEKLY).value)


@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: rule.name)
def test_a_threshold_is_a_plain_number_that_json_can_hold(rule):
    scores = middle_quantiles(lambda p: -np.log1p(-p), 5000)
    assert type(rule.fit(scores, WEEKLY).value) is float


def test_rules_are_found_by_their_names():
    assert sorted(RULES) == ["budget", "dynamic", "extreme-value", "mad", "quantile"]
    assert [rule_named(rule.name) for rule in EVERY_RULE] == EVERY_RULE
    with pytest.raises(ConfigurationError) as raised:
        rule_named("best")
    assert str(raised.value) == "threshold is 'best'; expected one of budget, dynamic, extreme-value, mad, quantile"


# --- quantile and median absolute deviation --------------------------------------------------------------------------


def test_the_quantile_leaves_its_share_of_rows_at_or_below_it():
    scores = np.random.default_rng(0).permutation(np.arange(101.0))
    assert Quantile(0.9).fit(scores, WEEKLY) == Threshold(90.0, "quantile 0.9", 101)
    assert (scores > 90).sum() == 10


def test_the_quantile_is_a_score_that_was_seen():
    assert Quantile(0.5).fit(np.array([1.0, 2.0, 3.0, 4.0]), WEEKLY).value == 3
    assert Quantile(0.5).fit(np.array([1.0, 1.0, 1.0, 9.0]), WEEKLY).value == 1


def test_the_quantile_flags_the_highest_scores_however_many_tie():
    assert Quantile(0.99).fit(np.array([1.0, 2.0, 9.0, 9.0]), WEEKLY).value == 2


def test_mad_is_the_median_plus_deviations_worked_by_hand():
    scores = np.arange(1.0, 10.0)  # median 5, absolute deviations 4 3 2 1 0 1 2 3 4 with median 2
    threshold = MAD(3).fit(scores, WEEKLY)
    assert threshold.value == pytest.approx(5 + 3 * 1.4826 * 2)
    assert (threshold.rule, threshold.note) == ("median + 3 median absolute deviations", "")


def test_mad_of_normal_scores_is_that_many_standard_deviations():
    from scipy import stats

    scores = 7 + 2 * middle_quantiles(stats.norm.ppf, 10_000)
    assert MAD(4).fit(scores, WEEKLY).value == pytest.approx(7 + 4 * 2, rel=1e-3)


def test_mad_falls_back_to_the_standard_deviation_where_most_scores_are_alike():
    scores = np.r_[np.zeros(90), np.ones(10)]
    threshold = MAD(2).fit(scores, WEEKLY)
    assert threshold.value == pytest.approx(2 * scores.std())
    assert threshold.note == "more than half of the scores are alike, so the standard deviation was used"


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Quantile(1.0), "the quantile is 1.0; expected a number between 0 and 1, such as 0.995"),
        (lambda: Quantile(float("nan")), "the quantile is nan; expected a number between 0 and 1, such as 0.995"),
        (lambda: MAD(0), "the number of deviations is 0; expected a number above 0, such as 6"),
        (
            lambda: ExtremeValue(risk=0.1, tail=0.02),
            "risk is 0.1 and tail is 0.02; expected 0 < risk < tail < 1, such as 0.0001 and 0.02",
        ),
    ],
)
def test_settings_out_of_range_are_refused_in_one_sentence(build, sentence):
    with pytest.raises(ConfigurationError) as raised:
        build()
    assert str(raised.value) == sentence


# --- extreme value ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_extreme_value_finds_the_level_of_an_exponential_tail(scale):
    scores = scale * middle_quantiles(lambda p: -np.log1p(-p), 20_000)
    threshold = ExtremeValue(risk=1e-5).fit(scores, WEEKLY)
    assert threshold.value == pytest.approx(-scale * np.log(1e-5), rel=0.03)
    assert (threshold.rule, threshold.note) == ("extreme value, risk 1e-05", "")


@pytest.mark.parametrize("shape", [-0.3, 0.2, 0.5])
def test_extreme_value_finds_the_level_of_a_pareto_tail(shape):
    scores = middle_quantiles(lambda p: ((1 - p) ** -shape - 1) / shape, 50_000)
    threshold = ExtremeValue(risk=1e-5).fit(scores, WEEKLY)
    assert threshold.value == pytest.approx((1e-5**-shape - 1) / shape, rel=0.1)
    assert threshold.note == ""


def test_extreme_value_extrapolates_exponentially_from_a_short_tail_and_says_so():
    scores = np.r_[np.zeros(98), 1.0, 3.0]  # the tail: 1 and 3 lie above 0, by 2 on average
    threshold = ExtremeValue(risk=1e-3, tail=0.05).fit(scores, WEEKLY)
    assert threshold.value == pytest.approx(0 + 2 * np.log(2 / (100 * 1e-3)))
    assert threshold.note == "only 2 scores in the tail (at least 30 needed): exponential tail used"


@pytest.mark.parametrize(
    ("scores", "note"),
    [
        (np.arange(10_000.0), "the tail's fit has shape -1.00, outside -0.5 to 1: exponential tail used"),
        (
            middle_quantiles(lambda p: (1 - p) ** -2.0, 10_000),
            "the tail's fit has shape 1.98, outside -0.5 to 1: exponential tail used",
        ),
        (
            np.r_[np.zeros(9810), 1 + middle_quantiles(lambda p: -np.log1p(-p), 190)],
            "the tail's fit is 0.35 off the data: exponential tail used",
        ),
    ],
    ids=["bounded", "too heavy", "hollow"],
)
def test_extreme_value_falls_back_where_the_fit_is_bad_and_says_why(scores, note):
    threshold = ExtremeValue().fit(scores, WEEKLY)
    start = np.quantile(scores, 0.98, method="higher")
    excess = scores[scores > start] - start
    assert threshold.note == note
    assert threshold.value == pytest.approx(start + excess.mean() * np.log(len(excess) / (len(scores) * 1e-4)))


def test_extreme_value_of_constant_scores_says_that_there_is_no_tail():
    threshold = ExtremeValue().fit(np.full(100, 2.0), WEEKLY)
    note = "no score lies in the tail: none can be flagged"
    assert threshold == Threshold(2.0, "extreme value, risk 0.0001", 100, note)


def test_extreme_value_never_falls_below_the_tails_start_where_ties_leave_too_few_in_it():
    scores = np.r_[np.zeros(900), np.ones(99), 5.0]  # one score above 1, where the risk asks for ten
    assert ExtremeValue(risk=0.01, tail=0.02).fit(scores, WEEKLY).value == 1


# --- dynamic ---------------------------------------------------------------------------------------------------------


def test_dynamic_separates_spikes_from_calm():
    scores = np.where(np.arange(1000) % 2 == 0, 0.9, 1.1)
    scores[[100, 101, 700]] = 10
    threshold = Dynamic().fit(scores, WEEKLY)
    assert np.flatnonzero(scores > threshold.value).tolist() == [100, 101, 700]
    assert threshold.value > 1.1


def test_dynamic_without_a_spike_beyond_its_levels_flags_nothing():
    scores = np.where(np.arange(100) % 2 == 0, 0.9, 1.1)
    assert Dynamic().fit(scores, WEEKLY).value == 1.1


def test_dynamic_says_when_all_scores_are_alike():
    assert Dynamic().fit(np.full(9, 0.1), WEEKLY).note == "all scores are alike: none is flagged"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.integers(1, 4), st.integers(20, 60), st.just(np.nan)), min_size=2, max_size=60),
    st.integers(0, 4),
)
def test_dynamic_equals_its_loop_twin(scores, merge_gap):
    judged = [s for s in scores if not np.isnan(s)]
    if len(set(judged)) < 2:
        return
    threshold = Dynamic().fit(np.array(scores, float), Grouping(100, merge_gap))
    assert threshold.value == pytest.approx(naive_thresholds.dynamic(scores, Dynamic().z, merge_gap))


# --- alert budget ----------------------------------------------------------------------------------------------------


def test_the_budget_takes_the_lowest_threshold_that_keeps_to_it():
    scores = np.zeros(200)
    scores[[10, 50, 90, 130, 170]] = [5, 4, 3, 2, 1]
    threshold = Budget(2, "week", deviations=0).fit(scores, WEEKLY)  # 2 weeks: 4 events
    assert threshold == Threshold(1.0, "at most 2 events a week", 200)
    assert (scores > 1).sum() == 4


def test_the_budget_counts_events_as_they_are_shown():
    scores = np.zeros(100)
    scores[[10, 12, 60]] = [5, 4, 3]
    assert Budget(1, deviations=0).fit(scores, WEEKLY).value == 4
    assert Budget(1, deviations=0).fit(scores, Grouping(100, merge_gap=1)).value == 3
    assert Budget(1, deviations=0).fit(scores, Grouping(100, merge_gap=1, shortest=2)).value == 0


ORDINARY = np.tile([1.0, 2.0, 3.0, 4.0, 5.0], 40)
"""Median 3, deviations 0 to 2, their median 1: five deviations end at 10.413, nine at 16.343."""


def with_peaks(*heights):
    scores = ORDINARY.copy()
    scores[70 : 70 + 30 * len(heights) : 30] = heights
    return scores


def test_the_budget_leaves_ordinary_rows_alone_and_says_so():
    left = "the budget is not used up: what is left is ordinary"
    assert Budget(50).fit(with_peaks(10.3, 10.4), WEEKLY) == Threshold(
        pytest.approx(3 + 9 * 1.4826), "at most 50 events a week", 200, left
    )
    assert Budget(0.5).fit(with_peaks(16.3, 17.0), WEEKLY).note == left
    assert Budget(0.5).fit(with_peaks(16.9, 17.0), WEEKLY) == Threshold(16.9, "at most 0.5 events a week", 200)


def test_where_nothing_stands_far_out_the_one_highest_event_is_shown():
    alone = "one event stands out a little, and no other does"
    assert Budget(50).fit(with_peaks(12.0), WEEKLY) == Threshold(
        pytest.approx(3 + 5 * 1.4826), "at most 50 events a week", 200, alone
    )
    between = Budget(50).fit(with_peaks(12.0, 15.0), WEEKLY)
    assert between == Threshold(pytest.approx(3 + np.sqrt(9 * 12)), "at most 50 events a week", 200, alone)
    assert (with_peaks(12.0, 15.0) > between.value).sum() == 1
    assert not (with_peaks(15.0, 15.0) > Budget(50).fit(with_peaks(15.0, 15.0), WEEKLY).value).any()
    assert Budget(50).fit(with_peaks(12.0, 17.0), WEEKLY).value == pytest.approx(3 + 9 * 1.4826)


@pytest.mark.parametrize("rounding", [0.0, 1e-13])
def test_of_scores_that_are_mostly_alike_what_stands_out_is_told_by_standard_deviations(rounding):
    scores = np.tile([0.0, rounding], 500)
    scores[[20, 80]] = [5.0, 4.9]
    assert Budget(50).fit(scores, WEEKLY).value == pytest.approx(9 * np.std(scores))


@pytest.mark.parametrize("rounding", [0.0, 1e-13])
def test_and_where_these_would_hide_all_of_them_by_half_the_highest(rounding):
    scores = np.tile([0.0, rounding], 50)
    scores[[20, 40, 60, 80]] = [5.0, 4.0, 2.4, 2.6]
    assert 9 * np.std(scores) > 5
    threshold = Budget(50).fit(scores, WEEKLY)
    assert threshold.value == pytest.approx(2.5)
    assert threshold.note == "the budget is not used up: what is left is ordinary"
    assert Budget(2).fit(scores, WEEKLY).value == 2.6  # a week, two events


BUMPY = st.lists(st.one_of(st.integers(0, 9).map(float), st.just(np.nan)), min_size=1, max_size=60)


@settings(max_examples=300, deadline=None)
@given(BUMPY, st.sampled_from([0.5, 1, 2, 5]), st.integers(0, 5), st.integers(1, 5))
def test_the_budget_equals_a_scan_of_every_level(scores, events, merge_gap, shortest):
    scores = np.array(scores)
    if np.isnan(scores).all():
        return
    budget, grouping = Budget(events, deviations=0), Grouping(20, merge_gap, shortest)
    allowed = budget.allowed(int(np.isfinite(scores).sum()), 20)
    filled = np.where(np.isnan(scores), -np.inf, scores).tolist()
    expected = naive_grouping.lowest_level_within(filled, allowed, merge_gap, shortest)
    assert budget.fit(scores, grouping).value == expected


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.floats(-5, 5), st.just(np.nan)), min_size=1, max_size=80),
    st.floats(0.1, 20),
    st.sampled_from(["hour", "day", "week", "month", "year"]),
    st.integers(0, 100),
    st.integers(1, 20),
)
def test_there_are_never_more_events_than_the_budget_allows(scores, events, per, merge_gap, shortest):
    scores = np.array(scores)
    budget, grouping = Budget(events, per), Grouping(30, merge_gap, shortest)
    flags = np.nan_to_num(scores, nan=-np.inf) > budget.fit(scores, grouping).value
    assert len(group(flags, merge_gap, shortest)) <= budget.allowed(int(np.isfinite(scores).sum()), 30)


def test_a_year_of_minutes_keeps_to_its_budget_exactly():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=525_600)
    grouping = Grouping(rows_per_week=10_080, merge_gap=30)
    value = Budget(3, deviations=0).fit(scores, grouping).value
    assert len(group(scores > value, 30)) == 3 * 525_600 // 10_080


@pytest.mark.parametrize(
    ("budget", "rows", "events"),
    [
        (Budget(3, "week"), 100, 3),
        (Budget(3, "week"), 250, 7),
        (Budget(3, "week"), 10, 1),  # less than one, but a detector that can never speak is of no use
        (Budget(1, "day"), 700, 49),
        (Budget(2, "hour"), 100, 336),
        (Budget(1, "month"), 870, 2),
        (Budget(12, "year"), 5218, 12),
        (Budget(0.5, "week"), 400, 2),
    ],
)
def test_the_budget_allows_whole_events_for_the_time_judged(budget, rows, events):
    assert budget.allowed(rows, rows_per_week=100) == events


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("3/week", Budget(3, "week")),
        (" 2 / days ", Budget(2, "day")),
        ("1 per month", Budget(1, "month")),
        ("0.5 a year", Budget(0.5, "year")),
        ("4 an hour", Budget(4, "hour")),
    ],
)
def test_budgets_are_read_from_text(text, budget):
    assert Budget.parse(text) == budget


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "week",
        "3/fortnight",
        "0/week",
        "-1/week",
        "nan/week",
        "1e3/week",
        "3/week/day",
        "3//week",
        "3/week, 0 %",
        "3/week, 101 %",
    ],
)
def test_other_texts_are_refused_in_one_sentence(text):
    with pytest.raises(ConfigurationError) as raised:
        Budget.parse(text)
    assert str(raised.value) == (
        f"the budget is '{text}'; expected a number and a period (hour, day, week, month, year), such as 3/week"
    )


@pytest.mark.parametrize(
    ("events", "per", "text"),
    [(0, "week", "0/week"), (np.inf, "day", "inf/day"), (np.nan, "day", "nan/day"), (3, "weeks", "3/weeks")],
)
def test_budgets_out_of_range_are_refused_likewise(events, per, text):
    with pytest.raises(ConfigurationError, match=f"^the budget is '{text}'; expected a number and a period "):
        Budget(events, per)


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(), "at most 3 events a week"),
        (Budget(1, "day"), "at most 1 event a day"),
        (Budget(0.5, "hour"), "at most 0.5 events an hour"),
    ],
)
def test_the_budget_is_said_in_words(budget, words):
    assert budget.fit(np.zeros(3), WEEKLY).rule == words
