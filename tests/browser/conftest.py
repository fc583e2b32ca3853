"""A real Chromium on a real server, each test with a page of its own."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser.files import spiky
from browser.journey import wait_for_events
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tsanomaly.resources import dashboards_folder

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
GENEROUS = "1/day"
"""A budget at which three spikes are three events, whatever else a few training steps find."""

PATIENCE = 90_000
"""Milliseconds to wait for anything: it is the longest wait, not the usual one."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; required where ``CI=true``, elsewhere the tests say what to install."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        said = "the browser tests need Chromium: apt-get install chromium, or put one on the PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its runs."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    """A dashboard on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = home / "server.txt"  # a file: a pipe that nobody reads would fill up and hold the server
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(dashboards_folder() / "app.py"), f"--server.port={port}"],
            env={**os.environ, "TSANOMALY_HOME": str(home)},
            stdout=output,
            stderr=output,
            cwd=home,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, said)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=60)
    assert "Traceback" not in said.read_text(), said.read_text()


def wait_for(url: str, process: subprocess.Popen[bytes], said: Path) -> None:
    """Return when the server answers."""
    while process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(said.read_text())


@pytest.fixture(scope="session")
def judged_run(home: Path) -> str:
    """The name of a run that is done, of two channels with three spikes; tests look at it and leave it as it is."""
    sys.path.insert(0, str(dashboards_folder()))
    from runs import Runs  # a module of the dashboard, which Streamlit runs from its own folder
    from task import State

    run = Runs(home / "runs").create("spiky.csv", io.BytesIO(spiky(names=("pressure", "flow"))["buffer"]))
    run.ask(replace(run.request, budget=GENEROUS, steps=5))
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
