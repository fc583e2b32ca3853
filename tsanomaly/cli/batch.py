"""``run``, ``run-due``, ``schedule``, ``backfill``, ``backtest``: the commands that run jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from tsanomaly.cli.batch_options import (
    Format,
    JobName,
    LeaseSeconds,
    Printed,
    WorkspaceUrl,
    failed,
    job_named,
    moment,
    opened,
    stopped_by_signals,
)
from tsanomaly.cli.exit_codes import ExitCode
from tsanomaly.errors import CancelledError, ConfigurationError, JobError, OutputError

if TYPE_CHECKING:
    from datetime import datetime

    from tsanomaly.batch.planning import Given
    from tsanomaly.batch.runner import Runner
    from tsanomaly.workspace import Run, Workspace

From = Annotated[str, typer.Option("--from", help="Where the stretch begins: 2026-11-01.", show_default=False)]
To = Annotated[str, typer.Option("--to", help="Where it ends, itself not included.", show_default=False)]


def run(
    job: JobName,
    at: Annotated[
        str | None,
        typer.Option("--at", help="Score what was there before this time. Default: now.", show_default=False),
    ] = None,
    workspace: WorkspaceUrl = None,
    lease: LeaseSeconds = 120,
) -> None:
    """Run a job now, or as it would have run at another time."""
    from datetime import UTC, datetime

    with opened(workspace) as store:
        wanted = job_named(store, job)
        scheduled_at = None if at is None else moment(at, wanted, "--at")
        if scheduled_at is not None and scheduled_at > datetime.now(UTC):
            raise ConfigurationError(f"--at {at} lies in the future; a run scores what is there already")
        _run_one(store, job, scheduled_at, lease)


def backfill(
    job: JobName,
    since: From,
    until: To,
    workspace: WorkspaceUrl = None,
    lease: LeaseSeconds = 120,
) -> None:
    """Score a stretch of time again, with the models in use."""
    from tsanomaly.batch.planning import Given

    with opened(workspace) as store:
        wanted = job_named(store, job)
        given = Given(*_stretch(since, until, wanted))
        _run_one(store, job, None, lease, given)


def run_due(workspace: WorkspaceUrl = None, lease: LeaseSeconds = 120) -> None:
    """Run what is due, and return: for cron, systemd, Kubernetes, Airflow."""
    from tsanomaly.batch import run_due as due

    with opened(workspace) as store, _runner(store, lease) as runner:
        ended = due.run_due(runner)
        _afterwards(store)
        _report(ended)
        if runner.stop.asked:
            raise CancelledError("stopped; runs that were begun are left to the next process")
        if any(isinstance(one, JobError) or failed(one) for one in ended):
            raise typer.Exit(ExitCode.RUN_FAILED)


def schedule(workspace: WorkspaceUrl = None, lease: LeaseSeconds = 120) -> None:
    """Run what is due, whenever it is, until told to end by SIGTERM or Ctrl-C."""
    from tsanomaly.batch.run_due import keep_running

    with opened(workspace) as store, _runner(store, lease) as runner:
        keep_running(runner, lambda ended: _afterwards(store, for_ever=True))


def backtest(
    job: JobName,
    since: From,
    until: To,
    budget: Annotated[
        str | None, typer.Option("--budget", help="Instead of the job's: 3/week.", show_default=False)
    ] = None,
    threshold: Annotated[
        str | None, typer.Option("--threshold", help="Instead of a budget: quantile=0.999, mad=8.", show_default=False)
    ] = None,
    workspace: WorkspaceUrl = None,
    format: Printed = Format.TABLE,
    top: Annotated[int, typer.Option("--top", help="Events in the table; 0 for all.", min=0)] = 20,
) -> None:
    """Say what a changed setting would have reported, beside what was; nothing is touched."""
    from tsanomaly.batch.backtest import backtest as compare
    from tsanomaly.batch.job import Threshold
    from tsanomaly.batch.job_fields import checked_budget, checked_rule
    from tsanomaly.cli.batch_tables import comparison
    from tsanomaly.cli.document import to_json
    from tsanomaly.cli.terminal import answers

    if format is Format.CSV:
        raise ConfigurationError("backtest prints a table or json; give --format table or --format json")
    if budget is not None and threshold is not None:
        raise ConfigurationError("--budget and --threshold contradict each other; give one of them")
    try:
        changed = Threshold(
            budget=None if budget is None else checked_budget(budget),
            rule=None if threshold is None else checked_rule(threshold),
        )
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    with opened(workspace, create=False) as store:
        wanted = job_named(store, job)
        unchanged = budget is None and threshold is None
        result = compare(store, wanted, *_stretch(since, until, wanted), None if unchanged else changed)
    if format is Format.JSON:
        typer.echo(to_json(result.to_dict()), nl=False)
    else:
        answers().print(comparison(result, top))


# --- what they share -------------------------------------------------------------------------------------------------


@contextmanager
def _runner(workspace: Workspace, lease: float) -> Iterator[Runner]:
    from tsanomaly.batch.logs import start_logging
    from tsanomaly.batch.runner import Runner

    start_logging()
    runner = Runner(workspace, lease=timedelta(seconds=lease))
    with stopped_by_signals(runner.stop):
        yield runner


def _run_one(workspace: Workspace, name: str, at: datetime | None, lease: float, given: Given | None = None) -> None:
    from tsanomaly.cli.terminal import Watch, say

    job = job_named(workspace, name)
    with _runner(workspace, lease) as runner, Watch(job.name) as watch:
        runner.on_series = lambda done, result: watch.say(f"{done} series scored")
        scheduled_at = at or runner.clock().replace(microsecond=0)
        ended = runner.run(job, scheduled_at, given=given)
    if ended is None:
        say(f"the run of '{job.name}' at {scheduled_at:%Y-%m-%d %H:%M:%S} UTC is done, or another process has it")
        return
    _afterwards(workspace)
    _report([ended])
    if runner.stop.asked:
        raise CancelledError(ended.message or "stopped; the run is left to the next process")
    if failed(ended):
        raise typer.Exit(ExitCode.RUN_FAILED)


def _afterwards(workspace: Workspace, *, for_ever: bool = False) -> None:
    """Send alerts, and write figures where they are asked for; a scheduler that cannot write them goes on."""
    import logging
    import os
    from pathlib import Path

    from tsanomaly.batch.alerts import deliver
    from tsanomaly.batch.health import VARIABLE, write_metrics
    from tsanomaly.batch.lease import now

    deliver(workspace, now())
    path = os.environ.get(VARIABLE)
    if path:
        try:
            write_metrics(workspace, Path(path), now())
        except OutputError as error:
            if not for_ever:
                raise
            logging.getLogger(__name__).warning("metrics not written", extra={"reason": str(error)})


def _report(ended: list[Run | JobError] | list[Run]) -> None:
    from tsanomaly.cli.batch_tables import runs_table
    from tsanomaly.cli.terminal import answers, complain

    for one in ended:
        if isinstance(one, JobError):
            complain(str(one))
    runs = [one for one in ended if not isinstance(one, JobError)]
    if runs:
        answers().print(runs_table(runs))


def _stretch(since: str, until: str, job: object) -> tuple[datetime, datetime]:
    first, last = moment(since, job, "--from"), moment(until, job, "--to")  # type: ignore[arg-type]
    if not first < last:
        raise ConfigurationError(f"--from {since} is not before --to {until}")
    return first, last
