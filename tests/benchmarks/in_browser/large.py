"""A series of a million rows and three channels, with its events, under Investigate.

An *empty page* is the same app's New data before a file is given, complete to the field at its foot: no figure. Both
are opened in turn, in one browser that has seen both before, with a profile on disk, then in fresh ones, and each time
is from the request. The *picture* is the sketch that the server sends with the figure: it counts once its image, with
all lines, is decoded and two frames have passed, so that it has been painted. *With axes and tools*: plotly has drawn
the figure over it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rules  # a module of the dashboard
from browser.journey import settle
from browser.serving import dashboard
from in_browser.made import judged
from in_browser.pages import EMPTY, FIGURE, PICTURE, TOOLS, heard, known_page, new_page
from in_browser.timing import Line, changed, sketched, spread, until_drawn
from playwright.sync_api import Browser, Page

from tsanomaly.report.figures import on_clock

RANGE = f"{FIGURE}.layout.xaxis.range.join()"


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
                seen.append(sketched(shown))
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
