"""A real Chromium on a real server, each test with a page of its own."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser.files import spiky
from browser.journey import wait_for_events
from browser.serving import MISSING, browser_at, chromium, dashboard
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tsanomaly.resources import dashboards_folder

GENEROUS = "1/day"
"""A budget at which three spikes are three events, whatever else a few training steps find."""

PATIENCE = 90_000
"""Milliseconds to wait for anything: it is the longest wait, not the usual one."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; required where ``CI=true``, elsewhere the tests say what to install."""
    path = chromium()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    expect.set_options(timeout=PATIENCE)
    with browser_at(path) as found:
        yield found


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its runs."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    """Of a dashboard."""
    with dashboard(home) as where:
        yield where


@pytest.fixture(scope="session")
def empty_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a dashboard whose workspace is empty, and stays so."""
    with dashboard(tmp_path_factory.mktemp("empty")) as where:
        yield where


@pytest.fixture(scope="session")
def judged_run(home: Path) -> str:
    """The name of a run that is done, of two channels with three spikes; tests look at it and leave it as it is."""
    sys.path.insert(0, str(dashboards_folder()))
    from runs import Runs  # a module of the dashboard, which Streamlit runs from its own folder
    from task import State

    run = Runs(home / "runs").create("spiky.csv", io.BytesIO(spiky(names=("pressure", "flow"))["buffer"]))
    run.ask(replace(run.request, threshold=GENEROUS, steps=5))
    run.start()
    while run.status().state is State.RUNNING or run.twin.status().state in (State.PREPARED, State.RUNNING):
        time.sleep(0.1)
    assert run.status().state is State.DONE, (run.folder / "log.txt").read_text()
    return run.id


@pytest.fixture
def judged(page: Page, address: str, judged_run: str) -> Page:
    """A page that shows the events of ``judged_run``."""
    page.goto(f"{address}/investigate?run={judged_run}")
    wait_for_events(page)
    return page


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One cache for all pages: every page is a session of its own to the dashboard anyway."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page in a session of its own; what its scripts trip over fails the test."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: (errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    yield page
    page.close()
    assert errors == []
