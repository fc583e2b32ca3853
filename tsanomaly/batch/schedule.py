"""When a job is due: cron in a zone's own clock, through both changes of it.

Fixed times follow Debian's cron: one in the hour that spring skips is due when the hour has been skipped, once; one in
the hour that autumn repeats is due in its first pass alone. Where minute or hour begin with ``*``, it is due whenever
the clock shows a matching time, so that ``*/15`` stays every fifteen minutes.

A time is due when it lies after the last one that ran, whatever the machine's clock did meanwhile: a clock that steps
back makes nothing due twice, and nothing that was not yet due is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim

from tsanomaly.batch.job import Schedule

MOST_AT_ONCE = 1000
"""Missed times that :func:`due` returns; those after them are due the next time it is asked."""

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)

LOOKS_BACK = (2 * DAY, 32 * DAY, 370 * DAY, 8 * 366 * DAY + DAY)
"""How far to look for the latest time, growing: the rarest, 29 February, may be eight years apart (1896 to 1904)."""


def due(schedule: Schedule, last: datetime | None, now: datetime) -> list[datetime]:
    """The times that should run now, the oldest first; empty where nothing is due.

    Args:
        schedule: the job's.
        last: the latest scheduled time that ran or was given up (not when it ran); ``None``: none ever, and then the
            latest time before ``now`` is due.
        now: with a zone.

    Returns:
        UTC. With ``catch_up = "latest"`` at most one; with ``each`` all that were missed, at most ``MOST_AT_ONCE``.
    """
    if last is not None and not _any(schedule, last, now):
        return []
    if schedule.catch_up == "each" and last is not None:
        return list(islice(times(schedule, last, now), MOST_AT_ONCE))
    latest = latest_time(schedule, now)
    return [] if latest is None else [latest]


def latest_time(schedule: Schedule, now: datetime) -> datetime | None:
    """The latest time not after ``now``; ``None`` where there is none in eight years."""
    early = next((now - span for span in LOOKS_BACK if _any(schedule, now - span, now)), None)
    if early is None:
        return None
    late = now  # there is a time after early, and none after late
    while late - early > HOUR:
        middle = early + (late - early) / 2
        early, late = (middle, late) if _any(schedule, middle, now) else (early, middle)
    *_, latest = times(schedule, early, now)
    return latest


def _any(schedule: Schedule, after: datetime, until: datetime) -> bool:
    return next(times(schedule, after, until), None) is not None


def next_time(schedule: Schedule, after: datetime) -> datetime | None:
    """The first time after ``after``; ``None`` where there is none in eight years."""
    return next(times(schedule, after, after + LOOKS_BACK[-1]), None)


def times(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    """All times later than ``after`` and not later than ``until``, rising, in UTC."""
    after, until = after.astimezone(UTC), until.astimezone(UTC)
    fixed = not any(field.startswith("*") for field in schedule.cron.split()[:2])
    walk = _fixed_times if fixed else _matching_times
    latest = after
    for moment in walk(schedule.cron, ZoneInfo(schedule.zone), after, until):
        if moment > until:
            return
        if moment > latest:
            latest = moment
            yield moment


def _fixed_times(cron: str, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """CronSim's own way through changes of clocks. It steps on the clock's face, where an hour's second pass looks like
    its first, so that the first times may lie before ``after``."""
    return (moment.astimezone(UTC) for moment in CronSim(cron, after.astimezone(zone)))


def _matching_times(cron: str, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """Each moment whose clock matches. CronSim walks stretches between changes, for it steps by whole hours, and some
    changes are of half an hour."""
    begin = after.replace(microsecond=0) + SECOND
    while begin <= until:
        here = timezone(begin.astimezone(zone).utcoffset() or timedelta(0))
        end = _next_change(zone, begin, until)
        for moment in CronSim(cron, (begin - SECOND).astimezone(here)):
            if moment >= end:
                break
            yield moment.astimezone(UTC)
        begin = end


def _next_change(zone: ZoneInfo, begin: datetime, until: datetime) -> datetime:
    """The first moment after ``begin`` with another offset, to the second; one after ``until`` where there is none."""

    def same(moment: datetime) -> bool:
        return moment.astimezone(zone).utcoffset() == offset

    offset = begin.astimezone(zone).utcoffset()
    while begin <= until:
        beyond = begin + DAY
        if not same(beyond):
            while beyond - begin > SECOND:
                middle = begin + (beyond - begin) // 2
                begin, beyond = (middle, beyond) if same(middle) else (begin, middle)
            return beyond.replace(microsecond=0)
        begin = beyond
    return begin
