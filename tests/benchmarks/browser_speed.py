"""How fast the dashboard is in a real browser, against what it is to hold. Prints a table of markdown.

    python tests/benchmarks/browser_speed.py                          # all of it, some minutes
    python tests/benchmarks/browser_speed.py --only large --rows 100000
    python tests/benchmarks/browser_speed.py --only events lanes studio together

``large``: a series of a million rows and three channels, with its events, under Investigate. An *empty page* is the
same app's New data before a file is given, complete to the field at its foot: no figure. Both are opened in turn, in
one browser that has seen both before, with a profile on disk, then in fresh ones, and each time is from the request.
The *picture* is the sketch that the server sends with the figure: it counts once its image, with all lines, is decoded
and two frames have passed, so that it has been painted. *With axes and tools*: plotly has drawn the figure over it.
``parquet``: memory of the server's process, where sessions live, as ten million rows of Parquet are opened.
``events``: thousands of stored events in a list. ``lanes``: the overview of two hundred series. ``studio``: a threshold
that moves over 100,000 scores. ``together``: four browsers judge the same event at the same moment, on both databases.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))

from browser.analysts import judge_at_once
from browser.journey import settle
from browser.serving import FLAGS, MISSING, browser_at, chromium, dashboard
from playwright.sync_api import Browser, Page, expect
from postgres import new_workspace
from store_samples import event, scored

from tsanomaly.report.figures import on_clock
from tsanomaly.resources import dashboards_folder
from tsanomaly.workspace import Workspace

sys.path.insert(0, str(dashboards_folder()))

import rules  # modules of the dashboard, which Streamlit runs from its own folder
from runs import Run, Runs
from task import State

PATIENCE = 60_000
"""Milliseconds to wait for anything."""
START = datetime(2026, 1, 1, tzinfo=UTC)

FIRST = "(window.first ??= document.querySelector('[data-testid=stFileUploader]') && performance.now())"
EMPTY = f"({FIRST} && document.querySelector('.st-key-zone input'))"
PICTURE = "document.querySelector('.stPlotlyChart .scatterlayer .js-line')"
TOOLS = f"({PICTURE} && document.querySelector('.stPlotlyChart .modebar-btn'))"
LANES = "document.querySelector('.stPlotlyChart .scatterlayer .points path')"
FIGURE = "document.querySelector('.js-plotly-plot')"
ROWS = "tbody tr[aria-selected]"
DEEP = """
window.deep = (selector) => [document, ...[...document.querySelectorAll("*")].map((each) => each.shadowRoot)]
  .filter(Boolean).flatMap((root) => [...root.querySelectorAll(selector)]);
"""
"""Finds elements of the page's components as well, which live in shadows of their own."""
SKETCHED = """
const look = () => {
  const image = document.querySelector(".ts-sketch img");
  const painted = () => { window.sketched = performance.now(); };
  requestAnimationFrame(image?.complete && image.naturalWidth ? () => requestAnimationFrame(painted) : look);
};
requestAnimationFrame(look);
"""
"""Notes when the first sketch of a page has been painted."""

Line = tuple[str, str, str, bool | None]
"""What was measured, the figure, the target, and whether it is met."""


# --- what is measured ------------------------------------------------------------------------------------------------


