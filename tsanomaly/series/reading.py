"""From a file, a frame or an array to series on regular grids, with a diagnosis of all that was understood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Unpack

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from tsanomaly.errors import DataError, ReadError
from tsanomaly.series import frames
from tsanomaly.series import source as sources
from tsanomaly.series.daytime import JOINT, with_joined_clock
from tsanomaly.series.diagnosis import Diagnosis, Finding, counted
from tsanomaly.series.dialect import Dialect, find_dialect
from tsanomaly.series.grid import duration
from tsanomaly.series.layout import lay_out
from tsanomaly.series.options import NONE_SUCH, OnProgress, Overrides, ReadOptions, report
from tsanomaly.series.roles import Roles, find_roles
from tsanomaly.series.series import Series
from tsanomaly.series.source import PathOrFile
from tsanomaly.series.table import Table, parse

if TYPE_CHECKING:
    import pandas as pd


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
            raise DataError(
                f"{self.diagnosis.source} holds {len(self.series)} series ({self._names()}); "
                f"pick one with reading['{self.series[0].name}'] or --series"
            )
        return self.series[0]

    def __getitem__(self, name: str) -> Series:
        for series in self.series:
            if series.name == name:
                return series
        raise DataError(f"{self.diagnosis.source} has no series '{name}'; it has {self._names()}")

    def __iter__(self) -> Iterator[Series]:
        return iter(self.series)

    def __len__(self) -> int:
        return len(self.series)

    def _names(self, most: int = 5) -> str:
        more = ", …" if len(self.series) > most else ""
        return ", ".join(f"'{series.name}'" for series in self.series[:most]) + more


def read_file(path: PathOrFile, *, progress: OnProgress | None = None, **overrides: Unpack[Overrides]) -> Reading:
    """Read a CSV or a Parquet file, whichever its content says it is; arguments as in :func:`read_csv`."""
    return _read(path, ReadOptions(**overrides), progress)


def read_csv(path: PathOrFile, *, progress: OnProgress | None = None, **overrides: Unpack[Overrides]) -> Reading:
    """Read a text table: plain, gzip, or a zip with one file in it.

    What is not given is worked out, and the diagnosis says what was found.

    Args:
        path: a path, or a binary file object such as an upload; its ``name`` is used where it has one.
        progress: told the share read; returning ``False`` cancels.
        overrides: any field of :class:`ReadOptions`: ``encoding``, ``delimiter``, ``decimal``, ``header``,
            ``time_column``, ``time_format``, ``zone``, ``step``, ``series_column``, ``label_column``, ``channels``.

    Raises:
        ReadError: the file is not there, no text, no table, or without numbers.
        DataError: fewer than two rows or times, or a time axis that no sensible grid covers.
        ConfigurationError: an argument is wrong in itself.
        CancelledError: ``progress`` answered ``False``.
    """
    return _read(path, ReadOptions(**overrides), progress, parquet=False)


def read_parquet(path: PathOrFile, *, progress: OnProgress | None = None, **overrides: Unpack[Overrides]) -> Reading:
    """Read a Parquet file; arguments and errors as in :func:`read_csv`, those about text having no effect."""
    return _read(path, ReadOptions(**overrides), progress, parquet=True)


def read_beginning(file: IO[bytes], rows: int, **overrides: Unpack[Overrides]) -> tuple[Reading, int]:
    """The first rows of a Parquet file and how many it has; of the others nothing is read. Arguments and errors as in
    :func:`read_csv`; ``file`` is binary, can be sought in, and has a ``name``."""
    findings: list[Finding] = []
    table, total = frames.parquet_beginning(file, sources.name_of(file), rows, findings)
    return _understood(table, ReadOptions(**overrides), findings), total


def from_frame(frame: pd.DataFrame, *, name: str = "frame", **overrides: Unpack[Overrides]) -> Reading:
    """Take a DataFrame with a ``DatetimeIndex`` or a column of times; arguments as in :func:`read_csv`.

    Rows are numbered from 1 in findings.
    """
    findings: list[Finding] = []
    return _understood(frames.of_frame(frame, name, findings), ReadOptions(**overrides), findings)


def from_arrow(table: pa.Table, *, name: str = "table", **overrides: Unpack[Overrides]) -> Reading:
    """Take an Arrow table, of typed columns or of text as :func:`read_cells` gives it; arguments as in
    :func:`read_csv`, ``decimal`` being the text's."""
    findings: list[Finding] = []
    return _understood(frames.of_arrow(table, name, findings), ReadOptions(**overrides), findings)


def roles_in(table: pa.Table, *, name: str = "table", **overrides: Unpack[Overrides]) -> Roles:
    """What the columns of an Arrow table are for, with no series made yet; arguments as in :func:`from_arrow`.

    Raises:
        ReadError: a column asked for is not there or does not hold what it should; no column holds numbers.
    """
    options = ReadOptions(**overrides)
    return _roles(frames.of_arrow(table, name, []), options, options.decimal or ".", [])[1]


