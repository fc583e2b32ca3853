"""Statements that SQLite and PostgreSQL know and standard SQL does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from tsanomaly.workspace.names import digest

T = TypeVar("T")
Row = Mapping[str, Any]

CHUNK = 1000
"""Values in one ``IN (…)``: far below what either database takes."""


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Cut a sequence into pieces of at most ``size``."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _insert(connection: Connection, table: Table) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def insert_new(connection: Connection, table: Table, rows: Sequence[Row], key: Sequence[str]) -> None:
    """Insert rows, without those whose key is there already."""
    if rows:
        statement = _insert(connection, table).on_conflict_do_nothing(index_elements=list(key))
        connection.execute(statement, list(rows))


def upsert(connection: Connection, table: Table, rows: Sequence[Row], key: Sequence[str]) -> None:
    """Insert rows; where the key is there already, write over the rest."""
    if rows:
        statement = _insert(connection, table)
        rest = {name: statement.excluded[name] for name in rows[0] if name not in key}
        connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=rest), list(rows))


def in_turn(connection: Connection, *name: str, shared: bool = False) -> None:
    """From here on to the end of the transaction, others that ask for the same name wait; SQLite's writers do anyway.

    Args:
        shared: those who share it do not wait for each other.
    """
    if connection.dialect.name == "postgresql":
        key = int(digest("\x1f".join(name))[:15], 16)
        lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        connection.execute(select(lock(key)))


def locked(statement: Select[Any], *, shared: bool = False) -> Select[Any]:
    """The rows selected cannot be changed by others until the transaction ends; SQLite's writers are alone anyway."""
    return statement.with_for_update(read=shared)
