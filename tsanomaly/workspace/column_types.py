"""How Python values lie in columns, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, String, Text
from sqlalchemy.types import TypeDecorator

from tsanomaly.errors import ConfigurationError

LONGEST_NAME = 200


class UTCTime(TypeDecorator[datetime]):
    """An instant. Python sees an aware UTC datetime; a naive one is refused, because its zone would be a guess.

    PostgreSQL keeps ``timestamp with time zone``. SQLite has no such type and drops the zone: it keeps UTC as text
    that sorts in time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC, without a zone where the database would only drop it."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ConfigurationError(f"the time {value.isoformat()} has no zone; expected one with its offset")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To an aware UTC datetime."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Document(TypeDecorator[Any]):
    """Plain types as canonical JSON text: equal values are equal bytes. NaN and infinity are refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To JSON with sorted keys."""
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From JSON."""
        return None if value is None else json.loads(value)


def canonical(value: Any) -> str:
    """Plain types as JSON text, always the same for the same value.

    Raises:
        ConfigurationError: there is something else in it, or a number that JSON has not.
    """
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"what is to be stored is no plain JSON: {error}") from None


def storable(text: str) -> str:
    """``text`` without what a database cannot hold: NUL and half surrogate pairs become U+FFFD."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


class Words(TypeDecorator[str]):
    """Text of people and files, of any length."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What can be stored of it, see :func:`storable`."""
        return None if value is None else storable(value)


class Name(TypeDecorator[str]):
    """Of jobs, owners, channels: short enough for an index on PostgreSQL."""

    impl = String(LONGEST_NAME)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What can be stored of it, see :func:`storable`."""
        return None if value is None else storable(value)
