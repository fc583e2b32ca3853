"""Thousands of scheduled runs in one process, with a clock that is set by hand: memory, open files, size of the store.

A job over two series runs every half hour, and each run finds one new row a series. Every tenth of the runs, the
resident size, the open files, the threads and the store's size are printed; at the end their growth over the second
half is judged: memory may grow by a tenth, open files not at all.

    python tests/chaos/soak.py                # 5,000 runs
    python tests/chaos/soak.py --runs 500
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import psutil
from plants import START, STEP, plant

from tsanomaly.batch.run_due import run_due
from tsanomaly.batch.runner import Runner
from tsanomaly.workspace import Outcome, Workspace

LEARNED = 200
"""Rows before the first run."""

TOML = """
name = "plant"
[source]
kind = "files"
path = "{path}"
[columns]
series = "pump"
time = "time"
values = ["flow"]
[model]
kind = "linear"
learn_from = "4D"
window = 12
[range]
lookback = "12h"
[schedule]
cron = "*/30 * * * *"
[history]
runs = "20D"
scores = "20D"
"""


class Clock:
    """A clock that is set by hand."""

    moment = START

    def __call__(self):
        return self.moment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        source = Path(folder, "plant.parquet")
        plant(2, rows=LEARNED + options.runs, spikes=range(250, options.runs, 500)).to_parquet(
            source, index=False, row_group_size=1_000
        )
        with Workspace.open(Path(folder, "workspace.db")) as workspace:
            workspace.jobs.put("plant", TOML.format(path=source))
            clock, seen = Clock(), []
            runner = Runner(workspace, clock=clock)
            print("   runs   memory  files  threads   store  events")
            for done in range(1, options.runs + 1):
                clock.moment = START + (LEARNED + done) * STEP
                (run,) = run_due(runner)
                assert run.outcome in (Outcome.SUCCEEDED, Outcome.FOUND_NOTHING), run
                if done % max(1, options.runs // 10) == 0:
                    seen.append(look(workspace, Path(folder)))
                    memory, files, threads, store = seen[-1]
                    events = workspace.events.count("plant")
                    sizes = f"{memory / 2**20:6,.0f} MiB {files:5} {threads:8} {store / 2**20:5.1f} MiB"
                    print(f"{done:7,} {sizes} {events:6}", flush=True)
    half = seen[len(seen) // 2 - 1]
    assert seen[-1][0] < 1.1 * half[0], "memory grows"
    assert seen[-1][1] <= half[1], "open files grow"
    assert seen[-1][2] <= half[2] + 2, "threads grow"  # a library's pool may start one late
    print(
        f"in the second half, memory grew by {(seen[-1][0] - half[0]) / 2**20:.0f} MiB; open files stayed as they were"
    )


def look(workspace: Workspace, folder: Path) -> tuple[int, int, int, int]:
    """Resident size, open files, threads, and bytes of the store with its files, the source apart."""
    gc.collect()
    this = psutil.Process()
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "plant.parquet"]
    return this.memory_info().rss, this.num_fds(), this.num_threads(), sum(path.stat().st_size for path in files)


if __name__ == "__main__":
    main()
