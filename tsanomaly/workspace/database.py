"""Connections and transactions, and what a database's complaint means in one sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from tsanomaly.errors import TsAnomalyError, WorkspaceError, WorkspaceUnavailableError
from tsanomaly.workspace.address import Address

PATIENCE_S = 30.0
"""How long to wait for another writer before saying that the workspace is locked."""


class Database:
    """Transactions on one address. Threads may share it; another process opens its own."""

    def __init__(self, address: Address, patience_s: float = PATIENCE_S) -> None:
        self.address = address
        self._engine = _sqlite(address, patience_s) if address.is_sqlite else _postgresql(address, patience_s)
        self._writing = self._engine.execution_options(writes=True)
        # SQLite's readers see one state anyway.
        one_state = {} if address.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading = self._engine.execution_options(**one_state)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads: it sees one state throughout, and waits for nobody on SQLite.

        Raises:
            WorkspaceError: the database cannot be used.
        """
        with self._explained(), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: all of it is stored, or nothing. On SQLite it holds the write lock from its start.

        Raises:
            WorkspaceUnavailableError: the lock was not to be had, or the server went away.
            WorkspaceError: the database cannot be used.
        """
        with self._explained(), self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise explained(error, self.address) from None
        except StatementError as error:
            if isinstance(error.orig, TsAnomalyError):  # a value that no column takes
                raise error.orig from None
            raise
        except SQLAlchemyError as error:
            raise WorkspaceError(
                f"the workspace {self.address.shown} cannot be used: {type(error).__name__}"
            ) from error


def _sqlite(address: Address, patience_s: float) -> Engine:
    engine = create_engine(address.url, connect_args={"timeout": patience_s})

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # Python's own BEGIN comes too late for a lock; ours is below
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")  # readers do not wait for a writer
        cursor.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing; a power cut the last commits
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads before it writes must hold the lock from the start, or SQLite refuses the write.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(address: Address, patience_s: float) -> Engine:
    wait = {"connect_timeout": int(max(2, patience_s)), "options": f"-c TimeZone=UTC -c lock_timeout={patience_s:.0f}s"}
    given = address.url.query.get("options")
    if given:
        wait["options"] = f"{given if isinstance(given, str) else ' '.join(given)} {wait['options']}"
    url = address.url.difference_update_query(["options"])
    return create_engine(url, connect_args=wait, pool_pre_ping=True)


def explained(error: DBAPIError, address: Address) -> WorkspaceError:
    """What a driver's error means for people. Its text is looked at and never shown: it may hold the URL's password."""
    where = f"the workspace {address.shown}"
    code = getattr(error.orig, "sqlite_errorcode", None) if address.is_sqlite else getattr(error.orig, "sqlstate", None)
    if address.is_sqlite:
        return _sqlite_sentence(where, code if code is None else code & 0xFF)
    return _postgresql_sentence(where, address, code, str(error.orig))


def _sqlite_sentence(where: str, code: int | None) -> WorkspaceError:
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return WorkspaceUnavailableError(f"{where} is locked by another process that writes; try again")
    reasons = {
        sqlite3.SQLITE_READONLY: "cannot be written; ask for the right to write to the file and its folder",
        sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and may be written",
        sqlite3.SQLITE_PERM: "cannot be opened; ask for the right to write to the file and its folder",
        sqlite3.SQLITE_NOTADB: "is no SQLite file; give another path",
        sqlite3.SQLITE_CORRUPT: "is damaged; restore a backup",
        sqlite3.SQLITE_FULL: "cannot grow: the disk is full; make room",
        sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error; check it and its free space",
    }
    return WorkspaceError(f"{where} {reasons.get(code or 0, f'cannot be used: SQLite reports error {code}')}")


def _postgresql_sentence(where: str, address: Address, code: str | None, text: str) -> WorkspaceError:
    user, host = address.url.username or "", address.url.host or "the local server"
    if (code is None and "password" in text) or code in ("28P01", "28000"):
        return WorkspaceError(f"{where} refuses the user '{user}' or the password; check both")
    if code == "3D000" or (code is None and f'database "{address.url.database}" does not exist' in text):
        return WorkspaceError(f"{where} does not exist on the server; create the database '{address.url.database}'")
    if code is None and f'role "{user}" does not exist' in text:
        return WorkspaceError(f"{where} refuses the user '{user}' or the password; check both")
    if code in ("25006", "42501"):
        return WorkspaceError(f"{where} cannot be written; grant the user '{user}' the right to")
    if code in ("55P03", "40P01", "40001"):
        return WorkspaceUnavailableError(f"{where} is locked by another process that writes; try again")
    if code in ("53100", "53200"):
        return WorkspaceUnavailableError(f"{where} cannot grow: the server is out of disk or memory; make room")
    if code is None or code.startswith(("08", "57P", "53")):
        return WorkspaceUnavailableError(f"{where} cannot be reached at {host}; check that the server runs, try again")
    return WorkspaceError(f"{where} cannot be used: PostgreSQL reports error {code}")
