"""What is seen before plotly is there: lines where plotly will draw them, and no moment without them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import plotly.graph_objects as go
import pytest
from browser.journey import settle, upload, wait_for_events
from browser.serving import dashboard
from playwright.sync_api import expect
from plotly.offline import get_plotlyjs
from store_samples import event, scored

from tsanomaly.report import sketch
from tsanomaly.report.ticks import LONG, clock_ticks
from tsanomaly.workspace import Workspace

pytestmark = pytest.mark.browser

SCRIPT = "**/PlotlyChart*.js"
WHOLE = ".st-key-sketched-whole"
SKETCH = "[class*=st-key-sketched-] .ts-sketch"
NEAR = 1.5
"""Pixels: a step across is one or so, and plotly puts levels on whole ones."""

SKETCHED_LINES = """
async () => {
  const image = document.querySelector(".ts-sketch img");
  const frame = image.getBoundingClientRect();
  const picture = new DOMParser().parseFromString(await (await fetch(image.src)).text(), "image/svg+xml");
  const svg = document.body.appendChild(document.importNode(picture.documentElement, true));
  const [width, height] = [svg.viewBox.baseVal.width, svg.viewBox.baseVal.height];
  const boxes = [...svg.querySelectorAll("path[fill=none]:not([stroke-dasharray])")].map((path) => {
    const box = path.getBBox();
    const x = (at) => frame.x + (at / width) * frame.width, y = (at) => frame.y + (at / height) * frame.height;
    return [x(box.x), y(box.y), x(box.x + box.width), y(box.y + box.height)];
  });
  const shades = svg.querySelectorAll("path[opacity]").length;
  svg.remove();
  return { boxes, shades };
}
"""
PLOTLY_LINES = """
() => [...document.querySelector(".js-plotly-plot").querySelectorAll(".js-line")].map((path) => {
  const box = path.getBBox(), to = path.getScreenCTM();
  const at = (x, y) => { const point = new DOMPoint(x, y).matrixTransform(to); return [point.x, point.y]; };
  return [...at(box.x, box.y), ...at(box.x + box.width, box.y + box.height)];
})
"""
TEXTS = """
(selector) => [...document.querySelectorAll(selector)].map((each) => {
  const range = document.createRange();
  range.selectNodeContents(each);
  const box = range.getBoundingClientRect();
  return [each.textContent, box.x, box.y];
})
"""
SKETCHED_MARKS = """
async () => {
  const image = document.querySelector(".ts-sketch img");
  const frame = image.getBoundingClientRect();
  const picture = new DOMParser().parseFromString(await (await fetch(image.src)).text(), "image/svg+xml");
  const { width, height } = picture.documentElement.viewBox.baseVal;
  return [...picture.querySelectorAll("use")].map((use) => {
    const [edge, inside] = [...picture.querySelector(use.getAttribute("href")).children]
      .map((each) => Number(each.getAttribute("stroke-width")));
    const [x, y] = ["x", "y"].map((way) => Number(use.getAttribute(way)));
    return [frame.x + (x / width) * frame.width, frame.y + (y / height) * frame.height, (edge + inside) / 2];
  });
}
"""
PLOTLY_MARKS = """
() => [...document.querySelectorAll(".points path")].map((path) => {
  const box = path.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2, box.width];
})
"""
WATCH = """
() => {
  window.seen = new Set();
  const look = () => {
    const sketch = document.querySelector(".ts-sketch"), plot = document.querySelector(".js-plotly-plot");
    const drawn = plot?.querySelector(".js-line") && getComputedStyle(plot).visibility === "visible";
    window.seen.add(`${getComputedStyle(sketch).visibility}, ${drawn ? "drawn" : "not drawn"}`);
    requestAnimationFrame(look);
  };
  look();
}
"""
"""Notes of every frame whether the sketch is seen, and whether plotly's lines are."""


