import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_events import made_events

from tsanomaly.detection.bands import expected_band
from tsanomaly.report import figures, sketch
from tsanomaly.report.heat_map import heat_map
from tsanomaly.report.lanes import Mark, swim_lanes
from tsanomaly.report.palette import DARK, LIGHT
from tsanomaly.report.words import as_html
from tsanomaly.series import Series

SVG = "{http://www.w3.org/2000/svg}"
STEP = np.timedelta64(1, "m")
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)> &lt;b&gt; \u202e=cmd' + "x" * 10_000


class Page(HTMLParser):
    """What a browser makes of HTML: elements with their attributes, and texts."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append(dict(attrs))

    def handle_data(self, data):
        self.texts.append(data)


def drawn(figure):
    """The picture's elements."""
    page = Page(sketch.html(figure))
    [address] = [each["src"] for tag, each in zip(page.tags, page.attributes, strict=True) if tag == "img"]
    return ElementTree.fromstring(unquote(address.removeprefix("data:image/svg+xml,")))


def points(d):
    """The points of each part of a path."""
    parts = []
    for part in re.findall(r"M[^Mhz]*", d):
        numbers = np.array(re.findall(r"-?\d+", part), int).reshape(-1, 2)
        parts.append(numbers.cumsum(axis=0).tolist())
    return parts


def lines(figure):
    return [points(path.get("d")) for path in drawn(figure).iter(f"{SVG}path") if path.get("fill") == "none"]


def dots(figure):
    """Each marker, in their order: where it is, how it is drawn, and the opacity of it all."""
    picture = drawn(figure)
    looks = {f"#{each.get('id')}": each for each in picture.iter(f"{SVG}g")}
    return [
        (float(use.get("x")), int(use.get("y")), list(looks[use.get("href")]), looks[use.get("href")].get("opacity"))
        for use in picture.iter(f"{SVG}use")
    ]


def plain(y, x=None, height=100, **axis):
    """A figure of one line on an axis of 80 pixels, 10 below the figure's top."""
    trace = {"x": np.arange(len(y)) if x is None else x, "y": y, "mode": "lines", "line": {"color": "red", "width": 1}}
    figure = go.Figure(go.Scatter(**trace, xaxis="x", yaxis="y"))
    ends = [float(np.min(trace["x"])), float(np.max(trace["x"]))]
    figure.update_layout(height=height, margin={"l": 20, "r": 10, "t": 10, "b": 10}, font={"size": 12, "color": "grey"})
    figure.update_layout(xaxis={"type": "linear", "range": ends}, yaxis={"domain": [0, 1], **axis})
    return figure


def series(values, channels=("a",)):
    values = np.asarray(values, float).reshape(-1, len(channels))
    times = np.datetime64("2026-01-01", "ns") + np.arange(len(values)) * STEP
    return Series(times, values, channels, STEP, None, None, "made")


# --- where lines lie -------------------------------------------------------------------------------------------------


def test_a_line_from_corner_to_corner_leaves_a_twentieth_free_at_each_end():
    top, bottom = 10 + 4, 10 + 80 - 4
    assert lines(plain([0.0, 10.0])) == [[[[0, 4 * bottom], [1000, 4 * top]]]]


def test_an_axis_that_starts_at_zero_leaves_nothing_free_there():
    assert lines(plain([0.0, 10.0], rangemode="tozero")) == [[[[0, 4 * 90], [1000, 4 * 14]]]]
    assert lines(plain([5.0, 10.0], rangemode="tozero")) == [[[[0, 4 * 52], [1000, 4 * 14]]]]
    assert lines(plain([-10.0, 0.0], rangemode="tozero")) == [[[[0, 4 * 86], [1000, 4 * 10]]]]


def test_a_line_that_stays_level_lies_in_the_middle():
    [[[first, last]]] = lines(plain([7.0, 7.0]))
    assert first == [0, 4 * 50]
    assert last == [1000, 4 * 50]


def test_gaps_stay_gaps_and_a_spike_survives_thinning():
    values = np.zeros(200_000)
    values[123_456] = 9.0
    values[50_000:60_000] = np.nan
    [[before, after]] = lines(plain(values))
    assert before[-1][0] == 250
    assert after[0][0] == 300
    assert min(after, key=lambda point: point[1]) == [617, 4 * 14]
    assert len(before) + len(after) <= 2 * 1001


