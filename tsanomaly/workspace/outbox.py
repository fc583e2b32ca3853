"""Alerts on their way: stored with what they tell of, sent afterwards, at least once, each under a key of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from tsanomaly.workspace.database import Database
from tsanomaly.workspace.names import short
from tsanomaly.workspace.statements import insert_new
from tsanomaly.workspace.tables import outbox

RETRY = timedelta(minutes=1)


@dataclass(frozen=True)
class AlertDraft:
    """A message to be sent.

    Attributes:
        key: unique: a draft whose key is in the outbox already is not stored again. Up to 200 characters.
        channel: the job's name for where it goes.
        body: plain types, ready for JSON. No secrets: those are read when it is sent.
        due_at: not to be sent before; ``None``: at once.
    """

    key: str
    channel: str
    body: Mapping[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None


@dataclass(frozen=True)
class Message:
    """A draft in the outbox; ``sent_at`` is ``None`` until it left, ``error`` is why the last try failed."""

    id: int
    key: str
    job: str
    channel: str
    body: Mapping[str, Any]
    created_at: datetime
    due_at: datetime
    tries: int
    error: str
    sent_at: datetime | None


class Outbox:
    """The messages of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, job: str, drafts: Sequence[AlertDraft], now: datetime) -> None:
        """Store drafts that belong to no run, such as that no data arrive. Those that are there already are not stored
        again."""
        with self._database.writing() as connection:
            enqueue(connection, job, drafts, now)

    def pending(self, now: datetime, limit: int = 100) -> list[Message]:
        """What is due and was not sent, the oldest first."""
        wanted = select(outbox).where(outbox.c.sent_at.is_(None), outbox.c.due_at <= now)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(outbox.c.due_at, outbox.c.id).limit(limit))
            return [Message(**row._mapping) for row in rows]

    def waiting(self) -> int:
        """How many were not sent, due or not."""
        with self._database.reading() as connection:
            return int(connection.scalar(select(func.count()).where(outbox.c.sent_at.is_(None))) or 0)

    def take(self, now: datetime, lease: timedelta, limit: int = 100) -> list[Message]:
        """What is due, for this sender alone for so long: another that asks meanwhile gets the rest.

        A message that is neither :meth:`sent` nor :meth:`failed` within the lease is due again.
        """
        wanted = select(outbox.c.id).where(outbox.c.sent_at.is_(None), outbox.c.due_at <= now)
        wanted = wanted.order_by(outbox.c.due_at, outbox.c.id).limit(limit).with_for_update(skip_locked=True)
        with self._database.writing() as connection:
            ids = connection.execute(wanted).scalars().all()
            held = update(outbox).where(outbox.c.id.in_(ids)).values(due_at=now + lease).returning(outbox)
            rows = connection.execute(held).all() if ids else []
        return sorted((Message(**row._mapping) for row in rows), key=lambda message: message.id)

    def sent(self, message_id: int, now: datetime) -> None:
        """It left; a second call changes nothing."""
        unsent = update(outbox).where(outbox.c.id == message_id, outbox.c.sent_at.is_(None))
        with self._database.writing() as connection:
            connection.execute(unsent.values(sent_at=now, error="", tries=outbox.c.tries + 1))

    def failed(self, message_id: int, error: str, now: datetime, retry_at: datetime | None = None) -> None:
        """It did not leave; it is due again at ``retry_at``, or in a minute."""
        unsent = update(outbox).where(outbox.c.id == message_id, outbox.c.sent_at.is_(None))
        with self._database.writing() as connection:
            later = {"error": error, "tries": outbox.c.tries + 1, "due_at": retry_at or now + RETRY}
            connection.execute(unsent.values(later))

    def list(
        self, job: str | None = None, channel: str | None = None, since: datetime | None = None, limit: int = 100
    ) -> list[Message]:
        """Messages, sent or not, the newest first; since: created then or later."""
        wanted = select(outbox).order_by(outbox.c.created_at.desc(), outbox.c.id.desc()).limit(limit)
        if job is not None:
            wanted = wanted.where(outbox.c.job == job)
        if channel is not None:
            wanted = wanted.where(outbox.c.channel == channel)
        if since is not None:
            wanted = wanted.where(outbox.c.created_at >= since)
        with self._database.reading() as connection:
            return [Message(**row._mapping) for row in connection.execute(wanted)]

    def prune(self, before: datetime, job: str | None = None) -> int:
        """Forget messages that were sent before then. The last of each job and channel stays: it says what was told.

        Returns:
            How many were forgotten.
        """
        other = outbox.alias()
        same = (other.c.job == outbox.c.job, other.c.channel == outbox.c.channel)
        last = select(func.max(other.c.id)).where(*same).scalar_subquery()
        old = delete(outbox).where(outbox.c.sent_at < before, outbox.c.id < last)
        if job is not None:
            old = old.where(outbox.c.job == job)
        with self._database.writing() as connection:
            return int(connection.execute(old).rowcount)


def enqueue(connection: Connection, job: str, drafts: Sequence[AlertDraft], now: datetime) -> None:
    """Store drafts within a transaction."""
    rows = [
        {
            "key": short(draft.key, "an alert's key"),
            "job": short(job, "a job's name"),
            "channel": short(draft.channel, "an alert's channel"),
            "body": dict(draft.body),
            "created_at": now,
            "due_at": draft.due_at or now,
            "tries": 0,
            "error": "",
        }
        for draft in drafts
    ]
    insert_new(connection, outbox, rows, ("key",))