@pytest.fixture(scope="module")
def lanes(tmp_path_factory):
    """The address of a dashboard with open events of two series."""
    home = tmp_path_factory.mktemp("lanes")
    begin = datetime(2026, 5, 1, tzinfo=UTC)
    with Workspace.open(home / "workspace.db") as workspace:
        workspace.jobs.put("plant", 'name = "plant"\n[source]\nkind = "files"\npath = "plant/*.csv"\n')
        run = workspace.runs.claim("plant", begin, "test", timedelta(minutes=1), begin)
        results = []
        for name, first in (("a", 0), ("a mill of a long name", 30)):
            found = [event(at, at + 6, 5.0 + at) for at in range(first, first + 40, 10)]
            results.append(scored(*found, series=name))
        workspace.commit(run, results, begin)
    with dashboard(home) as where:
        yield where


@pytest.fixture
def held(page):
    """Plotly's script, held back until it is let go."""
    requests = []
    page.route(SCRIPT, lambda request: requests.append(request))
    return requests


def test_events_are_seen_before_plotly_is_there_and_stay_where_they_are(page, held, address, judged_run):
    page.goto(f"{address}/investigate?run={judged_run}")
    expect(page.locator(SKETCH).first).to_be_visible()
    settle(page)
    page.evaluate("document.fonts.ready")
    assert page.locator(".js-plotly-plot").count() == 0
    sketched = page.evaluate(SKETCHED_LINES)
    texts = page.evaluate(TEXTS, f"{WHOLE} .ts-sketch span:not(.ts-tick)")
    times = page.evaluate(TEXTS, f"{WHOLE} .ts-sketch .ts-tick")
    assert len(sketched["boxes"]) == 3
    assert sketched["shades"] == 3
    assert [text for text, *_ in texts][:3] == ["pressure", "flow", "anomaly score"]
    page.evaluate(WATCH)

    [request] = held
    request.continue_()
    wait_for_events(page)
    assert page.evaluate("[...seen]") == ["visible, not drawn", "hidden, drawn"]
    np.testing.assert_allclose(page.evaluate(PLOTLY_LINES)[:3], sketched["boxes"], atol=NEAR)
    same_texts(page.evaluate(TEXTS, f"{WHOLE} .annotation-text"), texts)
    same_texts(page.evaluate(TEXTS, f"{WHOLE} .xtick text"), times)


def same_texts(drawn, sketched):
    """Lines of a text are parts of it to plotly, and without a break between them."""
    assert drawn
    assert [text for text, *_ in drawn] == [text.replace("\n", "") for text, *_ in sketched]
    np.testing.assert_allclose([at for _, *at in drawn], [at for _, *at in sketched], atol=NEAR)


def test_lanes_are_seen_before_plotly_is_there_and_lead_to_an_event_once_it_is(page, held, lanes):
    page.goto(f"{lanes}/overview")
    expect(page.locator(SKETCH)).to_be_visible()
    expect(page.get_by_role("radio", name="Month")).to_be_visible()  # what is above it has its height
    settle(page)
    page.evaluate("document.fonts.ready")
    sketched = page.evaluate(SKETCHED_MARKS)
    names = page.evaluate(TEXTS, ".ts-sketch > :first-child span")
    times = page.evaluate(TEXTS, ".ts-tick")
    assert len(sketched) == 8
    assert {name for name, *_ in names} == {"plant · a", "plant · a mill of a long name"}

    held[0].continue_()
    expect(page.locator(SKETCH)).to_be_hidden()
    np.testing.assert_allclose(page.evaluate(PLOTLY_MARKS), sketched, atol=NEAR)
    same_texts(page.evaluate(TEXTS, ".ytick text"), names)
    same_texts(page.evaluate(TEXTS, ".xtick text"), times)
    *_, (x, y, _) = sketched
    page.mouse.click(x, y)
    page.wait_for_url("**/investigate?event=*")


def test_a_narrow_page_has_no_times_but_those_of_plotly(page, held, lanes):
    page.set_viewport_size({"width": 700, "height": 768})
    page.goto(f"{lanes}/overview")
    expect(page.locator(SKETCH)).to_be_visible()
    settle(page)
    expect(page.locator(".ts-tick").first).to_be_hidden()
    held[0].continue_()
    expect(page.locator(".xtick").first).to_be_visible()


