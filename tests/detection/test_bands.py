"""The expected band holds the share of ordinary readings that it says, and says nothing of rows inside events."""

import tracemalloc

import numpy as np
import pytest

from tsanomaly.detection import bands
from tsanomaly.detection.bands import expected_band, ordinary_rows
from tsanomaly.detection.events import ChannelShare, Event, Events
from tsanomaly.detection.scores import Scores
from tsanomaly.detection.thresholds import Threshold
from tsanomaly.errors import ConfigurationError
from tsanomaly.series import Series


def judged(values, expected, runs=()):
    """Events at rows, of a series with what was expected of it."""
    names = tuple(f"c{j}" for j in range(values.shape[1]))
    series = Series(np.arange(len(values)), values, names)
    share = (ChannelShare("c0", 1.0, "both"),)
    events = tuple(Event(k, a, b, a, a, b, a, 50.0, 5.0, "both", share) for k, (a, b) in enumerate(runs, 1))
    total = np.where(np.isfinite(values).all(axis=1), 1.0, np.nan)
    scores = Scores(series.times, total, np.ones(values.shape, np.float32), expected, names)
    return Events(events, series, scores, Threshold(2.0, "by hand", len(values)), total)


def uneven(rows, seed):
    """A wave whose noise is five times larger where the wave is steep, and skewed; and what was to be expected."""
    rng = np.random.default_rng(seed)
    turn = 2 * np.pi * np.arange(rows) / 100
    size = np.where(np.abs(np.cos(turn)) > 0.7, 5.0, 1.0)
    expected = 50 * np.sin(turn)
    return (expected + size * (rng.exponential(1, rows) - 1))[:, None], expected[:, None]


def naive_band(values, line, coverage):
    """Row by row, of one channel whose every row is ordinary."""
    n = len(line)
    slope = [abs(line[min(i + 1, n - 1)] - line[max(i - 1, 0)]) / (min(i + 1, n - 1) - max(i - 1, 0)) for i in range(n)]
    steep = [np.mean([slope[min(max(i + d, 0), n - 1)] for d in (-1, 0, 1)]) for i in range(n)]
    error = values - line
    usual = np.median(np.abs(error))
    size = [usual] * n
    for feature in (steep, line):
        edges = np.quantile(feature, np.arange(1, bands.CLASSES) / bands.CLASSES)
        place = [sum(edge < each for edge in edges) for each in feature]
        ratio = [abs(error[i]) / size[i] for i in range(n)]
        factor = [np.median([ratio[i] for i in range(n) if place[i] == k]) for k in range(bands.CLASSES)]
        size = [size[i] * factor[place[i]] for i in range(n)]
    ordered = sorted(error[i] / size[i] for i in range(n))
    beyond = int((1 - coverage) / 2 * (n + 1)) - 1
    low, high = ordered[beyond], ordered[-1 - beyond]
    return [line[i] + size[i] * low for i in range(n)], [line[i] + size[i] * high for i in range(n)]


def test_it_is_what_going_through_it_row_by_row_gives():
    values, expected = uneven(1200, 3)
    band = expected_band(judged(values, expected), 0.9)
    lower, upper = naive_band(values[:, 0], expected[:, 0], 0.9)
    np.testing.assert_allclose(band.lower[:, 0], lower, rtol=1e-9)
    np.testing.assert_allclose(band.upper[:, 0], upper, rtol=1e-9)


def test_at_some_rows_it_is_the_same_as_at_all(monkeypatch):
    values, expected = uneven(5000, 4)
    expected[300:310] = np.nan
    band = expected_band(judged(values, expected))
    rows = np.array([0, 1, 299, 300, 311, 312, 2500, 4999])
    monkeypatch.setattr(bands, "PIECE", 700)
    np.testing.assert_array_equal(band.at(0, rows), (band.lower[rows, 0], band.upper[rows, 0]))


def test_some_rows_of_a_long_series_tell_as_much_as_all(monkeypatch):
    values, expected = uneven(100_000, 5)
    plain = expected_band(judged(values, expected))
    monkeypatch.setattr(bands, "MEASURED", 20_000)
    monkeypatch.setattr(bands, "PIECE", 7_000)
    band = expected_band(judged(values, expected, [(500, 600)]))
    assert band.rows == pytest.approx(20_000, rel=0.03)
    width, usual = band.upper - band.lower, plain.upper - plain.lower
    assert np.median(width / usual) == pytest.approx(1, abs=0.03)
    assert (~band.outside(values)).mean() == pytest.approx(0.95, abs=0.01)


