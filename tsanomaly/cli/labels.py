"""``labels``: from one format to another, out of the workspace and into it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsanomaly.cli.batch_options import JobName, WorkspaceUrl, known, opened

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
    job: JobName,
    to: To,
    series: Annotated[str, typer.Option("--series", help="Only the verdicts on this series.")] = "",
    readings: Readings = None,
    output: Output = None,
    workspace: WorkspaceUrl = None,
) -> None:
    """Write the verdicts on a job's events as labels; for trainset with the readings that the workspace kept."""
    from tsanomaly.cli.output import deliver
    from tsanomaly.workspace.labels import write_labels

    job = _name_of(job)
    with opened(workspace, create=False) as store:
        labels = [
            _label(given) for given in store.verdicts.list(job=known(store, job), series=series or None, limit=None)
        ][::-1]
        of = [series] if series else sorted({label.series for label in labels} or store.watermarks.all(job))
        rows = _named(_series(readings), of) if readings else _kept(store, job, of) if to == "trainset" else []
    deliver(write_labels(labels, to, rows), output)


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
    """Give the labels of a file as verdicts to the events of a job that overlap them; others are named.

    An event that is judged so already is left as it is: the same file again changes nothing.
    """
    from tsanomaly.batch.registered import calendars_of
    from tsanomaly.cli.terminal import complain, say

    job = _name_of(job)
    with opened(workspace, create=False) as store:
        known(store, job)
        labels = _labels(file, source, series or _only_series(store, job), zone)
        calendars = calendars_of(store, job)
        said = {verdict.event_id: verdict for verdict in store.verdicts.list(job, limit=None)}
        met: dict[str, tuple[StoredEvent, Label]] = {}  # of several labels on an event, the last counts
        missed = 0
        for label in labels:
            events = _events(store, job, label)
            if not events:
                missed += 1
                complain(f"no event of series '{label.series[:60]}' between {label.start} and {label.end}")
            met |= {event.id: (event, label) for event in events}
        for event, label in met.values():
            who, before = label.author or author, said.get(event.id)
            now = (label.judgement, label.note, who)
            if before is None or (before.judgement, before.note, before.author) != now:
                store.verdicts.give(
                    event.id,
                    label.judgement,
                    author=who,
                    note=label.note,
                    seen_version=event.verdict_version,
                    calendars=calendars,
                )
    say(f"{len(met):,} event{'s' * (len(met) != 1)} judged; {missed:,} of {len(labels):,} labels met none")


def _name_of(job: str) -> str:
    """The name of a job that is given by its name or its file."""
    if job.endswith(".toml"):
        from tsanomaly.batch.job_file import read_job

        return read_job(job).name
    return job


def _only_series(store: Workspace, job: str) -> str:
    """The series of a job that has one; empty: it has several, and the labels must say of which they are."""
    names = list(store.watermarks.all(job))
    return names[0] if len(names) == 1 else ""


def _named(series: list[Series], names: list[str]) -> list[Series]:
    """Readings under the names that a job knows them by: its only series is called as the job, not as the file."""
    from dataclasses import replace

    if len(series) == len(names) == 1:
        return [replace(series[0], name=names[0])]
    return [one for one in series if one.name in names]


def _kept(store: Workspace, job: str, names: list[str]) -> list[Series]:
    from tsanomaly.batch.kept import kept_readings
    from tsanomaly.errors import ConfigurationError, DataError

    if len(names) != 1:
        raise ConfigurationError(
            f"trainset holds one series, and job '{job[:60]}' has {len(names)}; name one by --series"
        )
    found = kept_readings(store, job, names[0])
    if found is None:
        raise DataError(f"no readings of series '{names[0][:60]}' are kept any more; give them with --readings")
    return [found]


def _events(store: Workspace, job: str, label: Label) -> list[StoredEvent]:
    """The job's events in a label's stretch; none of a label by rows, since stored events have times."""
    from datetime import datetime, timedelta

    if not isinstance(label.start, datetime) or not isinstance(label.end, datetime):
        return []
    until = max(label.end, label.start + timedelta(microseconds=1))  # of a moment: the event that it lies in
    return store.events.list(job=job, series=label.series, since=label.start, until=until)


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
