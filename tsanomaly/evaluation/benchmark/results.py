"""The table of results: one row for each file and detector, written as it comes."""

from __future__ import annotations

import contextlib
import csv
import io
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tsanomaly.errors import OutputError, ReadError

DIGITS = 6


@dataclass(frozen=True)
class Row:
    """How one detector did on one file. A number that does not exist is NaN, and empty in the table.

    Attributes:
        file, folder: name of the file and of the folder it is in.
        detector, seed: what was run.
        rows, channels: of the file.
        anomalies: labelled segments.
        longest_anomaly: rows of the longest one.
        vus_pr, vus_roc, auc_pr: of the scores; 0 where the file failed, NaN where it has no anomaly.
        event_f1, affiliation_f1: of the alarms at the default threshold; likewise.
        flagged_per_week, labelled_per_week: alarms and labelled segments; without times, a week has 2,016 rows.
        fit_seconds, score_seconds: wall-clock time.
        peak_megabytes: most memory the process held meanwhile, in MiB, its libraries included.
        failure: why there are no scores, in one sentence; empty where there are.
    """

    file: str
    folder: str
    detector: str
    seed: int
    rows: int = 0
    channels: int = 0
    anomalies: int = 0
    longest_anomaly: int = 0
    vus_pr: float = math.nan
    vus_roc: float = math.nan
    auc_pr: float = math.nan
    event_f1: float = math.nan
    affiliation_f1: float = math.nan
    flagged_per_week: float = math.nan
    labelled_per_week: float = math.nan
    fit_seconds: float = math.nan
    score_seconds: float = math.nan
    peak_megabytes: float = math.nan
    failure: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """What one row is for."""
        return self.file, self.detector, self.seed


HEADS = {
    "vus_pr": "VUS-PR",
    "vus_roc": "VUS-ROC",
    "auc_pr": "AUC-PR",
    "event_f1": "event F1",
    "affiliation_f1": "affiliation F1",
}
"""The metrics of a :class:`Row`, and what people call them."""

METRICS = tuple(HEADS)
COLUMNS = tuple(field.name for field in fields(Row))
_READ = {field.name: {"int": int, "float": float, "str": str}[str(field.type)] for field in fields(Row)}


def failed(file: str, folder: str, detector: str, seed: int, reason: str) -> Row:
    """The row of a file that could not be scored: 0 in every metric."""
    return Row(file, folder, detector, seed, **dict.fromkeys(METRICS, 0.0), failure=" ".join(reason.split()))  # type: ignore[arg-type]


def read_results(path: Path) -> list[Row]:
    """The rows of a table, the last one where there are several for the same file, detector and seed.

    A last line without its end, as a killed run leaves it, is no row.

    Raises:
        ReadError: not there, or no table of results.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ReadError(f"'{path}' cannot be read: {error.strerror}") from None
    return parse_results(content, str(path))


def parse_results(content: bytes, name: str) -> list[Row]:
    """:func:`read_results` of a file's content.

    Raises:
        ReadError: no table of results.
    """
    whole = content[: content.rfind(b"\n") + 1]
    try:
        rows = {row.key: row for row in _parsed(whole.decode(), name)}
    except (UnicodeDecodeError, csv.Error):
        raise ReadError(f"'{name}' is not a table of results: it is no text of columns") from None
    return list(rows.values())


def stored_results(folder: Path) -> list[Path]:
    """Tables of results directly in a folder, by name."""
    found = sorted(path for path in folder.glob("*.csv") if path.is_file())
    return [path for path in found if _first_line(path) == ",".join(COLUMNS)]


def _first_line(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError), path.open(encoding="utf-8") as file:
        return file.readline(1000).rstrip("\n")
    return ""


def _parsed(text: str, name: str) -> Iterator[Row]:
    table = csv.reader(io.StringIO(text))
    if tuple(next(table, COLUMNS)) != COLUMNS:
        raise ReadError(f"'{name}' is not a table of results; expected the columns {', '.join(COLUMNS)}")
    for cells in table:
        try:
            yield Row(*(_cell(column, cell) for column, cell in zip(COLUMNS, cells, strict=True)))
        except ValueError:
            raise ReadError(f"'{name}' is damaged in line {table.line_num}; remove that line") from None


def _cell(name: str, cell: str) -> Any:
    kind = _READ[name]
    return math.nan if kind is float and not cell else kind(cell)


class Table:
    """A table that grows on disk row by row; what it held before is kept."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        """Open, without a half-written last line.

        Raises:
            ReadError: something else is there.
            OutputError: cannot be written.
        """
        self.rows = {row.key: row for row in read_results(self.path)} if self.path.exists() else {}
        try:
            self._file = self.path.open("a+b")
            self._file.seek(0)
            whole = self._file.read().rfind(b"\n") + 1
            self._file.truncate(whole)
        except OSError as error:
            raise OutputError(f"'{self.path}' cannot be written: {error.strerror}; give another path") from None
        if not whole:
            self._write(COLUMNS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, row: Row) -> None:
        """Add a row; it is on its way to the disk when this returns."""
        self.rows[row.key] = row
        self._write(_shown(value) for value in asdict(row).values())

    def _write(self, cells: Any) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        try:
            self._file.write(line.getvalue().encode())
            self._file.flush()
        except OSError as error:
            raise OutputError(f"'{self.path}' cannot be written: {error.strerror}; make room for it") from None


def _shown(value: Any) -> Any:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(round(value, DIGITS))
    return value