def test_markers_are_round_dots_with_an_edge_and_get_room_of_their_own():
    figure = plain([0.0, 10.0])
    marker = {"size": 16.0, "color": "blue", "line": {"color": "white", "width": 2.0}}
    figure.add_trace(go.Scatter(x=[1.0], y=[10.0], mode="markers", marker=marker, xaxis="x", yaxis="y"))
    [(across, down, strokes, opacity)] = dots(figure)
    assert across == 1000
    assert down / 4 == pytest.approx(10 + 4 + 16 / 1.6, abs=0.2)
    assert opacity == "1"
    assert [stroke.get("d") for stroke in strokes] == ["M0 0h0"] * 2
    edge, inside = strokes
    assert (edge.get("stroke"), edge.get("stroke-width")) == ("white", "18")
    assert (inside.get("stroke"), inside.get("stroke-width")) == ("blue", "14")


def test_markers_keep_their_order_sizes_and_opacities_and_are_left_out_beyond_the_axis():
    figure = plain([0.0, 10.0], range=[0, 10])
    marker = {"size": [9.0, 7.0, 8.0, 9.0], "opacity": [1.0, 0.5, 0.7, 1.0], "color": "blue"}
    figure.add_trace(go.Scatter(x=[0.5, 0.25, -0.1, 0.75], y=[0, 5, 5, 10], mode="markers", marker=marker))
    assert [(x, y, [stroke.get("stroke-width") for stroke in strokes], o) for x, y, strokes, o in dots(figure)] == [
        (500, 4 * 90, ["9"], "1"),
        (250, 4 * 50, ["7"], "0.5"),
        (750, 4 * 10, ["9"], "1"),
    ]


def test_markers_of_several_sizes_are_seen_through_as_plotly_has_them():
    figure = plain([0.0, 10.0])
    marker = {"size": [7.0, 8.0], "color": "blue"}
    figure.add_trace(go.Scatter(x=[0, 1], y=[0, 10], mode="markers", marker=marker))
    assert {opacity for *_, opacity in dots(figure)} == {"0.7"}


def test_bars_in_lanes_do_not_run_into_each_other():
    x = [0.5, 0.75, np.nan, 0.75, 1, np.nan, 0, 0.25, np.nan, 0.25, 0.25]
    y = [0, 0, np.nan, 10, 10, np.nan, 5, 5, np.nan, 0, 0]
    figure = plain(y, x, range=[0, 10]).update_layout(xaxis={"range": [0, 1]})
    figure.data[0].opacity = 0.4
    [path] = [path for path in drawn(figure).iter(f"{SVG}path") if path.get("fill") == "none"]
    assert points(path.get("d")) == [
        [[500, 360], [750, 360]],
        [[750, 40], [1000, 40]],
        [[0, 200], [250, 200]],
        [[250, 360]],
    ]
    assert path.get("opacity") == "0.4"


def test_what_plotly_cannot_place_is_left_out():
    huge = [1.0, np.inf, 1.7e308, -np.inf, 2.0]
    [[first, last]] = lines(plain(huge))
    assert (first[-1][0], last[-1][0]) == (0, 1000)
    assert lines(plain([np.nan, np.nan])) == []
    [[[_, end]]] = lines(plain([1e300, 1e300]))
    assert end == [1000, 4 * 50]


def slow_twin(across, down, after_gap, closed):
    """One point after the other."""
    steps = []
    for place in range(len(across)):
        if place == 0 or across[place] != across[place - 1] or (closed and after_gap[place]):
            steps.append([])
        steps[-1].append(place)
    kept, begins = [], []
    for step in steps:
        lowest = min(step, key=lambda place: (down[place], place))
        highest = max(step, key=lambda place: (down[place], place))
        both = {lowest} if down[lowest] == down[highest] else {lowest, highest}
        kept += sorted(both)
        begins += [after_gap[step[0]], *[False] * (len(both) - 1)]
    return kept, begins


POINTS = st.lists(st.tuples(st.integers(0, 2), st.integers(-4, 4), st.booleans()), min_size=1, max_size=40)


@given(POINTS, st.booleans())
def test_thinning_keeps_what_a_slow_twin_keeps(rows, closed):
    moves, down, after_gap = map(np.array, zip(*rows, strict=True))
    across = np.cumsum(moves)
    after_gap[0] = True
    kept, begins = sketch.thinned(across, down, after_gap, closed=closed)
    assert (kept.tolist(), begins.tolist()) == slow_twin(across, down, after_gap, closed)


