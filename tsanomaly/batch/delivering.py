"""What a run committed, handed to the job's sinks: out of the workspace, so that it is the same after any crash.

A run that ended before its sinks had everything is made good by the next: the sinks get what both covered.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pandas as pd

from tsanomaly.batch.job import Job
from tsanomaly.batch.sinks import Covered, open_sinks
from tsanomaly.detection.events import describe_channels
from tsanomaly.errors import ConfigurationError, OutputError
from tsanomaly.workspace import Run, StoredEvent, Workspace

DAY = timedelta(days=1)

HANDED_OVER = "handed_over"
"""Among a run's counts: whether the sinks have all that it committed."""

MOST_RUNS = 100
"""Runs before this one that are made good, at most."""

EVENT_COLUMNS = ["series", "start", "end", "peak_time", "severity", "score", "direction", "channels", "status"]
SCORE_COLUMNS = ["series", "time", "score", "severity", "threshold"]


def hand_over(workspace: Workspace, job: Job, run: Run) -> None:
    """Write to every sink of a job what it does not have yet.

    Raises:
        OutputError: a sink cannot be written, or what it needs is not set.
    """
    if not job.sinks:
        return
    covered = _covered(workspace, job, run)
    if not covered:
        return
    try:
        for sink in open_sinks(job):
            if sink.what == "events":
                sink.write(job.name, covered, _events(workspace, job, covered))
            else:
                for day, rows in _scores(workspace, job, covered):
                    sink.write(job.name, day, rows)
    except ConfigurationError as error:  # all is scored and stored; it is the sink that is to be mended
        raise OutputError(str(error)) from None


def _covered(workspace: Workspace, job: Job, run: Run) -> list[Covered]:
    """What this run scored, and those before it whose sinks did not get it all; a stretch a series."""
    runs = [run]
    for earlier in workspace.runs.list(job.name, limit=MOST_RUNS, running=False):
        if earlier.id == run.id:
            continue
        if earlier.counts.get(HANDED_OVER, True):
            break
        runs.append(earlier)
    stretches: dict[str, tuple[datetime, datetime]] = {}
    for one in runs:
        for outcome in workspace.runs.series_outcomes(one):
            if outcome.scored_from is None or outcome.scored_until is None:
                continue
            since, until = stretches.get(outcome.series, (outcome.scored_from, outcome.scored_until))
            stretches[outcome.series] = min(since, outcome.scored_from), max(until, outcome.scored_until)
    return [Covered(series, since, until) for series, (since, until) in sorted(stretches.items())]


def _events(workspace: Workspace, job: Job, covered: list[Covered]) -> pd.DataFrame:
    since, until = min(c.since for c in covered), max(c.until for c in covered)
    stretches = {c.series: c for c in covered}
    events = workspace.events.list(job.name, since=since, until=until, order="series", limit=None)
    return pd.DataFrame([_row(e) for e in events if _within(e, stretches.get(e.series))], columns=EVENT_COLUMNS)


def _within(event: StoredEvent, covered: Covered | None) -> bool:
    return covered is not None and event.start < covered.until and event.end > covered.since


def _row(event: StoredEvent) -> dict[str, object]:
    plain = {name: getattr(event, name) for name in EVENT_COLUMNS if name not in ("channels", "status")}
    return plain | {"channels": describe_channels(event.channels), "status": str(event.status)}


def _scores(workspace: Workspace, job: Job, covered: list[Covered]) -> Iterator[tuple[list[Covered], pd.DataFrame]]:
    """Day by day: the scores of many series over a long time are more than a memory holds."""
    since, until = min(c.since for c in covered), max(c.until for c in covered)
    day = since.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < until:
        part = [
            Covered(c.series, max(c.since, day), min(c.until, day + DAY))
            for c in covered
            if c.since < day + DAY and c.until > day
        ]
        if part:
            read = workspace.scores.read(
                job.name, since=min(c.since for c in part), until=max(c.until for c in part), columns=SCORE_COLUMNS[2:]
            )
            stretches = {c.series: c for c in part}
            own = pd.DataFrame(
                {
                    "since": {s: c.since for s, c in stretches.items()},
                    "until": {s: c.until for s, c in stretches.items()},
                }
            )
            joined = read.join(own, on="series", how="inner")
            rows = joined[(joined["time"] >= joined["since"]) & (joined["time"] < joined["until"])]
            yield part, rows[[name for name in SCORE_COLUMNS if name in rows.columns]].reset_index(drop=True)
        day += DAY
