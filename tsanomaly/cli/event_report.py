"""``events report``: a page about what a job's runs found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tsanomaly.cli.batch_options import JobName, WorkspaceUrl, job_named, moment, opened

DAYS = 90
"""How long before its end a report begins, where nothing else is said."""


def report(
    job: JobName,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.", readable=False)] = Path(
        "report.html"
    ),
    since: Annotated[
        str | None,
        typer.Option("--since", help="From then on: 2026-11-01; without it, 90 days before.", show_default=False),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Before then; without it, up to now.", show_default=False)
    ] = None,
    workspace: WorkspaceUrl = None,
) -> None:
    """Write a page of HTML about a job's events, with pictures, explanations and verdicts."""
    import shlex
    import sys
    from datetime import UTC, datetime, timedelta

    from tsanomaly.batch.report import job_report
    from tsanomaly.cli.output import write_aside
    from tsanomaly.cli.terminal import say

    with opened(workspace, create=False) as store:
        about = job_named(store, job)
        last = datetime.now(UTC) if until is None else moment(until, about, "--until")
        first = last - timedelta(days=DAYS) if since is None else moment(since, about, "--since")
        page = job_report(store, about, first, last, shlex.join(["tsanomaly", *sys.argv[1:]]))
    write_aside(output, page)
    say(f"written: {output}")
