"""``calendars``: known maintenance, from ``.ics`` files into the workspace and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsanomaly.cli.batch_options import WorkspaceUrl, opened

if TYPE_CHECKING:
    from tsanomaly.workspace.calendars import Calendar

app = typer.Typer(no_args_is_help=True, help="Keep calendars of known maintenance.")

AHEAD_DAYS = 30
"""Days ahead that ``check`` unrolls a calendar for."""

Name = Annotated[str, typer.Argument(help="The calendar's name, as jobs know it.", show_default=False)]
File = Annotated[Path, typer.Argument(help="An .ics file.", show_default=False, readable=False)]
Zone = Annotated[str, typer.Option("--zone", help="Of entries that name none, and of whole days.")]


@app.callback()
def _group() -> None:
    """Keep calendars of known maintenance."""


@app.command("check")
def check(file: File, zone: Zone = "UTC") -> None:
    """Say how an .ics file is understood, and when its entries come next."""
    from datetime import UTC, datetime, timedelta

    from rich.table import Table

    from tsanomaly.cli.terminal import answers, printable

    calendar = _read(file, zone)
    table = Table("entry", "first start", "lasts", "recurs", "zone", box=None, padding=(0, 2, 0, 0))
    for entry in calendar.entries:
        lasts = str(entry.end - entry.start)
        cells = (entry.summary, f"{entry.start:%Y-%m-%d %H:%M} UTC", lasts, entry.rule, entry.zone)
        table.add_row(*(printable(cell)[:60] for cell in cells))
    answers().print(table)
    now = datetime.now(UTC)
    spans = calendar.spans(now, now + timedelta(days=AHEAD_DAYS))
    answers().print(f"{len(spans):,} in the next {AHEAD_DAYS} days")
    for span in spans[:10]:
        answers().print(f"  {span.start:%Y-%m-%d %H:%M} to {span.end:%Y-%m-%d %H:%M} UTC", highlight=False)


@app.command("put")
def put(name: Name, file: File, zone: Zone = "UTC", workspace: WorkspaceUrl = None) -> None:
    """Put the entries of an .ics file into a calendar of the workspace; an entry that is there is replaced."""
    from tsanomaly.cli.terminal import say

    entries = _read(file, zone).to_entries()
    with opened(workspace) as store:
        for uid, entry in entries.items():
            store.calendars.put(name, uid, entry)
    say(f"{len(entries):,} entries put")


@app.command("list")
def list_calendars(workspace: WorkspaceUrl = None) -> None:
    """List the calendars of the workspace, and how many entries each has."""
    from collections import Counter

    from rich.table import Table

    from tsanomaly.cli.terminal import answers, printable

    with opened(workspace, create=False) as store:
        counts = Counter(entry.calendar for entry in store.calendars.list())
    table = Table("calendar", "entries", box=None, padding=(0, 2, 0, 0))
    for name, number in sorted(counts.items()):
        table.add_row(printable(name), f"{number:,}")
    answers().print(table)


@app.command("export")
def export(
    name: Name,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write there instead of to stdout.", show_default=False, readable=False),
    ] = None,
    workspace: WorkspaceUrl = None,
) -> None:
    """Write a calendar of the workspace as an .ics file."""
    from tsanomaly.cli.output import deliver
    from tsanomaly.errors import ConfigurationError
    from tsanomaly.workspace.calendars import Calendar

    with opened(workspace, create=False) as store:
        entries = store.calendars.list(name)
    if not entries:
        raise ConfigurationError(f"there is no calendar '{name[:60]}'; list them by 'tsanomaly calendars list'")
    deliver(Calendar.from_entries(entry.entry for entry in entries).to_ics(), output)


@app.command("remove")
def remove(
    name: Name,
    uid: Annotated[
        str | None, typer.Option("--uid", help="Only the entry of that uid; without it, all.", show_default=False)
    ] = None,
    workspace: WorkspaceUrl = None,
) -> None:
    """Remove a calendar of the workspace, or one entry of it."""
    from tsanomaly.cli.terminal import say

    with opened(workspace, create=False) as store:
        uids = [entry.uid for entry in store.calendars.list(name)] if uid is None else [uid]
        for each in uids:
            store.calendars.remove(name, each)
    say(f"{len(uids):,} entries removed")


def _read(file: Path, zone: str) -> Calendar:
    from tsanomaly.cli.small_files import content_of
    from tsanomaly.workspace.calendars import LARGEST, Calendar

    return Calendar.read(content_of(file, LARGEST), file.name, zone)
