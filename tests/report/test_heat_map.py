"""The heat map is small however much it shows, loses no peak, and its colours are ordered by lightness."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_events import made_events

from tsanomaly.report.heat_map import HOT_BINS, HOT_CHANNELS, HOTTEST, heat_map
from tsanomaly.report.palette import DARK, LIGHT

HOSTILE = "<b>%{x}</b><img src=x onerror=alert(1)>\u202e" + "x" * 10_000


def with_errors(events, ratios):
    return replace(events, scores=replace(events.scores, by_channel=ratios.astype(np.float32)))


def test_many_rows_and_more_channels_than_fit_stay_under_a_megabyte():
    events = made_events([(177_777, 177_783)], rows=300_000, channels=tuple(f"channel {j}" for j in range(60)))
    figure = heat_map(events)
    assert len(figure.to_json()) < 1_000_000
    assert figure.data[0].z.shape == (HOT_CHANNELS, HOT_BINS)


def test_each_bin_shows_its_most_unusual_row_in_its_place():
    events = made_events([], rows=6000, channels=("flow", "heat"), step=None)
    ratios = np.ones((6000, 2))
    ratios[4321, 1] = 400.0  # squared: twenty times the usual error
    heat = heat_map(with_errors(events, ratios)).data[0]
    row, column = np.unravel_index(np.argmax(heat.customdata), heat.customdata.shape)
    assert heat.customdata[row, column] == pytest.approx(20)
    assert row == 1
    assert heat.x[column] <= 4321 < heat.x[column + 1]
    assert heat.z[row, column] == pytest.approx(np.log10(20))
    assert (heat.z[0] == 0).all()


def test_what_was_not_judged_is_empty_and_what_is_off_the_scale_has_its_last_colour():
    events = made_events([], rows=100, channels=("flow", "heat"), step=None)
    ratios = np.ones((100, 2))
    ratios[10:20, 0] = np.nan
    ratios[30, 1] = 1e12
    heat = heat_map(with_errors(events, ratios)).data[0]
    assert np.isnan(heat.z[0, 10:20]).all()
    assert np.isfinite(np.delete(heat.z[0], np.arange(10, 20))).all()
    assert np.nanmax(heat.z) <= heat.zmax + 1e-6
    assert np.nanmax(heat.customdata) == pytest.approx(1e6)
    assert heat.zmax == pytest.approx(np.log10(HOTTEST))


def test_around_an_event_its_rows_are_seen_one_by_one_in_a_frame():
    events = made_events([(1000, 1040)], channels=("flow", "heat"), step=None)
    figure = heat_map(events, chosen=events[0], around=1.0)
    assert figure.data[0].x.tolist() == list(range(960, 1081))
    frame = figure.layout.shapes[0]
    assert (frame.x0, frame.x1) == (1000, 1040)


def test_with_more_channels_than_fit_those_that_broke_in_the_event_are_kept():
    names = tuple(f"c{j}" for j in range(100))
    events = made_events([(500, 510)], rows=1000, channels=names)
    ratios = np.ones((1000, 100))
    ratios[505, 99] = 50.0
    figure = heat_map(with_errors(events, ratios), chosen=events[0])
    assert len(figure.layout.yaxis.ticktext) == HOT_CHANNELS
    assert "c99" in figure.layout.yaxis.ticktext


def test_a_clock_set_back_does_not_turn_the_columns_around():
    events = made_events([], rows=288, channels=("flow", "heat"), zone="Europe/Berlin")
    to_october = np.timedelta64(210 * 86400 * 10**9, "ns")  # the night of the 25th
    late = replace(events.series, times=events.series.times + to_october)
    x = heat_map(replace(events, series=late)).data[0].x
    assert (np.diff(x) >= 0).all()


def test_names_are_text():
    text = json.dumps(heat_map(made_events([], channels=(HOSTILE, "flow"))).to_plotly_json()["layout"], default=str)
    assert "<b>" not in text
    assert "<img" not in text
    assert len(text) < 20_000


def lightness(colour):
    """Relative luminance, as WCAG has it."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize(("palette", "away"), [(LIGHT, -1), (DARK, 1)])
def test_each_colour_is_further_from_the_page_in_lightness_which_any_eye_sees(palette, away):
    steps = np.diff([lightness(colour) for colour in palette.heat]) * away
    assert (steps > 0.01).all()
    assert abs(lightness(palette.heat[0]) - lightness(palette.paper)) < 0.1
    assert heat_map(made_events([]), palette=palette).data[0].colorscale[-1][1] == palette.heat[-1]
