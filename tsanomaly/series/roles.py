"""Which column is the clock, which names the series, which holds labels, which are channels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tsanomaly.errors import ReadError
from tsanomaly.series.clock import TIME_NAMES, find_clock, spread
from tsanomaly.series.columns import Numbers, channel_findings, is_label_name, is_text, require, to_labels, to_numbers
from tsanomaly.series.diagnosis import Finding, Level, found
from tsanomaly.series.options import NONE_SUCH, ReadOptions
from tsanomaly.series.table import Table
from tsanomaly.series.timestamps import Stamps

SERIES_NAMES = re.compile(
    r"(?i)(series|sensor|device|machine|unit|item|asset|tag|host|metric|variable|station|meter)(_?(id|name|no))?|id|unique_id"
)
COUNTER_NAMES = re.compile(r"(?i)unnamed: ?\d+|index|idx|row|rows|no|nr|#|id|column 1|step|__index_level_0__")


@dataclass(frozen=True)
class Roles:
    """What the columns are for, with their cells read.

    Attributes:
        time_column, stamps: the clock; ``None`` where rows are counted.
        zone: of the column's own type, where it has one (Parquet, pandas).
        series_column, label_column: names or ``None``.
        labels: ``(n,)`` bool or ``None``.
        channels: name to numbers.
    """

    time_column: str | None
    stamps: Stamps | None
    zone: str | None
    series_column: str | None
    label_column: str | None
    labels: NDArray[np.bool_] | None
    channels: dict[str, Numbers] = field(default_factory=dict)


def find_roles(table: Table, options: ReadOptions, decimal: str, findings: list[Finding]) -> Roles:
    """Give every column a part.

    Raises:
        ReadError: a column asked for is not there or does not hold what it should; no column holds numbers.
    """
    time_column, stamps, zone = find_clock(table, options, decimal, findings)
    rest = [name for name in table.columns if name != time_column]
    series_column = _find_series_column(table, rest, stamps, options, decimal)
    rest = [name for name in rest if name != series_column]
    label_column, labels = _find_labels(table, rest, options, findings)
    rest = [name for name in rest if name != label_column]
    channels = _find_channels(table, rest, options, decimal, findings)
    clock = time_column if stamps is not None else None
    return Roles(clock, stamps, zone, series_column, label_column, labels, channels)


def _find_series_column(
    table: Table, rest: list[str], stamps: Stamps | None, options: ReadOptions, decimal: str
) -> str | None:
    """A column that tells apart rows of the same time: then the file is long."""
    if options.series_column is not None:
        if options.series_column != NONE_SUCH:
            require(rest, options.series_column, "the series' name", table.name)
        return options.series_column or None
    if stamps is None:
        return None
    unclear = _repeats(stamps.local)
    for name in rest:
        column, hinted = table.columns[name], SERIES_NAMES.fullmatch(name) is not None
        if name == options.label_column or name in (options.channels or ()) or is_label_name(name):
            continue
        if not hinted and (not is_text(column) or to_numbers(spread(column), decimal).is_numeric):
            continue
        codes, groups = codes_of(column)
        if not 2 <= len(groups) <= len(table) / 2:
            continue
        apart = _repeats(stamps.local, codes)
        tells_apart = unclear > 0.3 * len(table) and apart <= 0.1 * unclear
        named = is_text(column) and hinted and apart == 0 and _contiguous(codes)
        if tells_apart or named:
            return name
    return None


def codes_of(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[Any]]:
    """A number for each distinct cell, ``(n,)``, and the cells they stand for, in order of first appearance."""
    coded = pc.dictionary_encode(column.combine_chunks(), null_encoding="encode")
    return coded.indices.to_numpy(zero_copy_only=False).astype(np.int64), coded.dictionary.to_pylist()


def _contiguous(codes: NDArray[np.int64]) -> bool:
    return int((np.diff(codes) != 0).sum()) + 1 == len(np.unique(codes))


def _repeats(local: NDArray[np.int64], codes: NDArray[np.int64] | None = None) -> int:
    """Rows whose stamp (and code) another row has already."""
    order = np.argsort(local, kind="stable") if codes is None else np.lexsort((codes, local))
    same = np.diff(local[order]) == 0
    if codes is not None:
        same &= np.diff(codes[order]) == 0
    return int(same.sum())


def _find_labels(
    table: Table, rest: list[str], options: ReadOptions, findings: list[Finding]
) -> tuple[str | None, NDArray[np.bool_] | None]:
    if options.label_column is not None:
        if options.label_column == NONE_SUCH:
            return None, None
        require(rest, options.label_column, "labels", table.name)
        labels = to_labels(table.columns[options.label_column])
        if labels is None:
            raise ReadError(
                f"{table.name}: column '{options.label_column}' holds other values than 0 and 1 (or true and false, "
                "normal and attack), so it cannot be the label column"
            )
        return options.label_column, labels
    for name in rest:
        if is_label_name(name) and name not in (options.channels or ()):
            labels = to_labels(table.columns[name])
            if labels is not None:
                return name, labels
            message = f"'{name}' is called like a label column and holds other values than 0 and 1"
            findings.append(found("odd-labels", Level.WARNING, message, repair="not taken as labels", column=name))
    return None, None


def _find_channels(
    table: Table, rest: list[str], options: ReadOptions, decimal: str, findings: list[Finding]
) -> dict[str, Numbers]:
    if options.channels is not None:
        for name in options.channels:
            require(rest, name, "a channel", table.name)
        rest = list(dict.fromkeys(options.channels))
    read = {name: to_numbers(table.columns[name], decimal) for name in rest}
    numeric = [name for name, numbers in read.items() if numbers.is_numeric]
    if not numeric:
        raise _nothing_to_watch(table, read)
    channels = {}
    for name, numbers in read.items():
        if options.channels is not None and not numbers.is_numeric and not numbers.is_empty:
            raise ReadError(f"{table.name}: column '{name}' was asked for as a channel and holds no numbers")
        if options.channels is not None or (numbers.is_numeric and not _counts_rows(name, numeric, numbers)):
            channels[name] = numbers
            findings.extend(channel_findings(name, numbers, table.rows))
        else:
            findings.append(_dropped(name, numbers))
    findings.extend(_constant(channels))
    return channels


def _nothing_to_watch(table: Table, read: dict[str, Numbers]) -> ReadError:
    if read and all(numbers.is_empty for numbers in read.values()):
        return ReadError(f"{table.name} has no value in any row of {_quoted(read)}; there is nothing to watch")
    if read and all(numbers.infinite.any() and not numbers.text.any() for numbers in read.values()):
        return ReadError(
            f"{table.name}: every number in {_quoted(read)} is infinite or too large; there is nothing to watch"
        )
    return ReadError(
        f"{table.name} has no column of numbers to watch among {_quoted(read) or 'the columns left'}; "
        "check delimiter and decimal sign"
    )


def _constant(channels: dict[str, Numbers]) -> Iterator[Finding]:
    names = [name for name, numbers in channels.items() if numbers.is_constant]
    if names:
        message = f"{_quoted(names)} {'is' if len(names) == 1 else 'are'} constant"
        repair = "kept; a constant channel can only show an anomaly by moving"
        column = names[0] if len(names) == 1 else None
        yield found("constant-column", Level.WARNING, message, repair=repair, column=column)


def _quoted(names: Iterable[str], most: int = 5) -> str:
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(f"'{name}'" for name in every[:most]) + more


def _counts_rows(name: str, numeric: list[str], numbers: Numbers) -> bool:
    """A first column that counts rows, as spreadsheets and data frames leave behind, or a clock of unknown unit."""
    if name != numeric[0] or len(numeric) < 2:
        return False
    steps = np.diff(numbers.values)
    if COUNTER_NAMES.fullmatch(name):
        return bool((steps == 1).all())
    return TIME_NAMES.fullmatch(name) is not None and bool((steps > 0).all())


def _dropped(name: str, numbers: Numbers) -> Finding:
    if numbers.is_numeric:
        message = f"'{name}' only ever rises: a counter, or a clock of unknown unit"
        repair = "left out; give time_column and time_format if it is a clock"
        return found("counter-column", Level.NOTE, message, repair=repair, column=name)
    if numbers.is_empty:
        return found("empty-column", Level.REPAIRED, f"'{name}' is empty", repair="left out", column=name)
    examples = ", ".join(f"'{text[:30]}'" for text in numbers.examples) or "nothing finite"
    message = f"'{name}' holds no numbers ({examples})"
    return found("no-numbers", Level.REPAIRED, message, repair="left out", column=name)