def large(browser: Browser, given: argparse.Namespace) -> Iterator[Line]:
    """A long series with events: the figure's size and time, its anomalous rows, and finer detail."""
    with tempfile.TemporaryDirectory() as home, dashboard(Path(home)) as address:
        run = judged(Path(home), given.rows)
        result = run.result()
        threshold = result.detector.fit_threshold(rules.parse(run.applied[-1]))
        found = result.detector.events(result.series, result.scores, threshold)
        view = f"{address}/investigate?run={run.id}"
        page = new_page(browser)
        messages = heard(page)
        first = until_drawn(page, view, PICTURE)
        settle(page)
        yield f"{given.rows:,} rows × 3: first opening ever, s", f"{first:.2f}", "", None
        carried = max(messages)
        yield "largest message to the browser, kB", f"{carried / 1000:.0f}", "< 1000", carried < 1e6
        yield "all messages of the page, kB", f"{sum(messages) / 1000:.0f}", "", None
        rows = np.concatenate([np.arange(each.start_row, each.end_row) for each in found])
        lines = page.evaluate(
            f"{FIGURE}._fullData.filter((t) => t.mode === 'lines').map((t) => Array.from(t.x, Number))"
        )
        missing = max(len(np.setdiff1d(np.round(on_clock(result.series, rows)), np.round(line))) for line in lines)
        said = f"{len(rows):,} in {len(found)} events, {missing} missing in {len(lines)} lines"
        yield "anomalous points in the figure", said, "0 missing", missing == 0

        known = known_page(browser, Path(home), [f"{address}/?run=none", view])
        for where, anew in (("browser that knows the app", False), ("fresh browser", True)):
            begun, empty, seen, drawn = [], [], [], []
            for _ in range(given.times):
                shown = new_page(browser) if anew else known
                empty.append(until_drawn(shown, f"{address}/?run=none", EMPTY))
                begun.append(shown.evaluate("first") / 1000)
                settle(shown)
                if anew:
                    shown.context.close()
                    shown = new_page(browser)
                drawn.append(until_drawn(shown, view, TOOLS))
                seen.append(shown.evaluate("sketched") / 1000)
                settle(shown)
                if anew:
                    shown.context.close()
            blank, picture, tools = map(statistics.median, (empty, seen, drawn))
            yield f"{where}: empty page, s", f"{blank:.2f} ({spread(empty)})", "", None
            yield f"{where}: its field for files, s", f"{statistics.median(begun):.2f}", "", None
            yield f"{where}: the picture (sketch), s", f"{picture:.2f} ({spread(seen)})", "", None
            share = picture / blank
            yield f"{where}: the picture against an empty page", f"{share:.2f}", "≤ 1.5", share <= 1.5
            yield f"{where}: with axes and tools, s", f"{tools:.2f} ({spread(drawn)})", "", None
            yield f"{where}: with axes and tools against an empty page", f"{tools / blank:.2f}", "", None

        detail = statistics.median(finer(page, view) for _ in range(given.times))
        yield "a stretch drawn over, until its finer detail, s", f"{detail:.2f}", "< 1", detail < 1
        moved = statistics.median(handle_moved(page, view) for _ in range(given.times))
        yield "a handle of the range moved, until its finer detail, s", f"{moved:.2f}", "< 1", moved < 1
        page.context.close()
        known.context.close()


def parquet(browser: Browser, given: argparse.Namespace) -> Iterator[Line]:
    """Ten million rows opened: what the server's process needs for them."""
    with tempfile.TemporaryDirectory() as home:
        files = Path(home, "files")
        files.mkdir()
        write(files / "long.parquet", given.parquet_rows)
        write(files / "short.parquet", 10_000)
        with dashboard(Path(home), TSANOMALY_FILES=str(files)) as address:
            page = new_page(browser)
            open_in(page, address, "short.parquet")
            server = serving()
            before = server.memory_info().rss
            with Peak(server) as peak:
                taken = open_in(page, address, "long.parquet")
            more = peak.bytes - before
            size = (files / "long.parquet").stat().st_size
            yield (
                f"{given.parquet_rows:,} rows of Parquet ({size / 1e6:.0f} MB): opened and drawn, s",
                f"{taken:.1f}",
                "",
                None,
            )
            yield "memory of the sessions' process before, MB", f"{before / 1e6:.0f}", "", None
            bound = 4 * 8 * given.parquet_rows / 2
            yield "more at the peak, MB", f"{more / 1e6:.0f}", f"< {bound / 1e6:.0f}: half of the rows", more < bound
            page.context.close()


def events(browser: Browser, given: argparse.Namespace) -> Iterator[Line]:
    """A list of thousands of stored events: order and filters, until the screen has changed."""
    with tempfile.TemporaryDirectory() as home, over(Path(home), workspace_at(Path(home), 20, given.events)) as address:
        page = new_page(browser)
        opened = until_drawn(page, f"{address}/investigate?show=all&job=plant", f"deep('{ROWS}').length")
        yield f"{given.events:,} events: the list, from the request, s", f"{opened:.2f}", "", None
        settle(page)
        asked = {
            "put in another order": lambda: page.get_by_role("columnheader", name="Start").click(),
            "filtered by a word": lambda: page.get_by_placeholder("Filter").fill("series 0007"),
            "all again": lambda: page.get_by_placeholder("Filter").fill(""),
        }
        for what, act in asked.items():
            yield answer(f"list {what}, ms", [changed(page, act) for _ in range(1 + (what[0] == "p") * 4)])
        moves = []
        for series in ("series 0003", "series 0007", "All series") * 2:
            page.get_by_role("combobox", name="Series").click()
            moves.append(changed(page, page.get_by_role("option", name=series).click))
            settle(page)
        yield answer("list of one series and of all, which the server answers, ms", moves)
        page.evaluate("document.activeElement.blur()")
        chosen = []
        for _ in range(given.times):
            chosen.append(changed(page, lambda: page.keyboard.press("j"), NAMED))
            settle(page)
        yield answer("next event by its key, until it is named, ms", chosen[1:])
        page.context.close()


