"""``runs`` and ``events``: what batch scoring did and found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tsanomaly.cli.batch_options import Format, Printed, WorkspaceUrl, known, opened
from tsanomaly.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from tsanomaly.workspace import Outcome

app = typer.Typer(no_args_is_help=True, help="Look at runs of jobs.")
events = typer.Typer(no_args_is_help=True, help="Look at the events that jobs found.")

OfJob = Annotated[str | None, typer.Option("--job", help="Only of this job.", show_default=False)]
Since = Annotated[str | None, typer.Option("--since", help="From then on: 2026-11-01.", show_default=False)]
Limit = Annotated[int, typer.Option("--limit", help="At most so many; 0 for all.", min=0)]


@app.callback()
def _runs() -> None:
    """Look at runs of jobs."""


@events.callback()
def _events() -> None:
    """Look at the events that jobs found."""


@app.command("list")
def list_runs(
    job: OfJob = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", help="Only those that ended so: crashed.", show_default=False)
    ] = None,
    since: Since = None,
    limit: Limit = 20,
    workspace: WorkspaceUrl = None,
    format: Printed = Format.TABLE,
) -> None:
    """List runs, the latest first."""
    from tsanomaly.cli.batch_tables import run_rows, runs_table
    from tsanomaly.cli.document import to_json
    from tsanomaly.cli.terminal import answers

    with opened(workspace, create=False) as store:
        found = store.runs.list(known(store, job), _outcome(outcome), _moment(since, "--since"), limit or None)
    if format is Format.TABLE:
        answers().print(runs_table(found))
    elif format is Format.JSON:
        typer.echo(to_json({"runs": run_rows(found)}), nl=False)
    else:
        typer.echo(_as_csv(run_rows(found)), nl=False)


@app.command("show")
def show_run(
    run: Annotated[int, typer.Argument(help="A run's number, as runs list shows it.", show_default=False)],
    workspace: WorkspaceUrl = None,
    format: Printed = Format.TABLE,
) -> None:
    """Say how a run and each of its series ended."""
    from tsanomaly.cli.batch_tables import run_block, run_rows, series_rows
    from tsanomaly.cli.document import to_json
    from tsanomaly.cli.terminal import answers

    with opened(workspace, create=False) as store:
        found = store.runs.get(run)
        series = store.runs.series_outcomes(found)
    if format is Format.TABLE:
        answers().print(run_block(found, series))
    elif format is Format.JSON:
        typer.echo(to_json(run_rows([found])[0] | {"by_series": series_rows(series)}), nl=False)
    else:
        typer.echo(_as_csv(series_rows(series)), nl=False)


@app.command("prune")
def prune_runs(
    keep: Annotated[str, typer.Option("--keep", help="Forget runs that ended longer ago: 90d.", show_default=False)],
    job: OfJob = None,
    workspace: WorkspaceUrl = None,
) -> None:
    """Forget old runs; the last of each job stays, and so do all events."""
    from datetime import UTC, datetime

    with opened(workspace, create=False) as store:
        forgotten = store.runs.prune(_span(keep), datetime.now(UTC), job)
    typer.echo(f"{forgotten} run{'s' * (forgotten != 1)} forgotten")


@events.command("list")
def list_events(
    job: OfJob = None,
    series: Annotated[str | None, typer.Option("--series", help="Only of this series.", show_default=False)] = None,
    since: Since = None,
    until: Annotated[str | None, typer.Option("--until", help="Before then: 2026-12-01.", show_default=False)] = None,
    severity: Annotated[float, typer.Option("--severity", help="At least so severe.", min=0, max=100)] = 0,
    all_of_them: Annotated[bool, typer.Option("--all", help="Withdrawn and merged ones, too.")] = False,
    limit: Limit = 50,
    workspace: WorkspaceUrl = None,
    format: Printed = Format.TABLE,
) -> None:
    """List events, the most severe first."""
    from tsanomaly.cli.batch_tables import event_rows, events_table
    from tsanomaly.cli.document import to_json
    from tsanomaly.cli.terminal import answers
    from tsanomaly.workspace import EventStatus

    with opened(workspace, create=False) as store:
        found = store.events.list(
            known(store, job),
            series,
            _moment(since, "--since"),
            _moment(until, "--until"),
            None if all_of_them else EventStatus.FOUND,
            limit=limit or None,
            severity=severity or None,
        )
    if format is Format.TABLE:
        answers().print(events_table(found))
    elif format is Format.JSON:
        typer.echo(to_json({"events": event_rows(found)}), nl=False)
    else:
        typer.echo(_as_csv(event_rows(found)), nl=False)


def _as_csv(rows: list[dict[str, object]]) -> str:
    """A row each; text that a spreadsheet would run as a formula follows an apostrophe."""
    import csv
    import io
    import json

    from tsanomaly.cli.document import FORMULA

    def cell(value: object) -> object:
        if isinstance(value, (dict, list)):
            value = json.dumps(value, ensure_ascii=False)
        return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if rows:
        writer.writerow(rows[0])
        writer.writerows([cell(value) for value in row.values()] for row in rows)
    return text.getvalue()


def _outcome(text: str | None) -> Outcome | None:
    from tsanomaly.workspace import Outcome

    if text is None:
        return None
    try:
        return Outcome(text.replace("-", " "))
    except ValueError:
        raise ConfigurationError(f"--outcome is '{text[:40]}'; expected one of {', '.join(Outcome)}") from None


def _moment(text: str | None, option: str) -> datetime | None:
    from datetime import UTC, datetime

    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{option} is '{text[:40]}'; expected a time such as 2026-11-24 or 2026-11-24T03:00"
        ) from None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _span(text: str) -> timedelta:
    import re
    from datetime import timedelta

    found = re.fullmatch(r"(\d{1,6}) ?(min|h|d|w)", text.strip())
    if found is None:
        raise ConfigurationError(f"--keep is '{text[:40]}'; expected a duration such as 90d, 12h or 8w")
    units = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
    return timedelta(**{units[found[2]]: int(found[1])})
