"""The period is the lag of the highest local maximum of the autocorrelation."""

import numpy as np
import pytest
from naive_series import naive_autocorrelation

from tsanomaly.series import estimate_period
from tsanomaly.series.period import autocorrelation


@pytest.mark.parametrize("period", [7, 24, 50, 144, 288])
def test_a_sine_has_its_own_period(period: int) -> None:
    assert estimate_period(np.sin(2 * np.pi * np.arange(20 * period) / period)) == period


def test_a_period_survives_gaps_that_tear_the_series() -> None:
    rng = np.random.default_rng(1)
    wave = np.sin(2 * np.pi * np.arange(3000) / 48) + 0.3 * rng.normal(size=3000)
    wave[rng.random(3000) < 0.4] = np.nan
    wave[1000:1500] = np.nan
    assert estimate_period(wave) == pytest.approx(48, abs=1)


def test_noise_in_one_channel_does_not_hide_the_period_of_the_others() -> None:
    rng = np.random.default_rng(2)
    wave = np.sin(2 * np.pi * np.arange(2000) / 30)
    table = np.column_stack([rng.normal(size=2000), wave, np.roll(wave, 7), np.zeros(2000), np.full(2000, np.nan)])
    assert estimate_period(table) == 30


@pytest.mark.parametrize(
    "values",
    [np.ones(500), np.full(500, np.nan), np.arange(500.0), np.array([]), np.array([1.0]), np.array([1.0, 2.0])],
)
def test_what_has_no_period_gets_the_default(values: np.ndarray) -> None:
    assert estimate_period(values) is None
    assert estimate_period(values, default=125) == 125


def test_a_period_beyond_the_bounds_gives_the_default() -> None:
    wave = np.sin(2 * np.pi * np.arange(4000) / 350)
    assert estimate_period(wave, default=125) == 125
    assert estimate_period(wave, 6, 303, 125, search=(4, 399)) == 125
    assert estimate_period(wave, high=400, default=125) == pytest.approx(350, abs=2)


def test_the_search_may_reach_further_than_the_answer() -> None:
    """As in TSB-AD: the highest maximum decides, and if it lies outside the bounds no lower one inside replaces it."""
    moment = np.arange(8000)
    wave = np.sin(2 * np.pi * moment / 350) + 0.5 * np.sin(2 * np.pi * moment / 70)
    assert estimate_period(wave, 6, 303, 125, search=(4, 399)) == 125
    assert estimate_period(wave, 6, 303, 125) != 125


def test_wiggles_on_a_slow_decay_are_no_period() -> None:
    rng = np.random.default_rng(4)
    beat = np.sin(2 * np.pi * np.arange(5000) / 60)
    drift = np.sin(2 * np.pi * np.arange(5000) / 5000) + 0.1 * beat
    assert estimate_period(drift) == pytest.approx(60, abs=1)
    assert estimate_period(drift, prominence=0.1) is None
    assert estimate_period(beat, prominence=0.1) == 60
    faint = 0.2 * beat + rng.normal(size=5000)  # its autocorrelation at 60 is about 0.02
    assert estimate_period(faint, prominence=0.1) is None


def test_only_the_first_20000_points_count() -> None:
    wave = np.sin(2 * np.pi * np.arange(20_000) / 40)
    other = 100 * np.sin(2 * np.pi * np.arange(200_000) / 90)
    assert estimate_period(np.concatenate([wave, other])) == 40


@pytest.mark.parametrize("share_missing", [0.0, 0.3])
def test_the_autocorrelation_agrees_with_a_slow_loop(share_missing: float) -> None:
    rng = np.random.default_rng(3)
    values = 1e6 + rng.normal(size=80).cumsum()
    values[rng.random(80) < share_missing] = np.nan
    fast = autocorrelation(values[:, None], 30)
    assert fast is not None
    slow = [naive_autocorrelation(values.tolist(), lag) for lag in range(31)]
    np.testing.assert_allclose(fast, slow, atol=1e-9)