# --- figures of the page ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_the_whole_series_has_its_lines_shading_peaks_and_threshold(palette):
    events = made_events([(300, 310), (900, 960)], gaps=[(500, 620)])
    picture = drawn(figures.overview(events, chosen=events[0], palette=palette))
    paths = list(picture.iter(f"{SVG}path"))
    across = [path for path in paths if path.get("fill") == "none" and not path.get("stroke-dasharray")]
    assert [path.get("stroke") for path in across] == [palette.actual, palette.actual, palette.score]
    assert [len(points(path.get("d"))) for path in across] == [2, 2, 2]
    shades = [path.get("fill") for path in paths if path.get("fill") in (palette.event, palette.chosen)]
    assert shades == [palette.event, palette.chosen]
    assert len(list(picture.iter(f"{SVG}use"))) == len(events)
    [level] = [path for path in paths if path.get("stroke-dasharray")]
    assert level.get("stroke") == palette.threshold
    assert level.get("d").endswith("h1000")


def test_an_event_has_its_band_in_parts_that_do_not_run_into_each_other():
    events = made_events([(300, 310)], gaps=[(320, 340)])
    picture = drawn(figures.zoom(events, events[0], band=expected_band(events)))
    bands = [path for path in picture.iter(f"{SVG}path") if path.get("fill") == LIGHT.band]
    assert len(bands) == 2
    for band in bands:
        before, after = points(band.get("d"))
        assert max(x for x, _ in before) < min(x for x, _ in after)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_lanes_have_their_names_lines_bars_and_marks(palette):
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    hours = [timedelta(hours=hour) for hour in range(25)]
    marks = [
        Mark("x", "calm", begin + hours[6], begin + hours[12], 10, ""),
        Mark("y", HOSTILE, begin + hours[18], begin + hours[24], 80, ""),
    ]
    figure = swim_lanes(marks, begin, begin + hours[24], "UTC", palette=palette)
    page = Page(sketch.html(figure))
    assert page.texts[:2] == ["".join(Page(as_html(HOSTILE, 34)).texts), "calm"]
    assert page.texts[2:5] == ["00:00\nMar 1, 2026", "03:00", "06:00"]
    assert set(page.tags) == {"div", "img", "i", "span"}
    grid = [path for path in drawn(figure).iter(f"{SVG}path") if path.get("stroke") == palette.grid]
    assert [path.get("d").endswith("h1000") for path in grid] == [False] * 9 + [True] * 2
    [bars] = lines(figure)
    assert [[x for x, _ in bar] for bar in bars] == [[250, 500], [750, 1000]]
    (slight, severe) = dots(figure)
    assert (slight[0], severe[0]) == (250, 750)
    assert [each[1] for each in (slight, severe)] == [bar[0][1] for bar in bars]
    assert slight[1] > severe[1]  # the lane of the severe one is the first
    assert [stroke.get("stroke") for stroke in severe[2]] == [palette.paper, palette.threshold]


def test_a_long_and_noisy_series_stays_small():
    noise = np.random.default_rng(5).normal(size=(300_000, 3))
    noise[::7] = np.nan
    assert len(sketch.html(figures.preview(series(noise, ("a", "b", "c"))))) < 80_000


def test_hostile_names_are_text_and_the_picture_holds_none():
    figure = figures.preview(series(np.arange(100.0), (HOSTILE,)))
    page = Page(sketch.html(figure))
    assert set(page.tags) == {"div", "img", "i", "span"}
    assert all(set(each) <= {"class", "aria-hidden", "style", "src", "alt", "decoding"} for each in page.attributes)
    assert "".join(page.texts).endswith("".join(Page(as_html(HOSTILE)).texts))
    assert "script" not in ElementTree.tostring(drawn(figure), encoding="unicode")


def test_a_figure_of_anything_else_is_not_sketched():
    events = made_events([(300, 310)])
    bars = plain([0.0, 1.0])
    bars.add_trace(go.Bar(x=[0], y=[1]))
    texts = plain([0.0, 1.0], x=[0, 1])
    texts.data[0].x = ["2026-01-01", "2026-01-02"]
    dated = plain([0.0, 1.0]).update_layout(xaxis={"type": "date", "range": ["2026-01-01", "2026-01-02"]})
    open_ended = plain([0.0, 1.0]).update_layout(xaxis={"range": None})
    no_width = plain([0.0, 1.0]).update_layout(xaxis={"range": [3.0, 3.0]})
    circled = plain([0.0, 1.0]).add_shape(type="circle", xref="x", yref="y", x0=0, x1=1, y0=0, y1=1)
    log = plain([1.0, 2.0], type="log")
    for figure in (heat_map(events), go.Figure(), bars, texts, dated, open_ended, no_width, circled, log):
        assert sketch.html(figure) == ""
