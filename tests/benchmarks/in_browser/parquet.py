"""Memory of the server's process, where sessions live, as ten million rows of Parquet are opened."""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from browser.journey import settle
from browser.serving import dashboard
from in_browser.made import write
from in_browser.pages import PICTURE, new_page
from in_browser.timing import Line
from playwright.sync_api import Browser, Page, expect


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
