"""What is registered under a job's name, for whoever holds but the name."""

from __future__ import annotations

from tsanomaly.batch.job import Job
from tsanomaly.batch.job_file import parse_job
from tsanomaly.errors import JobError, WorkspaceError
from tsanomaly.workspace import Workspace


def registered(workspace: Workspace, name: str) -> Job | None:
    """The job; ``None``: there is none of that name any more, or what is stored can no longer be read."""
    try:
        return parse_job(workspace.jobs.get(name).toml, name)
    except (WorkspaceError, JobError):
        return None


def calendars_of(workspace: Workspace, name: str) -> tuple[str, ...]:
    """Names of the calendars of maintenance that a job goes by."""
    job = registered(workspace, name)
    return () if job is None else tuple(job.calendar.names)
