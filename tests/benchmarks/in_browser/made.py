"""What is looked at: long files, a run of one, a workspace of many events."""

from __future__ import annotations

import io
import os
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from browser.serving import dashboard
from postgres import new_workspace
from runs import Run, Runs  # modules of the dashboard
from store_samples import event, scored
from task import State

from tsanomaly.workspace import Workspace

START = datetime(2026, 1, 1, tzinfo=UTC)


def columns(rows: int, first: int = 0) -> dict[str, Any]:
    """Three channels with a rhythm, and three stretches in ten thousand rows that stand out."""
    draws = np.random.default_rng(first)
    at = np.arange(first, first + rows)
    start = np.datetime64("2020-01-01", "ms")
    names = ("flow", "heat", "speed")
    values = {name: np.sin(at / 50 + k) + 0.1 * draws.normal(size=rows) for k, name in enumerate(names)}
    for place in draws.integers(0, rows, 3 * rows // 10_000):
        for each in values.values():
            each[place : place + draws.integers(2, 9)] += draws.choice([-1, 1]) * draws.uniform(5, 15)
    return {"time": start + at * np.timedelta64(10_000, "ms")} | values


def write(path: Path, rows: int, group: int = 1_000_000) -> None:
    """A Parquet file, a row group at a time."""
    writer = None
    for first in range(0, rows, group):
        table = pa.table(columns(min(group, rows - first), first))
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def judged(home: Path, rows: int) -> Run:
    """A run of so many rows that is done; it learned for a few steps, which makes no difference to a picture."""
    file = io.BytesIO()
    pq.write_table(pa.table(columns(rows)), file)
    file.seek(0)
    run = Runs(home / "runs").create("long.parquet", file)
    run.ask(replace(run.request, threshold="1/day", steps=5))
    run.start()
    while run.status().state is State.RUNNING:
        time.sleep(0.2)
    assert run.status().state is State.DONE, run.status()
    while run.twin.status().state is State.PREPARED:
        time.sleep(0.2)
    run.twin.cancel()  # the comparison that follows would only take time from the browser
    return run


def workspace_at(home: Path, series: int, count: int, kind: str = "sqlite") -> str:
    """The URL of a new workspace with so many stored events."""
    os.environ["TSANOMALY_DATA"] = str(home)
    url = new_workspace(kind, home)
    with Workspace.open(url) as workspace:
        fill(workspace, series, count)
    return url


def over(home: Path, url: str) -> AbstractContextManager[str]:
    """A dashboard over a workspace."""
    return dashboard(home, TSANOMALY_WORKSPACE=url)


def fill(workspace: Workspace, series: int, count: int) -> None:
    """A job with so many events, told over so many series."""
    workspace.jobs.put("plant", 'name = "plant"\n[source]\nkind = "files"\npath = "plant/*.csv"\n')
    run = workspace.runs.claim("plant", START, "speed", timedelta(minutes=5), START)
    assert run is not None
    kinds = [{"name": name, "share": 0.5, "direction": "above"} for name in ("pressure", "flow")]
    results = []
    for number in range(series):
        hours = range(number, count * 5 // series * series + number, 5 * series)
        found = [event(0, 1, (7 * hour) % 60, channels=kinds, kind="spike") | times(hour) for hour in hours]
        end = START + timedelta(hours=5 * count + series)
        result = scored(*found, series=f"series {number:04}")
        results.append(replace(result, scored_from=START, scored_until=end, watermark=end))
    workspace.commit(run, results, START)
    workspace.runs.finish(run, results[0].outcome, START, counts={"series": series, "rows": 1, "events": count})


def times(hour: int) -> dict[str, datetime]:
    start = START + timedelta(hours=hour)
    return {"start": start, "peak_time": start, "end": start + timedelta(hours=1)}
