"""What a user does, step by step: shared by the tests and by the screenshots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect


def upload(page: Page, address: str, file: Path | dict[str, Any]) -> None:
    """Open the dashboard and give it a file."""
    page.goto(address)
    page.locator("input[type=file]").set_input_files(file)


def start(page: Page, steps: int | None = None) -> None:
    """Run the detector; few training steps make it quick."""
    if steps is not None:
        page.get_by_text("More settings").click()
        field = page.get_by_role("spinbutton", name="Most training steps")
        field.fill(str(steps))
        field.press("Enter")
        expect(field).to_have_value(str(steps))
    page.get_by_role("button", name="Find anomalies").click()


def wait_for_events(page: Page) -> None:
    """Return when the events are shown."""
    expect(page.get_by_role("button", name="Events as CSV")).to_be_visible()
    expect(page.locator(".stPlotlyChart .main-svg").first).to_be_visible()
    settle(page)


def settle(page: Page) -> None:
    """Return when nothing is being worked out for the page any more."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
