"""From a file, a frame or an array to series on regular grids, with a diagnosis of all that was understood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from tsanomaly.errors import DataError, ReadError
from tsanomaly.series import source as sources
from tsanomaly.series.diagnosis import Diagnosis, Finding, Level, counted, found
from tsanomaly.series.dialect import Dialect, find_dialect
from tsanomaly.series.grid import duration, lay_on_grid
from tsanomaly.series.options import OnProgress, ReadOptions
from tsanomaly.series.roles import Roles, find_roles
from tsanomaly.series.series import Series
from tsanomaly.series.source import PathOrFile, Source
from tsanomaly.series.table import Table, distinct, parse
from tsanomaly.series.zones import to_utc


@dataclass(frozen=True)
class Reading:
    """Series and how they were understood."""

    series: tuple[Series, ...]
    diagnosis: Diagnosis

    def one(self) -> Series:
        """The only series.

        Raises:
            DataError: there are several.
        """
        if len(self.series) != 1:
            names = ", ".join(f"'{series.name}'" for series in self.series[:5])
            more = ", …" if len(self.series) > 5 else ""
            raise DataError(
                f"{self.diagnosis.source} holds {len(self.series)} series ({names}{more}); "
                f"pick one, such as reading['{self.series[0].name}']"
            )
        return self.series[0]

    def __getitem__(self, name: str) -> Series:
        for series in self.series:
            if series.name == name:
                return series
        names = ", ".join(f"'{series.name}'" for series in self.series[:5])
        raise DataError(f"{self.diagnosis.source} has no series '{name}'; it has {names}")

    def __iter__(self) -> Iterator[Series]:
        return iter(self.series)

    def __len__(self) -> int:
        return len(self.series)


def read_csv(
    path: PathOrFile,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    header: bool | None = None,
    time_column: str | None = None,
    time_format: str | None = None,
    zone: str | None = None,
    step: str | None = None,
    series_column: str | None = None,
    label_column: str | None = None,
    channels: Sequence[str] | None = None,
    progress: OnProgress | None = None,
) -> Reading:
    """Read a text table: plain, gzip, or a zip with one file in it.

    What is ``None`` is worked out, and the diagnosis says what was found; see :class:`ReadOptions` for each argument.

    Args:
        path: a path, or a binary file object such as an upload; its ``name`` is used where it has one.
        progress: told the share read; returning ``False`` cancels.

    Raises:
        ReadError: the file is not there, no text, no table, or without numbers.
        DataError: fewer than two rows or times, or a time axis that no sensible grid covers.
        ConfigurationError: an argument is wrong in itself.
        CancelledError: ``progress`` answered ``False``.
    """
    options = ReadOptions(
        encoding, delimiter, decimal, header, time_column, time_format, zone, step, series_column, label_column, channels
    )
    return _read_text(sources.load(path), options, progress)


def _read_text(source: Source, options: ReadOptions, progress: OnProgress | None) -> Reading:
    findings: list[Finding] = []
    dialect = find_dialect(source, options)
    table = parse(source, dialect, findings, progress)
    del source
    return _understood(table, options, findings, dialect)


def _understood(
    table: Table, options: ReadOptions, findings: list[Finding], dialect: Dialect | None = None
) -> Reading:
    if len(table) < 2:
        raise DataError(f"{table.name} has {counted(len(table), 'row')} of data; a series needs at least 2")
    roles = find_roles(table, options, dialect.decimal if dialect else ".", findings)
    series = tuple(_series(table, roles, options, findings))
    first = series[0]
    diagnosis = Diagnosis(
        source=table.name,
        rows=len(table),
        encoding=dialect.encoding if dialect else None,
        delimiter=dialect.delimiter if dialect else None,
        decimal=dialect.decimal if dialect else None,
        header=dialect.header if dialect else None,
        layout="long" if roles.series_column else "wide",
        time_column=roles.time_column,
        time_format=roles.stamps.notation if roles.stamps else None,
        zone=first.zone,
        step=duration(first.step.astype(np.int64)) if first.step is not None else None,
        series_column=roles.series_column,
        label_column=roles.label_column,
        channels=first.channels,
        series={one.name: len(one) for one in series},
        findings=tuple(findings),
    )
    return Reading(series, diagnosis)


def _series(table: Table, roles: Roles, options: ReadOptions, findings: list[Finding]) -> Iterator[Series]:
    names = tuple(roles.channels)
    values = np.column_stack([numbers.values for numbers in roles.channels.values()])
    zone = None
    times = None
    if roles.stamps is not None:
        times, zone = to_utc(roles.stamps, options.zone or roles.zone, table.rows, findings)
    for name, places in _parts(table, roles):
        yield _one_series(name, places, times, values, names, zone, table, roles, options, findings)


def _one_series(name: str, places: Any, times: Any, values: Any, names: Any, zone: Any, table: Table, roles: Roles, options: ReadOptions, findings: list[Finding]) -> Series:
    labels = None if roles.labels is None else roles.labels[places]
    if times is None:
        part = values[places]
        return Series(np.arange(len(part)), part, names, labels=labels, name=name)
    grid = lay_on_grid(times[places], values[places], labels, table.rows[places], options.step_ns(), name, findings)
    return Series(
        grid.times.view("datetime64[ns]"), grid.values, names, np.timedelta64(grid.step, "ns"), zone, grid.labels, name
    )


def _parts(table: Table, roles: Roles) -> Iterator[tuple[str, Any]]:
    readable = slice(None)
    if roles.stamps is not None and not roles.stamps.readable.all():
        readable = np.flatnonzero(roles.stamps.readable)
    yield table.stem, readable
