"""From view to view by the links at the top of an open session, until all of the next view is there."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import saving  # a module of the dashboard
from browser.journey import settle
from browser.serving import dashboard
from in_browser.made import judged
from in_browser.pages import EMPTY, LANES, PICTURE, ROWS, new_page
from in_browser.timing import Line, changed, spread
from playwright.sync_api import Browser

from tsanomaly.workspace import Workspace

HELD = 100_000
"""Rows of the job's only series."""

VIEWS = {
    "Overview": ("/overview", LANES),
    "Investigate": ("/investigate", f"deep('{ROWS}').length && {PICTURE}"),
    "Threshold": ("/threshold", "deep('.told b').length"),
    "Models": ("/models", PICTURE),
    "Jobs": ("/jobs", "document.querySelector('.ts-facts')"),
    "How good is it?": ("/quality", "document.querySelector('.ts-title')"),
    "New data": ("/", EMPTY),
}
"""Where each is, and what it is not complete without."""

RUNNING = "document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'notRunning'"


def moves(browser: Browser, given: argparse.Namespace) -> Iterator[Line]:
    """A saved run, and every view of it in turn: the first time in a session, and later times."""
    with tempfile.TemporaryDirectory() as home, dashboard(Path(home)) as address:
        with Workspace.open(Path(home, "workspace.db")) as workspace:
            saving.save(judged(Path(home), HELD), "1/day", workspace, "speed")
        page = new_page(browser)
        page.goto(address)
        page.wait_for_function(f"() => {EMPTY}")
        settle(page)
        taken: dict[str, list[float]] = {view: [] for view in VIEWS}
        for _ in range(1 + given.times):
            for view, (path, ready) in VIEWS.items():
                link = page.get_by_test_id("stTopNavLink").filter(has_text=view)
                there = f"(location.pathname === '{path}' && !({RUNNING}) && Boolean({ready}))"
                taken[view].append(changed(page, link.click, there) / 1000)
                settle(page)
        for view, (first, *again) in taken.items():
            middle = statistics.median(again)
            yield f"to {view}: the first time, s", f"{first:.2f}", "", None
            yield f"to {view}: later, s", f"{middle:.2f} ({spread(again)})", "", None
        page.context.close()
