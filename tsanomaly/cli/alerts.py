"""``alerts``: whether they would arrive, and which did not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tsanomaly.cli.batch_options import Format, JobName, Printed, WorkspaceUrl, job_named, known, opened
from tsanomaly.errors import ConfigurationError, OutputError

if TYPE_CHECKING:
    from rich.table import Table

    from tsanomaly.workspace import Message

app = typer.Typer(no_args_is_help=True, help="Look after the alerts of jobs.")


@app.callback()
def _alerts() -> None:
    """Look after the alerts of jobs."""


@app.command("test")
def send_test(job: JobName, workspace: WorkspaceUrl = None) -> None:
    """Send a test message through each of a job's channels, now."""
    from datetime import UTC, datetime
    from pathlib import Path

    from tsanomaly.batch.alerts import rehearse
    from tsanomaly.batch.job_file import read_job
    from tsanomaly.cli.terminal import printable

    if job.endswith(".toml") or Path(job).is_file():
        wanted = read_job(job)  # without a workspace: there may be none yet
    else:
        with opened(workspace, create=False) as store:
            wanted = job_named(store, job)
    said = rehearse(wanted, datetime.now(UTC))
    if not said:
        raise ConfigurationError(f"the job '{wanted.name}' tells nobody; add [[alerts.channels]] with a url_env to it")
    for channel, fault in said.items():
        if not fault:
            typer.echo(f"{printable(channel)}: sent")
    faults = [f"{channel}: {fault}" for channel, fault in said.items() if fault]
    if faults:
        raise OutputError("; ".join(faults))


@app.command("list")
def list_alerts(
    job: Annotated[str | None, typer.Option("--job", help="Only of this job.", show_default=False)] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those that were not sent.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.", min=1)] = 20,
    workspace: WorkspaceUrl = None,
    format: Printed = Format.TABLE,
) -> None:
    """List alerts, the latest first: sent, held or tried in vain."""
    from tsanomaly.cli.document import to_json
    from tsanomaly.cli.terminal import answers

    if format is Format.CSV:
        raise ConfigurationError("alerts list prints a table or json; give --format table or --format json")
    with opened(workspace, create=False) as store:
        found = store.outbox.list(known(store, job), limit=limit if not waiting else 10_000)
    rows = [_row(message) for message in found if message.body.get("content") and not (waiting and message.sent_at)]
    if format is Format.JSON:
        typer.echo(to_json({"alerts": rows[:limit]}), nl=False)
    else:
        answers().print(_table(rows[:limit]))


def _row(message: Message) -> dict[str, Any]:
    from tsanomaly.batch.alerts import title_of

    return {
        "made": message.created_at.isoformat(),
        "job": message.job,
        "channel": message.channel,
        "says": title_of(message),
        "state": "sent" if message.sent_at else "failing" if message.error else "waiting",
        "due": None if message.sent_at else message.due_at.isoformat(),
        "tries": message.tries,
        "error": message.error,
        "key": message.key,
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    from tsanomaly.cli.terminal import printable

    table = Table("made (UTC)", "channel", "says", "state", "tried", "why not", box=None, header_style="bold")
    for row in rows:
        cells = (
            row["made"][:16].replace("T", " "),
            row["channel"],
            row["says"],
            row["state"],
            str(row["tries"]),
            row["error"],
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table
