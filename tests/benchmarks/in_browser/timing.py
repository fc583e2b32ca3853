"""How long the page takes to answer, and a line of the table that says so."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from in_browser.pages import ROWS
from playwright.sync_api import Page

Line = tuple[str, str, str, bool | None]
"""What was measured, the figure, the target, and whether it is met."""

LISTED = f"deep('{ROWS}').map((row) => row.textContent).join()"

NAMED = "document.querySelector('.stMain').innerText.match(/Event [0-9,]+ of/)?.[0]"


def until_drawn(page: Page, url: str, ready: str) -> float:
    """Seconds from the request until it is in the page."""
    page.goto(url, wait_until="commit")
    told = page.wait_for_function(f"() => {ready} && performance.now()", polling="raf")
    return float(told.json_value()) / 1000


def sketched(page: Page) -> float:
    """Seconds from the request until the page's first sketch had been painted."""
    return float(page.wait_for_function("() => window.sketched").json_value()) / 1000


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


def spread(taken: Sequence[float]) -> str:
    return f"{min(taken):.2f} to {max(taken):.2f}"
