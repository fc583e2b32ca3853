import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly.errors import ConfigurationError
from tsanomaly.evaluation import Injection, Kind, inject, local_variation
from tsanomaly.evaluation.injection import rows_long
from tsanomaly.series import from_array

UNITS = np.array([0.5, 2.0])


def series_of(rows=200, seed=0):
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(rows)[:, None] / [4, 7]) + 0.1 * rng.normal(size=(rows, 2))
    return from_array(wave).one()


def changed_by(kind, strength, start=60, stop=100, sign=1, series=None):
    """What an injection into channel 1 adds there, ``(stop - start,)``."""
    series = series_of() if series is None else series
    after = inject(series, [Injection(kind, strength, 1, start, stop, sign, seed=3)], UNITS)
    return (after.values - series.values)[start:stop, 1]


def test_a_spike_moves_its_row_by_so_many_units():
    assert changed_by(Kind.SPIKE, 4, 60, 61) == pytest.approx([8.0])
    assert changed_by(Kind.SPIKE, 4, 60, 61, sign=-1) == pytest.approx([-8.0])


def test_a_level_shift_moves_every_row_alike():
    assert changed_by(Kind.LEVEL_SHIFT, 1.5, sign=-1) == pytest.approx(np.full(40, -3.0))


def test_a_drift_rises_evenly_to_so_many_units():
    assert changed_by(Kind.DRIFT, 2, 60, 64) == pytest.approx([1, 2, 3, 4])


def test_a_flat_line_stays_at_its_first_value():
    series = series_of()
    after = inject(series, [Injection(Kind.FLAT_LINE, 4, 1, 60, 100)], UNITS)
    assert set(after.values[60:100, 1]) == {series.values[60, 1]}


def test_a_noise_burst_has_the_standard_deviation_it_claims():
    added = changed_by(Kind.NOISE_BURST, 3, 0, 20_000, series=series_of(20_000))
    assert added.std() == pytest.approx(6.0, rel=0.02)
    assert added.mean() == pytest.approx(0.0, abs=0.15)


def test_a_frequency_change_runs_faster_then_slower_and_keeps_both_ends():
    # Strength 16 doubles the speed: of 31 rows the first third reads 0, 2, … 20, the rest every half row up to 30.
    ramp = from_array(np.column_stack([np.zeros(100), np.arange(100.0)])).one()
    after = inject(ramp, [Injection(Kind.FREQUENCY_CHANGE, 16, 1, 40, 71)], UNITS)
    expected = 40 + np.concatenate([np.arange(0, 20, 2), np.linspace(20, 30, 21)])
    assert after.values[40:71, 1] == pytest.approx(expected)


def test_a_broken_correlation_is_the_same_channel_at_another_time():
    series = series_of(400)
    after = inject(series, [Injection(Kind.BROKEN_CORRELATION, 4, 1, 60, 100, seed=5)], UNITS)
    stretches = np.lib.stride_tricks.sliding_window_view(series.values[:, 1], 40)
    donors = np.flatnonzero((stretches == after.values[60:100, 1]).all(axis=1))
    assert len(donors) == 1
    assert abs(donors[0] - 60) >= 40
    assert abs(np.corrcoef(after.values[60:100].T)[0, 1]) < 0.9
    assert abs(np.corrcoef(after.values[60:100, 1], series.values[60:100, 1])[0, 1]) < 0.3


def test_a_reading_near_the_largest_number_there_is_leaves_a_broken_correlation_possible():
    values = series_of(400).values.copy()
    values[200, 1] = 1.7e308
    series = from_array(values).one()
    after = inject(series, [Injection(Kind.BROKEN_CORRELATION, 4, 1, 60, 100, seed=5)], UNITS)
    assert not np.array_equal(after.values[60:100, 1], values[60:100, 1])


@settings(deadline=None)
@given(
    kind=st.sampled_from(Kind),
    strength=st.floats(0.5, 16),
    channel=st.integers(0, 1),
    start=st.integers(0, 150),
    sign=st.sampled_from((-1, 1)),
    seed=st.integers(0, 2**31),
    gaps=st.sets(st.integers(0, 199), max_size=40),
)
def test_only_observed_rows_of_the_stretch_and_channel_change(kind, strength, channel, start, sign, seed, gaps):
    series = series_of()
    series.values[sorted(gaps), channel] = np.nan
    before = series.values.copy()
    stop = start + rows_long(kind, strength, 8)
    after = inject(series, [Injection(kind, strength, channel, start, stop, sign, seed)], UNITS)
    inside = np.zeros(before.shape, bool)
    inside[start:stop, channel] = True
    assert np.array_equal(after.values[~inside], before[~inside], equal_nan=True)
    assert np.array_equal(np.isnan(after.values), np.isnan(before))
    assert np.array_equal(series.values, before, equal_nan=True)
    assert (after.times is series.times, after.channels) == (True, series.channels)


