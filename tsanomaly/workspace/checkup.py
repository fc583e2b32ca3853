"""Whether a workspace is sound: the database, and the files that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from tsanomaly.workspace.backup import named_files
from tsanomaly.workspace.database import Database
from tsanomaly.workspace.schema import REVISIONS
from tsanomaly.workspace.tables import metadata


@dataclass(frozen=True)
class Checkup:
    """What a check found.

    Attributes:
        revision: of the tables.
        rows: by table.
        bytes: of the database.
        files, file_bytes: beside it, of those that the database names.
        strays: files beside it that it does not name: left by runs that died, or about to be named.
        faults: sentences; empty: it is sound.
    """

    revision: str
    rows: Mapping[str, int]
    bytes: int
    files: int
    file_bytes: int
    strays: int
    faults: tuple[str, ...]


def check(database: Database) -> Checkup:
    """Look at everything.

    Raises:
        WorkspaceError: the database cannot be read.
    """
    folder = database.address.folder
    with database.reading() as connection:
        tables = {table.name: table for table in metadata.sorted_tables}
        rows = {
            name: int(connection.scalar(select(func.count()).select_from(tables[name])) or 0) for name in sorted(tables)
        }
        size = int(connection.execute(text(_SIZE[connection.dialect.name])).scalar_one())
        faults = _faults(connection)
    named = named_files(database)
    sizes = {path: (folder / path).stat().st_size for path in named if (folder / path).is_file()}
    faults += [f"the file '{path}' is missing" for path in sorted(named - sizes.keys())]
    there = {
        path.relative_to(folder).as_posix() for part in ("scores", "models") for path in (folder / part).rglob("*.*")
    }
    return Checkup(REVISIONS[-1], rows, size, len(sizes), sum(sizes.values()), len(there - named), tuple(faults))


_SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


def _faults(connection: Connection) -> list[str]:
    """What SQLite finds wrong with its file; a server looks after its own."""
    if connection.dialect.name != "sqlite":
        return []
    damaged = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
    orphans = [row[0] for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
    return [f"the file is damaged: {what}" for what in damaged] + [
        f"a row of '{table}' names one that is not there" for table in orphans
    ]
