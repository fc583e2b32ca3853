"""Rows per second of a job over many short series with one shared model, by executor; and what is no scoring.

    python tests/benchmarks/batch_scale.py                   # 10,000 series × 2,000 rows, in this process
    python tests/benchmarks/batch_scale.py --executor processes --workers 2
    python tests/benchmarks/batch_scale.py --executor dask --workers 2
    python tests/benchmarks/batch_scale.py --series 1000 --scope per-series  # a model of its own for each

Peak memory is the largest resident size of this process and all its children together, looked at every 50 ms. Overhead
is what committing, leases and watermarks took, as a share of what scoring took: both in seconds of the processor, which
do not depend on what else the machine does, measured around the workspace's own methods.
"""

from __future__ import annotations

import argparse
import functools
import logging
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from tsanomaly.batch.job import Job
from tsanomaly.batch.runner import Runner
from tsanomaly.workspace import Workspace

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)
PERIOD = 48


def main() -> None:
    options = parsed()
    with tempfile.TemporaryDirectory(prefix="batch-scale-") as folder:
        source = Path(folder, "plant.parquet")
        write(source, options.series, options.rows)
        with executor(options) as settings, Workspace.open(Path(folder, "workspace.db")) as workspace:
            job = job_over(source, options, settings)
            half = START + options.rows // 2 * STEP
            spent = watched(workspace)
            for moment in (half, START + options.rows * STEP):
                spent.update(dict.fromkeys(spent, 0.0))
                with PeakMemory() as memory:
                    run = Runner(workspace).run(job, moment)
                report(run, memory, spent)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--scope", choices=("shared", "per-series"), default="shared")
    parser.add_argument("--kind", choices=("linear", "tied"), default="linear")
    parser.add_argument("--executor", choices=("process", "processes", "dask"), default="process")
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def write(path: Path, series: int, rows: int) -> None:
    """Waves with noise, a spike in every tenth series; a row group for each hundred series."""
    times = np.datetime64(START.replace(tzinfo=None), "us") + np.arange(rows) * np.timedelta64(STEP)
    schema = pa.schema({"series": pa.string(), "time": pa.timestamp("us", "UTC"), "value": pa.float64()})
    wave = np.sin(np.arange(rows) * 2 * np.pi / PERIOD)
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, series, 100):
            some = range(first, min(first + 100, series))
            values = np.stack([one(number, wave) for number in some])
            names = np.repeat([f"s{number:06}" for number in some], rows)
            columns = [pa.array(names), pa.array(np.tile(times, len(some))).cast(schema.field("time").type)]
            writer.write_table(pa.Table.from_arrays([*columns, pa.array(values.ravel())], schema=schema))


def one(number: int, wave: np.ndarray) -> np.ndarray:
    random = np.random.default_rng(number)
    values = (1 + number % 7) * (wave + random.normal(0, 0.05, len(wave))) + number % 100
    if number % 10 == 0:
        at = int(random.integers(len(wave) // 10, len(wave) - 10))
        values[at : at + 5] += 4 * (1 + number % 7)
    return values


def executor(options: argparse.Namespace):
    from contextlib import contextmanager

    @contextmanager
    def opened():
        if options.executor == "process":
            yield {"kind": "process"}
        elif options.executor == "processes":
            yield {"kind": "processes", "workers": options.workers}
        else:
            from distributed import LocalCluster

            size = {"n_workers": options.workers, "threads_per_worker": 1, "dashboard_address": None}
            with LocalCluster(**size, silence_logs=logging.CRITICAL) as cluster:
                yield {"kind": "dask", "address": cluster.scheduler_address}

    return opened()


def job_over(source: Path, options: argparse.Namespace, settings: dict) -> Job:
    return Job.model_validate(
        {
            "name": "plant",
            "source": {"kind": "files", "path": str(source), "timeout": "1h"},
            "columns": {"series": "series", "time": "time", "values": ["value"]},
            "model": {"scope": options.scope, "kind": options.kind},
            "range": {"lookback": "1h"},
            "limits": {"time": "6h"},
            "executor": settings,
        }
    )


def watched(workspace: Workspace) -> dict[str, float]:
    """Seconds that go into the workspace, by what is done there."""
    spent = {"commit": 0.0, "lease and claim": 0.0, "watermarks and plans": 0.0}

    def timed(owner, name, kind):
        method = getattr(owner, name)

        @functools.wraps(method)
        def wrapper(*arguments, **settings):
            begun = time.thread_time()
            try:
                return method(*arguments, **settings)
            finally:
                spent[kind] += time.thread_time() - begun

        setattr(owner, name, wrapper)

    timed(workspace, "commit", "commit")
    for name in ("claim", "heartbeat", "finish"):
        timed(workspace.runs, name, "lease and claim")
    for owner, name in (
        (workspace.watermarks, "all"),
        (workspace.watermarks, "states"),
        (workspace.models, "all_current"),
    ):
        timed(owner, name, "watermarks and plans")
    return spent


class PeakMemory:
    """The largest resident size of this process and its children, in bytes."""

    def __enter__(self):
        self.peak, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _look(self):
        this = psutil.Process()
        while not self._ended.wait(0.05):
            held = 0
            for process in (this, *this.children(recursive=True)):
                try:
                    held += process.memory_info().rss
                except psutil.Error:
                    continue
            self.peak = max(self.peak, held)


def report(run, memory: PeakMemory, spent: dict[str, float]) -> None:
    counts = run.counts
    rows, seconds, scoring = counts["rows"], counts["seconds"], counts["scoring_seconds"]
    overhead = sum(spent.values())
    print(f"{run.outcome}: {counts['series']:,} series, {rows:,} new rows, {counts['events']:,} events")
    print(f"  {seconds:.1f} s on the clock, {counts['series'] / seconds:,.0f} series/s, {rows / seconds:,.0f} rows/s")
    print(f"  scoring {scoring:.1f} processor seconds, {rows / scoring:,.0f} new rows for each")
    parts = ", ".join(f"{name} {value:.2f} s" for name, value in spent.items())
    print(f"  store, lease and watermarks: {overhead:.2f} s ({parts}), {overhead / scoring:.1%} of the scoring time")
    print(f"  peak memory {memory.peak / 2**20:,.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
