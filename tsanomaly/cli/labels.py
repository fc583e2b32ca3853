"""``labels``: from one format to another, out of the workspace and into it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsanomaly.cli.batch_options import JobName, WorkspaceUrl, opened

if TYPE_CHECKING:
    from tsanomaly import Series
    from tsanomaly.workspace import StoredEvent, StoredVerdict, Workspace
    from tsanomaly.workspace.labels import Label

app = typer.Typer(no_args_is_help=True, help="Bring labels in and out, in other tools' formats and our own.")

FORMATS = "json, csv, nab, label-studio, trainset, lookout"

File = Annotated[Path, typer.Argument(help="A file of labels.", show_default=False, readable=False)]
From = Annotated[
    str | None,
    typer.Option("--from", help=f"Its format ({FORMATS}); without it, recognised.", show_default=False),
]
To = Annotated[str, typer.Option("--to", help=f"The format to write: {FORMATS}.", show_default=False)]
Of = Annotated[str, typer.Option("--series", help="Whose labels they are, where the file does not say.")]
Zone = Annotated[
    str | None, typer.Option("--zone", help="Of times that name none; without it, UTC.", show_default=False)
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write there instead of to stdout.", show_default=False, readable=False),
]
Readings = Annotated[
    Path | None,
    typer.Option(
        "--readings",
        help="The file with the readings: trainset holds them as well.",
        show_default=False,
        readable=False,
    ),
]


@app.callback()
def _group() -> None:
    """Bring labels in and out, in other tools' formats and our own."""


@app.command("convert")
def convert(
    file: File,
    to: To,
    source: From = None,
    series: Of = "",
    zone: Zone = None,
    readings: Readings = None,
    output: Output = None,
) -> None:
    """Write the labels of a file in another format."""
    from tsanomaly.cli.output import deliver
    from tsanomaly.workspace.labels import write_labels

    deliver(write_labels(_labels(file, source, series, zone), to, _series(readings)), output)


@app.command("export")
def export(
    job: JobName, to: To, readings: Readings = None, output: Output = None, workspace: WorkspaceUrl = None
) -> None:
    """Write the verdicts on a job's events as labels."""
    from tsanomaly.cli.output import deliver
    from tsanomaly.workspace.labels import write_labels

    with opened(workspace, create=False) as store:
        labels = [_label(given) for given in store.verdicts.list(job=job, limit=None)]
    deliver(write_labels(labels, to, _series(readings)), output)


@app.command("import")
def import_labels(
    job: JobName,
    file: File,
    source: From = None,
    series: Of = "",
    zone: Zone = None,
    author: Annotated[str, typer.Option("--author", help="Who says so, where the file does not.")] = "import",
    workspace: WorkspaceUrl = None,
) -> None:
    """Give the labels of a file as verdicts to the events of a job that overlap them; others are named."""
    from tsanomaly.batch.registered import calendars_of
    from tsanomaly.cli.terminal import complain, say

    labels = _labels(file, source, series, zone)
    judged, missed = 0, 0
    with opened(workspace, create=False) as store:
        calendars = calendars_of(store, job)
        for label in labels:
            events = _events(store, job, label)
            missed += not events
            if not events:
                complain(f"no event of series '{label.series[:60]}' between {label.start} and {label.end}")
            for event in events:
                store.verdicts.give(
                    event.id,
                    label.judgement,
                    author=label.author or author,
                    note=label.note,
                    seen_version=event.verdict_version,
                    calendars=calendars,
                )
                judged += 1
    say(f"{judged:,} events judged; {missed:,} of {len(labels):,} labels met none")


def _events(store: Workspace, job: str, label: Label) -> list[StoredEvent]:
    """The job's events in a label's stretch; none of a label by rows, since stored events have times."""
    from datetime import datetime

    if not isinstance(label.start, datetime) or not isinstance(label.end, datetime):
        return []
    return store.events.list(job=job, series=label.series, since=label.start, until=label.end)


def _label(given: StoredVerdict) -> Label:
    from tsanomaly.workspace.labels import Label

    verdict = given.verdict
    return Label(given.series, verdict.start, verdict.end, given.judgement, given.note, given.author)


def _labels(file: Path, source: str | None, series: str, zone: str | None) -> tuple[Label, ...]:
    from tsanomaly.cli.small_files import content_of
    from tsanomaly.workspace.labels import read_labels
    from tsanomaly.workspace.labels.formats import LARGEST

    return read_labels(content_of(file, LARGEST), source, name=file.name, series=series, zone=zone)


def _series(readings: Path | None) -> list[Series]:
    from tsanomaly import read_file

    return [] if readings is None else list(read_file(readings))
