import json
from dataclasses import replace

import numpy as np
import pytest

from tsanomaly.detection.bands import expected_band
from tsanomaly.detection.events import ChannelShare, Events
from tsanomaly.detection.scores import Scores
from tsanomaly.detection.thresholds import Threshold
from tsanomaly.report import figures
from tsanomaly.report.palette import DARK, LIGHT

HOSTILE = '<b>%{x}</b><a href="javascript:alert(1)">\u202e'


def traces(figure, axis, mode="lines"):
    return [trace for trace in figure.data if trace.yaxis == axis and trace.mode == mode]


@pytest.mark.parametrize("channels", [1, 6])
def test_a_figure_of_a_million_rows_stays_under_a_megabyte(make_events, channels):
    runs = [(start, start + 400) for start in range(5000, 990_000, 2000)]
    gaps = [(start, start + 800) for start in range(2000, 990_000, 1500)]
    events = make_events(runs, rows=1_000_000, channels=tuple(f"channel {j}" for j in range(channels)), gaps=gaps)
    assert len(figures.overview(events, chosen=events[0]).to_json()) < 1_000_000
    assert len(figures.zoom(events, events[0], around=1000.0).to_json()) < 1_000_000
    assert len(figures.preview(events.series).to_json()) < 1_000_000


def test_thousands_of_events_stay_under_a_megabyte_and_the_most_severe_are_told_in_full(make_events):
    runs = [(first, first + 3) for first in range(100, 1_000_000, 200)]
    events = make_events(runs, rows=1_000_000, channels=("pressure", "flow", "heat"))
    figure = figures.overview(events, chosen=events[0])
    assert len(figure.to_json()) < 1_000_000
    told = next(trace for trace in figure.data if trace.name == "events").hovertext
    assert (len(told), told[1_000]) == (len(events), "event 1001")
    assert "severity" in told[999]


def test_anomalous_rows_are_drawn_however_long_the_series_is(make_events):
    events = make_events([(777_777, 777_783)], rows=1_000_000, channels=("pressure",))
    line = traces(figures.overview(events), "y")[0]
    x = figures.overview(events).data[0].x
    wanted = (events.series.times[777_777:777_783].astype(np.int64)) / 1e6
    assert set(wanted) <= set(x)
    assert set(events.series.values[777_777:777_783, 0]) <= set(line.y)


def test_gaps_are_drawn_as_gaps(make_events):
    events = make_events([], gaps=[(100, 200)], channels=("pressure",))
    line = traces(figures.overview(events), "y")[0]
    missing = np.isnan(line.y)
    times = events.series.times.astype(np.int64) / 1e6
    assert missing.sum() == 1
    assert line.x[missing][0] == times[100]
    assert line.connectgaps is None


def test_a_value_alone_between_gaps_gets_a_dot(make_events):
    events = make_events([], gaps=[(100, 200), (201, 300)], channels=("pressure",))
    dots = traces(figures.preview(events.series), "y", "markers")
    assert [trace.y.tolist() for trace in dots] == [[events.series.values[200, 0]]]


def test_channels_that_lead_events_are_drawn_before_others(make_events):
    names = ("pressure", "flow", "speed", "torque")
    events = make_events([(100, 110), (500, 510), (800, 810)], channels=names)
    led = [ChannelShare(name, 1.0, "above") for name in ("speed", "flow", "torque")]
    parts = tuple(replace(event, channels=(share,)) for event, share in zip(events, led, strict=True))
    events = replace(events, events=parts)
    assert figures.leading_channels(events, 1) == [2]
    assert figures.leading_channels(events, 2) == [1, 2]
    assert figures.leading_channels(events, 2, events[2]) == [2, 3]
    assert figures.leading_channels(events) == [0, 1, 2, 3]
    assert figures.leading_channels(make_events([], channels=names), 2) == [0, 1]


def test_a_severe_event_gets_more_ink_than_a_slight_one(make_events):
    events = make_events([(100, 110), (500, 501)])
    severe, slight = (replace(event, severity=s) for event, s in zip(events, (80.0, 10.0), strict=True))
    figure = figures.overview(replace(events, events=(severe, slight)))
    shades = [shape.opacity for shape in figure.layout.shapes if shape.type == "rect"]
    sizes = traces(figure, "y3", "markers")[0].marker.size
    assert shades[0] > shades[1] > 0
    assert sizes[0] > sizes[1] > 0


def test_score_and_channels_share_one_axis_of_time(make_events):
    figure = figures.overview(make_events([(100, 110)]))
    assert {trace.xaxis for trace in figure.data} == {"x"}
    assert {trace.yaxis for trace in figure.data} == {"y", "y2", "y3"}


def test_the_threshold_is_a_line_at_its_value(make_events):
    events = make_events([(100, 110)])
    level = [shape for shape in figures.overview(events).layout.shapes if shape.type == "line"]
    assert [(shape.y0, shape.y1, shape.yref) for shape in level] == [(4.0, 4.0, "y3")]