def lanes(browser: Browser, given: argparse.Namespace) -> Iterator[Line]:
    """The overview of many series: a server just started, seen by a browser that knows the app and by a fresh one."""
    with tempfile.TemporaryDirectory() as home:
        url = workspace_at(Path(home), given.series, 5 * given.series)
        with over(Path(home), url) as address:
            knowing = new_page(browser)
            until_drawn(knowing, f"{address}/overview", LANES)
            settle(knowing)
            again = statistics.median(until_drawn(knowing, f"{address}/overview", LANES) for _ in range(given.times))
        port = int(address.rpartition(":")[2])
        for who in ("browser with its cache", "fresh browser"):
            page = knowing if who != "fresh browser" else new_page(browser)
            begun = time.perf_counter()
            with dashboard(Path(home), port, TSANOMALY_WORKSPACE=url):
                started = time.perf_counter() - begun
                first = until_drawn(page, f"{address}/overview", LANES)
                yield f"{given.series} series, {who}: server started, s", f"{started:.2f}", "", None
                yield "overview, first request of all, s", f"{first:.2f}", "< 2", first < 2
                yield "both together, s", f"{started + first:.2f}", "", None
                settle(page)
            page.context.close()
        yield "overview, a later request, s", f"{again:.2f}", "< 2", again < 2


def studio(browser: Browser, given: argparse.Namespace) -> Iterator[Line]:
    """The threshold studio: a slider that moves, until the screen has been drawn anew."""
    with tempfile.TemporaryDirectory() as home, dashboard(Path(home)) as address:
        run = judged(Path(home), 100_000)
        page = new_page(browser)
        page.goto(f"{address}/threshold?run={run.id}")
        expect(page.locator(".told")).to_contain_text("threshold (score)")
        settle(page)
        slider = page.get_by_role("slider", name="Setting of the rule")
        slider.focus()
        said = "deep('.set output, .told').map((each) => each.textContent).join()"
        page.keyboard.press("Home")
        settle(page)
        moves, worked = [], []
        for key in ["ArrowRight"] * 6 + ["ArrowLeft"] * 6:
            moves.append(changed(page, lambda key=key: page.keyboard.press(key), said))
            worked.append(float(page.locator(".studio").get_attribute("data-took") or "nan"))
        yield answer("100,000 scores: slider moved, until counts and picture are new, ms", moves)
        yield "of it spent counting and drawing, ms", f"{max(worked):.0f} at most", "", None
        page.context.close()


def together(browser: Browser, given: argparse.Namespace) -> Iterator[Line]:
    """Four browsers, one event, one moment."""
    for kind in ("sqlite", "postgresql"):
        told = 0
        for _ in range(given.times):
            with tempfile.TemporaryDirectory() as home, one_event(Path(home), kind) as (address, workspace):
                chosen = workspace.events.list()[0]
                with four_browsers(browser) as pages:
                    outcome = judge_at_once(pages, f"{address}/investigate?event={chosen.id}&job={chosen.job}")
                kept = workspace.verdicts.history(chosen.id)
                told += outcome.applied == 1 and outcome.told_of_conflict == 3 and len(kept) == 1
        said = f"one verdict kept and three told of it, {told} times of {given.times}"
        yield f"four browsers at once on {kind}", said, "none overwritten", told == given.times


# --- pieces ----------------------------------------------------------------------------------------------------------


def until_drawn(page: Page, url: str, ready: str) -> float:
    """Seconds from the request until it is in the page."""
    page.goto(url, wait_until="commit")
    told = page.wait_for_function(f"() => {ready} && performance.now()", polling="raf")
    return float(told.json_value()) / 1000


LISTED = f"deep('{ROWS}').map((row) => row.textContent).join()"
NAMED = "document.querySelector('.stMain').innerText.match(/Event [0-9,]+ of/)?.[0]"


