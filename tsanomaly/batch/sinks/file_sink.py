"""CSV and Parquet files: read, replaced in the stretches covered, written aside and renamed.

Events are one file. Scores are a folder with a file a job and day (UTC): ``pump-2026-03-02.csv``.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tsanomaly.batch.job import FileSink, Job
from tsanomaly.batch.job_secrets import without_secrets
from tsanomaly.batch.sinks.covered import COLUMNS, KEYS, TIMES, Covered, What, complete, within
from tsanomaly.batch.sources.storage import Storage, storage_of
from tsanomaly.errors import OutputError, TsAnomalyError

FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""What a spreadsheet would run, at the beginning of a text: an apostrophe before it stops that (and before another
apostrophe, so that reading gives the same text again)."""

TEXTS = {"series", "channels"}
NUMBERS = {"severity", "score", "threshold"}


@dataclass(frozen=True)
class FilesWritten:
    """A sink of files.

    Attributes:
        settings: of the job's file.
        storage: where it lies, and the place in it.
        place: a file for events, a folder for scores.
    """

    settings: FileSink
    storage: Storage
    place: str

    @classmethod
    def of(cls, job: Job, settings: FileSink) -> FilesWritten:
        """The sink of a job; nothing is written yet.

        Raises:
            ConfigurationError: no such storage, or a variable is not set.
        """
        located = job.located(settings.path)
        return cls(settings, *storage_of(located, settings.options_env, "sinks.options_env"))

    @property
    def what(self) -> What:
        """``events`` or ``scores``."""
        return self.settings.what

    def write(self, job: str, covered: Sequence[Covered], rows: pd.DataFrame) -> None:
        """Replace what there is of ``job`` in the stretches covered by ``rows``. One process at a time.

        Raises:
            OutputError: a file cannot be written, or what is there is no such table.
        """
        table = complete(self.what, job, rows)
        if self.what == "events":
            self._replace(self.place, job, covered, table)
            return
        days = table["time"].dt.strftime("%Y-%m-%d")
        for day in sorted({*days, *_days(covered)}):
            path = f"{self.place.rstrip('/')}/{job}-{day}.{self.settings.kind}"
            self._replace(path, job, covered, table[days == day])

    def _replace(self, path: str, job: str, covered: Sequence[Covered], rows: pd.DataFrame) -> None:
        with self._written(path):
            old = self._read(path)
            if old is None and not len(rows):
                return
            if old is not None:
                kept = old[~within(self.what, old, job, covered)]
                rows = (
                    pd.concat([kept, rows], ignore_index=True)
                    if len(kept) and len(rows)
                    else kept
                    if len(kept)
                    else rows
                )
                rows = rows.sort_values(list(KEYS[self.what]), kind="stable", ignore_index=True)
            self._write(path, self._packed(rows))

    def _read(self, path: str) -> pd.DataFrame | None:
        try:
            data = self.storage.system.cat_file(path)
        except FileNotFoundError:
            return None
        try:
            return self._unpacked(data)
        except (ValueError, KeyError, pa.ArrowException):
            raise OutputError(
                f"'{path}' is there and is no table of {self.what}; move it away or give the sink another path"
            ) from None

    def _unpacked(self, data: bytes) -> pd.DataFrame:
        if self.settings.kind == "parquet":
            table: pd.DataFrame = pq.read_table(pa.BufferReader(data)).to_pandas()[list(COLUMNS[self.what])]
        else:
            table = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)[list(COLUMNS[self.what])]
            for column in NUMBERS & set(table.columns):
                table[column] = pd.to_numeric(table[column].replace("", "nan"))
            for column in TEXTS & set(table.columns):
                table[column] = [
                    text[1:] if text[:1] == "'" and text[1:2] in FORMULA else text for text in table[column]
                ]
        for column in TIMES[self.what]:
            table[column] = pd.to_datetime(table[column], utc=True, format="ISO8601")
        return table

    def _packed(self, rows: pd.DataFrame) -> bytes:
        if self.settings.kind == "parquet":
            buffer = io.BytesIO()
            pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), buffer)
            return buffer.getvalue()
        text = rows.copy()
        for column in TIMES[self.what]:
            text[column] = [moment.isoformat() for moment in text[column]]
        for column in TEXTS & set(text.columns):
            text[column] = [f"'{cell}" if str(cell).startswith(FORMULA) else cell for cell in text[column]]
        return text.to_csv(index=False, lineterminator="\n").encode()

    def _write(self, path: str, data: bytes) -> None:
        """The whole file or none: a reader sees the old one or the new one."""
        if not self._is_local():
            self.storage.system.pipe_file(path, data)  # object stores show an object when it is whole
            return
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with aside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)

    def _is_local(self) -> bool:
        protocol: Any = self.storage.system.protocol
        return "file" in (protocol if isinstance(protocol, tuple | list) else (protocol,))

    @contextmanager
    def _written(self, path: str) -> Iterator[None]:
        """What a storage raises, as OutputError; its libraries raise what they like."""
        try:
            yield
        except TsAnomalyError:
            raise
        except Exception as error:
            reason = without_secrets(str(getattr(error, "strerror", None) or error), self.storage.secrets)
            raise OutputError(f"the sink '{path}' cannot be written: {reason}") from None


def _days(covered: Sequence[Covered]) -> Iterator[str]:
    for since, until in {(one.since, one.until) for one in covered}:
        yield from _days_between(since, until)


def _days_between(since: datetime, until: datetime) -> list[str]:
    days = pd.date_range(pd.Timestamp(since).tz_convert("UTC").floor("D"), pd.Timestamp(until), freq="D")
    return [str(day) for day in days.strftime("%Y-%m-%d")]
