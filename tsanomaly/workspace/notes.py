"""Notes that people write on an event, a series or a job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from tsanomaly.errors import ConfigurationError, ConflictError, WorkspaceError
from tsanomaly.workspace.audit import record
from tsanomaly.workspace.database import Database
from tsanomaly.workspace.names import digest, short
from tsanomaly.workspace.series_rows import hold
from tsanomaly.workspace.statements import locked
from tsanomaly.workspace.tables import events, notes
from tsanomaly.workspace.tables import series as series_table

MOST_CHARACTERS = 20_000


@dataclass(frozen=True)
class Note:
    """A note; ``version`` is to be handed back when it is edited."""

    id: int
    event_id: str | None
    job: str | None
    series: str | None
    text: str
    author: str
    at: datetime
    edited_at: datetime | None
    version: int


class Notes:
    """The notes of a workspace. Every change is in the audit trail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        text: str,
        *,
        author: str,
        event_id: str | None = None,
        job: str | None = None,
        series: str | None = None,
        now: datetime | None = None,
    ) -> Note:
        """Write a note on an event, or on a job, or on a series of a job.

        Raises:
            ConfigurationError: the text is empty or too long, or it is not said on what it is.
            WorkspaceError: there is no such event.
        """
        if (event_id is None) == (job is None) or (series is not None and job is None):
            raise ConfigurationError("a note is on an event, on a job, or on a series of a job; name one of them")
        row = {"text": _text(text), "author": short(author or "unknown", "an author's name"), "version": 1}
        row |= {"at": now or datetime.now(UTC), "event_id": event_id, "job": job, "series_id": None}
        with self._database.writing() as connection:
            # Held, so that it is not pruned meanwhile.
            this = locked(select(events.c.id).where(events.c.id == event_id), shared=True)
            if event_id is not None and not connection.scalar(this):
                raise WorkspaceError(f"there is no event '{event_id[:40]}' in this workspace")
            if job is not None and series is not None:
                row["series_id"] = hold(connection, job, [series])[series].id
            note_id = connection.execute(insert(notes).values(row).returning(notes.c.id)).scalar_one()
            note = _get(connection, note_id)
            record(connection, note.at, note.author, "add note", _subject(note), None, {"text": note.text})
            return note

    def edit(self, note_id: int, text: str, *, author: str, seen_version: int, now: datetime | None = None) -> Note:
        """Change a note's text.

        Raises:
            ConflictError: somebody else changed it meanwhile.
            WorkspaceError: there is none of that id.
        """
        at = now or datetime.now(UTC)
        with self._database.writing() as connection:
            before = _get(connection, note_id, seen_version)
            new = {"text": _text(text), "edited_at": at, "version": before.version + 1}
            connection.execute(update(notes).where(notes.c.id == note_id).values(new))
            after = _get(connection, note_id)
            record(connection, at, author, "edit note", _subject(after), {"text": before.text}, {"text": after.text})
            return after

    def remove(self, note_id: int, *, author: str, seen_version: int, now: datetime | None = None) -> None:
        """Remove a note; the audit trail keeps its text.

        Raises:
            ConflictError: somebody else changed it meanwhile.
            WorkspaceError: there is none of that id.
        """
        with self._database.writing() as connection:
            note = _get(connection, note_id, seen_version)
            connection.execute(delete(notes).where(notes.c.id == note_id))
            record(
                connection, now or datetime.now(UTC), author, "remove note", _subject(note), {"text": note.text}, None
            )

    def list(
        self, event_id: str | None = None, job: str | None = None, series: str | None = None, limit: int = 1000
    ) -> list[Note]:
        """Notes, the newest first."""
        wanted = _selected().order_by(notes.c.at.desc(), notes.c.id.desc()).limit(limit)
        if event_id is not None:
            wanted = wanted.where(notes.c.event_id == event_id)
        if job is not None:
            wanted = wanted.where(notes.c.job == job)
        if series is not None:
            wanted = wanted.where(series_table.c.digest == digest(series))
        with self._database.reading() as connection:
            return [Note(**row._mapping) for row in connection.execute(wanted)]


def _selected() -> Any:
    table = notes.outerjoin(series_table, series_table.c.id == notes.c.series_id)
    columns = [series_table.c.name.label("series") if n == "series" else notes.c[n] for n in Note.__annotations__]
    return select(*columns).select_from(table)


def _get(connection: Connection, note_id: int, seen_version: int | None = None) -> Note:
    connection.execute(locked(select(notes.c.id).where(notes.c.id == note_id)))
    row = connection.execute(_selected().where(notes.c.id == note_id)).one_or_none()
    if row is None:
        raise WorkspaceError(f"there is no note {note_id}; perhaps somebody removed it")
    if seen_version not in (None, row.version):
        raise ConflictError("the note was changed by somebody else meanwhile; load it again and decide again")
    return Note(**row._mapping)


def _subject(note: Note) -> str:
    return note.event_id or " · ".join(part for part in (note.job, note.series) if part)


def _text(text: str) -> str:
    if not text.strip() or len(text) > MOST_CHARACTERS:
        raise ConfigurationError(f"a note has {len(text):,} characters; expected 1 to {MOST_CHARACTERS:,}")
    return text