def changed(page: Page, act: Callable[[], Any], seen: str = LISTED) -> float:
    """Milliseconds from an act until the browser has drawn something else than before; the driver's own time counts."""
    before = page.evaluate(seen)
    begun = time.perf_counter()
    act()
    page.wait_for_function(f"(before) => {seen} !== before", arg=before, polling="raf")
    return 1000 * (time.perf_counter() - begun)


def answer(what: str, taken: list[float]) -> Line:
    """A line of answers that are to come within 300 ms."""
    middle = statistics.median(taken)
    return what, f"{middle:.0f} ({min(taken):.0f} to {max(taken):.0f})", "< 300", middle < 300


def spread(taken: list[float]) -> str:
    return f"{min(taken):.2f} to {max(taken):.2f}"


RANGE = f"{FIGURE}.layout.xaxis.range.join()"


def finer(page: Page, view: str) -> float:
    """Seconds from letting go of a box drawn over the picture until that stretch is drawn."""
    page.goto(f"{view}&rows=")
    page.wait_for_function(f"() => {PICTURE}")
    settle(page)
    page.locator(".modebar-btn[data-title='Box Select']").first.dispatch_event("click")
    box = page.locator(".stPlotlyChart .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.40, box["y"] + 20)  # the tools come into sight
    page.locator(".stPlotlyChart").first.locator('[data-title="Box Select"]').click()
    page.mouse.move(box["x"] + box["width"] * 0.40, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + box["height"] - 5, steps=4)
    return changed(page, page.mouse.up, RANGE) / 1000


def handle_moved(page: Page, view: str) -> float:
    """Seconds from a click on the range's bar, which moves the nearer handle, until that stretch is drawn."""
    page.goto(f"{view}&rows=")
    page.wait_for_function(f"() => {PICTURE}")
    settle(page)
    bar = page.locator(".stSlider").last.bounding_box()
    assert bar is not None
    return (
        changed(page, lambda: page.mouse.click(bar["x"] + bar["width"] * 0.3, bar["y"] + bar["height"] / 2), RANGE)
        / 1000
    )


def new_page(browser: Browser) -> Page:
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(DEEP + SKETCHED)
    return page


def known_page(browser: Browser, home: Path, addresses: list[str]) -> Page:
    """A page of a browser with a profile on disk, as people have, that has seen the addresses before.

    Chromium keeps scripts in compiled form from their third use on, and only in a profile.
    """
    context = browser.browser_type.launch_persistent_context(
        home / "profile", executable_path=chromium(), args=FLAGS, viewport={"width": 1366, "height": 768}
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(DEEP + SKETCHED)
    for address in addresses * 3:
        page.goto(address)
        settle(page)
    return page


def heard(page: Page) -> list[int]:
    """Sizes of the messages that the page is sent, as they come."""
    sizes: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda message: sizes.append(len(message))))
    return sizes


@contextmanager
def four_browsers(browser: Browser) -> Iterator[list[Page]]:
    """A page in each of four browsers, processes of their own."""
    path = chromium()
    four = [browser.browser_type.launch(executable_path=path, args=FLAGS) for _ in range(4)]
    try:
        yield [new_page(each) for each in four]
    finally:
        for each in four:
            each.close()


