"""Kill a job anywhere, again and again, and compare what it left with what an undisturbed job left.

A round is a fresh workspace and three scheduled runs over all series, each done by processes that are killed by SIGKILL
at random moments and started again, until all three have ended. Then events with their histories, watermarks, states
of series, scores, outbox keys and the files of both sinks must be what they are without any kill. Rounds go on until
there were as many kills as asked for.

    python tests/chaos/kill_anywhere.py                           # 100 kills, 40 series, SQLite
    python tests/chaos/kill_anywhere.py --kills 25 --postgresql   # on a server of its own
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pandas as pd
from plants import at, job, plant, results
from postgres import new_workspace

from tsanomaly.batch.runner import Runner
from tsanomaly.workspace import Outcome, Workspace

TIMES = (at(4), at(7), at(10))
LEASE = timedelta(seconds=0.4)


def main() -> None:
    options = parsed()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="kill-anywhere-") as folder:
        source = Path(folder, "plant.parquet")
        plant(options.series).to_parquet(source, index=False)
        undisturbed, seconds = {}, {}
        for scope in ("per-series", "shared"):
            begun = time.monotonic()
            undisturbed[scope] = final(one_round(options, Path(folder, scope), source, scope, None)[0])
            seconds[scope] = time.monotonic() - begun
        kills = rounds = 0
        while kills < options.kills:
            scope = ("per-series", "shared")[rounds % 2]
            moments = iter(lambda scope=scope: chance.uniform(0, 0.6 * seconds[scope]), None)
            place, killed = one_round(options, Path(folder, f"round-{rounds}"), source, scope, moments)
            differences = [name for name, value in final(place).items() if value != undisturbed[scope][name]]
            rounds, kills = rounds + 1, kills + killed
            verdict = f"differs in {', '.join(differences)}" if differences else "the same"
            print(f"round {rounds}, {scope}: {killed} kills, {verdict}", flush=True)
            if differences:
                sys.exit(1)
    found = len(undisturbed["shared"]["events"])
    scale = f"{len(TIMES)} runs over {options.series} series, {found} events"
    print(f"{kills} kills in {rounds} rounds of {scale}: nothing differs")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--series", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--postgresql", action="store_true")
    return parser.parse_args()


class Place:
    """A workspace with the files that its sinks write."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        (folder / "data").mkdir(parents=True)
        os.environ["TSANOMALY_DATA"] = str(folder / "data")
        self.out = folder / "out"
        self.url = new_workspace("postgresql" if options.postgresql else "sqlite", folder / "data")


def one_round(options, folder, source, scope, moments):
    """All runs to their end; the place, and how often a process was killed on the way."""
    place, kills = Place(options, folder), 0
    while True:
        child = os.fork()
        if not child:
            os._exit(work(place, source, scope))
        wait = next(moments) if moments else None
        if wait is not None:
            time.sleep(wait)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert os.WEXITSTATUS(status) == 0, "a run failed by itself"
            return place, kills
        kills += 1


def work(place, source, scope) -> int:
    """In a process of its own: run what is left."""
    try:
        with Workspace.open(place.url) as workspace:
            for time_due in TIMES:
                runner = Runner(workspace, lease=LEASE)
                while True:
                    run = runner.run(wanted(place, source, scope), time_due)
                    known = run or next(r for r in workspace.runs.list("plant") if r.scheduled_at == time_due)
                    if not known.running:
                        break
                    time.sleep(0.05)  # a dead owner's lease has not lapsed yet
                if known.outcome not in (Outcome.SUCCEEDED, Outcome.FOUND_NOTHING):
                    print(known, file=sys.stderr)
                    return 1
        return 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def wanted(place, source, scope):
    return job(
        source,
        model={"scope": scope},
        executor={"shard": 4},
        sinks=[
            {"kind": "csv", "path": str(place.out / "events.csv")},
            {"kind": "parquet", "what": "scores", "path": str(place.out / "scores")},
        ],
        alerts={"channels": [{"url_env": "NOBODY"}, {"url_env": "NOBODY_ELSE", "min_severity": 50}]},
    )


def final(place):
    """Everything that must be the same, by name."""
    with Workspace.open(place.url) as workspace:
        left = results(workspace)
        left["histories"] = {
            event[0]: [(c.change, c.before, c.after) for c in workspace.events.history(event[0])]
            for event in left["events"]
        }
        runs = reversed(workspace.runs.list("plant"))
        left["outcomes"] = [
            [(o.series, o.outcome, o.rows, o.events) for o in workspace.runs.series_outcomes(r)] for r in runs
        ]
        left["models"] = [(m.series, m.version, m.active) for m in workspace.models.list("plant")]
    left["scores"] = repr(left["scores"])  # NaN is not equal to itself
    left["sink of events"] = (place.out / "events.csv").read_text(encoding="utf-8")
    files = sorted((place.out / "scores").rglob("*.parquet"))
    table = pd.concat([pd.read_parquet(file) for file in files]).sort_values(["series", "time"], ignore_index=True)
    left["sink of scores"] = table.to_csv()
    return left


if __name__ == "__main__":
    main()
