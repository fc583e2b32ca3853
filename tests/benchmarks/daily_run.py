"""What a day of many series costs: processor time, memory and store of a daily run under one shared model.

Two weeks of a row every ten minutes are scored once, which learns; then comes a day, and that run is measured, in this
process alone. Processor time is printed, not the clock's: other work on the machine does not count. The figures are
those that docs/operations.md calculates with.

python tests/benchmarks/daily_run.py [SERIES]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from tsanomaly.batch.job_file import parse_job
from tsanomaly.batch.runner import Runner
from tsanomaly.workspace import Run, Workspace

START, DAY = datetime(2026, 11, 1, tzinfo=UTC), timedelta(days=1)
A_DAY, HISTORY = 144, 14

JOB = """
name = "fleet"
source = {kind = "files", path = "*.parquet"}
columns = {series = "series", time = "time", values = ["value"]}
model = {scope = "shared", learn_from_series = 20, seconds = 30}
range = {lookback = "2D"}
schedule = {cron = "0 0 * * *"}
"""


def write_days(folder: Path, series: int, first: int, days: int) -> None:
    """A file of ``days`` days of all series; one in a hundred shifts in the last hours of the last day."""
    rng = np.random.default_rng(first)
    rows = np.arange(first * A_DAY, (first + days) * A_DAY)
    times = pd.DatetimeIndex(np.datetime64(START.replace(tzinfo=None), "us") + rows * np.timedelta64(10, "m"), tz="UTC")
    parts = []
    for number in range(series):
        values = np.sin(rows / A_DAY * 2 * np.pi + number) + rng.normal(0, 0.1, len(rows))
        values[-20:] += 1.5 * (number % 100 == first % 100)
        parts.append(pd.DataFrame({"series": f"sensor-{number:07}", "time": times, "value": values.astype(np.float32)}))
    pd.concat(parts).to_parquet(folder / f"from-{first:04}.parquet", row_group_size=1 << 17)


def size(folder: Path) -> int:
    """Bytes of all Parquet files in it."""
    return sum(file.stat().st_size for file in folder.rglob("*.parquet"))


def run(store: Workspace, folder: Path, days: int) -> tuple[Run, float]:
    """Run the job for the end of a day; the run, and processor seconds."""
    job = parse_job(JOB, folder=folder)
    before = time.process_time()
    ended = Runner(store).run(job, START + days * DAY)
    assert ended is not None
    assert ended.message == "", ended.message
    return ended, time.process_time() - before


def main(series: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_days(folder, series, 0, HISTORY)
        with Workspace.open(folder / "w.sqlite") as store:
            first, seconds = run(store, folder, HISTORY)
            print(f"first run: {first.counts['rows']:,} rows, {seconds:.1f} s of processor, learning among it")
            write_days(folder, series, HISTORY, 1)
            database, scores = store.check().bytes, size(folder / "scores")
            second, seconds = run(store, folder, HISTORY + 1)
            grown = store.check().bytes - database
            kept = size(folder / "scores") - scores
            events = store.events.count("fleet")
    rows = int(second.counts["rows"])
    print(f"daily run: {series:,} series, {series * A_DAY:,} new rows, {rows:,} rows judged, {events:,} events kept")
    print(f"  processor          {1e3 * seconds / series:8.2f} ms a series")
    print(f"                     {1e6 * seconds / rows:8.1f} s a million rows judged")
    print(f"  of it scoring      {1e3 * second.counts['scoring_seconds'] / series:8.2f} ms a series (by the clock)")
    print(f"  database           {grown / series:8.0f} bytes a series")
    print(f"  scores             {kept / rows:8.1f} bytes a row judged")
    print(f"  peak memory        {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
