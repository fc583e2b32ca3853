"""A dashboard to look at, and a browser to look with: for the tests and for the screenshots."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tsanomaly.resources import dashboards_folder

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
MISSING = "the browser tests need Chromium: apt-get install chromium, or put one on the PATH"


def chromium() -> str | None:
    """Where Chromium is; ``None`` where it is not."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextlib.contextmanager
def browser_at(path: str) -> Iterator[Browser]:
    """A running Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def dashboard(home: Path, port: int = 0, **more: str) -> Iterator[str]:
    """The address of a dashboard of this machine, which keeps its runs and workspace under ``home``.

    Args:
        port: to listen on; 0: any that is free.
        more: of its environment.

    Raises:
        AssertionError: it did not start, or printed a traceback.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        port = probe.getsockname()[1]
    said = home / "server.txt"  # a file: a pipe that nobody reads would fill up and hold the server
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(dashboards_folder() / "server.py"), f"--server.port={port}"],
            env={**os.environ, "TSANOMALY_HOME": str(home), "TSANOMALY_WORKSPACE": str(home / "workspace.db"), **more},
            stdout=output,
            stderr=output,
            cwd=home,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, said)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=60)
    assert "Traceback" not in said.read_text(), said.read_text()


def _wait_for(url: str, process: subprocess.Popen[bytes], said: Path) -> None:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(said.read_text())
