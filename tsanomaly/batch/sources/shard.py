"""A piece of work: some series, understood and cut to the stretch wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tsanomaly.batch.job import Columns
from tsanomaly.batch.sources.wanted import Wanted
from tsanomaly.errors import DataError, ReadError
from tsanomaly.series import Level, Series, from_arrow, roles_in
from tsanomaly.series.layout import UNNAMED
from tsanomaly.series.options import NONE_SUCH


@dataclass(frozen=True)
class Shard:
    """Some series of a source.

    Attributes:
        index: 0, 1, … in the order of the source's series; the same for the same data.
        series: those that can be judged, by name.
        unreadable: those that cannot, with the reason: too few rows in the stretch, no sensible grid, no numbers.
        columns: all columns of the source, whatever they are taken for.
        notes: what was repaired or looked doubtful, a sentence each.
    """

    index: int
    series: tuple[Series, ...]
    unreadable: dict[str, DataError] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roles:
    """What the source's columns are for, worked out once and then held fixed.

    Attributes:
        series: the column that names the series; empty: there is one series.
        time: the clock.
        overrides: for :func:`tsanomaly.series.from_arrow`.
    """

    series: str
    time: str
    overrides: dict[str, Any]


def roles_of(head: pa.Table, name: str, columns: Columns, decimal: str) -> Roles:
    """Work out the roles from the first rows.

    Raises:
        ReadError: a column that the job names is not there, no column holds times, or none numbers.
    """
    given: dict[str, Any] = {
        "time_column": columns.time,
        "time_format": columns.time_format,
        "series_column": columns.series,
        "label_column": columns.labels,
        "channels": columns.values,
        "zone": columns.zone,
    }
    found = roles_in(head, name=name, decimal=decimal, **given)
    if found.time_column is None or found.stamps is None:
        raise ReadError(f"{name} has no column of times, and a job needs one; name it in columns.time")
    overrides: dict[str, Any] = {
        "time_column": found.time_column,
        "time_format": columns.time_format,
        "series_column": found.series_column or "",
        "label_column": found.label_column or "",
        "channels": tuple(found.channels),
        "zone": columns.zone,
        "step": columns.step,
        "decimal": decimal,
    }
    return Roles(found.series_column or "", found.time_column, overrides)


def shard_of(index: int, table: pa.Table, name: str, roles: Roles, wanted: Wanted, columns: tuple[str, ...]) -> Shard:
    """Understand the rows of some series.

    Args:
        index: of the shard.
        table: their rows.
        name: of the only series, where no column names them; else of the source.
        roles: of the columns.
        wanted: what to cut to.
        columns: of the whole source.
    """
    names = _names(table, roles, name)
    unreadable: dict[str, DataError] = {}
    notes: tuple[str, ...] = ()
    try:
        reading = from_arrow(table, name=name, **roles.overrides)
        notes = tuple(found.line() for found in reading.diagnosis.findings if found.level is not Level.NOTE)
        found = {series.name: series for series in reading}
    except DataError as error:
        if len(names) < 2:
            return Shard(index, (), {names[0]: error} if names else {}, columns)
        found, unreadable = _one_by_one(table, roles, names)
    cut = {}
    for one in names:
        if one in found:
            series = _between(found[one], wanted)
            if series.observed.any(axis=1).sum() > 1:
                cut[one] = series
                continue
        unreadable.setdefault(one, DataError(f"series '{one}' has no two rows in the stretch asked for"))
    return Shard(index, tuple(cut.values()), unreadable, columns, notes)


def _names(table: pa.Table, roles: Roles, name: str) -> list[str]:
    if not roles.series:
        return [name]
    cells = pc.unique(table.column(roles.series).combine_chunks()).to_pylist()
    return [_shown(cell) for cell in cells]


def _shown(cell: Any) -> str:
    return UNNAMED if cell in (None, "") else str(cell)


def _one_by_one(table: pa.Table, roles: Roles, names: list[str]) -> tuple[dict[str, Series], dict[str, DataError]]:
    """Each series by itself: one that cannot be read must not stop the others."""
    column = table.column(roles.series).combine_chunks()
    found: dict[str, Series] = {}
    unreadable: dict[str, DataError] = {}
    alone = roles.overrides | {"series_column": NONE_SUCH}
    for one, cell in zip(names, pc.unique(column).to_pylist(), strict=True):
        own = table.filter(pc.is_null(column) if cell is None else pc.equal(column, cell))
        try:
            found[one] = from_arrow(own, name=one, **alone).one()
        except DataError as error:
            unreadable[one] = error
    return found, unreadable


def _between(series: Series, wanted: Wanted) -> Series:
    bounds = [np.datetime64(wanted.bound(which).replace(tzinfo=None), "ns") for which in ("since", "until")]
    first, last = np.searchsorted(series.times, bounds).tolist()
    return series.between(first, last)
