"""How jobs are: the last run, the next one, what has stopped coming, events a week against the budget. No Streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import tsanomaly
from tsanomaly.batch.job import Job
from tsanomaly.batch.job_file import parse_job
from tsanomaly.batch.schedule import latest_time, next_time
from tsanomaly.errors import JobError
from tsanomaly.workspace import Outcome, Run, StoredJob, Workspace

FINE = {Outcome.SUCCEEDED, Outcome.FOUND_NOTHING, Outcome.NOT_ENOUGH_DATA}

LOOKED_BACK = timedelta(weeks=4)
"""Of which events a week are counted."""

MISSED = 3
"""Runs without a new row after which a series counts as silent, where the job does not say."""


@dataclass(frozen=True)
class Health:
    """How one job is.

    Attributes:
        stored: as the workspace has it.
        job: what its TOML says; ``None``: it cannot be read, and ``fault`` says why.
        last: its latest run.
        next: when it is due; ``None``: never, or it is paused.
        silent: series that no row came of for too long, with when the last one came.
        open: events nobody judged.
        per_week: events a week over the last four weeks of its data, or what there is of them.
        budget: events a week that its alert budget allows; ``None``: another rule holds.
    """

    stored: StoredJob
    job: Job | None
    fault: str
    last: Run | None
    next: datetime | None
    silent: dict[str, datetime]
    open: int
    per_week: float | None
    budget: float | None

    @property
    def fine(self) -> bool:
        """Whether nothing about it needs anybody."""
        failed = self.last is not None and self.last.outcome is not None and self.last.outcome not in FINE
        return not (self.fault or failed or self.silent)


def of_all(workspace: Workspace, now: datetime | None = None) -> list[Health]:
    """All registered jobs, those that need somebody first."""
    now = now or datetime.now(UTC)
    found = [of_job(workspace, stored, now) for stored in workspace.jobs.list()]
    return sorted(found, key=lambda health: (health.fine, health.stored.name))


def of_job(workspace: Workspace, stored: StoredJob, now: datetime) -> Health:
    """One job."""
    job, fault = read(stored.toml, stored.name)
    runs = workspace.runs.list(stored.name, limit=1)
    due = job.schedule if job is not None and stored.enabled else None
    marks = workspace.watermarks.all(stored.name)
    latest = max(marks.values(), default=None)
    per_week = None
    if latest is not None:
        weeks = LOOKED_BACK / timedelta(weeks=1)
        found = workspace.events.count(stored.name, since=latest - LOOKED_BACK, until=latest, held_back=False)
        per_week = found / weeks
    return Health(
        stored,
        job,
        fault,
        runs[0] if runs else None,
        None if due is None else next_time(due, now),
        silent(workspace, stored.name, job, now) if stored.enabled and job is not None else {},
        workspace.events.count(stored.name, verdict="none", held_back=False),
        per_week,
        None if job is None else weekly_budget(job),
    )


@lru_cache(maxsize=1000)
def read(toml: str, name: str) -> tuple[Job | None, str]:
    """A job's TOML, or why it is none."""
    try:
        return parse_job(toml, name), ""
    except JobError as error:
        return None, str(error)


def silent(workspace: Workspace, name: str, job: Job, now: datetime) -> dict[str, datetime]:
    """Series of a scheduled job that no row came of for too long."""
    if job.schedule is None:
        return {}
    limit = job.alerts.no_data_after
    if limit is None:
        last = latest_time(job.schedule, now)
        upcoming = next_time(job.schedule, now)
        if last is None or upcoming is None:
            return {}
        limit = MISSED * (upcoming - last)
    return {series: at for series, at in workspace.watermarks.arrivals(name).items() if now - at > limit}


def weekly_budget(job: Job) -> float | None:
    """Events a week that a job's budget allows; ``None`` where another rule holds."""
    if job.threshold.rule is not None:
        return None
    budget = tsanomaly.Budget.parse(job.threshold.budget or "3/week")
    return budget.allowed(1_000_000, 1_000.0) / 1_000
