"""The overview of two hundred series."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from browser.journey import settle
from browser.serving import dashboard
from in_browser.made import over, workspace_at
from in_browser.pages import LANES, new_page
from in_browser.timing import Line, until_drawn
from playwright.sync_api import Browser


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
