import json

import numpy as np
import pytest
from known_scorers import Known, change_from
from scipy.stats import binomtest

from tsanomaly import Detector, Training
from tsanomaly.errors import CancelledError, ConfigurationError, DataError
from tsanomaly.evaluation import Kind, Outcome, Standing, local_variation, self_test
from tsanomaly.evaluation.findings import needed_auc
from tsanomaly.evaluation.verdict import sign_test
from tsanomaly.series import estimate_period, from_array


def series_of(rows=3000, channels=2, seed=0):
    turn = 2 * np.pi * np.arange(rows)[:, None] / 20
    noise = np.random.default_rng(seed).normal(0, 0.1, (rows, channels))
    return from_array(np.sin(turn + np.arange(channels)) + noise).one()


SERIES = series_of()
ALL_KNOWING = Known(change_from(SERIES.values))


def test_a_detector_that_knows_the_truth_catches_everything_and_passes():
    result = self_test(ALL_KNOWING, SERIES)
    assert result.outcome is Outcome.PASSED
    assert result.refusal is None
    assert all((rate.injected, rate.caught, rate.stood_out) == (8, 8, 8) for rate in result.rates)
    assert [(rate.kind, rate.strength) for rate in result.rates] == [(kind, s) for kind in Kind for s in (4, 8, 16)]


def test_its_auc_counts_rows_that_are_no_different_half():
    # Before the injection every row scores 0. Of a stuck stretch the first row still does, and ties count half.
    result = self_test(ALL_KNOWING, SERIES, kinds=[Kind.SPIKE, Kind.LEVEL_SHIFT, Kind.FLAT_LINE], strengths=[8])
    by_kind = {injection.kind: rank for injection, rank in zip(result.injections, result.detector.rank, strict=True)}
    assert by_kind[Kind.SPIKE] == by_kind[Kind.LEVEL_SHIFT] == 1
    assert by_kind[Kind.FLAT_LINE] == pytest.approx(1 - 0.5 / 20)


def test_what_is_caught_depends_on_the_threshold_and_what_stands_out_does_not():
    series = series_of(channels=1)
    unit = float(local_variation(series.values, estimate_period(series.values))[0])
    detector = Known(change_from(series.values), threshold=10 * unit)
    sized = [Kind.SPIKE, Kind.LEVEL_SHIFT, Kind.DRIFT]
    for threshold, caught in ((None, 8), (3 * unit, 24), (100 * unit, 0)):
        result = self_test(detector, series, kinds=sized, threshold=threshold)
        for kind in sized:
            rates = [rate for rate in result.rates if rate.kind is kind]
            assert sum(rate.caught for rate in rates) == caught
            assert sum(rate.stood_out for rate in rates) == 24
    assert result.threshold == 100 * unit


def test_rows_that_were_flagged_before_are_no_catch():
    always = Known(lambda values: np.ones(len(values)) + change_from(SERIES.values)(values), threshold=0.5)
    result = self_test(always, SERIES)
    assert result.outcome is Outcome.PASSED
    assert result.detector.counted()[0] == 0


@pytest.mark.parametrize("jitter", [0, 1e-12])
def test_constant_scores_are_refused(jitter):
    chance = np.random.default_rng(0)
    result = self_test(Known(lambda values: 3 + jitter * chance.random(len(values))), SERIES)
    assert result.outcome is Outcome.CONSTANT
    assert result.refusal == (
        "the detector is refused on series 'array': every row scores the same; "
        "train on data that varies, or for more steps"
    )


def test_inverted_scores_are_refused():
    result = self_test(Known(lambda values: -change_from(SERIES.values)(values)), SERIES)
    assert result.outcome is Outcome.INVERTED
    assert result.refusal.startswith(
        "the detector is refused on series 'array': injected anomalies score lower than the calm rest (AUC 0.0"
    )
    assert result.refusal.endswith("is needed); turn the scores around, or train again")


def blind(seed, smooth):
    """Scores that ignore the values: noise, or slow waves."""
    noise = np.random.default_rng(seed).normal(size=20_000)
    scores = np.convolve(noise, np.ones(smooth), "same")
    return Known(lambda values: scores[: len(values)])