def test_a_click_before_plotly_is_there_leaves_no_picture_out(page, held, address, judged_run):
    page.goto(f"{address}/investigate?run={judged_run}")
    expect(page.locator(SKETCH)).to_have_count(2)  # the whole series, and an event close up
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Event 2 of")).to_be_visible()
    settle(page)
    expect(page.locator(SKETCH)).to_have_count(2)
    for each in page.locator(SKETCH).all():
        expect(each).to_be_visible()
    held[0].continue_()
    wait_for_events(page)
    for each in page.locator(SKETCH).all():
        expect(each).to_be_hidden()


def test_a_figure_that_stays_the_same_is_not_drawn_anew(judged):
    judged.evaluate("document.querySelector('.js-plotly-plot').known = true")
    judged.get_by_role("radio", name="Rows").click()
    expect(judged.locator(".js-plotly-plot")).to_have_count(1)
    settle(judged)
    assert judged.evaluate("document.querySelector('.js-plotly-plot').known")


def test_a_file_of_row_numbers_is_seen_before_plotly_is_there(page, held, address):
    rows = "\n".join(["pressure", *(f"{row * 7919 % 97}" for row in range(300))])
    upload(page, address, {"name": "rows.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    expect(page.locator(SKETCH)).to_be_visible()
    settle(page)
    [box] = page.evaluate(SKETCHED_LINES)["boxes"]
    held[0].continue_()
    expect(page.locator(SKETCH)).to_be_hidden()
    np.testing.assert_allclose(page.evaluate(PLOTLY_LINES), [box], atol=NEAR)


def test_axes_are_ranged_as_plotly_ranges_them(page):
    page.set_content(f"<script>{get_plotlyjs()}</script><div id=here></div>")
    draws = np.random.default_rng(4)
    for _ in range(20):
        figure = any_figure(draws)
        layout, traces = figure.layout.to_plotly_json(), [trace.to_plotly_json() for trace in figure.data]
        told = page.evaluate(
            "async (figure) => (await Plotly.newPlot('here', JSON.parse(figure))) && here._fullLayout.yaxis.range",
            figure.to_json(),
        )
        area = sketch.areas_of(layout, traces)["y"]
        np.testing.assert_allclose((area.low, area.high), told, rtol=1e-9, atol=1e-9 * (area.high - area.low))


def test_times_are_where_plotly_has_them(page):
    page.set_content(f"<script>{get_plotlyjs()}</script><div id=here></div>")
    draws = np.random.default_rng(5)
    for _ in range(40):
        first = float(np.round(draws.uniform(0, 2e12), -draws.integers(0, 8)))
        last = first + float(np.exp(draws.uniform(np.log(2e4), np.log(4e12))))
        told = page.evaluate(
            """async ([ends, width]) => (await Plotly.newPlot("here", [{ x: ends, y: [0, 1] }],
              { width, margin: { l: 50, r: 50 }, xaxis: { type: "date", range: ends } }))
              && here._fullLayout.xaxis._vals.map((tick) => [tick.x, tick.text.replace("<br>", "\\n")])""",
            [[first, last], int(draws.integers(LONG + 100, 1500))],
        )
        assert [list(tick) for tick in clock_ticks(first, last)] == told


def any_figure(draws):
    """Some lines, markers and levels on one axis, of any height."""
    figure = go.Figure()
    for _ in range(draws.integers(1, 4)):
        y = draws.normal(draws.integers(-3, 4), draws.choice([0, 1, 5]), 5)
        marker = {
            "size": draws.choice([3, 6.5, 13], 5).tolist(),
            "color": "blue",
            "line": {"width": 1.5, "color": "red"},
        }
        look = {"mode": "markers", "marker": marker} if draws.random() < 0.5 else {"mode": "lines"}
        figure.add_trace(go.Scatter(x=np.arange(5), y=y, xaxis="x", yaxis="y", **look))
    if draws.random() < 0.5:
        level = float(draws.normal(0, 4))
        line = {"width": 1.2, "color": "red"}
        figure.add_shape(type="line", xref="paper", x0=0, x1=1, yref="y", y0=level, y1=level, line=line)
    return figure.update_layout(
        height=int(draws.integers(100, 300)),
        margin={"l": 50, "r": 10, "t": 20, "b": 40},
        showlegend=False,
        xaxis={"type": "linear", "range": [0.0, 4.0]},
        yaxis={"domain": [0, 1], "rangemode": str(draws.choice(["normal", "tozero"]))},
    )
