"""What a job no longer keeps is forgotten after each of its runs; nothing of it can fail a run."""

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
    """Forget old runs, sent alerts and scores, and put the score files of days that are over together."""
    kept, over = job.history, run.scheduled_at - job.range.allowed_lateness - timedelta(days=1)
    try:
        workspace.runs.prune(kept.runs, now, job.name)
        workspace.outbox.prune(now - kept.runs, job.name)
        workspace.scores.prune(run.scheduled_at - kept.scores, job.name)
        if len(workspace.watermarks.all(job.name)) <= MOST_SERIES:
            workspace.scores.compact(job.name, over)
        if run.attempt > 1:
            workspace.scores.sweep()
    except WorkspaceError as error:
        log.warning("old data was not forgotten", extra={"job": job.name, "reason": str(error)})
