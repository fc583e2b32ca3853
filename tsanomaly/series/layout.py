"""From columns with their roles to series on regular grids: one of a wide table, several of a long one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsanomaly.errors import DataError
from tsanomaly.series.diagnosis import ROWS_SHOWN, Finding, Level, found
from tsanomaly.series.grid import Rows, lay_on_grid
from tsanomaly.series.options import ReadOptions
from tsanomaly.series.roles import Roles, codes_of
from tsanomaly.series.series import Series
from tsanomaly.series.table import Table
from tsanomaly.series.zones import to_utc

UNNAMED = "(unnamed)"
"""What rows of a long table belong to whose series has no name."""

Places = slice | NDArray[np.int64]


def lay_out(table: Table, roles: Roles, options: ReadOptions, findings: list[Finding]) -> tuple[Series, ...]:
    """Every series of the table, in order of first appearance.

    Raises:
        DataError: no series has two rows, or a time axis is beyond repair.
    """
    layout = _Layout(table, roles, options)
    if roles.series_column is None:
        return (layout.series(table.stem, slice(None), findings),)
    kept, said, short = [], [], []
    for name, places in _groups(table, roles.series_column):
        own: list[Finding] = []
        if len(places) < 2:
            short.append((name, places))
            continue
        kept.append(layout.series(name, places, own))
        said.append((name, own))
    if short:
        names = ", ".join(f"'{name}'" for name, _ in short[:3])
        rows = np.concatenate([table.rows[places] for _, places in short])
        message = f"{len(short)} series with a single row ({names})"
        findings.append(found("single-row-series", Level.WARNING, message, rows=rows, repair="left out"))
    if not kept:
        raise DataError(f"{table.name}: no series in column '{roles.series_column}' has two rows")
    findings.extend(_gathered(said))
    return tuple(kept)


class _Layout:
    """The table's numbers side by side, from which each series takes its rows."""

    def __init__(self, table: Table, roles: Roles, options: ReadOptions) -> None:
        self.table, self.roles, self.options = table, roles, options
        self.channels = tuple(roles.channels)
        self.values = np.column_stack([numbers.values for numbers in roles.channels.values()])  # (n, c)

    def series(self, name: str, places: Places, findings: list[Finding]) -> Series:
        """The series made of the rows at ``places``."""
        labels = None if self.roles.labels is None else self.roles.labels[places]
        values, numbers, stamps = self.values[places], self.table.rows[places], self.roles.stamps
        if stamps is None:
            return Series(np.arange(len(values)), values, self.channels, labels=labels, name=name)
        stamps = stamps.at(places)
        times, zone = to_utc(stamps, self.options.zone or self.roles.zone, numbers, findings)
        rows = Rows(times, values, labels, numbers)
        if not stamps.readable.all():
            rows = rows.at(stamps.readable)
        grid = lay_on_grid(rows, self.options.step_ns(), name, findings)
        step = np.timedelta64(grid.step, "ns")
        return Series(grid.times.view("M8[ns]"), grid.values, self.channels, step, zone, grid.labels, name)


def _groups(table: Table, column: str) -> Iterator[tuple[str, NDArray[np.int64]]]:
    codes, names = codes_of(table.columns[column])
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
    for index, name in enumerate(names):
        yield UNNAMED if name in (None, "") else str(name), order[bounds[index] : bounds[index + 1]]


def _gathered(said: list[tuple[str, list[Finding]]]) -> Iterator[Finding]:
    """One finding a code over all series: a hundred series with a gap are one thing to say."""
    by_code: dict[str, list[tuple[str, Finding]]] = {}
    for name, findings in said:
        for finding in findings:
            by_code.setdefault(finding.code, []).append((name, finding))
    for same in by_code.values():
        name, first = same[0]
        where = f"series '{name}'" if len(same) == 1 else f"{len(same)} series, such as '{name}'"
        rows: list[Any] = sorted(row for _, finding in same for row in finding.rows)
        yield replace(
            first,
            message=f"in {where}: {first.message}",
            rows=tuple(rows[:ROWS_SHOWN]),
            count=sum(finding.count for _, finding in same),
        )
