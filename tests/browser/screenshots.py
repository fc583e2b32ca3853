"""Pictures of every view, light and dark: ``PYTHONPATH=tests python -m browser.screenshots FOLDER``.

``events.png`` is the README's; all are to be looked at.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from browser.journey import settle, start, upload, wait_for_events
from browser.serving import MISSING, browser_at, chromium, dashboard
from playwright.sync_api import Page, expect

from tsanomaly.resources import sample_path

SIZE = {"width": 1366, "height": 900}
PATIENCE = 600_000
"""Milliseconds to wait for a run on a busy machine."""

DRAWN = 1_000
"""Milliseconds until charts have been drawn."""

VIEWS = {
    "new-data": "",
    "overview": "overview",
    "events": "investigate?job=pump&show=all",
    "threshold": "threshold?job=pump&threshold=1/day",
    "models": "models?job=pump",
    "jobs": "jobs?job=pump",
    "quality": "quality",
}


def main(folder: Path, path: str) -> None:
    """Judge the pump sample, choose its second event, save it, and take every view in light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE)
    with tempfile.TemporaryDirectory() as home, dashboard(Path(home)) as address, browser_at(path) as browser:
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.set_default_timeout(PATIENCE)
        upload(page, address, sample_path("pump"))
        page.locator(".js-plotly-plot").first.wait_for()
        settle(page)
        take(page, folder / "understood.png")
        start(page)
        wait_for_events(page)
        expect(page.get_by_text(re.compile("On this series"))).to_be_attached()
        page.get_by_role("row").nth(2).click()
        expect(page.get_by_text(re.compile("^Event 2 of"))).to_be_visible()
        take(page, folder / "investigate.png")
        page.emulate_media(color_scheme="dark")
        page.reload()
        wait_for_events(page)
        take(page, folder / "investigate-dark.png")
        page.get_by_role("button", name="Save to the workspace").click()
        expect(page.get_by_text("Saved to the workspace as pump.")).to_be_visible()
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            for name, view in VIEWS.items():
                page.goto(f"{address}/{view}")
                take(page, folder / f"{name}{'-dark' * (theme == 'dark')}.png")


def take(page: Page, target: Path) -> None:
    """The first screen, with the mouse out of the way."""
    page.mouse.move(2, SIZE["height"] - 2)
    settle(page)
    page.wait_for_timeout(DRAWN)
    settle(page)
    page.screenshot(path=target)
    print(f"{target}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    found = chromium()
    if found is None:
        sys.exit(MISSING)
    main(Path(sys.argv[1]), found)
