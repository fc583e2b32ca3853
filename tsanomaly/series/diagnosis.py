"""What was understood of a file, said aloud: nothing is guessed in silence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROWS_SHOWN = 10
"""Row numbers kept with a finding; ``count`` says how many there are in all."""


SEPARATOR = " · "

DELIMITER_NAMES = {"\t": "tab", " ": "space", "": "none (one column)"}


class Level(StrEnum):
    """How much a finding matters."""

    NOTE = "note"  # understood, and worth saying
    REPAIRED = "repaired"  # mended; the result differs from the file
    WARNING = "warning"  # taken as it stands; look at it


@dataclass(frozen=True)
class Finding:
    """One thing found in the source.

    Attributes:
        code: stable name for programs, such as ``repeated-stamps``.
        level: how much it matters.
        message: one sentence with names and numbers.
        rows: the first ``ROWS_SHOWN`` rows concerned, as a spreadsheet numbers them (a header is row 1).
        count: how many rows are concerned in all; 0 where no rows are.
        repair: what was done, or what to do; empty where nothing is needed.
        column: the column concerned, where it is one.
    """

    code: str
    level: Level
    message: str
    rows: tuple[int, ...] = ()
    count: int = 0
    repair: str = ""
    column: str | None = None

    def line(self) -> str:
        """Plain text for a person."""
        where = f" (row{'s' if self.count > 1 else ''} {self._rows_shown()})" if self.rows else ""
        repair = f"; {self.repair}" if self.repair else ""
        return f"{self.level}: {self.message}{where}{repair}"

    def _rows_shown(self) -> str:
        more = ", …" if self.count > len(self.rows) else ""
        return ", ".join(map(str, self.rows)) + more


@dataclass(frozen=True)
class Diagnosis:
    """How a source was understood. Every field can be overridden by the argument of the same name in ``read_csv``.

    Attributes:
        source: file or object name.
        rows: data rows in the source.
        encoding, delimiter, decimal, header: of a text file; ``None`` elsewhere.
        layout: ``wide`` (a column a channel) or ``long`` (a column names the series).
        time_column, time_format, zone, step: of the clock; ``time_column`` is ``None`` when rows are merely counted.
        series_column: of a long file.
        label_column: read only by evaluation.
        channels: the columns taken as values.
        series: names of the series found, with their grid rows.
        findings: everything noted, repaired or doubtful.
    """

    source: str
    rows: int
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    header: bool | None = None
    layout: str = "wide"
    time_column: str | None = None
    time_format: str | None = None
    zone: str | None = None
    step: str | None = None
    series_column: str | None = None
    label_column: str | None = None
    channels: tuple[str, ...] = ()
    series: dict[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain types only, ready for JSON."""
        return asdict(self)

    def worst(self) -> Level | None:
        """The most serious level among the findings."""
        order: Sequence[Level] = (Level.WARNING, Level.REPAIRED, Level.NOTE)
        return next((level for level in order if any(f.level is level for f in self.findings)), None)

    def lines(self) -> list[str]:
        """Plain text for a person: how the source was understood, then a line a finding."""
        clock = [
            f"time column {self.time_column}" if self.time_column else "no time column: rows are counted",
            self.time_format and f"written as {self.time_format}",
            self.time_column and (f"zone {self.zone}" if self.zone else "no zone, taken as UTC"),
            self.step and f"step {self.step}",
        ]
        text = [
            self.delimiter is not None and f"delimiter {DELIMITER_NAMES.get(self.delimiter, self.delimiter)}",
            self.decimal and f"decimal {'comma' if self.decimal == ',' else 'point'}",
            self.encoding and f"encoding {self.encoding}",
            self.header is not None and ("header in the first row" if self.header else "no header"),
        ]
        columns = [
            f"{self.layout} layout",
            self.series_column and f"series named by {self.series_column}",
            f"{counted(len(self.channels), 'channel')}: {_listed(self.channels)}",
            self.label_column and f"labels in {self.label_column}",
        ]
        understood = [SEPARATOR.join(part for part in parts if part) for parts in (text, clock, columns)]
        series = _listed(f"{name} ({rows:,} steps)" for name, rows in self.series.items())
        grid = f"{counted(self.rows, 'row')} read; series: {series}"
        return [self.source, *filter(None, understood), grid, *(finding.line() for finding in self.findings)]


def found(
    code: str,
    level: Level,
    message: str,
    *,
    rows: Sequence[int] | NDArray[np.int64] = (),
    repair: str = "",
    column: str | None = None,
) -> Finding:
    """A finding that keeps the first ``ROWS_SHOWN`` of ``rows`` and counts them all."""
    shown = tuple(int(row) for row in rows[:ROWS_SHOWN])
    return Finding(code, level, message, shown, len(rows), repair, column)


def counted(number: int, noun: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _listed(names: Iterable[str], most: int = 8) -> str:
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
