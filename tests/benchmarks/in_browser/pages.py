"""Pages of browsers: fresh ones, one that knows the app, four at once; and what to look for in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browser.journey import settle
from browser.serving import FLAGS, chromium
from playwright.sync_api import Browser, Page

PATIENCE = 60_000
"""Milliseconds to wait for anything."""

FIRST = "(window.first ??= document.querySelector('[data-testid=stFileUploader]') && performance.now())"

EMPTY = f"({FIRST} && document.querySelector('.st-key-zone input'))"

PICTURE = "document.querySelector('.stPlotlyChart .scatterlayer .js-line')"

TOOLS = f"({PICTURE} && document.querySelector('.stPlotlyChart .modebar-btn'))"

LANES = "document.querySelector('.stPlotlyChart .scatterlayer .points path')"

FIGURE = "document.querySelector('.js-plotly-plot')"

ROWS = "tbody tr[aria-selected]"

DEEP = """
window.deep = (selector) => [document, ...[...document.querySelectorAll("*")].map((each) => each.shadowRoot)]
  .filter(Boolean).flatMap((root) => [...root.querySelectorAll(selector)]);
"""
"""Finds elements of the page's components as well, which live in shadows of their own."""

SKETCHED = """
const look = () => {
  const image = document.querySelector(".ts-sketch img");
  const painted = () => { window.sketched = performance.now(); };
  requestAnimationFrame(image?.complete && image.naturalWidth ? () => requestAnimationFrame(painted) : look);
};
requestAnimationFrame(look);
"""
"""Notes when the first sketch of a page has been painted."""


def new_page(browser: Browser) -> Page:
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(DEEP + SKETCHED)
    return page


def known_page(browser: Browser, home: Path, addresses: list[str]) -> Page:
    """A page of a browser with a profile on disk, as people have, that has seen the addresses before.

    Chromium keeps scripts in compiled form from their third use on, and only in a profile.
    """
    context = browser.browser_type.launch_persistent_context(
        home / "profile", executable_path=chromium(), args=FLAGS, viewport={"width": 1366, "height": 768}
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(DEEP + SKETCHED)
    for address in addresses * 3:
        page.goto(address)
        settle(page)
    return page


def heard(page: Page) -> list[int]:
    """Sizes of the messages that the page is sent, as they come."""
    sizes: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda message: sizes.append(len(message))))
    return sizes


@contextmanager
def four_browsers(browser: Browser) -> Iterator[list[Page]]:
    """A page in each of four browsers, processes of their own."""
    path = chromium()
    four = [browser.browser_type.launch(executable_path=path, args=FLAGS) for _ in range(4)]
    try:
        yield [new_page(each) for each in four]
    finally:
        for each in four:
            each.close()
