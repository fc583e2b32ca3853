"""A stretch of the series by itself: which rows are drawn, and which row a place on the axis is."""

import numpy as np
import pytest

import tsanomaly
from tsanomaly.report import figures

HOUR = np.timedelta64(3600, "s").astype("timedelta64[ns]")


def series(rows=3000, zone=None, clock=True):
    times = np.datetime64("2026-03-01", "ns") + np.arange(rows) * HOUR if clock else np.arange(rows)
    values = np.sin(np.arange(rows) / 5)[:, None] + np.random.default_rng(1).normal(0, 0.1, (rows, 1))
    values[[row for row in (500, 1500, 2500) if row < rows]] += 9
    return tsanomaly.Series(times, values, ("a",), HOUR if clock else None, zone)


@pytest.fixture(scope="module")
def events():
    judged = series()
    detector = tsanomaly.Detector(window=12, twin=False, training=tsanomaly.Training(steps=3), budget="1/day")
    return detector.fit(judged).detect(judged)


def test_a_stretch_draws_its_own_rows_and_its_own_events_alone(events):
    figure = figures.overview(events, rows=(1400, 1600))
    peaks = next(trace for trace in figure.data if trace.name == "events")
    inside = [event for event in events if 1400 <= event.peak_row < 1600]
    assert 0 < len(inside) < len(events)
    assert sorted(peaks.customdata.tolist()) == sorted(event.rank for event in inside)
    line = next(trace for trace in figure.data if trace.name == "a")
    assert len(line.x) == 200
    assert len(figures.overview(events).data[0].x) == 3000


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_every_place_on_the_axis_leads_back_to_its_row(zone):
    judged = series(rows=1200, zone=zone)
    axis = figures.preview(judged).data[0].x
    for row in (0, 1, 600, 1199):
        assert figures.row_at(judged, str(np.datetime64(int(axis[row]), "ms"))) == row
    assert figures.row_at(judged, "1999-01-01 00:00:00.123") == 0
    assert figures.row_at(judged, "2099-01-01") == 1199


def test_without_a_clock_a_place_is_the_nearest_row():
    judged = series(rows=100, clock=False)
    assert [figures.row_at(judged, x) for x in (-5, 3.4, "41.6", 1e9)] == [0, 3, 42, 99]
