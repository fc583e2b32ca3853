"""Entries of calendars, as plain types: what they mean is :mod:`tsanomaly.workspace.calendars`' matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from tsanomaly.detection.verdicts import Span
from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace.audit import record
from tsanomaly.workspace.database import Database
from tsanomaly.workspace.names import digest, short
from tsanomaly.workspace.statements import locked, upsert
from tsanomaly.workspace.tables import calendar_entries


@dataclass(frozen=True)
class StoredEntry:
    """An entry of a calendar; ``at`` is when it was put."""

    calendar: str
    uid: str
    entry: Mapping[str, Any]
    author: str
    at: datetime


class CalendarStore:
    """The calendars of a workspace. Every change is in the audit trail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, calendar: str, uid: str, entry: Mapping[str, Any], *, author: str = "", now: datetime | None = None
    ) -> None:
        """Store an entry, or replace the one of that uid."""
        name = short(calendar, "a calendar's name")
        row = {"calendar": name, "digest": digest(uid), "entry": {"uid": uid, "entry": dict(entry)}, "author": author}
        this = select(calendar_entries).where(
            calendar_entries.c.calendar == name, calendar_entries.c.digest == row["digest"]
        )
        at = now or datetime.now(UTC)
        with self._database.writing() as connection:
            before = connection.execute(locked(this)).one_or_none()
            if before is not None and before.entry == row["entry"]:
                return
            upsert(connection, calendar_entries, [row | {"at": at}], ("calendar", "digest"))
            old = None if before is None else before.entry["entry"]
            record(connection, at, author, "put calendar entry", name, old, dict(entry))

    def list(self, calendar: str | None = None) -> list[StoredEntry]:
        """Entries of one calendar, or of all, in the order in which they were put."""
        wanted = select(calendar_entries).order_by(calendar_entries.c.calendar, calendar_entries.c.id)
        if calendar is not None:
            wanted = wanted.where(calendar_entries.c.calendar == calendar)
        with self._database.reading() as connection:
            return [
                StoredEntry(row.calendar, row.entry["uid"], row.entry["entry"], row.author, row.at)
                for row in connection.execute(wanted)
            ]

    def remove(self, calendar: str, uid: str, *, author: str = "", now: datetime | None = None) -> None:
        """Remove an entry; the audit trail keeps it.

        Raises:
            WorkspaceError: there is none of that uid.
        """
        table = calendar_entries
        this = delete(table).where(table.c.calendar == calendar, table.c.digest == digest(uid))
        with self._database.writing() as connection:
            row = connection.execute(this.returning(table.c.entry)).one_or_none()
            if row is None:
                raise WorkspaceError(f"calendar '{calendar[:60]}' has no entry '{uid[:60]}'")
            at = now or datetime.now(UTC)
            record(connection, at, author, "remove calendar entry", calendar, row.entry["entry"], None)

    def spans(self, calendars: Sequence[str], since: datetime, until: datetime) -> tuple[Span, ...]:
        """When something of these calendars is on, of what reaches into a stretch of time; by start.

        Raises:
            DataError: a stored entry cannot be understood, or there are too many occurrences.
        """
        with self._database.reading() as connection:
            return spans_of(connection, calendars, since, until)


def spans_of(connection: Connection, calendars: Sequence[str], since: datetime, until: datetime) -> tuple[Span, ...]:
    """As :meth:`CalendarStore.spans`, within a transaction."""
    if not calendars:
        return ()
    from tsanomaly.workspace.calendars import Calendar  # what it needs takes long to import

    table = calendar_entries
    wanted = select(table.c.entry).where(table.c.calendar.in_(list(calendars))).order_by(table.c.id)
    entries = [stored["entry"] for stored in connection.execute(wanted).scalars()]
    return Calendar.from_entries(entries).spans(since, until) if entries else ()