def test_the_same_seed_gives_the_same_noise():
    assert np.array_equal(changed_by(Kind.NOISE_BURST, 3), changed_by(Kind.NOISE_BURST, 3))


@pytest.mark.parametrize(
    ("kind", "strength", "rows"),
    [
        (Kind.SPIKE, 8, 1),
        (Kind.LEVEL_SHIFT, 8, 20),
        (Kind.FLAT_LINE, 4, 10),
        (Kind.FLAT_LINE, 16, 40),
        (Kind.FREQUENCY_CHANGE, 2, 40),
        (Kind.BROKEN_CORRELATION, 8, 20),
        (Kind.FLAT_LINE, 0.1, 2),
    ],
)
def test_an_anomaly_lasts_as_many_windows_as_its_kind_says(kind, strength, rows):
    assert rows_long(kind, strength, window=20) == rows


@pytest.mark.parametrize("strength", [0, -1, float("nan"), float("inf")])
def test_a_strength_must_be_above_nothing(strength):
    with pytest.raises(ConfigurationError, match=r"^the strength of a drift is .*; expected a number above 0$"):
        rows_long(Kind.DRIFT, strength, 20)


@pytest.mark.parametrize(("channel", "start", "stop"), [(0, 190, 201), (0, -1, 5), (2, 0, 5), (0, 7, 7)])
def test_an_injection_outside_the_series_is_refused(channel, start, stop):
    with pytest.raises(ConfigurationError, match="lies outside series 'array' with 200 rows and 2 columns"):
        inject(series_of(), [Injection(Kind.SPIKE, 4, channel, start, stop)], UNITS)


def test_a_broken_correlation_needs_another_time_to_take_from():
    with pytest.raises(ConfigurationError, match="of 120 rows needs a series of at least 240 rows"):
        inject(series_of(), [Injection(Kind.BROKEN_CORRELATION, 4, 0, 40, 160)], UNITS)


def test_local_variation_is_the_noise_on_a_pattern_not_the_pattern(rng):
    wave = 100 * np.sin(2 * np.pi * np.arange(20_000) / 50)
    noise = rng.normal(size=20_000)
    # A row differs from the median of four others: variance 1 + 0.298 (median of four Gaussians) times the noise's.
    assert local_variation((wave + 10 * noise)[:, None], 50) == pytest.approx([10 * np.sqrt(1.298)], rel=0.03)


def test_local_variation_is_in_the_channel_s_own_unit(rng):
    values = rng.normal(size=(500, 1))
    assert local_variation(1000 * values + 5) == pytest.approx(1000 * local_variation(values))


def test_local_variation_hardly_moves_with_gaps_and_wild_outliers(rng):
    values = rng.normal(size=(5000, 1))
    spoilt = values.copy()
    spoilt[rng.choice(5000, 250)] = np.nan
    spoilt[rng.choice(5000, 50)] = 1e9
    assert local_variation(spoilt) == pytest.approx(local_variation(values), rel=0.1)


def test_local_variation_of_an_exact_pattern_is_a_hundredth_of_its_spread():
    saw = np.tile(np.arange(101.0), 20)
    assert local_variation(saw[:, None], 101) == pytest.approx([0.9])


def test_local_variation_of_a_channel_that_rarely_moves_is_a_hundredth_of_its_range():
    rare = np.zeros((500, 1))
    rare[[100, 300]] = 4
    assert local_variation(rare, 20) == pytest.approx([0.04])


def test_local_variation_of_a_series_too_short_for_its_period_looks_at_neighbouring_rows(rng):
    values = rng.normal(size=(60, 1))
    assert local_variation(values, 30) == pytest.approx(local_variation(values))


def test_four_rows_have_no_neighbours_enough_and_are_measured_by_their_spread():
    assert local_variation(np.array([[0.0], [1], [2], [3]])) == pytest.approx([2.7])


def test_a_constant_or_empty_channel_has_no_local_variation():
    values = np.column_stack([np.full(50, 3.0), np.full(50, np.nan)])
    assert np.isnan(local_variation(values, 5)).all()
