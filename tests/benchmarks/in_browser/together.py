"""Four browsers judge the same event at the same moment, on both databases."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browser.analysts import judge_at_once
from in_browser.made import over, workspace_at
from in_browser.pages import four_browsers
from in_browser.timing import Line
from playwright.sync_api import Browser

from tsanomaly.workspace import Workspace


def together(browser: Browser, given: argparse.Namespace) -> Iterator[Line]:
    """Four browsers, one event, one moment."""
    for kind in ("sqlite", "postgresql"):
        told = 0
        for _ in range(given.times):
            with tempfile.TemporaryDirectory() as home, one_event(Path(home), kind) as (address, workspace):
                chosen = workspace.events.list()[0]
                with four_browsers(browser) as pages:
                    outcome = judge_at_once(pages, f"{address}/investigate?event={chosen.id}&job={chosen.job}")
                kept = workspace.verdicts.history(chosen.id)
                told += outcome.applied == 1 and outcome.told_of_conflict == 3 and len(kept) == 1
        said = f"one verdict kept and three told of it, {told} times of {given.times}"
        yield f"four browsers at once on {kind}", said, "none overwritten", told == given.times


@contextmanager
def one_event(home: Path, kind: str) -> Iterator[tuple[str, Workspace]]:
    """A dashboard over a workspace with a few events, and the workspace."""
    url = workspace_at(home, 1, 4, kind)
    with over(home, url) as address, Workspace.open(url) as workspace:
        yield address, workspace
