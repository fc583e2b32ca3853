"""Thousands of stored events in a list."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from browser.journey import settle
from in_browser.made import over, workspace_at
from in_browser.pages import ROWS, heard, new_page
from in_browser.timing import NAMED, Line, answer, changed, until_drawn
from playwright.sync_api import Browser


def events(browser: Browser, given: argparse.Namespace) -> Iterator[Line]:
    """A list of thousands of stored events: order and filters, until the screen has changed."""
    with tempfile.TemporaryDirectory() as home, over(Path(home), workspace_at(Path(home), 20, given.events)) as address:
        page = new_page(browser)
        messages = heard(page)
        opened = until_drawn(page, f"{address}/investigate?show=all&job=plant", f"deep('{ROWS}').length")
        yield f"{given.events:,} events: the list, from the request, s", f"{opened:.2f}", "", None
        settle(page)
        yield "largest message to the browser, kB", f"{max(messages) / 1000:.0f}", "", None
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
