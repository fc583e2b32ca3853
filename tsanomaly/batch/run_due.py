"""What is due on a workspace, and running it: once, or for as long as a scheduler lives.

Any number of schedulers may do so on one workspace: a run is claimed by one of them. A run whose owner died is taken
over when its lease has lapsed; where a later time of the same job is due, that run covers the data of the dead one,
which is then marked as abandoned.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from tsanomaly.batch.alerts import alerts_of
from tsanomaly.batch.job import Job
from tsanomaly.batch.job_file import parse_job
from tsanomaly.batch.runner import Runner
from tsanomaly.batch.schedule import due, next_time
from tsanomaly.errors import JobError, LostRunError, WorkspaceUnavailableError
from tsanomaly.workspace import Outcome, Run, Workspace

log = logging.getLogger(__name__)

LONGEST_NAP_S = 30.0
"""How often a scheduler looks for jobs that were changed and runs whose owner died, though nothing is due."""

ABANDONED = "its process died; the run after it covers its data"


@dataclass(frozen=True)
class Due:
    """Something to run now.

    Attributes:
        job: whose.
        scheduled_at: for which time.
        dead: runs of dead processes that this one makes needless.
    """

    job: Job
    scheduled_at: datetime
    dead: tuple[Run, ...] = ()


def enabled_jobs(workspace: Workspace) -> Iterator[Job | JobError]:
    """The jobs that run when they are due, by name; one that is faulty is an error among them."""
    for stored in workspace.jobs.list(enabled=True):
        try:
            yield parse_job(stored.toml, stored.name)
        except JobError as error:
            yield error


def due_now(workspace: Workspace, job: Job, now: datetime) -> list[Due]:
    """The runs of a job that should begin now, the oldest first."""
    if job.schedule is None:
        return []
    runs = workspace.runs.list(job.name, limit=1)
    dead = [run for run in workspace.runs.list(job.name, limit=None, running=True) if run.lease_until <= now]
    times = due(job.schedule, runs[0].scheduled_at if runs else None, now)
    if job.schedule.catch_up == "each":
        return [Due(job, time) for time in sorted({*times, *(run.scheduled_at for run in dead)})]
    times = times or [run.scheduled_at for run in dead[:1]]  # the latest of them is taken over
    return [Due(job, time, tuple(run for run in dead if run.scheduled_at < time)) for time in times]


def run_due(runner: Runner) -> list[Run | JobError]:
    """Run what is due, one after the other; what others have is left to them.

    Returns:
        The runs as they ended, and the faults of jobs that cannot run.
    """
    ended: list[Run | JobError] = []
    for job in enabled_jobs(runner.workspace):
        if isinstance(job, JobError):
            log.error("job cannot run", extra={"reason": str(job)})
            ended.append(job)
            continue
        for one in due_now(runner.workspace, job, runner.clock()):
            if runner.stop.asked:
                return ended
            run = _run(runner, one)
            if run is not None:
                ended.append(run)
    return ended


def keep_running(
    runner: Runner,
    after: Callable[[list[Run | JobError]], None] = lambda ended: None,
    *,
    nap_s: float = LONGEST_NAP_S,
) -> None:
    """Run what is due, whenever it is, until :class:`Stop` is asked to.

    Args:
        runner: its ``stop`` ends the loop.
        after: called after each look, with what was run: to send alerts, to write figures.
        nap_s: longest time between two looks.
    """
    log.info("waiting for what is due")
    while not runner.stop.asked:
        try:
            after(run_due(runner))
        except WorkspaceUnavailableError as error:
            log.warning("the workspace is away", extra={"reason": str(error)})
        runner.stop.wait(_nap(runner, nap_s))
    log.info("told to end; no run is lost")


def _run(runner: Runner, one: Due) -> Run | None:
    for dead in one.dead:
        held = runner.workspace.runs.claim(dead.job, dead.scheduled_at, runner.owner, runner.lease, runner.clock())
        if held is not None:
            with suppress(LostRunError):
                _give_up(runner, one.job, held)
    try:
        return runner.run(one.job, one.scheduled_at)
    except LostRunError as error:
        log.warning("run lost", extra={"job": one.job.name, "reason": str(error)})
        return None


def _give_up(runner: Runner, job: Job, run: Run) -> None:
    """End a dead process' run; what it had committed is told."""
    workspace, now = runner.workspace, runner.clock()
    alerts = alerts_of(workspace, job, run, Outcome.ABANDONED, ABANDONED, now)
    workspace.runs.finish(run, Outcome.ABANDONED, now, message=ABANDONED, alerts=alerts)


def _nap(runner: Runner, longest: float) -> float:
    now = runner.clock()
    with suppress(WorkspaceUnavailableError):
        for job in enabled_jobs(runner.workspace):
            upcoming = None if isinstance(job, JobError) or job.schedule is None else next_time(job.schedule, now)
            if upcoming is not None:
                longest = min(longest, (upcoming - now).total_seconds())
    return max(0.0, longest)