def test_events_are_shaded_from_start_to_end_and_the_chosen_one_stands_out(make_events):
    events = make_events([(100, 110), (500, 501)], step=None)
    shades = [s for s in figures.overview(events, chosen=events[1]).layout.shapes if s.type == "rect"]
    assert [(s.x0, s.x1, s.fillcolor) for s in shades] == [(100, 110, LIGHT.event), (500, 501, LIGHT.chosen)]


def test_a_peak_carries_the_rank_of_its_event(make_events):
    events = make_events([(100, 110), (500, 501)])
    peaks = traces(figures.overview(events), "y3", "markers")[0]
    assert peaks.customdata.tolist() == [1, 2]
    assert peaks.y.tolist() == [events[0].score, events[1].score]


def test_a_close_up_shows_actual_and_expected_of_the_channels_that_broke(make_events):
    events = make_events([(1000, 1040)], channels=("pressure", "flow", "speed"))
    figure = figures.zoom(events, events[0], around=1.0)
    expected, actual = traces(figure, "y")
    assert (expected.name, actual.name) == ("expected", "actual")
    assert actual.y.tolist() == events.series.values[960:1080, 0].tolist()
    assert expected.y.tolist() == pytest.approx(events.scores.expected[960:1080, 0].tolist())
    assert figure.layout.annotations[0].text == "pressure: 80 % of the event, below expected"
    assert "speed" not in figure.to_json()


@pytest.mark.parametrize("piece", [100_000, 900])
def test_the_expected_range_is_drawn_in_pieces_as_it_is_known_of_all_rows(make_events, monkeypatch, piece):
    monkeypatch.setattr(figures, "PIECE", piece)
    events = make_events([(4000, 4040)], rows=20_000, channels=("pressure",))
    events.scores.expected[9000:9800] = np.nan
    band = expected_band(events)
    area = next(t for t in figures.zoom(events, events[0], around=1e4, band=band).data if t.name == "expected range")
    row = {float(x): i for i, x in enumerate(figures.on_clock(events.series, np.arange(20_000)))}
    drawn = [(row[x], y) for x, y in zip(area.x, area.y, strict=True) if not np.isnan(x)]
    assert all(y in (band.lower[i, 0], band.upper[i, 0]) for i, y in drawn)
    heights = [y for _, y in drawn]
    assert (min(heights), max(heights)) == (np.nanmin(band.lower), np.nanmax(band.upper))
    assert not [i for i, _ in drawn if 9000 <= i < 9800]
    assert np.isnan(area.y).sum() == 2
    assert len(drawn) < 6000


def test_a_close_up_shows_the_channels_asked_for(make_events):
    events = make_events([(1000, 1040)], channels=("pressure", "flow"))
    figure = figures.zoom(events, events[0], channels=[1], around=1.0)
    actual = traces(figure, "y")[1]
    assert actual.y.tolist() == events.series.values[960:1080, 1].tolist()
    assert figure.layout.annotations[0].text == "flow: 20 % of the event, above and below expected"


def test_times_are_drawn_on_the_clock_of_the_zone(make_events):
    events = make_events([], zone="Europe/Berlin")
    x = figures.preview(events.series).data[0].x
    local = events.series.to_frame().index.tz_localize(None).to_numpy().astype("datetime64[ns]").astype(np.int64) / 1e6
    assert x.tolist() == local.tolist()


def test_names_from_files_are_text_in_every_figure(make_events):
    events = make_events([(100, 110)], channels=(HOSTILE, "<img src=x onerror=alert(1)>"))
    for figure in (figures.overview(events), figures.zoom(events, events[0]), figures.preview(events.series)):
        texts = [note.text for note in figure.layout.annotations] + [trace.name or "" for trace in figure.data]
        texts += [line for trace in figure.data for line in (trace.hovertext or ())]
        assert not any("<b>" in text or "<a" in text or "<img" in text or "\u202e" in text for text in texts)
        assert not any("%{x}" in (trace.hovertemplate or "") for trace in figure.data)


def test_series_without_events_without_scores_and_without_clock_can_be_drawn(make_events):
    quiet = make_events([], step=None)
    unknown = np.full(2000, np.nan)
    nothing = Scores(quiet.scores.times, unknown, quiet.scores.by_channel, quiet.scores.expected, ("a", "b"))
    blind = Events((), quiet.series, nothing, Threshold(np.inf, "none", 0), quiet.severity)
    for events in (quiet, blind):
        assert json.loads(figures.overview(events).to_json())
    assert json.loads(figures.preview(make_events([], gaps=[(0, 2000)]).series).to_json())


def test_colours_follow_the_palette(make_events):
    events = make_events([(100, 110)])
    assert figures.overview(events, palette=DARK).data[0].line.color == DARK.actual
    assert figures.overview(events, palette=LIGHT).data[0].line.color == LIGHT.actual
