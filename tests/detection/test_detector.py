"""The detector as its users meet it: conventions, gaps, what it finds, what it refuses."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from tsanomaly import MAD, Detector, NotFittedError, Progress, Quantile, Training, from_array, from_frame
from tsanomaly.detection import nearest
from tsanomaly.detection.training import split
from tsanomaly.errors import CancelledError, ConfigurationError, DataError

QUICK = Training(steps=60, check_every=20)


def quick(**parameters) -> Detector:
    return Detector(**{"training": QUICK, "twin": False, "scales": (1,), "early_scales": (), **parameters})


def wave(n: int = 1200, channels: int = 1, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(n)[:, None] + np.arange(channels) * 7
    return np.sin(2 * np.pi * t / 24) + 0.1 * rng.normal(size=(n, channels))


def hourly(values: np.ndarray) -> pd.DataFrame:
    index = pd.date_range("2024-01-01", periods=len(values), freq="1h", name="time")
    return pd.DataFrame(values, index=index, columns=[f"c{j}" for j in range(values.shape[1])])


ORDERED = "the rows of a time series are neither independent nor exchangeable: a row is judged with its neighbours"
EXPECTED_TO_FAIL = {
    "check_methods_sample_order_invariance": ORDERED,
    "check_methods_subset_invariance": ORDERED,
    "check_fit2d_1sample": "one row is refused in our own words, which name rows, not samples",
}


@parametrize_with_checks([quick(threshold="quantile")], expected_failed_checks=lambda estimator: EXPECTED_TO_FAIL)
def test_scikit_learns_own_checks_hold(estimator, check):
    check(estimator)


def test_what_is_unusual_in_rows_that_were_vouched_for_counts_less():
    values = wave(2000)
    values[[300, 1500], 0] += 4.0
    doubted = quick(reference=0.25).fit(values).scores(values).total
    named = quick(reference=500).fit(values)
    trusted = named.scores(values).total
    usual = named.plateaus_.usual
    assert doubted[500:] == pytest.approx(trusted[500:])
    assert trusted[300] - usual == pytest.approx(0.6 * (doubted[300] - usual))
    low = doubted[:500] <= usual
    np.testing.assert_array_equal(trusted[:500][low], doubted[:500][low])


def test_a_later_part_is_not_taken_for_the_rows_that_were_vouched_for():
    values = wave(2000)
    values[1500, 0] += 4.0
    detector = quick(reference=500).fit(hourly(values))
    whole = detector.scores(hourly(values)).total
    part = detector.scores(hourly(values).iloc[1300:]).total
    assert part[200] == pytest.approx(whole[1500], rel=0.05)


def test_fitting_and_scoring_the_same_rows_gives_the_same_scores():
    values = wave(2000)
    values[1400:1412, 0] += 1.5
    detector = quick(early_scales=(1,)).fit(hourly(values))
    added = detector.calibration_ - detector.scores(hourly(values)).total
    seen = np.unique(added[np.isfinite(added)].round(3))  # nothing to held-back rows, the same to all others
    assert len(seen) <= 2
    assert seen[0] == 0


def test_a_clone_has_the_same_parameters_and_nothing_learned():
    detector = quick(budget="2/day", layers=(0.4, 8)).fit(wave())
    twin = clone(detector)
    assert twin.get_params() == detector.get_params()
    with pytest.raises(NotFittedError, match="has not learned yet; call fit, or load a saved model"):
        twin.detect(wave())


def test_a_broken_stretch_in_unlabelled_data_is_the_first_event():
    values = wave(2000)
    values[1400:1412, 0] += 1.5
    first = Detector(training=Training(steps=150), twin=False).fit(values).detect(values)[0]
    assert first.start_row < 1412
    assert first.end_row > 1400
    assert first.direction == "above"
    assert first.channels[0].share == pytest.approx(1.0)


@pytest.mark.parametrize("size", [6.0, 1e6])
def test_a_single_wrong_reading_is_an_event_of_one_row(size):
    """Rows beside it share its height, as windows smear; it is the one that is off."""
    values = wave(1500)
    values[700, 0] += size
    first = quick(training=Training(steps=100)).fit(values).detect(values)[0]
    assert (first.start_row, first.peak_row, first.end_row) == (700, 700, 701)


@pytest.mark.parametrize("places", [(100, 200, 300), (57, 211, 348)])
def test_three_wild_readings_in_a_short_series_are_found_and_their_distance_is_no_period(places):
    values = np.random.default_rng(0).random((400, 1))
    values[list(places), 0] += (40, 60, 80)
    found = Detector(twin=False).fit(hourly(values)).detect(hourly(values))
    assert sorted(event.peak_row for event in found) == list(places)


@pytest.mark.parametrize("row", [2, 7, 46])
def test_a_wrong_reading_in_the_first_window_is_an_event_of_that_row(row):
    values = (np.sin(2 * np.pi * np.arange(6000) / 50) + 0.1 * np.random.default_rng(0).normal(size=6000))[:, None]
    values[row] += 6
    first = Detector(twin=False, training=Training(steps=150)).fit(values).detect(values)[0]
    assert (first.start_row, first.end_row) == (row, row + 1)


def test_a_level_that_stays_is_an_event_as_long_as_it_stays():
    values = wave(3000)
    values[1700:1760, 0] += 1.5
    first = quick(training=Training(steps=100)).fit(values).detect(values)[0]
    assert 1700 <= first.start_row < 1708
    assert 1752 < first.end_row <= 1760


def test_a_huge_reading_in_a_short_series_without_noise_is_shown():
    """Held-back rows there score far more than trained ones, and raised by that the threshold would hide it."""
    at = np.arange(600)
    values = np.column_stack([np.sin(at / 5), np.cos(at / 7)])
    values[400, 0] = 1e3
    detector = Detector(twin=False).fit(values)
    assert any(event.start_row <= 400 < event.end_row for event in detector.detect(values))
    assert detector.fit_threshold(detector._rule()).value == pytest.approx(detector.threshold_.value)


def test_one_cycle_of_several_hundred_rows_that_is_odd_is_found_by_its_own_window():
    at = np.arange(12_000)
    values = np.sin(2 * np.pi * at / 600) + 0.3 * np.sin(2 * np.pi * at / 200)
    values += 0.05 * np.random.default_rng(0).normal(size=len(at))
    values[7200:7350] = values[7200:7350][::-1]  # each value is an ordinary one
    detector = Detector(training=Training(steps=150)).fit(values[:, None])
    assert [member.view.grain for member in detector.members_] == [2, 2, 2]
    first = detector.detect(values[:, None])[0]
    assert first.start_row < 7350
    assert first.end_row > 7200


def test_the_channel_that_broke_has_the_largest_share_and_shares_add_to_one():
    values = wave(2000, channels=3)
    values[1000:1012, 1] -= 2.0
    first = Detector(training=Training(steps=150), twin=False).fit(values).detect(values)[0]
    assert first.channels[0].name == "channel 2"
    assert first.channels[0].direction == "below"
    assert sum(channel.share for channel in first.channels) == pytest.approx(1.0)


def test_series_frame_and_array_of_the_same_numbers_get_the_same_scores():
    values = wave(800, channels=2)
    detector = quick().fit(hourly(values))
    by_frame = detector.scores(hourly(values))
    by_series = detector.scores(from_frame(hourly(values)).one())
    np.testing.assert_array_equal(by_frame.total, by_series.total)
    by_array = quick().fit(values).scores(values)
    np.testing.assert_array_equal(by_frame.total, by_array.total)


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not():
    values = wave(800)
    one, two, other = (quick(random_state=seed).fit(values).scores(values).total for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_fitting_leaves_torchs_generator_alone():
    import torch

    torch.manual_seed(5)
    before = torch.rand(1)
    torch.manual_seed(5)
    quick(dropout=0.2).fit(wave(400))
    assert torch.rand(1) == before


def test_rows_in_a_long_gap_are_not_judged_and_not_flagged():
    values = wave(1500)
    values[600:700] = np.nan
    detector = quick().fit(values)
    events = detector.detect(values)
    assert np.isnan(events.scores.total[600:700]).all()
    assert np.isfinite(events.scores.total[:600]).all()
    assert np.isfinite(events.scores.total[700:]).all()
    assert events.coverage.not_judged == 100
    assert events.coverage.gaps == ((600, 700),)
    assert all(event.end_row <= 600 or event.start_row >= 700 for event in events)
    assert (detector.predict(values)[600:700] == 1).all()


def test_a_missing_reading_is_bridged_for_its_neighbours_and_not_judged_itself():
    values = wave(1500)
    values[700] = np.nan
    scores = quick().fit(values).scores(values)
    assert np.isnan(scores.total[700])
    assert np.isfinite(np.delete(scores.total, 700)).all()


def test_what_stands_in_a_gap_of_one_channel_does_not_change_the_score_of_that_channel():
    values = wave(1500, channels=3)
    values[700:900, 2] = np.nan
    scores = quick().fit(values).scores(values)
    assert np.isnan(scores.by_channel[700:900, 2]).all()
    assert np.isfinite(scores.total).all()


@pytest.mark.parametrize("rule", ["budget", "quantile", "mad", "extreme-value", "dynamic"])
def test_constant_data_has_no_events_under_any_rule(rule):
    values = np.full((500, 2), 3.25)
    assert len(quick(threshold=rule).fit(values).detect(values)) == 0


def test_a_change_after_constant_learning_data_is_found():
    values = np.full((600, 1), 3.25)
    detector = quick(threshold="mad").fit(values)
    values[300:310] += 0.5
    assert detector.detect(values)[0].start_row < 310


@pytest.mark.parametrize("size", [1e-12, 1e12, 1e50])
def test_the_unit_of_measurement_does_not_matter(size):
    values = wave(800)
    values[500:505] += 2
    plain, scaled = (quick().fit(v).detect(v) for v in (values, values * size))
    assert plain[0].peak_row == scaled[0].peak_row


def test_another_threshold_rule_needs_no_new_training():
    values = wave(1500)
    values[700:706] += 1
    detector = quick().fit(values)
    scores = detector.scores(values)
    series = from_array(values).one()
    loose = detector.events(series, scores, detector.fit_threshold(Quantile(0.9)))
    strict = detector.events(series, scores, detector.fit_threshold(MAD(12)))
    assert len(loose) > len(strict) >= 1


def test_progress_ends_at_the_whole_and_a_false_answer_cancels():
    told: list[Progress] = []
    quick(twin=True, scales=(0.5, 2)).fit(wave(600), on_progress=lambda p: told.append(p))
    assert told[-1].done == told[-1].total
    assert [p.done for p in told] == sorted(p.done for p in told)
    detector = quick()
    with pytest.raises(CancelledError, match="cancelled while learning; nothing was kept"):
        detector.fit(wave(600), on_progress=lambda p: False)
    assert not hasattr(detector, "threshold_")


def test_scoring_tells_how_far_it_is_through_models_novelty_and_neighbours(monkeypatch):
    monkeypatch.setattr(nearest, "CHUNK_CELLS", 20_000)  # some dozens of windows at a time
    detector = quick()
    for ask, stage in ((detector.fit, "learning"), (detector.scores, "scoring")):
        told: list[Progress] = []
        ask(wave(1200), on_progress=told.append)
        shares = np.array([p.done / p.total for p in told])
        assert {p.stage for p in told} == {stage}
        assert shares[-1] == 1
        assert (np.diff(shares) >= 0).all()
        assert np.diff(shares).max() < 0.2
    with pytest.raises(CancelledError, match="cancelled while scoring"):
        detector.scores(wave(1200), on_progress=lambda p: p.done < 0.9 * p.total)  # the neighbours' part


def test_a_cancelled_second_fit_leaves_the_first_in_force():
    detector = quick().fit(wave(600))
    before = detector.scores(wave(600)).total
    with pytest.raises(CancelledError):
        detector.fit(5 + wave(600, seed=1), on_progress=lambda p: False)
    np.testing.assert_array_equal(detector.scores(wave(600)).total, before)


def test_the_twin_is_linear_and_scores_by_itself():
    values = wave(800)
    detector = quick(twin=True).fit(values)
    assert detector.twin_.model == "linear"
    assert all(m.model.autoencoder.settings["activation"] == "identity" for m in detector.twin_.members_)
    assert np.isfinite(detector.twin_.scores(values).total).all()


def test_the_linear_models_weights_are_the_principal_components():
    from sklearn.decomposition import PCA

    values = wave(900)
    detector = quick(model="linear", window=24, layers=(4,)).fit(values)
    scaled = detector.scaling_.apply(values)
    windows = np.lib.stride_tricks.sliding_window_view(scaled[:, 0], 24).astype(float)
    trained, _ = split(np.arange(len(windows)), 24)
    pca = PCA(4).fit(windows[trained])
    expected = pca.inverse_transform(pca.transform(windows))
    import torch

    with torch.no_grad():
        got = detector.members_[0].model(torch.from_numpy(windows.astype(np.float32))[:, None])[:, 0].numpy()
    np.testing.assert_allclose(got, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"window": 1}, "window is 1; expected at least 2 rows"),
        ({"stride": 0}, "stride is 0; expected a whole number of at least 1"),
        ({"model": "deep"}, "model is 'deep'; expected tied or linear"),
        ({"scaling": "log"}, "scaling is 'log'; expected one of standard, robust, minmax, none"),
        ({"threshold": "magic"}, "threshold is 'magic'; expected one of budget, dynamic, extreme-value, mad, quantile"),
        ({"budget": "many"}, "the budget is 'many'; expected a number and a period"),
        ({"scales": ()}, "scales must be numbers above 0, and at least one"),
        ({"reference": 0}, "reference is 0; expected a share of the rows or their number"),
        ({"activation": "relux"}, "activation is 'relux'; expected one of"),
    ],
)
def test_a_wrong_setting_is_named(parameters, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        quick(**parameters).fit(wave(300))


@pytest.mark.parametrize(
    ("values", "parameters", "sentence"),
    [
        (wave(7), {}, "has 7 rows; at least 8 are needed to learn what is normal"),
        (wave(30), {"window": 40}, "has 30 rows; a window of 40 rows needs at least 41"),
        (
            np.where(np.arange(400)[:, None] % 20 < 10, np.nan, wave(400)),
            {"window": 24},
            "has no stretch of 25 rows without a gap; choose a shorter window or a coarser step",
        ),
    ],
)
def test_data_that_cannot_be_learned_from_is_refused_in_one_sentence(values, parameters, sentence):
    with pytest.raises(DataError, match=sentence):
        quick(**parameters).fit(values)


def test_a_series_unlike_the_one_learned_from_is_refused():
    detector = quick().fit(hourly(wave(300, channels=2)))
    with pytest.raises(DataError, match="has the columns c1, c0; this detector learned c0, c1"):
        detector.detect(hourly(wave(300, channels=2))[["c1", "c0"]])
    with pytest.raises(DataError, match="has a step of 0 days 00:30:00; this detector learned 0 days 01:00:00"):
        detector.detect(hourly(wave(300, channels=2)).set_axis(pd.date_range("2024", periods=300, freq="30min")))
    with pytest.raises(DataError, match="has 10 rows; this detector's window needs at least"):
        detector.detect(hourly(wave(300, channels=2)).iloc[:10])


@pytest.mark.parametrize("spikes", [[700, 2200], [700, 1400, 2200]])
def test_a_channel_that_rests_and_moves_a_few_times_shows_each_of_them(spikes):
    values = np.ones((3000, 1))
    values[spikes] = 2.0
    events = Detector(twin=False).fit(values).detect(values)
    assert sorted((event.start_row, event.end_row) for event in events) == [(row, row + 1) for row in spikes]
