"""The overview of two hundred series, on a server that has just been started and on one that is warm.

The *picture* is the sketch that the server sends with the figure, with marks, lanes, their names and the times: it
counts once its image is decoded and two frames have passed, so that it has been painted. *With tools*: plotly has drawn
the figure over it, which can be clicked from then on.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from browser.journey import settle
from browser.serving import dashboard
from in_browser.made import over, workspace_at
from in_browser.pages import LANES, new_page
from in_browser.timing import Line, sketched, spread, until_drawn
from playwright.sync_api import Browser, Page


def lanes(browser: Browser, given: argparse.Namespace) -> Iterator[Line]:
    """The overview of many series: a server just started, seen by a browser that knows the app and by a fresh one."""
    with tempfile.TemporaryDirectory() as home:
        url = workspace_at(Path(home), given.series, 5 * given.series)
        with over(Path(home), url) as address:
            knowing = new_page(browser)
            opened(knowing, address)
            later = [opened(knowing, address) for _ in range(given.times)]
        port = int(address.rpartition(":")[2])
        for who in ("browser with its cache", "fresh browser"):
            started, first = [], []
            for _ in range(given.times):
                page = knowing if who != "fresh browser" else new_page(browser)
                begun = time.perf_counter()
                with dashboard(Path(home), port, TSANOMALY_WORKSPACE=url):
                    started.append(time.perf_counter() - begun)
                    first.append(opened(page, address))
                if page is not knowing:
                    page.context.close()
            seen, drawn = zip(*first, strict=True)
            both = [a + b for a, b in zip(started, seen, strict=True)]
            picture = statistics.median(seen)
            yield f"{given.series} series, {who}: server started, s", median(started), "", None
            yield "overview, first request of all: the picture (sketch), s", median(seen), "< 2", picture < 2
            yield "… with tools, s", median(drawn), "", None
            yield "server started, and the picture, s", median(both), "", None
        seen, drawn = zip(*later, strict=True)
        yield "overview, a later request: the picture, s", median(seen), "< 2", statistics.median(seen) < 2
        yield "… with tools, s", median(drawn), "", None
        knowing.context.close()


def opened(page: Page, address: str) -> tuple[float, float]:
    """Seconds from the request until the picture is there, and until its tools are."""
    drawn = until_drawn(page, f"{address}/overview", LANES)
    seen = sketched(page)
    settle(page)
    return seen, drawn


def median(taken: Sequence[float]) -> str:
    return f"{statistics.median(taken):.2f} ({spread(taken)})"
