"""``jobs``: check job files, write new ones, and say which of them run when they are due."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tsanomaly.cli.batch_options import JobName, WorkspaceUrl, job_named, opened
from tsanomaly.cli.file_options import File, FileOptions, reads_file

if TYPE_CHECKING:
    from tsanomaly.batch.job import Job

_DISABLED = "disabled: it does not run until it is enabled"

app = typer.Typer(no_args_is_help=True, help="Check, write, register and list jobs.")


@app.callback()
def _group() -> None:
    """Check, write, register and list jobs."""


@app.command("check")
def check(
    files: Annotated[list[Path], typer.Argument(help="Job files.", show_default=False, readable=False)],
    data: Annotated[bool, typer.Option("--data", help="Also look whether the source gives series.")] = False,
) -> None:
    """Say every fault of job files, each with its line."""
    from tsanomaly.batch.job_file import read_job
    from tsanomaly.cli.exit_codes import ExitCode
    from tsanomaly.cli.terminal import complain, printable
    from tsanomaly.errors import JobError

    faulty = False
    for path in files:
        try:
            job = read_job(path)
        except JobError as error:
            faulty = True
            for sentence in error.sentences:
                complain(sentence)
        else:
            found = f", {_series_in(job)}" if data else ""
            typer.echo(f"{printable(str(path))}: job '{job.name}' is sound{found}")
    if faulty:
        raise typer.Exit(ExitCode.USAGE)


@app.command("list")
def list_jobs(workspace: WorkspaceUrl = None) -> None:
    """List the jobs of a workspace, and when each is due."""
    from datetime import UTC, datetime

    from rich.table import Table

    from tsanomaly.batch.job_file import parse_job
    from tsanomaly.cli.terminal import answers, printable, say
    from tsanomaly.errors import JobError

    with opened(workspace) as store:
        stored = store.jobs.list()
        last = {one.name: next(iter(store.runs.list(one.name, limit=1)), None) for one in stored}
    if not stored:
        say("no jobs; tsanomaly jobs enable FILE registers one")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("job", "", "next (UTC)", "last run (UTC)", "outcome"):
        table.add_column(heading)
    now = datetime.now(UTC)
    for one in stored:
        try:
            due = _next(parse_job(one.toml, one.name), now) if one.enabled else "never"
        except JobError:
            due = "faulty: see jobs show"
        run = last[one.name]
        table.add_row(
            printable(one.name),
            "enabled" if one.enabled else "disabled",
            due,
            "" if run is None else f"{run.scheduled_at:%Y-%m-%d %H:%M}",
            "" if run is None else str(run.outcome or "running"),
        )
    answers().print(table)


@app.command("show")
def show(job: JobName, workspace: WorkspaceUrl = None) -> None:
    """Print a job with all its defaults, and its next times."""
    from datetime import UTC, datetime, timedelta
    from itertools import islice
    from zoneinfo import ZoneInfo

    from tsanomaly.batch.job_toml import as_toml
    from tsanomaly.batch.schedule import times
    from tsanomaly.cli.terminal import printable

    found, state = _named(job, workspace)
    for line in as_toml(found).splitlines():
        typer.echo(printable(line))
    typer.echo(f"# {state}")
    if found.schedule is None:
        typer.echo("# no schedule: it runs by 'tsanomaly run' alone")
    elif state != _DISABLED:
        now = datetime.now(UTC)
        zone = ZoneInfo(found.schedule.zone)
        for time in islice(times(found.schedule, now, now + timedelta(days=3000)), 5):
            typer.echo(f"# next: {time.astimezone(zone):%Y-%m-%d %H:%M %Z}")


@app.command("enable")
def enable(job: JobName, workspace: WorkspaceUrl = None) -> None:
    """Register a job's file, or a job that was disabled: it runs when it is due."""
    from tsanomaly.batch.job_file import job_text, read_job
    from tsanomaly.batch.job_toml import with_folder
    from tsanomaly.cli.terminal import say

    if _is_file(job):
        found = read_job(job)
        name, text = found.name, with_folder(job_text(job), found.folder or ".")
        with opened(workspace) as store:
            store.jobs.put(name, text)
    else:
        name = job
        with opened(workspace) as store:
            store.jobs.enable(name)
    say(f"enabled: {name}")


@app.command("disable")
def disable(job: JobName, workspace: WorkspaceUrl = None) -> None:
    """Keep a job from running when it is due; what it found stays."""
    from tsanomaly.batch.job_file import read_job
    from tsanomaly.cli.terminal import say

    name = read_job(job).name if _is_file(job) else job
    with opened(workspace) as store:
        store.jobs.disable(name)
    say(f"disabled: {name}")


@app.command("new")
@reads_file
def new(
    file: File,
    options: FileOptions,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to; - for stdout. Default: NAME.toml here.", readable=False),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="The job's name; made of the file's unless given.")] = None,
    budget: Annotated[str | None, typer.Option("--budget", help="At most so many events, such as 3/week.")] = None,
    threshold: Annotated[
        str | None, typer.Option("--threshold", help="Another rule, such as mad=8 or quantile=0.999.")
    ] = None,
    cron: Annotated[str | None, typer.Option("--cron", help="When it runs, such as '7 * * * *'.")] = None,
    clock: Annotated[str | None, typer.Option("--clock", help="The zone of --cron, such as Europe/Berlin.")] = None,
) -> None:
    """Write a commented job file for the data in FILE."""
    import os
    from dataclasses import asdict

    from tsanomaly.batch.job_draft import draft, job_name
    from tsanomaly.cli.output import deliver
    from tsanomaly.cli.terminal import Watch, say
    from tsanomaly.errors import OutputError

    with Watch(file.name) as watch:
        reading = options.read(file, watch)
    name = name or job_name(file.name)
    target = None if output == Path("-") else output or Path(f"{name}.toml")
    folder = Path.cwd() if target is None else target.resolve().parent
    given = asdict(options) | {"delimiter": reading.diagnosis.delimiter if options.delimiter else None}
    text = draft(
        os.path.relpath(file.resolve(), folder),
        reading.diagnosis,
        reading.series,
        name=name,
        budget=budget,
        rule=threshold,
        cron=cron,
        zone=clock,
        given=given,
    )
    if target is not None and target.exists():
        raise OutputError(f"'{target}' is there already; remove it or give --output")
    deliver(text, target)
    if target is not None:
        say(f"written: {target}")


def _is_file(job: str) -> bool:
    return job.endswith(".toml") or Path(job).is_file()


def _named(job: str, workspace: str | None) -> tuple[Job, str]:
    """A job by its file, for which no workspace is needed, or by its name; and whether it runs."""
    if _is_file(job):
        from tsanomaly.batch.job_file import read_job

        return read_job(job), "a file; 'tsanomaly jobs enable' registers it"
    with opened(workspace) as store:
        return job_named(store, job), "enabled" if store.jobs.get(job).enabled else _DISABLED


def _next(job: Job, now: Any) -> str:
    from tsanomaly.batch.schedule import next_time

    due = None if job.schedule is None else next_time(job.schedule, now)
    return "by hand alone" if due is None else f"{due:%Y-%m-%d %H:%M}"


def _series_in(job: Job) -> str:
    from tsanomaly.batch.sources import open_source
    from tsanomaly.cli.terminal import complain

    series = unreadable = 0
    for shard in open_source(job).shards():
        series += len(shard.series)
        unreadable += len(shard.unreadable)
        for error in list(shard.unreadable.values())[:5]:
            complain(str(error))
    return f"{series} series" + (f", {unreadable} that cannot be read" if unreadable else "")