def read_cells(path: PathOrFile, **overrides: Unpack[Overrides]) -> tuple[pa.Table, str]:
    """The columns of a CSV or Parquet file before anything is made of them, and the decimal sign of its numbers.

    For what goes on to :func:`from_arrow` together with other files. Text stays text; arguments and errors as in
    :func:`read_csv`, as far as they concern text.
    """
    source, options = sources.load(path), ReadOptions(**overrides)
    if source.is_parquet:
        return pa.table(frames.of_parquet(source, []).columns), "."
    dialect = find_dialect(source, options, [])
    return pa.table(parse(source, dialect, [], None).columns), dialect.decimal


def from_array(
    values: ArrayLike,
    times: ArrayLike | None = None,
    *,
    labels: ArrayLike | None = None,
    channels: Sequence[str] | None = None,
    zone: str | None = None,
    step: str | None = None,
    name: str = "array",
) -> Reading:
    """Take an array.

    Args:
        values: ``(n,)`` or ``(n, c)`` numbers; NaN where nothing was observed.
        times: ``(n,)`` of anything that :func:`read_csv` reads as times; ``None``: rows are counted.
        labels: ``(n,)`` of 0 and 1.
        channels: the ``c`` names; otherwise ``value``, or ``channel 1`` and so on.
        zone: as in :class:`ReadOptions`.
        step: as in :class:`ReadOptions`.
        name: of the series.

    Raises:
        DataError: shapes do not agree, or no numbers.
    """
    table = frames.of_array(values, times, labels, channels, name)
    options = ReadOptions(
        time_column=NONE_SUCH if times is None else frames.TIME,
        label_column=NONE_SUCH if labels is None else frames.LABEL,
        series_column=NONE_SUCH,
        channels=[column for column in table.columns if column not in (frames.TIME, frames.LABEL)],
        zone=zone,
        step=step,
    )
    return _understood(table, options, [])


def _read(
    path: PathOrFile, options: ReadOptions, progress: OnProgress | None, *, parquet: bool | None = None
) -> Reading:
    """Read a file that must be Parquet, must not be, or (``None``) may be."""
    source = sources.load(path)
    if parquet is False and source.is_parquet:
        raise ReadError(f"{source.name} is a Parquet file; read it with read_parquet or read_file")
    if parquet is True and not source.is_parquet:
        raise ReadError(f"{source.name} is not a Parquet file; read text with read_csv or read_file")
    findings: list[Finding] = []
    dialect = None if source.is_parquet else find_dialect(source, options, findings)
    if dialect is None:
        table = frames.of_parquet(source, findings)
        report(progress, 1.0)
    else:
        table = parse(source, dialect, findings, progress)
    del source  # its bytes are parsed: let them go before numbers are made
    return _understood(table, options, findings, dialect)


def _understood(table: Table, options: ReadOptions, findings: list[Finding], dialect: Dialect | None = None) -> Reading:
    """The stations after the text is a table: what columns are for, then series on their grids."""
    if len(table) < 2:
        raise DataError(f"{table.name} has {counted(len(table), 'row')} of data; a series needs at least 2")
    decimal = dialect.decimal if dialect else options.decimal or "."
    table, roles = _roles(table, options, decimal, findings)
    series = lay_out(table, roles, options, findings)
    return Reading(series, _diagnosis(table, roles, series, findings, dialect))


def _roles(table: Table, options: ReadOptions, decimal: str, findings: list[Finding]) -> tuple[Table, Roles]:
    """The table, a clock in two columns joined, and what its columns are for."""
    if options.time_column is None or JOINT in options.time_column:
        table = with_joined_clock(table)
    return table, find_roles(table, options, decimal, findings)


def _diagnosis(
    table: Table, roles: Roles, series: tuple[Series, ...], findings: list[Finding], dialect: Dialect | None
) -> Diagnosis:
    steps = {one.step for one in series}
    step = steps.pop() if len(steps) == 1 else None
    text: dict[str, Any] = {}
    if dialect is not None:
        text = {
            "encoding": dialect.encoding,
            "delimiter": dialect.delimiter,
            "decimal": dialect.decimal,
            "header": dialect.header,
        }
    return Diagnosis(
        source=table.name,
        rows=len(table),
        layout="long" if roles.series_column else "wide",
        time_column=roles.time_column,
        time_format=(roles.stamps.notation or None) if roles.stamps else None,
        zone=series[0].zone,
        step=duration(step.astype(np.int64)) if step is not None else None,
        series_column=roles.series_column,
        label_column=roles.label_column,
        channels=series[0].channels,
        series={one.name: len(one) for one in series},
        findings=tuple(findings),
        **text,
    )
