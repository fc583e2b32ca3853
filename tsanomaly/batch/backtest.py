"""What a changed setting would have reported, beside what was reported. Nothing is touched."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from tsanomaly.batch.executors import crew_of, work_off
from tsanomaly.batch.job import Job, Threshold
from tsanomaly.batch.planning import Given, Plan
from tsanomaly.batch.shards import Shard, score_shard
from tsanomaly.batch.sources import open_source
from tsanomaly.errors import JobError
from tsanomaly.workspace import Outcome, SeriesResult, StoredEvent, Workspace


class Standing(StrEnum):
    """How an event stands in a comparison."""

    BOTH = "both"  # it was reported, and still would be
    GONE = "gone"  # it was reported, and would not be
    NEW = "new"  # it was not reported, and would be


@dataclass(frozen=True)
class Compared:
    """One event of either side; of both, as it would be."""

    standing: Standing
    series: str
    start: datetime
    end: datetime
    severity: float


@dataclass(frozen=True)
class Backtest:
    """A comparison.

    Attributes:
        job, since, until: what was compared.
        events: the most severe first.
        outcomes: of the series, by name, of those that could not be scored: why.
        series: scored.
        rows: scored.
    """

    job: str
    since: datetime
    until: datetime
    events: tuple[Compared, ...]
    failed: Mapping[str, str]
    series: int
    rows: int

    def count(self, *standings: Standing) -> int:
        """How many events stand so."""
        return sum(event.standing in standings for event in self.events)

    @property
    def were(self) -> int:
        """How many were reported."""
        return self.count(Standing.BOTH, Standing.GONE)

    @property
    def would_be(self) -> int:
        """How many would be."""
        return self.count(Standing.BOTH, Standing.NEW)

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        events = [
            {
                "standing": str(event.standing),
                "series": event.series,
                "start": event.start.isoformat(),
                "end": event.end.isoformat(),
                "severity": event.severity,
            }
            for event in self.events
        ]
        return {
            "job": self.job,
            "from": self.since.isoformat(),
            "to": self.until.isoformat(),
            "series": self.series,
            "rows": self.rows,
            "were_reported": self.were,
            "would_be_reported": self.would_be,
            "events": events,
            "failed": dict(self.failed),
        }


def backtest(workspace: Workspace, job: Job, since: datetime, until: datetime, threshold: Threshold | None) -> Backtest:
    """Score a stretch with the models in use and another threshold, and compare with the events that are stored.

    Args:
        workspace: read only.
        job: as its file says.
        since, until: half open.
        threshold: instead of the job's; ``None``: the job's own, to see what its present settings give.

    Raises:
        JobError: the job's series share a model, and there is none yet.
        SourceError: the source does not give its data.
    """
    if threshold is not None:
        job = job.model_copy(update={"threshold": threshold})
    plan = Plan.of(workspace, job, until, given=Given(since, until))
    if plan.shares and plan.shared_model is None:
        raise JobError(f"job '{job.name}' has no model yet; run it once before")
    results: list[SeriesResult] = []
    with tempfile.TemporaryDirectory(prefix="tsanomaly-backtest-") as scratch, crew_of(job.executor) as crew:
        shards = (
            Shard(
                job,
                tuple(task for task in map(plan.task, read.series) if task is not None),
                workspace.folder,
                Path(scratch),
                read.columns,
                None if plan.shared_model is None else str(plan.shared_model),
                plan.shared_name,
                keep_scores=False,
            )
            for read in open_source(job).shards(plan.since, plan.until)
        )
        for shard, result in work_off(crew, score_shard, shards, Shard.halves):
            if result is None:
                died = "the process that scored it died"
                results += [SeriesResult(task.series.name, Outcome.CRASHED, died) for task in shard.tasks]
            else:
                results += result.results
    return _compared(workspace, job, since, until, results)


def _compared(
    workspace: Workspace, job: Job, since: datetime, until: datetime, results: list[SeriesResult]
) -> Backtest:
    stored: dict[str, list[StoredEvent]] = {}
    for event in workspace.events.list(job.name, since=since, until=until, order="start", limit=None):
        stored.setdefault(event.series, []).append(event)
    events = []
    for result in results:
        were = stored.pop(result.series, [])
        found: Counter[str] = Counter()
        for new in result.events:
            if new["end"] <= since or new["start"] >= until:
                continue
            same = [event.id for event in were if event.start <= new["end"] and new["start"] <= event.end]
            found.update(same)
            standing = Standing.BOTH if same else Standing.NEW
            events.append(Compared(standing, result.series, new["start"], new["end"], new["severity"]))
        events += [_gone(event) for event in were if event.id not in found]
    events += [_gone(event) for rest in stored.values() for event in rest]
    scored = [result for result in results if result.scored_from is not None]
    return Backtest(
        job.name,
        since,
        until,
        tuple(sorted(events, key=lambda event: (-event.severity, event.series, event.start))),
        {result.series: result.message for result in results if result.scored_from is None},
        len(scored),
        sum(result.rows for result in scored),
    )


def _gone(event: StoredEvent) -> Compared:
    return Compared(Standing.GONE, event.series, event.start, event.end, event.severity)
