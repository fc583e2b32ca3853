"""How fast the workspace is: committing many series, listing many events, the overview. Prints a table of markdown.

    python tests/benchmarks/workspace_speed.py [--series 10000] [--events 5000]

PostgreSQL is the server that ``TSANOMALY_TEST_POSTGRES`` names, else one that is started for this.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from postgres import new_workspace
from store_samples import LEASE, NOW, at, claimed, event, scored

from tsanomaly.workspace import Workspace, shard_of

SHARDS = 20


def timed(work, times=5):
    """Median milliseconds, and what the work gave last."""
    durations = []
    for _ in range(times):
        begun = time.perf_counter()
        given = work()
        durations.append(1000 * (time.perf_counter() - begun))
    return statistics.median(durations), given


def shards(series, events, hour):
    """Results by shard; ``events`` of them carry one event."""
    kinds = [{"name": name, "share": 0.3, "direction": "above"} for name in ("pressure", "flow", "speed")]
    results = {}
    for number in range(series):
        name = f"series {number:06}"
        found = [event(hour - 3, hour - 2, number % 100, channels=kinds)] if number < events else []
        result = scored(*found, series=name, since=hour - 4, until=hour, state={"scale": [1.0, 2.0], "threshold": 3.5})
        results.setdefault(shard_of(name, SHARDS), []).append(result)
    return list(results.values())


def commit_all(workspace, hour, series, events, job="many"):
    """One run over all series; its milliseconds a series."""
    run = claimed(workspace, hour, job)
    work = shards(series, events, hour)
    begun = time.perf_counter()
    for shard in work:
        workspace.commit(run, shard, NOW + timedelta(hours=hour))
    return 1000 * (time.perf_counter() - begun) / series


def measure(kind, series, events):
    """Rows of the table for one database."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TSANOMALY_DATA"] = folder
        with Workspace.open(new_workspace(kind, Path(folder))) as workspace:
            yield "commit, first run, ms a series", commit_all(workspace, 4, series, series // 10)
            yield "commit, the same again, ms a series", commit_all(workspace, 4.5, series, series // 10)
            for turn in range(max(0, events // (series // 10) - 1)):
                commit_all(workspace, 8 + 4 * turn, series, series // 10)
            stored = workspace.events.count()
            taken, listed = timed(lambda: workspace.events.list(order="severity", limit=events))
            yield f"list {len(listed):,} of {stored:,} events, ms", taken
            taken, listed = timed(
                lambda: workspace.events.list(job="many", order="start", limit=events, verdict="none")
            )
            yield f"list {len(listed):,} unjudged of a job, latest first, ms", taken
            yield "count them, ms", timed(lambda: workspace.events.count(job="many", verdict="none"))[0]
            yield "one event with details, ms", timed(lambda: workspace.events.get(listed[0].id))[0]
            yield "watermarks of all series, ms", timed(lambda: workspace.watermarks.all("many"))[0]
            run = claimed(workspace, 1000)
            yield "heartbeat, ms", timed(lambda: workspace.runs.heartbeat(run, at(1000), LEASE))[0]


def main():
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--series", type=int, default=10_000)
    options.add_argument("--events", type=int, default=5_000)
    given = options.parse_args()
    columns = {kind: dict(measure(kind, given.series, given.events)) for kind in ("sqlite", "postgresql")}
    print("| | " + " | ".join(columns) + " |\n|---|---|---|")
    for name in columns["sqlite"]:
        print(f"| {name} | " + " | ".join(f"{column[name]:.2f}" for column in columns.values()) + " |")


if __name__ == "__main__":
    main()
