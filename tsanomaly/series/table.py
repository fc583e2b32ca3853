"""A table of columns with the rows' numbers, and the parser that makes one of text."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tsanomaly.errors import ReadError
from tsanomaly.series.diagnosis import Finding, Level, counted, found
from tsanomaly.series.dialect import NO_DELIMITER, Dialect, bounded_lines
from tsanomaly.series.options import OnProgress, report
from tsanomaly.series.source import Source

CELLS_PER_BLOCK = 200_000
COLUMN_LIMIT = 10_000


@dataclass(frozen=True)
class Table:
    """Columns of one source, still as written.

    Attributes:
        name: of the source.
        stem: what an unnamed series of it is called.
        columns: name to ``(n,)`` Arrow array, in order; text from a text file, any type from elsewhere.
        rows: ``(n,)`` row numbers as a spreadsheet shows them.
    """

    name: str
    stem: str
    columns: dict[str, pa.ChunkedArray]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)


def parse(source: Source, dialect: Dialect, findings: list[Finding], on_progress: OnProgress | None) -> Table:
    """Split text into columns.

    Raises:
        ReadError: no rows, a line without end, a quote that never closes, most rows of differing lengths, or bytes
            that are not in the encoding.
        CancelledError: the callback answered ``False``.
    """
    stream = io.BytesIO(source.data)
    text = io.TextIOWrapper(stream, dialect.encoding, newline="")
    reader = csv.reader(
        bounded_lines(text, source.name), delimiter=dialect.delimiter or NO_DELIMITER, skipinitialspace=True
    )
    try:
        for _ in islice(reader, dialect.first_row):
            pass
        return _parse(source, dialect, reader, stream, findings, on_progress)
    except csv.Error:
        raise ReadError(
            f"{source.name} line {reader.line_num}: a field longer than {csv.field_size_limit():,} characters; "
            "a quotation mark is probably never closed"
        ) from None
    except UnicodeError:
        raise ReadError(
            f"{source.name} is not written in {dialect.encoding}; leave the encoding out or give another"
        ) from None


def _parse(
    source: Source,
    dialect: Dialect,
    reader: Iterator[list[str]],
    stream: io.BytesIO,
    findings: list[Finding],
    on_progress: OnProgress | None,
) -> Table:
    names = next((row for row in reader if row), []) if dialect.header else []
    row = 1 + dialect.first_row + dialect.header
    block = list(islice(reader, 1000))
    width = _usual_width(source, block, dialect.delimiter)
    while width > len(names) > 0 and not any(len(cells) >= width and cells[width - 1] for cells in block):
        width -= 1  # rows that end in a delimiter have no more columns than the header
    names = _names(names, width, findings)
    shape = _Shape(width)
    columns: list[list[pa.Array]] = [[] for _ in range(width)]
    numbers: list[NDArray[np.int64]] = []
    while block:
        kept, rows = shape.mended(block, row)
        row += len(block)
        if kept:
            numbers.append(rows)
            for chunks, cells in zip(columns, zip(*kept, strict=True), strict=True):
                chunks.append(pa.array(cells, pa.string()))
        report(on_progress, stream.tell() / len(source.data))
        block = list(islice(reader, max(1, CELLS_PER_BLOCK // width)))
    findings.extend(shape.findings())
    rows = np.concatenate(numbers) if numbers else np.empty(0, np.int64)
    if shape.ragged > len(rows) / 2:
        raise ReadError(
            f"{source.name}: more than half of the rows do not have {width} fields, the commonest number; "
            f"the delimiter is probably not {dialect.delimiter!r}, so give it"
        )
    return Table(
        source.name,
        source.stem,
        {n: pa.chunked_array(c, pa.string()) for n, c in zip(names, columns, strict=True)},
        rows,
    )


class _Shape:
    """Brings rows to one width and remembers which it had to touch."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.short: list[int] = []
        self.long: list[int] = []
        self.blank: list[int] = []

    @property
    def ragged(self) -> int:
        return len(self.short) + len(self.long)

    def mended(self, block: list[list[str]], first: int) -> tuple[list[list[str]], NDArray[np.int64]]:
        """Rows of equal width, and their numbers."""
        rows = np.arange(first, first + len(block))
        if set(map(len, block)) == {self.width}:
            return block, rows
        kept, numbers = [], []
        for number, row in zip(rows.tolist(), block, strict=True):
            if not any(row):
                self.blank.append(number)
                continue
            if len(row) < self.width:
                self.short.append(number)
                row = row + [""] * (self.width - len(row))
            elif len(row) > self.width:
                if any(row[self.width :]):  # a mere trailing delimiter is no fault
                    self.long.append(number)
                row = row[: self.width]
            kept.append(row)
            numbers.append(number)
        return kept, np.array(numbers, dtype=np.int64)

    def findings(self) -> Iterator[Finding]:
        """What was touched."""
        if self.blank:
            yield found(
                "blank-rows", Level.NOTE, f"{counted(len(self.blank), 'blank row')}", rows=self.blank, repair="skipped"
            )
        if self.short:
            yield found(
                "short-rows",
                Level.REPAIRED,
                f"{counted(len(self.short), 'row')} with fewer than {self.width} fields",
                rows=self.short,
                repair="the fields that lack are taken as missing",
            )
        if self.long:
            yield found(
                "long-rows",
                Level.WARNING,
                f"{counted(len(self.long), 'row')} with more than {self.width} fields",
                rows=self.long,
                repair="the surplus at the end is left out",
            )


def _usual_width(source: Source, block: list[list[str]], delimiter: str) -> int:
    widths = Counter(len(row) for row in block if any(row))
    if not widths:
        raise ReadError(f"{source.name} has a header and no rows; there is nothing to read")
    width = widths.most_common(1)[0][0]
    if width > COLUMN_LIMIT:
        raise ReadError(
            f"{source.name} has {width:,} columns and {COLUMN_LIMIT:,} is the most that is read; "
            f"is the delimiter really {delimiter!r}?"
        )
    return width


def _names(names: list[str], width: int, findings: list[Finding]) -> list[str]:
    """One distinct name a column."""
    given = [name.strip().removeprefix("#").strip() for name in names]
    if given and len(given) < width:
        findings.append(
            found(
                "short-header",
                Level.WARNING,
                f"the header names {counted(len(given), 'column')} and the rows have {width}",
                repair=f"the last {width - len(given)} are called by number; look whether names fit columns",
            )
        )
    given = [name or f"column {i + 1}" for i, name in enumerate((given + [""] * width)[:width])]
    return distinct(given, findings)


def distinct(names: list[str], findings: list[Finding]) -> list[str]:
    """Repeated names numbered: ``a``, ``a (2)``."""
    taken: set[str] = set()
    result: list[str] = []
    for name in names:
        new, copy = name, 1
        while new in taken or (copy > 1 and new in names):
            copy += 1
            new = f"{name} ({copy})"
        taken.add(new)
        result.append(new)
    renamed = [f"'{new}'" for old, new in zip(names, result, strict=True) if old != new]
    if renamed:
        findings.append(
            found(
                "repeated-names",
                Level.REPAIRED,
                f"{counted(len(renamed), 'column')} had the name of an earlier one",
                repair=f"now called {', '.join(renamed[:5])}",
            )
        )
    return result
