"""Tables that are typed already: Parquet files, data frames, arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike

from tsanomaly.errors import DataError, ReadError
from tsanomaly.series.diagnosis import Finding
from tsanomaly.series.source import Source, stem
from tsanomaly.series.table import Table, distinct

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.parquet as pq

TIME, LABEL = "time", "label"

CELL_LIMIT = 200_000_000
"""Cells of a Parquet file: its packing can promise billions in a few bytes."""


def of_parquet(source: Source, findings: list[Finding]) -> Table:
    """The columns of a Parquet file.

    Raises:
        ReadError: damaged, empty or too large.
    """
    with _parquet(source.name, pa.BufferReader(source.data)) as file:
        table, rows = file.read(), file.metadata.num_rows
    return _of_columns(source.name, source.stem, table, rows, findings)


def parquet_beginning(file: IO[bytes], name: str, most: int, findings: list[Finding]) -> tuple[Table, int]:
    """The first rows of a Parquet file, with no others read, and how many rows there are.

    Raises:
        ReadError: as :func:`of_parquet`.
    """
    with _parquet(name, pa.PythonFile(file, "r")) as parquet:
        rows = parquet.metadata.num_rows
        batches, taken = [], 0
        groups = _first_groups(parquet.metadata, most)
        for batch in parquet.iter_batches(min(most, 65_536), row_groups=groups):
            batches.append(batch.slice(0, most - taken))
            taken += len(batches[-1])
            if taken >= most:
                break
        table = pa.Table.from_batches(batches, parquet.schema_arrow)
    return _of_columns(name, stem(name), table, taken, findings), rows


def _first_groups(about: pq.FileMetaData, most: int) -> list[int]:
    """Numbers of the row groups that hold the first rows."""
    groups, rows = [], 0
    for group in range(about.num_row_groups):
        if rows >= most:
            break
        groups.append(group)
        rows += about.row_group(group).num_rows
    return groups


@contextmanager
def _parquet(name: str, content: Any) -> Iterator[pq.ParquetFile]:
    """An open Parquet file of a size that can be read; what is wrong with it is said in a sentence."""
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(content)
        rows, columns = file.metadata.num_rows, file.metadata.num_columns
        if rows * columns > CELL_LIMIT:
            raise ReadError(
                f"{name} holds {rows:,} rows of {columns:,} columns, and {CELL_LIMIT:,} cells are the most that "
                "is read; split it into smaller files"
            )
        yield file
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        if isinstance(error, ReadError):
            raise
        raise ReadError(f"{name} is a damaged Parquet file; write it again") from None


def _of_columns(name: str, stem: str, table: pa.Table, rows: int, findings: list[Finding]) -> Table:
    names = distinct([str(column) for column in table.column_names], findings)
    return _table(name, stem, dict(zip(names, map(_decoded, table.columns), strict=True)), rows)


def of_arrow(table: pa.Table, name: str, findings: list[Finding]) -> Table:
    """The columns of an Arrow table."""
    return _of_columns(name, name, table, table.num_rows, findings)


def of_frame(frame: pd.DataFrame, name: str, findings: list[Finding]) -> Table:
    """The columns of a data frame, its index first where that says anything."""
    import pandas as pd

    index = frame.index
    columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
    names = [str(column) for column in frame.columns]
    if isinstance(index, pd.MultiIndex) or index.name is not None or not pd.api.types.is_integer_dtype(index.dtype):
        levels = [index.get_level_values(i) for i in range(index.nlevels)]
        columns = [*(pd.Series(level) for level in levels), *columns]
        names = [*(_index_name(level) for level in levels), *names]
    if not len(frame):
        raise DataError(f"{name} has no rows; a series needs at least 2")
    arrays = map(_arrow, columns)
    return _table(name, name, dict(zip(distinct(names, findings), arrays, strict=True)), len(frame))


def _index_name(index: pd.Index[Any]) -> str:
    return str(index.name) if index.name is not None else TIME if index.dtype.kind == "M" else "index"


def of_array(
    values: ArrayLike, times: ArrayLike | None, labels: ArrayLike | None, channels: Sequence[str] | None, name: str
) -> Table:
    """Channels, times and labels as columns.

    Raises:
        DataError: no numbers, more than two dimensions, or lengths that do not agree.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (ValueError, TypeError):
        raise DataError(f"{name} holds something else than numbers") from None
    if array.ndim not in (1, 2) or array.size == 0:
        raise DataError(f"{name} has shape {array.shape}; expected (rows,) or (rows, channels)")
    array = array.reshape(len(array), -1)
    count = array.shape[1]
    names = list(channels) if channels is not None else ["value"] if count == 1 else _numbered(count)
    if len(names) != count or len(set(names)) != count or {TIME, LABEL} & set(names):
        raise DataError(
            f"{name} has {count} channels and needs as many distinct names, none of them '{TIME}' or '{LABEL}'"
        )
    columns = {channel: pa.chunked_array([pa.array(array[:, i])]) for i, channel in enumerate(names)}
    for role, extra in ((TIME, times), (LABEL, labels)):
        if extra is not None:
            columns[role] = _arrow(_series_of(extra))
            if len(columns[role]) != len(array):
                raise DataError(f"{name} has {len(array)} rows and {len(columns[role])} {role}s; they must agree")
    return _table(name, name, columns, len(array))


def _series_of(values: ArrayLike) -> pd.Series[Any]:
    import pandas as pd

    return pd.Series(np.asarray(values)) if not isinstance(values, pd.Index | pd.Series) else pd.Series(values)


def _numbered(count: int) -> list[str]:
    return [f"channel {i + 1}" for i in range(count)]


def _arrow(column: pd.Series[Any]) -> pa.ChunkedArray:
    import pandas as pd

    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    try:
        array = pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError):
        array = pa.array([None if pd.isna(cell) is True else str(cell) for cell in column], pa.string())
    return _decoded(array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array]))


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text as plain strings, categories as what they stand for."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = pc.cast(column, kind.value_type)
        kind = column.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pc.cast(column, pa.string())
    return pc.cast(column, pa.float64()) if pa.types.is_null(kind) else column


def _table(name: str, stem: str, columns: dict[str, pa.ChunkedArray], rows: int) -> Table:
    if not columns or not rows:
        raise DataError(f"{name} has {rows} rows of {len(columns)} columns; a series needs at least 2 rows of 1")
    return Table(name, stem, columns, np.arange(1, rows + 1))
