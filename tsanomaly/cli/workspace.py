"""``workspace``: make, check, copy and upgrade the store of what is remembered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tsanomaly.cli.batch_options import WorkspaceUrl, opened
from tsanomaly.errors import WorkspaceError

app = typer.Typer(no_args_is_help=True, help="Make, check, copy and upgrade the store of what is remembered.")

MEBIBYTE = 1 << 20


@app.callback()
def _group() -> None:
    """Make, check, copy and upgrade the store of what is remembered."""


@app.command("init")
def init(workspace: WorkspaceUrl = None) -> None:
    """Make a workspace where there is none, and say where it is."""
    from tsanomaly.cli.terminal import printable

    with opened(workspace) as store:
        typer.echo(f"workspace: {printable(store.shown)}")
        typer.echo(f"scores and models: {printable(str(store.folder))}")


@app.command("check")
def check(workspace: WorkspaceUrl = None) -> None:
    """Say what is in a workspace, and whether it is sound."""
    from rich.table import Table

    from tsanomaly.cli.terminal import answers, complain, printable

    with opened(workspace, create=False) as store:
        found = store.check()
        where = store.shown
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("workspace", printable(where))
    table.add_row("revision", found.revision)
    table.add_row("database", f"{found.bytes / MEBIBYTE:,.1f} MiB")
    table.add_row(
        "files beside it", f"{found.files:,}, {found.file_bytes / MEBIBYTE:,.1f} MiB; {found.strays:,} unused"
    )
    for name, rows in found.rows.items():
        table.add_row(name.replace("_", " "), f"{rows:,}")
    answers().print(table)
    for fault in found.faults[1:]:
        complain(fault)
    if found.faults:
        raise WorkspaceError(f"{found.faults[0]}; restore a backup, or the file")


@app.command("backup")
def backup(
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet.", show_default=False)],
    workspace: WorkspaceUrl = None,
) -> None:
    """Copy a workspace that is in use into a new folder."""
    from tsanomaly.cli.terminal import say

    with opened(workspace, create=False) as store:
        store.back_up(folder)
    say(f"written: {folder}")


@app.command("upgrade")
def upgrade(workspace: WorkspaceUrl = None) -> None:
    """Bring a workspace of an earlier version up to date."""
    from tsanomaly.workspace import Workspace

    before, after = Workspace.upgrade(workspace)
    if before is None:
        typer.echo(f"made, of revision {after}")
    elif before == after:
        typer.echo(f"up to date: revision {after}")
    else:
        typer.echo(f"upgraded from revision {before} to {after}")