def columns(rows: int, first: int = 0) -> dict[str, Any]:
    """Three channels with a rhythm, and three stretches in ten thousand rows that stand out."""
    draws = np.random.default_rng(first)
    at = np.arange(first, first + rows)
    start = np.datetime64("2020-01-01", "ms")
    names = ("flow", "heat", "speed")
    values = {name: np.sin(at / 50 + k) + 0.1 * draws.normal(size=rows) for k, name in enumerate(names)}
    for place in draws.integers(0, rows, 3 * rows // 10_000):
        for each in values.values():
            each[place : place + draws.integers(2, 9)] += draws.choice([-1, 1]) * draws.uniform(5, 15)
    return {"time": start + at * np.timedelta64(10_000, "ms")} | values


def write(path: Path, rows: int, group: int = 1_000_000) -> None:
    """A Parquet file, a row group at a time."""
    writer = None
    for first in range(0, rows, group):
        table = pa.table(columns(min(group, rows - first), first))
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def judged(home: Path, rows: int) -> Run:
    """A run of so many rows that is done; it learned for a few steps, which makes no difference to a picture."""
    file = io.BytesIO()
    pq.write_table(pa.table(columns(rows)), file)
    file.seek(0)
    run = Runs(home / "runs").create("long.parquet", file)
    run.ask(replace(run.request, threshold="1/day", steps=5))
    run.start()
    while run.status().state is State.RUNNING:
        time.sleep(0.2)
    assert run.status().state is State.DONE, run.status()
    while run.twin.status().state is State.PREPARED:
        time.sleep(0.2)
    run.twin.cancel()  # the comparison that follows would only take time from the browser
    return run


def workspace_at(home: Path, series: int, count: int, kind: str = "sqlite") -> str:
    """The URL of a new workspace with so many stored events."""
    os.environ["TSANOMALY_DATA"] = str(home)
    url = new_workspace(kind, home)
    with Workspace.open(url) as workspace:
        fill(workspace, series, count)
    return url


def over(home: Path, url: str) -> AbstractContextManager[str]:
    """A dashboard over a workspace."""
    return dashboard(home, TSANOMALY_WORKSPACE=url)


@contextmanager
def one_event(home: Path, kind: str) -> Iterator[tuple[str, Workspace]]:
    """A dashboard over a workspace with a few events, and the workspace."""
    url = workspace_at(home, 1, 4, kind)
    with over(home, url) as address, Workspace.open(url) as workspace:
        yield address, workspace


def fill(workspace: Workspace, series: int, count: int) -> None:
    """A job with so many events, told over so many series."""
    workspace.jobs.put("plant", 'name = "plant"\n[source]\nkind = "files"\npath = "plant/*.csv"\n')
    run = workspace.runs.claim("plant", START, "speed", timedelta(minutes=5), START)
    assert run is not None
    kinds = [{"name": name, "share": 0.5, "direction": "above"} for name in ("pressure", "flow")]
    results = []
    for number in range(series):
        hours = range(number, count * 5 // series * series + number, 5 * series)
        found = [event(0, 1, (7 * hour) % 60, channels=kinds, kind="spike") | times(hour) for hour in hours]
        end = START + timedelta(hours=5 * count + series)
        result = scored(*found, series=f"series {number:04}")
        results.append(replace(result, scored_from=START, scored_until=end, watermark=end))
    workspace.commit(run, results, START)
    workspace.runs.finish(run, results[0].outcome, START, counts={"series": series, "rows": 1, "events": count})


def times(hour: int) -> dict[str, datetime]:
    start = START + timedelta(hours=hour)
    return {"start": start, "peak_time": start, "end": start + timedelta(hours=1)}


def serving() -> psutil.Process:
    """The process that serves the dashboard."""
    return next(child for child in psutil.Process().children() if "streamlit" in child.cmdline())


class Peak:
    """The largest resident size of a process meanwhile, looked at every 5 ms."""

    def __init__(self, process: psutil.Process) -> None:
        self.process, self.bytes = process, 0
        self._done = threading.Event()
        self._watch = threading.Thread(target=self._look)

    def __enter__(self) -> Peak:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._done.wait(0.005):
            self.bytes = max(self.bytes, self.process.memory_info().rss)


def open_in(page: Page, address: str, name: str) -> float:
    """Seconds from choosing a file of the server until it is understood and drawn."""
    page.goto(f"{address}/?run=none")
    page.get_by_role("combobox", name="A file on the server").click()
    begun = time.perf_counter()
    page.get_by_role("option", name=name).click()
    expect(page.get_by_text("What was understood")).to_be_visible()
    page.wait_for_function(f"() => {PICTURE}")
    settle(page)
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print."""
    parts = {each.__name__: each for each in (large, parquet, events, lanes, studio, together)}
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", nargs="+", choices=parts, default=list(parts))
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--parquet-rows", type=int, default=10_000_000)
    options.add_argument("--events", type=int, default=5_000)
    options.add_argument("--series", type=int, default=200)
    options.add_argument("--times", type=int, default=5, help="how often what varies is done")
    given = options.parse_args()
    path = chromium()
    if path is None:
        sys.exit(MISSING)
    expect.set_options(timeout=PATIENCE)
    print("| | measured | target | met |\n|---|---|---|---|")
    for name in given.only:
        with browser_at(path) as browser:
            for what, measured, target, met in parts[name](browser, given):
                print(
                    f"| {what} | {measured} | {target} | {'' if met is None else 'yes' if met else '**no**'} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
