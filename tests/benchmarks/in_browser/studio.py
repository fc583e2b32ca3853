"""A threshold that moves over 100,000 scores."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from browser.journey import settle
from browser.serving import dashboard
from in_browser.made import judged
from in_browser.pages import new_page
from in_browser.timing import Line, answer, changed
from playwright.sync_api import Browser, expect


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
