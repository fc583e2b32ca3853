"""The kinds of values in a job file: what each accepts, and the sentence where it does not.

Messages never repeat a value that may hold a secret.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, TypeAdapter, ValidationError

from tsanomaly.detection.thresholds import Budget, parse_rule
from tsanomaly.errors import ConfigurationError
from tsanomaly.series.options import ReadOptions

_Item = TypeVar("_Item")

DURATION = "expected a duration such as '15min', '6h' or '28d'"

LONGEST = timedelta(days=36_500)

UNITS = {
    name: size
    for names, size in (
        ("us", timedelta(microseconds=1)),
        ("ms", timedelta(milliseconds=1)),
        ("s sec second seconds", timedelta(seconds=1)),
        ("m min minute minutes", timedelta(minutes=1)),
        ("h hour hours", timedelta(hours=1)),
        ("d day days", timedelta(days=1)),
        ("w week weeks", timedelta(weeks=1)),
    )
    for name in names.split()
}

Many = Annotated[tuple[_Item, ...], Field(strict=False)]
"""A TOML array, kept as a tuple: jobs are immutable and hashable."""


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{DURATION}, in quotes and with its unit")
    parts = [re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)\s*([a-z]+)", part) for part in _parts(value)]
    if not parts or any(part is None or part[2] not in UNITS for part in parts):
        raise ValueError(f"{DURATION}, not '{value[:40]}'")
    try:
        length = sum((float(part[1]) * UNITS[part[2]] for part in parts if part is not None), timedelta(0))
    except OverflowError:
        length = timedelta.max
    if length > LONGEST:
        raise ValueError(f"'{value[:40]}' is longer than {LONGEST.days // 365} years")
    return length


def _parts(text: str) -> list[str]:
    """``2h 30min`` as ``2h`` and ``30min``."""
    return re.sub(r"(?<=[a-z])\s*(?=\d)", "\n", text.strip().lower()).split("\n")


def _size(value: Any) -> int:
    if isinstance(value, int):
        return value
    try:
        return int(_BYTES.validate_python(value))
    except ValidationError:
        raise ValueError("expected an amount of memory such as '2GB' or '500MiB'") from None


def _day_time(value: Any) -> time:
    if isinstance(value, time):
        return value
    try:
        return time.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("expected a time of the day such as '22:00'") from None


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"'{value[:60]}' is no time zone; give an IANA name such as 'Europe/Berlin'") from None
    return value


def _cron(value: str) -> str:
    if len(value.split()) != 5:
        raise ValueError("expected the five fields of cron (minute hour day month weekday), such as '15 * * * *'")
    try:
        next(CronSim(value, datetime(2024, 1, 1, tzinfo=UTC)), None)
    except CronSimError as error:
        raise ValueError(f"'{value[:60]}' is no cron expression: {str(error).lower()}") from None
    return value


def _environment_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", value):
        raise ValueError("expected the name of an environment variable, such as 'OPS_SLACK', not the secret itself")
    return value


def _job_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", value):
        raise ValueError("expected up to 64 small letters, digits, '-' and '_', such as 'pump-hourly'")
    return value


def _channel_name(value: str) -> str:
    if not (0 < len(value) <= 64 and value.isprintable()):
        raise ValueError("expected 1 to 64 characters that can be printed, such as 'night shift'")
    return value


def _table_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?", value):
        raise ValueError("expected a table's name of letters, digits and '_', such as 'events' or 'plant.events'")
    return value


def _paths(value: Any) -> Any:
    paths = [value] if isinstance(value, str) else value
    if isinstance(paths, list) and not (paths and all(paths)):
        raise ValueError("expected a path or pattern such as 'data/*.csv', or a list of them")
    return tuple(paths) if isinstance(paths, list) else paths


def _link(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s@]+", value):
        raise ValueError("expected the dashboard's address without a password, such as 'https://anomalies.example.org'")
    return value.rstrip("/")


def checked_budget(value: str) -> str:
    """``3/week`` and the like."""
    try:
        Budget.parse(value)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return value


def checked_rule(value: str) -> str:
    """A threshold rule's name, alone or with its first setting."""
    try:
        parse_rule(value)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return value


def checked_step(value: str) -> str:
    """A positive duration, as the readers take it."""
    try:
        ReadOptions(step=value)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return value


_BYTES = TypeAdapter(ByteSize)

Duration = Annotated[timedelta, BeforeValidator(_duration)]
Size = Annotated[int, BeforeValidator(_size), Field(ge=1)]
DayTime = Annotated[time, BeforeValidator(_day_time)]
Zone = Annotated[str, AfterValidator(_zone)]
Cron = Annotated[str, AfterValidator(_cron)]
EnvironmentName = Annotated[str, AfterValidator(_environment_name)]
JobName = Annotated[str, AfterValidator(_job_name)]
ChannelName = Annotated[str, AfterValidator(_channel_name)]
TableName = Annotated[str, AfterValidator(_table_name)]
Paths = Annotated[tuple[str, ...], BeforeValidator(_paths)]
"""One or several."""

Link = Annotated[str, AfterValidator(_link)]
