"""What the commands of batch scoring share: the workspace, jobs by name or file, moments, signals."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tsanomaly.errors import ConfigurationError

if TYPE_CHECKING:
    from tsanomaly.batch.job import Job
    from tsanomaly.batch.runner import Stop
    from tsanomaly.workspace import Run, Workspace


class Format(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


WorkspaceUrl = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        help="The workspace: a path, or postgresql+psycopg://…. Default: TSANOMALY_WORKSPACE, else a file of yours.",
        show_default=False,
    ),
]
JobName = Annotated[str, typer.Argument(help="A job's name in the workspace, or its file.", show_default=False)]
LeaseSeconds = Annotated[
    float,
    typer.Option("--lease", help="Seconds without a sign of life after which others take a run over.", min=0.5),
]
Printed = Annotated[Format, typer.Option("--format", help="What to print.")]


def opened(url: str | None, *, create: bool = True) -> Workspace:
    """The workspace asked for."""
    from tsanomaly.workspace import Workspace

    return Workspace.open(url, create=create)


def job_named(workspace: Workspace, name: str) -> Job:
    """A job of the workspace, or of a file, which need not be registered.

    Raises:
        JobError: its file is faulty.
        WorkspaceError: there is no job of that name.
    """
    from tsanomaly.batch.job_file import parse_job, read_job

    if name.endswith(".toml") or Path(name).is_file():
        return read_job(name)
    stored = workspace.jobs.get(name)
    return parse_job(stored.toml, stored.name)


def known(workspace: Workspace, name: str | None) -> str | None:
    """The name of a job to list things of, if there is one: a slip in it must not read as "nothing was found".

    Raises:
        WorkspaceError: no such job is registered, and none has ever run.
    """
    if name is not None and not workspace.runs.list(name, limit=1):
        workspace.jobs.get(name)
    return name


def moment(text: str, job: Job, option: str) -> datetime:
    """A moment in UTC: ISO 8601; without an offset, on the job's own clock.

    Raises:
        ConfigurationError: it is none.
    """
    from datetime import UTC
    from zoneinfo import ZoneInfo

    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{option} is '{text[:40]}'; expected a time such as 2026-11-24 or 2026-11-24T03:00"
        ) from None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=ZoneInfo(job.schedule.zone if job.schedule else "UTC"))
    return parsed.astimezone(UTC)


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[None]:
    """Meanwhile SIGTERM leaves a run to others, and Ctrl-C cancels it; a second Ctrl-C does not wait."""

    def interrupted(number: int, frame: Any) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.cancel()

    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda number, frame: stop.release()),
        signal.SIGINT: signal.signal(signal.SIGINT, interrupted),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def failed(run: Run) -> bool:
    """Whether somebody should look at a run."""
    from tsanomaly.batch.runner import FAILED

    return run.outcome in FAILED
