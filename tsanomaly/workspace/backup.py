"""A copy of a workspace that is in use: a folder with the SQLite file, and with the files that it names."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace.address import FILE_NAME, Address
from tsanomaly.workspace.database import Database
from tsanomaly.workspace.tables import models, score_parts


def named_files(database: Database) -> set[str]:
    """Paths, below the workspace's folder, of all files that the database names."""
    with database.reading() as connection:
        named = (connection.execute(select(table.c.path)).scalars() for table in (score_parts, models))
        return {path for paths in named for path in paths}


def back_up(database: Database, target: Path) -> None:
    """Copy a workspace into a new folder, whole or not at all; runs may go on meanwhile.

    To restore it, give the path of the ``workspace.sqlite`` in it as the workspace.

    Raises:
        WorkspaceError: the folder is there already or cannot be written, or the workspace is no file.
    """
    address = database.address
    if not address.is_sqlite:
        raise WorkspaceError(
            f"the workspace {address.shown} is backed up with pg_dump; copy the folder {address.folder} after it"
        )
    if target.exists():
        raise WorkspaceError(f"'{target}' is there already; give the name of a folder that is not")
    aside = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        try:
            aside.mkdir(parents=True)
            _copy_file(address, aside / FILE_NAME)
            _copy_named(address, aside)
            aside.replace(target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except sqlite3.Error as error:
        raise WorkspaceError(f"the workspace {address.shown} cannot be backed up: {error}") from None
    except OSError as error:
        raise WorkspaceError(f"'{target}' cannot be written: {error.strerror or error}; give another folder") from None


def _copy_file(address: Address, to: Path) -> None:
    with closing(sqlite3.connect(address.file)) as source, closing(sqlite3.connect(to)) as copy:
        source.backup(copy)


def _copy_named(address: Address, folder: Path) -> None:
    """The files that the copied database names: they never change once they are there."""
    copied = Database(Address.of(folder / FILE_NAME))
    try:
        paths = named_files(copied)
    finally:
        copied.close()
    for path in sorted(paths):
        if (address.folder / path).exists():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(address.folder / path, folder / path)
