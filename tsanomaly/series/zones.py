"""From clock readings to UTC: offsets, a zone's rules, and the two hours a year when they mislead."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsanomaly.series.diagnosis import Finding, Level, counted, found
from tsanomaly.series.timestamps import NAT, Stamps

MINUTE = 60 * 10**9
HOUR = 60 * MINUTE


def to_utc(
    stamps: Stamps, zone: str | None, rows: NDArray[np.int64], findings: list[Finding]
) -> tuple[NDArray[np.int64], str | None]:
    """Instants as ``(n,)`` nanoseconds UTC (``NAT`` where unreadable), and the zone to show them in.

    Stamps with an offset need no zone; those without are local in ``zone``, or UTC where none is given.
    """
    readable, offset = stamps.readable, stamps.offset
    aware = readable & np.isfinite(offset)
    if not aware.any():
        if zone is None:
            findings.extend(_went_back(stamps.local[readable], rows[readable]))
            return stamps.local, None
        return _localised(stamps.local, zone, rows, findings), zone
    instants = stamps.local.copy()
    instants[aware] -= offset[aware].astype(np.int64) * MINUTE
    naive = readable & ~aware
    if naive.any():
        where = f"local in {zone}" if zone else "UTC"
        message = f"{counted(int(naive.sum()), 'stamp')} without an offset among stamps with one"
        findings.append(found("mixed-offsets", Level.WARNING, message, rows=rows[naive], repair=f"taken as {where}"))
        if zone is not None:
            instants[naive] = _localised(stamps.local[naive], zone, rows[naive], findings)
    return instants, zone or _common_zone(offset[aware], findings)


def _common_zone(offsets: NDArray[np.float64], findings: list[Finding]) -> str:
    distinct = np.unique(offsets)
    if len(distinct) == 1:
        return offset_name(int(distinct[0]))
    shown = ", ".join(offset_name(int(minutes)) for minutes in distinct[:4])
    message = f"stamps carry {len(distinct)} offsets ({shown})"
    findings.append(
        found("several-offsets", Level.NOTE, message, repair="shown in UTC; give a zone to see local times")
    )
    return "UTC"


def offset_name(minutes: int) -> str:
    """``UTC`` or ``+02:00``."""
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"


def _localised(
    local: NDArray[np.int64], zone: str, rows: NDArray[np.int64], findings: list[Finding]
) -> NDArray[np.int64]:
    """UTC of local readings. The hour that autumn repeats is told apart by the order of rows; one that spring skips is
    taken as if the clock had not been moved."""
    clock = pd.DatetimeIndex(local.view("datetime64[ns]"))
    skipped = pd.Timedelta("1h")
    summer = clock.tz_localize(zone, ambiguous=np.ones(len(clock), dtype=np.bool_), nonexistent=skipped).asi8
    winter = clock.tz_localize(zone, ambiguous=np.zeros(len(clock), dtype=np.bool_), nonexistent=skipped).asi8
    absent = clock.tz_localize(zone, ambiguous=np.ones(len(clock), dtype=np.bool_), nonexistent="NaT").asi8 == NAT
    absent &= local != NAT
    if absent.any():
        message = f"{counted(int(absent.sum()), 'stamp')} in an hour that {zone} skipped when its clocks went forward"
        findings.append(found("skipped-hour", Level.REPAIRED, message, rows=rows[absent], repair="moved an hour ahead"))
    twice = summer != winter
    if not twice.any():
        return summer
    second = _second_pass(local, summer, twice)
    message = f"{counted(int(twice.sum()), 'stamp')} in an hour that {zone} had twice when its clocks went back"
    repair = f"by their order {int(second.sum())} belong to its second pass"
    findings.append(found("repeated-hour", Level.REPAIRED, message, rows=rows[twice], repair=repair))
    return np.where(second, winter, summer)


def _second_pass(local: NDArray[np.int64], summer: NDArray[np.int64], twice: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``(n,)`` true for stamps that come after the clock stepped back within their own repeated hour."""
    second = np.zeros(len(local), dtype=np.bool_)
    places = np.flatnonzero(twice)
    ends = np.append(np.flatnonzero(np.diff(summer[places]) > 24 * HOUR) + 1, len(places))
    readable = local[local != NAT]
    backwards = len(readable) > 1 and readable[0] > readable[-1]
    start = 0
    for end in ends:
        group = places[start:end]
        ordered = group[::-1] if backwards else group
        readings = local[ordered]
        highest = np.maximum.accumulate(readings)
        stepped = np.concatenate(([False], readings[1:] <= highest[:-1]))
        second[ordered] = np.maximum.accumulate(stepped)
        start = end
    return second


def _went_back(local: NDArray[np.int64], rows: NDArray[np.int64]) -> list[Finding]:
    """Local stamps that once step back by an hour, as at the end of summer time, with no zone to explain it."""
    steps = np.diff(local)
    usual = np.median(steps) if len(steps) else 0
    back = rows[1:][(steps < 0) & (steps == usual - HOUR)]
    if usual <= 0 or not len(back):
        return []
    message = f"the clock goes back an hour in {counted(len(back), 'row')}, as at the end of summer time"
    return [found("clock-change", Level.WARNING, message, rows=back, repair="give the zone these times are local in")]