def test_nothing_is_held_for_each_row_of_a_long_series():
    rows = 3_000_000
    line = np.broadcast_to(np.sin(np.arange(1000.0)), (rows // 1000, 1000)).reshape(rows, 1)
    events = judged(line + np.tile([[0.1], [-0.2]], (rows // 2, 1)), line)
    tracemalloc.start()
    expected_band(events).at(0, np.arange(5000))
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 8 * rows


@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.95, 0.99])
def test_it_holds_its_share_of_readings_that_it_was_not_measured_on(coverage):
    values, expected = uneven(20_000, 0)
    values[:10_000] = np.nan  # measured on the second half; the first half is what is then read
    fresh, _ = uneven(20_000, 1)
    band = expected_band(judged(values, expected), coverage)
    inside = ~band.outside(fresh)[:10_000]
    assert inside.mean() == pytest.approx(coverage, abs=0.01)


def test_it_holds_its_share_where_errors_are_large_and_where_they_are_small():
    values, expected = uneven(20_000, 0)
    band = expected_band(judged(values, expected), 0.9)
    steep = np.abs(np.cos(2 * np.pi * np.arange(20_000) / 100)) > 0.7
    inside = ~band.outside(values)[:, 0]
    width = (band.upper - band.lower)[:, 0]
    assert inside[steep].mean() == pytest.approx(0.9, abs=0.03)
    assert inside[~steep].mean() == pytest.approx(0.9, abs=0.03)
    assert np.median(width[steep]) > 3 * np.median(width[~steep])


def test_skewed_errors_give_a_band_that_is_not_symmetric():
    values, expected = uneven(20_000, 0)
    band = expected_band(judged(values, expected))
    assert np.median(band.upper - expected) > 2 * np.median(expected - band.lower)


def test_few_rows_give_a_wide_band_rather_than_too_narrow_a_one():
    inside = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=(31, 1))
        values[30] = np.nan
        band = expected_band(judged(values, np.zeros((31, 1))), 0.9)
        inside.append(band.lower[30, 0] <= rng.normal() <= band.upper[30, 0])
    assert np.mean(inside) > 0.87


def test_rows_in_and_near_events_do_not_widen_it():
    values, expected = uneven(5000, 0)
    calm = expected_band(judged(values, expected))
    values[2000:2200] += 1000
    band = expected_band(judged(values, expected, [(2020, 2180)]))
    assert band.outside(values)[2000:2200].all()
    assert np.mean(band.upper - band.lower) == pytest.approx(np.mean(calm.upper - calm.lower), rel=0.05)
    assert band.rows == 5000 - 160 - 2 * 81


def test_where_every_row_lies_in_an_event_all_judged_rows_are_ordinary():
    events = judged(np.zeros((10, 1)), np.zeros((10, 1)), [(0, 10)])
    assert ordinary_rows(events).all()


def test_it_is_in_the_channel_s_unit_and_nan_where_not_judged():
    values, expected = uneven(2000, 0)
    values[100:110] = np.nan
    expected[300:310] = np.nan
    plain = expected_band(judged(values, expected))
    scaled = expected_band(judged(values * 2**20, expected * 2**20))
    np.testing.assert_allclose(scaled.lower, plain.lower * 2**20)
    assert np.isnan(plain.lower[300:310]).all()
    assert np.isfinite(plain.lower[100:110]).all()  # expected, though not read
    assert not plain.outside(values)[100:110].any()


def test_a_model_without_error_has_a_band_of_no_width_that_everything_lies_in():
    values = np.arange(100.0)[:, None]
    band = expected_band(judged(values, values.copy()))
    assert (band.lower == values).all()
    assert not band.outside(values).any()


@pytest.mark.parametrize("coverage", [0, 1, 95])
def test_a_coverage_lies_between_0_and_1(coverage):
    with pytest.raises(ConfigurationError, match=f"^the coverage is {coverage}; expected a number between 0 and 1"):
        expected_band(judged(np.zeros((5, 1)), np.zeros((5, 1))), coverage)
