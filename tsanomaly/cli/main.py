"""``tsanomaly``: the command. Commands import what they need when they run, so that ``--help`` is instant."""

from __future__ import annotations

from typing import Annotated

import typer

from tsanomaly import __version__
from tsanomaly.cli import (
    alerts,
    batch,
    benchmark,
    calendars,
    detecting,
    event_report,
    jobs,
    labels,
    models,
    reading,
    runs,
    self_test,
    serving,
    workspace,
)
from tsanomaly.cli.edge import Edge

app = typer.Typer(
    cls=Edge,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Find anomalies in time series with a tied-weight autoencoder.",
)
app.command("inspect")(reading.inspect_file)
app.command("detect")(detecting.detect)
app.command("train")(detecting.train)
app.command("evaluate")(detecting.evaluate)
app.command("self-test")(self_test.self_test)
app.command("benchmark")(benchmark.benchmark)
app.add_typer(models.app, name="models")
app.command("sample")(reading.sample)
app.command("run")(batch.run)
app.command("run-due")(batch.run_due)
app.command("schedule")(batch.schedule)
app.command("backfill")(batch.backfill)
app.command("backtest")(batch.backtest)
app.add_typer(jobs.app, name="jobs")
app.add_typer(runs.app, name="runs")
runs.events.command("report")(event_report.report)
app.add_typer(runs.events, name="events")
app.add_typer(alerts.app, name="alerts")
app.add_typer(calendars.app, name="calendars")
app.add_typer(labels.app, name="labels")
app.add_typer(workspace.app, name="workspace")
app.command("demo")(serving.demo)
app.command("dashboard")(serving.dashboard)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tsanomaly {__version__}")
        raise typer.Exit


@app.callback()
def _globals(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an unexpected error comes from.")] = False,
) -> None:
    """Options before any command."""


def run() -> None:
    """Entry point of the ``tsanomaly`` script."""
    app(prog_name="tsanomaly")
