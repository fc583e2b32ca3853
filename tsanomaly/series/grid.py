"""From stamps as they come to a regular grid with gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsanomaly.errors import DataError
from tsanomaly.series.diagnosis import Finding, Level, counted, found

SLOTS_PER_ROW, SLOTS_TO_SPARE = 20, 1_000_000
"""A grid has at most 20 slots a row and a million cells more: one stray stamp must not fill the memory."""

STRAY_SLOTS = 10_000
"""Few rows beyond a jump that makes a grid 20 slots a row and this many more are strays, and left out."""

UNITS = {"D": 86_400 * 10**9, "h": 3600 * 10**9, "min": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3}

NICE_SECONDS = tuple(
    number * unit
    for unit, numbers in (
        (1e-3, (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500)),
        (1, (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
        (60, (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
        (3600, (1, 2, 3, 4, 6, 8, 12)),
        (86400, (1, 7)),
    )
    for number in numbers
)
NICE_WITHIN, NEAR = 0.05, 0.2
LOSS_WEIGHT, MOVE_WEIGHT = 20, 4
"""A row lost in a crowded slot weighs as much as twenty empty slots, one moved by a whole step as much as four: a gap
is honest, an average and a shift are not."""


PLAINNESS = 0.08
"""What a round duration may cost more than the best: as much as moving every stamp by a fiftieth of a step."""


@dataclass(frozen=True)
class Grid:
    """Rows laid on equal steps.

    Attributes:
        times: ``(m,)`` int64 nanoseconds UTC.
        values: ``(m, c)`` float64, NaN in gaps.
        labels: ``(m,)`` bool or ``None``.
        step: nanoseconds.
    """

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    labels: NDArray[np.bool_] | None
    step: int


@dataclass(frozen=True)
class Rows:
    """Rows of one series as they come.

    Attributes:
        times: ``(n,)`` int64 nanoseconds UTC.
        values: ``(n, c)`` float64.
        labels: ``(n,)`` bool or ``None``.
        numbers: ``(n,)`` row numbers in the source, for findings.
    """

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    labels: NDArray[np.bool_] | None
    numbers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.times)

    def at(self, places: slice | NDArray[Any]) -> Rows:
        """Those at ``places``, in that order."""
        labels = None if self.labels is None else self.labels[places]
        return Rows(self.times[places], self.values[places], labels, self.numbers[places])

    def steps(self) -> NDArray[np.int64]:
        """``(n - 1,)`` differences of sorted times; one too long for 64 bits (292 years) is cut to 146."""
        differences = np.diff(self.times).view(np.uint64)  # wraps round to the truth: times are sorted
        return np.minimum(differences, np.uint64(2**62)).astype(np.int64)


def lay_on_grid(rows: Rows, step: int | None, name: str, findings: list[Finding]) -> Grid:
    """Sort, average what shares a stamp or a slot, snap to the grid, leave gaps.

    Args:
        rows: in the order of the source.
        step: nanoseconds; ``None``: worked out.
        name: of the series, for messages.
        findings: extended.

    Raises:
        DataError: fewer than two different stamps, or a span that no sensible grid covers.
    """
    rows = _sorted(rows, findings)
    if not (rows.steps() > 0).any():
        raise DataError(f"series '{name}' has only one distinct time; at least two are needed")
    rows, step = _without_strays(rows, step, name, findings)
    slots, origin = slots_of(rows.times, step)
    findings.extend(_stamp_findings(rows, slots, origin, step))
    times = origin + step * np.arange(slots[-1] + 1)
    if len(slots) == len(times) and (np.diff(slots) == 1).all():
        return Grid(times, rows.values, rows.labels, step)
    return Grid(times, *_laid(rows, slots), step)


def _sorted(rows: Rows, findings: list[Finding]) -> Rows:
    back = rows.times[1:] < rows.times[:-1]
    if not back.any():
        return rows
    if (rows.times[1:] <= rows.times[:-1]).all():
        message = "rows run from the newest to the oldest"
        findings.append(found("unsorted", Level.REPAIRED, message, repair="turned round"))
    else:
        message = f"{counted(int(back.sum()), 'row')} earlier than the row before"
        findings.append(
            found("unsorted", Level.REPAIRED, message, rows=rows.numbers[1:][back], repair="sorted by time")
        )
    return rows.at(np.argsort(rows.times, kind="stable"))


def _without_strays(rows: Rows, given: int | None, name: str, findings: list[Finding]) -> tuple[Rows, int]:
    """The rows that belong together and their step; raises DataError where a few strays do not explain the span."""
    total = len(rows)
    spare = max(total // 100, min(3, total // 4))
    while True:
        n, steps = len(rows), rows.steps()
        step = given or choose_step(rows.times[np.concatenate(([True], steps > 0))])
        slots = (int(rows.times[-1]) - int(rows.times[0])) // step
        if slots <= SLOTS_PER_ROW * n + STRAY_SLOTS:
            return rows, step
        jump = 1 + int(np.argmax(steps))
        fewer, more = sorted((slice(0, jump), slice(jump, n)), key=lambda part: part.stop - part.start)
        strays = rows.at(fewer)
        if len(strays) > spare:
            break
        spare -= len(strays)
        message = f"{counted(len(strays), 'row')} at {_date(strays.times[0])}, far from all others"
        findings.append(found("stray-stamps", Level.REPAIRED, message, rows=strays.numbers, repair="left out"))
        rows = rows.at(more)
    if slots > SLOTS_PER_ROW * n + SLOTS_TO_SPARE // rows.values.shape[1]:
        raise DataError(
            f"series '{name}' jumps from {_date(rows.times[jump - 1])} in row {rows.numbers[jump - 1]} to "
            f"{_date(rows.times[jump])} in row {rows.numbers[jump]}, which makes {slots:,} steps of {duration(step)} "
            f"for {n:,} rows; mend the stamps, split the file or give a longer step"
        )
    return rows, step


def _laid(rows: Rows, slots: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    """Values and labels in their slots: means of the one, any of the other."""
    starts = np.concatenate(([0], 1 + np.flatnonzero(np.diff(slots))))
    occupied = slots[starts]
    values = np.full((slots[-1] + 1, rows.values.shape[1]), np.nan)
    values[occupied] = rows.values if len(starts) == len(slots) else _means(rows.values, starts)
    if rows.labels is None:
        return values, None
    labels = np.zeros(len(values), dtype=np.bool_)
    labels[occupied] = np.logical_or.reduceat(rows.labels, starts)
    return values, labels


def choose_step(times: NDArray[np.int64]) -> int:
    """The step that leaves few rows sharing a slot, few slots empty and stamps near their slots.

    Tried in this order, so that a plainer answer wins over one that is hardly better: a round duration near the median
    difference, the commonest difference, the median, and the mean of those near it (for months, and clocks that drift);
    the last two rounded first.

    Args:
        times: ``(n,)`` strictly increasing nanoseconds, at least two.
    """
    differences = np.diff(times)
    median = int(np.median(differences))
    near = differences[np.abs(differences - median) <= NEAR * median]
    values, counts = np.unique(differences, return_counts=True)
    candidates = [round(s * 1e9) for s in NICE_SECONDS if abs(s * 1e9 - median) <= NICE_WITHIN * median]
    mean = round(float(near.mean())) if len(near) else median
    candidates += [int(values[np.argmax(counts)]), _rounded(median, 2), median, _rounded(mean, 5), mean]
    costs = {candidate: _cost(times, candidate) for candidate in dict.fromkeys(candidates)}
    enough = min(costs.values()) * 1.05 + PLAINNESS
    return next(candidate for candidate, cost in costs.items() if cost <= enough)


def _rounded(step: int, digits: int) -> int:
    """To so many significant digits."""
    return max(1, round(step, digits - len(str(step))))


def _cost(times: NDArray[np.int64], step: int) -> float:
    slots, origin = slots_of(times, step)
    occupied = 1 + int((np.diff(slots) > 0).sum())
    lost, empty = len(times) - occupied, int(slots[-1]) + 1 - occupied
    moved = np.abs(times - (origin + slots * step)).mean() / step
    return float((LOSS_WEIGHT * lost + empty) / len(times) + MOVE_WEIGHT * moved)


def slots_of(times: NDArray[np.int64], step: int) -> tuple[NDArray[np.int64], int]:
    """The nearest slot of each stamp, from 0, and the time of slot 0.

    The grid passes through the commonest phase of the stamps; where none is common, through their circular mean.
    """
    phases = times % step
    first = int(phases[0])
    if (phases == first).mean() > 0.5:
        phase = first
    else:
        values, counts = np.unique(phases, return_counts=True)
        if counts.max() * 2 >= len(times):
            phase = int(values[np.argmax(counts)])
        else:
            angle = np.angle(np.exp(2j * np.pi * phases / step).mean())
            phase = _plain_phase(round(angle / (2 * np.pi) * step), step) % step
    slots = (times - phase + step // 2) // step
    start = int(slots[0])
    return slots - start, start * step + phase


def _plain_phase(phase: int, step: int) -> int:
    """Rounded to the coarsest unit of time that is fine enough for the step: the grid then shows round times."""
    unit = next((size for size in UNITS.values() if size * 20 <= step), 1)
    return round(phase / unit) * unit


def _means(values: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """``(groups, c)`` means of what was observed."""
    seen = np.isfinite(values)
    counts = np.add.reduceat(seen, starts, axis=0, dtype=np.int64)
    sizes = np.diff(np.append(starts, len(values)))
    known, divisor = np.where(seen, values, 0.0), np.maximum(counts, 1)
    with np.errstate(over="ignore"):
        means = np.add.reduceat(known, starts, axis=0) / divisor
    if not np.isfinite(means).all():  # the sum of huge numbers overflows where their mean does not
        means = np.add.reduceat(known / np.repeat(divisor, sizes, axis=0), starts, axis=0)
    return np.where(counts > 0, means, np.nan)


def _stamp_findings(rows: Rows, slots: NDArray[np.int64], origin: int, step: int) -> list[Finding]:
    times, numbers = rows.times, rows.numbers
    said = []
    same_stamp, same_slot = np.diff(times) == 0, np.diff(slots) == 0
    if same_stamp.any():
        repeated = numbers[1:][same_stamp]
        message = f"{counted(len(repeated), 'row')} with the stamp of another"
        said.append(found("repeated-stamps", Level.REPAIRED, message, rows=repeated, repair="numbers averaged"))
    crowded = numbers[1:][same_slot & ~same_stamp]
    if len(crowded):
        message = f"{counted(len(crowded), 'row')} in the same {duration(step)} as another"
        said.append(found("crowded-steps", Level.REPAIRED, message, rows=crowded, repair="numbers averaged"))
    shift = np.abs(times - (origin + slots * step))
    if shift.any():
        off = counted(int((shift > 0).sum()), "stamp")
        message = f"{off} off the regular {duration(step)} by up to {_about(shift.max())}"
        said.append(
            found("uneven-stamps", Level.REPAIRED, message, rows=numbers[shift > 0], repair="moved to the nearest step")
        )
    leaps = np.diff(slots)
    if (leaps > 1).any():
        lost = int((leaps - 1)[leaps > 1].sum())
        longest = int(np.argmax(leaps))
        message = (
            f"{counted(lost, 'step')} without a row in {counted(int((leaps > 1).sum()), 'gap')}, the longest "
            f"{_about((leaps[longest] - 1) * step)} after row {numbers[longest]}"
        )
        said.append(found("missing-rows", Level.NOTE, message, rows=numbers[:-1][leaps > 1], repair="left as gaps"))
    return said


def duration(nanoseconds: int | np.int64) -> str:
    """A duration as people write it and as ``step`` accepts it: ``5min``, ``1h``, ``1.5s``."""
    n = int(nanoseconds)
    for unit, size in UNITS.items():
        whole, rest = divmod(n, size)
        if whole and rest * 10_000 % size == 0:
            decimals = f"{rest * 10_000 // size:04d}".rstrip("0")
            return f"{whole}.{decimals}{unit}" if decimals else f"{whole}{unit}"
    return f"{n}ns"


def _about(nanoseconds: int | np.int64) -> str:
    """A duration to three digits."""
    unit, size = next(((u, s) for u, s in UNITS.items() if s <= nanoseconds), ("ns", 1))
    return f"{nanoseconds / size:.3g}{unit}"


def _date(nanoseconds: np.int64) -> str:
    return f"{pd.Timestamp(int(nanoseconds)).isoformat(sep=' ', timespec='seconds')}"
