"""What was understood of a file, said aloud: nothing is guessed in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

ROWS_SHOWN = 10
"""Row numbers kept with a finding; ``count`` says how many there are in all."""


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
