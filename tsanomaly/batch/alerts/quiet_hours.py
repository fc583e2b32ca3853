"""When alerts are held: stretches of the day on the clock of a zone, across its clock changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tsanomaly.batch.job import QuietHours

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_LONGEST = timedelta(days=7)
"""Alerts are never held longer, however many stretches follow each other."""


def held_until(now: datetime, hours: Sequence[QuietHours], zone: str) -> datetime | None:
    """When an alert of ``now`` may leave; ``None``: at once.

    Stretches that overlap or follow each other without a pause are one. A time that a clock change skips is taken as
    that much later, and one that comes twice as the first of both.

    Args:
        now: an aware datetime.
        hours: half open, on the clock of ``zone``.
        zone: an IANA name.

    Returns:
        In UTC, after ``now`` and at most a week after it.
    """
    free = now
    while free - now < _LONGEST:
        ends = [end for start, end in _stretches(free, hours, ZoneInfo(zone)) if start <= free < end]
        if not ends:
            break
        free = max(ends)
    return None if free == now else min(free, now + _LONGEST).astimezone(UTC)


def _stretches(now: datetime, hours: Sequence[QuietHours], zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Those that begin on this day or the one before, in UTC: comparing times of one zone would ignore its changes."""
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        for quiet in hours:
            if _DAYS[day.weekday()] in quiet.days:
                last = day if quiet.end > quiet.start else day + timedelta(days=1)
                yield _moment(day, quiet.start, zone), _moment(last, quiet.end, zone)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