@pytest.mark.parametrize("smooth", [1, 30, 300])
def test_random_scores_are_refused(smooth):
    outcomes = [self_test(blind(seed, smooth), SERIES, seed=seed).outcome for seed in range(20)]
    # One in a hundred may pass on either side.
    assert outcomes.count(Outcome.RANDOM) >= 19
    assert "(AUC 0." in self_test(blind(0, smooth), SERIES).refusal
    assert "random scores have 0.50, at least 0.59 is needed)" in self_test(blind(0, smooth), SERIES).refusal


def test_to_a_detector_that_sees_nothing_one_anomaly_in_twenty_stands_out():
    shares = [self_test(blind(seed, 5), SERIES, seed=seed).detector.stood_out.mean() for seed in range(20)]
    assert 0.02 < np.mean(shares) < 0.08


def test_the_scale_of_scores_does_not_matter():
    score = change_from(SERIES.values, [0])
    plain = self_test(Known(score), SERIES)
    scaled = self_test(Known(lambda values: 7 + 1000 * score(values), threshold=7), SERIES)
    for name in ("caught", "stood_out", "rank"):
        assert np.array_equal(getattr(plain.detector, name), getattr(scaled.detector, name))


def test_the_twin_sees_the_same_copies_and_the_one_that_sees_more_places_wins():
    half_blind = Known(change_from(SERIES.values, [0]))
    better = self_test(ALL_KNOWING, SERIES, twin=half_blind)
    seen = sum(injection.channel == 0 for injection in better.injections)
    assert (better.detector.counted(), better.twin.counted()) == ((168, 168), (seen, seen))
    verdict = better.twin_verdict
    assert (verdict.standing, verdict.found, verdict.twin_found) == (Standing.BETTER, 168, seen)
    assert verdict.p == sign_test((168 - seen) // 3, 0)  # each place counts once, whatever the strengths
    worse = self_test(half_blind, SERIES, twin=ALL_KNOWING).twin_verdict
    assert (worse.standing, worse.p) == (Standing.WORSE, verdict.p)
    assert self_test(ALL_KNOWING, SERIES, twin=ALL_KNOWING).twin_verdict.standing is Standing.EVEN


def test_the_twin_that_a_detector_carries_is_taken_by_itself():
    carrying = Known(change_from(SERIES.values), twin=Known(change_from(SERIES.values, [0])))
    assert self_test(carrying, SERIES).twin is not None
    assert self_test(ALL_KNOWING, SERIES).twin_verdict.standing is Standing.UNKNOWN


def test_the_twin_is_not_praised_beside_a_detector_that_is_refused():
    result = self_test(Known(lambda values: np.zeros(len(values))), SERIES, twin=ALL_KNOWING)
    assert result.twin_verdict.standing is Standing.REFUSED
    assert result.reason in result.twin_verdict.sentence


def test_gaps_are_left_out_and_nothing_else_is_changed():
    series = series_of()
    series.values[500:900] = np.nan
    series.values[1000::7, 1] = np.nan
    before = series.values.copy()
    result = self_test(Known(change_from(before)), series)
    assert np.array_equal(series.values, before, equal_nan=True)
    assert not any(injection.start < 890 and injection.stop > 510 for injection in result.injections)
    assert all(injection.channel == 0 for injection in result.injections if injection.start >= 1000)


def test_the_same_seed_gives_the_same_anomalies_and_another_seed_others():
    first, again, other = (self_test(ALL_KNOWING, SERIES, seed=seed).injections for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_one_channel_has_no_correlation_to_break():
    series = series_of(channels=1)
    result = self_test(Known(change_from(series.values)), series)
    assert {rate.kind for rate in result.rates} == set(Kind) - {Kind.BROKEN_CORRELATION}


def test_a_constant_channel_is_left_alone():
    series = series_of()
    series.values[:, 1] = 3
    result = self_test(Known(change_from(series.values)), series)
    assert {injection.channel for injection in result.injections} == {0}


def test_the_result_is_strict_json():
    result = self_test(Known(change_from(SERIES.values), twin=Known(change_from(SERIES.values, [0]))), SERIES)
    content = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert (content["outcome"], content["injected"], content["caught"]) == ("passed", 168, 168)
    assert content["rates"][0]["kind"] == "spike"
    assert content["twin"]["standing"] == "better"
    assert content["verdict"] == result.twin_verdict.sentence
    endless = self_test(Known(change_from(SERIES.values), threshold=np.inf), SERIES).to_dict()
    assert (endless["threshold"], endless["caught"], endless["twin"], endless["verdict"]) == (None, 0, None, None)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"kinds": ["hiccup"]}, "the self-test knows no 'hiccup'; expected one of spike, level shift, drift"),
        ({"strengths": []}, "the self-test needs at least one strength, such as 4"),
        ({"strengths": [0]}, "the strength of a spike is 0; expected a number above 0"),
        ({"kinds": [Kind.SPIKE], "repeats": 6}, "6 repeats of 1 kinds of anomaly make 6 places; .* at least 7"),
    ],
)
def test_impossible_settings_are_refused(settings, sentence):
    with pytest.raises(ConfigurationError, match=f"^{sentence}"):
        self_test(ALL_KNOWING, SERIES, **settings)


