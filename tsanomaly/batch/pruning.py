"""What a job no longer keeps is forgotten once a day, after a run; nothing of it can fail a run."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from tsanomaly.batch.job import Job
from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace import Run, Workspace

log = logging.getLogger(__name__)

MOST_SERIES = 1_000
"""Series of a job whose files of a day are put together: a day of more is better left in several files."""


def tidy(workspace: Workspace, job: Job, run: Run, now: datetime) -> None:
    """After the first run of a day (UTC): forget what is older than the job keeps, remove files that nobody names, and
    put the score files of days that are over together."""
    try:
        if _first_of_its_day(workspace, run):
            forget(workspace, job, run, now)
            remove_strays(workspace, job)
            put_together(workspace, job, run)
    except (WorkspaceError, OSError) as error:
        log.warning("old data was not forgotten", extra={"job": job.name, "reason": str(error)})


def forget(workspace: Workspace, job: Job, run: Run, now: datetime) -> None:
    """Forget old runs, alerts that were sent, scores, events that nobody spoke of, and earlier models."""
    kept, at, late = job.history, run.scheduled_at, job.range.allowed_lateness
    workspace.runs.prune(kept.runs, now, job.name)
    workspace.outbox.prune(now - kept.runs, job.name)
    workspace.scores.prune(at - kept.scores, job.name)
    workspace.events.prune(job.name, at - kept.events, late=late)
    workspace.models.prune(job.name, kept.models)


def remove_strays(workspace: Workspace, job: Job) -> None:
    """Remove files that processes left which were killed, once they are a day old."""
    workspace.scores.sweep(job=job.name)
    workspace.models.sweep(job.name)


def put_together(workspace: Workspace, job: Job, run: Run) -> None:
    """One file of scores for each day that is over."""
    over = run.scheduled_at - job.range.allowed_lateness - timedelta(days=1)
    if len(workspace.watermarks.all(job.name)) <= MOST_SERIES:
        workspace.scores.compact(job.name, over)


def _first_of_its_day(workspace: Workspace, run: Run) -> bool:
    """Whether the job had no other run on that day so far."""
    midnight = run.scheduled_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return len(workspace.runs.list(run.job, since=midnight, limit=2)) < 2
