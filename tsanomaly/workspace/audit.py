"""The audit trail: every change that a person made, with what was before and what is after. Nothing removes from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from tsanomaly.workspace.database import Database
from tsanomaly.workspace.names import digest
from tsanomaly.workspace.tables import audit


@dataclass(frozen=True)
class AuditEntry:
    """Who did what to which thing, when.

    Attributes:
        action: such as ``give verdict``.
        subject: an event's id, a job's or a calendar's name, ``job v3`` for a model.
        before, after: plain types; ``None``: it was not there, or is gone.
    """

    id: int
    at: datetime
    author: str
    action: str
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class Audit:
    """The audit trail of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(
        self, subject: str | None = None, author: str | None = None, since: datetime | None = None, limit: int = 100
    ) -> list[AuditEntry]:
        """Entries, the newest first."""
        wanted = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if subject is not None:
            wanted = wanted.where(audit.c.subject == _fitting(subject))
        if author is not None:
            wanted = wanted.where(audit.c.author == author)
        if since is not None:
            wanted = wanted.where(audit.c.at >= since)
        with self._database.reading() as connection:
            return [AuditEntry(**row._mapping) for row in connection.execute(wanted)]


def record(
    connection: Connection,
    at: datetime,
    author: str,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    """Add an entry, in the transaction of the change itself."""
    row = {"at": at, "author": _fitting(author), "action": action, "subject": _fitting(subject)}
    connection.execute(insert(audit), [row | {"before": before, "after": after}])


def _fitting(text: str) -> str:
    """A text too long for the column by its beginning and its digest."""
    return text if len(text) <= 200 else f"{text[:160]}… {digest(text)}"