def test_a_broken_correlation_asked_for_in_one_channel_is_refused():
    with pytest.raises(ConfigurationError, match="has fewer than two channels that vary; leave out the broken corr"):
        self_test(ALL_KNOWING, series_of(channels=1), kinds=[Kind.BROKEN_CORRELATION])


def test_a_series_that_is_too_short_is_refused_with_the_length_it_needs():
    # Two windows of 20 rows is the longest anomaly; three times that is needed.
    with pytest.raises(DataError, match=r"has 119 rows; .* needs at least 120: give a longer series"):
        self_test(ALL_KNOWING, series_of(119))
    short = series_of(120)
    assert self_test(Known(change_from(short.values)), short).outcome is Outcome.PASSED


def test_a_series_that_was_hardly_read_has_no_place():
    values = np.where(np.arange(500)[:, None] % 3, np.nan, SERIES.values[:500])
    with pytest.raises(DataError, match=r"has no stretch of 40 rows that was read and judged"):
        self_test(Known(change_from(values)), from_array(values).one())


def test_a_series_that_never_changes_is_refused_as_that():
    values = np.ones((500, 2))
    with pytest.raises(DataError, match=r"^series 'flat' never changes; .*: give data in which something happens$"):
        self_test(Known(change_from(values)), from_array(values, name="flat").one())


def test_it_tells_how_far_it_is_and_can_be_cancelled():
    told = []
    self_test(ALL_KNOWING, SERIES, on_progress=told.append)
    assert [step.done for step in told] == [0, *range(1, told[-1].total + 1)]
    with pytest.raises(CancelledError, match="cancelled while testing on injected anomalies"):
        self_test(ALL_KNOWING, SERIES, on_progress=lambda step: step.done < 3)


def test_the_auc_that_is_needed_is_reached_by_chance_once_in_a_hundred():
    assert needed_auc(56) == pytest.approx(0.5 + 2.326 / np.sqrt(12 * 56))
    means = np.random.default_rng(0).random((20_000, 56)).mean(axis=1)  # smooth scores: one uniform rank a place
    assert np.mean(means > needed_auc(56)) == pytest.approx(0.01, abs=0.003)


@pytest.mark.parametrize(("wins", "losses"), [(6, 0), (1, 9), (5, 5), (40, 17)])
def test_the_sign_test_is_scipys_exact_binomial_test(wins, losses):
    assert sign_test(wins, losses) == pytest.approx(binomtest(wins, wins + losses).pvalue)


def test_the_sign_test_of_ties_alone_decides_nothing():
    assert sign_test(0, 0) == 1


def test_a_detector_that_learned_a_sine_catches_large_spikes():
    series = series_of(2000, channels=1, seed=3)
    detector = Detector(training=Training(steps=60), window=20).fit(series)
    result = self_test(detector, series, kinds=[Kind.SPIKE], strengths=[4, 40])
    weak, strong = result.rates
    assert result.outcome is Outcome.PASSED
    assert (strong.caught, strong.stood_out) == (8, 8)
    assert weak.caught < strong.caught
    assert result.twin.counted()[1] >= 8


def test_anomalies_that_share_a_copy_lie_four_windows_apart():
    truth, gaps = change_from(SERIES.values), []

    def score(values):
        changed = np.flatnonzero(truth(values))
        apart = np.diff(changed)
        gaps.extend(apart[apart > 20])  # a stuck or foreign value may happen to be right inside an anomaly
        return truth(values)

    self_test(Known(score), SERIES)
    assert min(gaps) >= 4 * 20
