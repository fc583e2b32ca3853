"""Which column is the clock, and its cells as instants."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tsanomaly.errors import ReadError
from tsanomaly.series.columns import is_text, require, to_numbers
from tsanomaly.series.diagnosis import Finding, Level, counted, found
from tsanomaly.series.options import NONE_SUCH, ReadOptions
from tsanomaly.series.table import Table
from tsanomaly.series.timestamps import EPOCHS, NAT, Stamps, notation_of, plausible_epochs, read_numbers, read_texts

TIME_NAMES = re.compile(r"(?i).*(time|date|stamp|zeit|datum|fecha|epoch|heure).*|ts|dt|ds|t|datetime|when")
SAMPLES = 400
"""Cells looked at to know a column, from all over it."""

FIRST_SECOND, LAST_SECOND = -9_214_560_000, 9_214_646_400
"""1678-01-01 and 2262-01-01: 64-bit nanoseconds hold what lies between."""


def find_clock(
    table: Table, options: ReadOptions, decimal: str, findings: list[Finding]
) -> tuple[str | None, Stamps | None, str | None]:
    """The clock's name, its cells, and the zone that its type carries (Parquet, pandas); stamps are ``None`` where
    rows are to be counted.

    Raises:
        ReadError: the column asked for is not there or holds no times.
    """
    name = options.time_column
    if name is None:
        name = _likely_clock(table, options, decimal)
    elif name != NONE_SUCH:
        require(list(table.columns), name, "time", table.name)
    if not name:
        return None, None, None
    stamps, zone = _read_stamps(table.columns[name], options.time_format, decimal)
    if len(stamps.outside) and stamps.outside.all():
        raise ReadError(
            f"{table.name}: every time in column '{name}' lies before 1678 or after 2261; "
            "give time_format if they are written otherwise, or time_column='' to count rows"
        )
    if not stamps.readable.any():
        raise ReadError(
            f"{table.name}: no cell of column '{name}' can be read as a time; give time_format, or another time_column"
        )
    local = stamps.local[stamps.readable]
    if options.time_column is None and len(local) > 1 and (local == local[0]).all() and len(table) > 1:
        message = f"every row of '{name}' has the same time"
        findings.append(found("constant-clock", Level.WARNING, message, repair="rows are counted instead", column=name))
        return name, None, None
    _clock_findings(name, stamps, table.rows, findings)
    return name, stamps, zone


def _likely_clock(table: Table, options: ReadOptions, decimal: str) -> str | None:
    """The first column that reads as times, one with a telling name before others."""
    if options.time_format is not None:
        return _clock_written_as(table, options.time_format, decimal)
    not_clocks = {options.series_column, options.label_column, *(options.channels or ())}
    names = [name for name in table.columns if name not in not_clocks]
    hinted = [name for name in names if TIME_NAMES.fullmatch(name)]
    for name in (*hinted, *names):
        if _reads_as_time(table.columns[name], name in hinted, name == names[0], decimal):
            return name
    return None


def _clock_written_as(table: Table, notation: str, decimal: str) -> str | None:
    """The first column that reads as times in a given notation."""
    for name, column in table.columns.items():
        if _read_stamps(spread(column), notation, decimal)[0].readable.mean() > 0.5:
            return name
    return None


def _reads_as_time(column: pa.ChunkedArray, hinted: bool, first: bool, decimal: str) -> bool:
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return True
    if not (is_text(column) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return False
    sample = spread(column)
    if is_text(column):
        texts = [text for text in sample.to_pylist() if text and text.strip()]
        notation = notation_of(texts)
        if notation is not None and not (notation == "compact" and all(t.strip().isdigit() for t in texts)):
            return True
        if notation == "compact" and (hinted or first):
            return True
    if not (hinted or first):
        return False
    numbers = to_numbers(sample, decimal)
    if not numbers.is_numeric or not plausible_epochs(numbers.values):
        return False
    steps = np.diff(numbers.values[np.isfinite(numbers.values)])
    return hinted or bool(len(steps) and (steps >= 0).mean() > 0.9 and (steps > 0).any())


def spread(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Some cells from all over the column, in order."""
    stride = max(1, len(column) // SAMPLES)
    return column.take(pa.array(np.arange(0, len(column), stride)))


def _read_stamps(column: pa.ChunkedArray, notation: str | None, decimal: str) -> tuple[Stamps, str | None]:
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _typed_stamps(column)
    if not is_text(column):
        whole = pa.types.is_integer(kind) and not column.null_count
        return read_numbers(column.to_numpy() if whole else to_numbers(column, decimal).values, notation), None
    if notation is None:
        texts = [text for text in spread(column).to_pylist() if text and text.strip()]
        if notation_of(texts) is None:
            numbers = _numbers_of_texts(column, decimal)
            if np.isfinite(numbers).any():
                return read_numbers(numbers), None
    elif notation in EPOCHS:
        return read_numbers(_numbers_of_texts(column, decimal), notation), None
    return read_texts(column, notation), None


def _numbers_of_texts(column: pa.ChunkedArray, decimal: str) -> NDArray[Any]:
    """Whole numbers as int64, which nanoseconds need; else floats."""
    try:
        whole = pc.cast(column, pa.int64())
        if not whole.null_count:
            return np.asarray(whole.to_numpy())
    except pa.ArrowInvalid:
        pass
    return to_numbers(column, decimal).values


def _typed_stamps(column: pa.ChunkedArray) -> tuple[Stamps, str | None]:
    n = len(column)
    zone = getattr(column.type, "tz", None)
    seconds = pc.cast(pc.cast(column, pa.timestamp("s", tz=zone), safe=False), pa.int64())
    inside = pc.and_(pc.greater_equal(seconds, FIRST_SECOND), pc.less(seconds, LAST_SECOND))
    outside = pc.fill_null(pc.invert(inside), False)
    held = pc.if_else(pc.fill_null(inside, False), column, pa.scalar(None, column.type))
    local = pc.fill_null(pc.cast(pc.cast(held, pa.timestamp("ns", tz=zone)), pa.int64()), NAT).to_numpy()
    offset = np.full(n, np.nan if zone is None else 0.0)
    return Stamps(local, offset, "", outside.to_numpy().astype(np.bool_)), zone


def _clock_findings(name: str, stamps: Stamps, rows: NDArray[np.int64], findings: list[Finding]) -> None:
    for code, level, concerned, what, repair in (
        ("unreadable-stamps", Level.REPAIRED, ~stamps.readable & ~stamps.outside, "with no readable time", "left out"),
        ("stamps-out-of-range", Level.REPAIRED, stamps.outside, "before 1678 or after 2261", "left out"),
        ("before-1970", Level.NOTE, stamps.readable & (stamps.local < 0), "before 1970", ""),
    ):
        if concerned.any():
            message = f"{counted(int(concerned.sum()), 'row')} {what} in '{name}'"
            findings.append(found(code, level, message, rows=rows[concerned], repair=repair, column=name))
    if stamps.unsure:
        message = f"'{name}' could have the day or the month first"
        repair = f"taken as {stamps.notation}; give time_format='month first' for the other"
        findings.append(found("day-or-month", Level.WARNING, message, repair=repair, column=name))
