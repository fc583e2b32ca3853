"""Files in the format of TSB-AD, with values and labels kept apart: what reads the one never reads the other.

A file is CSV, plain or gzip: a header, value columns, ``Label`` (0 or 1) last. A first column that is no number is
the time, in ISO 8601. ``_tr_N_`` in the name says that the first N rows are meant to learn from; otherwise it is the
first quarter.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
from numpy.typing import NDArray

from tsanomaly.errors import ConfigurationError, ReadError
from tsanomaly.evaluation.inputs import as_flags
from tsanomaly.evaluation.vus import sliding_window
from tsanomaly.series import Series, from_frame

if TYPE_CHECKING:
    import pandas as pd

LABEL = "Label"
ENDINGS = (".csv", ".csv.gz")
UNNAMED = "unnamed"
"""Every series' name: a detector under test learns nothing from what a file is called."""


@dataclass(frozen=True, eq=False)
class Unlabelled:
    """What a detector may see of a file.

    Attributes:
        series: without labels; on a regular grid where the file has times.
        grid_row: ``(n,)`` the row of ``series`` that each row of the file lies in.
        window: the largest buffer of VUS, from the values as the file has them.
    """

    series: Series
    grid_row: NDArray[np.intp]
    window: int

    def __len__(self) -> int:
        return len(self.grid_row)

    def reference(self, rows: int | None) -> int:
        """Rows of ``series`` in the first ``rows`` of the file, a quarter of it where ``None``."""
        first = len(self) // 4 if rows is None else min(rows, len(self))
        return int(self.grid_row[:first].max(initial=-1)) + 1


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and those directly in the folders named, by name.

    Raises:
        ConfigurationError: nothing is there, or two files have one name, by which results are told apart.
    """
    found: dict[str, Path] = {}
    for path in paths:
        inside = [path] if path.is_file() else sorted(p for p in path.glob("*") if p.name.endswith(ENDINGS))
        if not inside:
            raise ConfigurationError(f"'{path}' is no file, nor a folder with files ending in .csv or .csv.gz in it")
        for file in inside:
            other = found.setdefault(file.name, file)
            if other.resolve() != file.resolve():
                raise ConfigurationError(f"'{other}' and '{file}' have the same name; rename one or leave it out")
    return list(found.values())


def stem(file: str) -> str:
    """A file's name without its ending."""
    return file.removesuffix(".gz").removesuffix(".csv")


def source_of(file: str) -> str:
    """Where a series comes from, by its name: ``365_UCR_id_63_…`` is UCR, ``ASD_omi-4_…`` is ASD."""
    match = re.match(r"(?:\d+_)?([^_]+)", stem(file))
    return match[1] if match else stem(file)


def learning_rows(file: str) -> int | None:
    """Rows meant to learn from, ``N`` of ``_tr_N_``; ``None`` where the name does not say."""
    match = re.search(r"_tr_(\d+)(?=_|$)", stem(file))
    return int(match[1]) if match else None


def read_values(path: Path) -> Unlabelled:
    """Everything but the labels.

    Raises:
        ReadError: no table, or a column that is neither numbers nor, as the first, times.
        DataError: times that no sensible grid covers.
    """
    import pandas as pd

    frame = _read(path, labels=False)
    if not frame.shape[1] or not len(frame):
        raise ReadError(f"{path.name} has no values; expected a header, value columns, and {LABEL} last")
    timed = frame.shape[1] > 1 and not pd.api.types.is_numeric_dtype(frame.dtypes.iloc[0])
    values = _numbers(frame.iloc[:, int(timed) :], path.name)
    series, grid_row = _on_grid(frame, path.name) if timed else _as_it_is(values, frame)
    return Unlabelled(series, grid_row, sliding_window(values))


def read_labels(path: Path) -> NDArray[np.bool_]:
    """``(n,)`` the labels, and nothing else.

    Raises:
        ReadError: no table, or its last column is not ``Label``.
        DataError: a label that is neither 0 nor 1.
    """
    with _reading(path) as text:
        _check_header(text.readline(), path.name)
    return as_flags(_read(path, labels=True)[LABEL].to_numpy(np.float64), f"the labels of {path.name}")


def copy_without_labels(path: Path, target: Path) -> None:
    """Write everything but the last column, digit by digit as it is.

    Raises:
        ReadError: no table, or its last column is not ``Label``.
    """
    with _reading(path) as text, target.open("w", encoding="utf-8", newline="\n") as copy:
        copy.write(_check_header(text.readline(), path.name) + "\n")
        for line in text:
            if line.strip():
                copy.write(line.rpartition(",")[0] + "\n")


def _check_header(header: str, name: str) -> str:
    values, _, last = header.strip().rpartition(",")
    if last.strip('"') != LABEL or not values:
        raise ReadError(f"{name} has '{last}' as its last column; expected value columns and then {LABEL}, 0 or 1")
    return values


@contextmanager
def _reading(path: Path) -> Iterator[TextIO]:
    opened = gzip.open if path.suffix == ".gz" else open
    with _as_read_error(path.name), opened(path, "rt", encoding="utf-8-sig") as text:
        yield text


@contextmanager
def _as_read_error(name: str) -> Iterator[None]:
    try:
        yield
    except ReadError:
        raise
    except (OSError, EOFError, zlib.error, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise ReadError(f"{name} cannot be read as CSV: {reason}") from None


def _read(path: Path, *, labels: bool) -> pd.DataFrame:
    import pandas as pd

    with _as_read_error(path.name):
        return pd.read_csv(path, usecols=lambda name: (name == LABEL) == labels, skipinitialspace=True)


def _numbers(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    for column in frame:
        if frame[column].dtype.kind not in "iufb":
            raise ReadError(f"{name} has text in column '{column}'; expected numbers, or times in the first column")
    return frame.to_numpy(np.float64)


def _as_it_is(values: NDArray[np.float64], frame: pd.DataFrame) -> tuple[Series, NDArray[np.intp]]:
    rows = np.arange(len(values))
    return Series(rows, values, tuple(map(str, frame.columns)), name=UNNAMED), rows


def _on_grid(frame: pd.DataFrame, name: str) -> tuple[Series, NDArray[np.intp]]:
    import pandas as pd

    column = frame.columns[0]
    try:
        times = pd.to_datetime(frame[column], utc=True, format="ISO8601")
    except ValueError:
        times = pd.Series(dtype="datetime64[ns, UTC]")
    if not len(times) or times.isna().any():
        raise ReadError(f"{name} has neither numbers nor ISO 8601 times throughout its first column '{column}'")
    table = frame.assign(**{str(column): times})
    series = from_frame(table, name=UNNAMED, time_column=str(column), label_column="", series_column="").one()
    steps = (times.dt.tz_localize(None).to_numpy("datetime64[ns]") - series.times[0]) / series.step
    return series, np.clip(np.rint(steps), 0, len(series) - 1).astype(np.intp)
