"""CSV files, each read whole: as :mod:`tsanomaly.series` understands them, and refused while they are half written."""

from __future__ import annotations

import codecs
import csv
import io
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from tsanomaly.batch.job import CommandSource, FileSource
from tsanomaly.batch.sources.storage import Found, stamp_of
from tsanomaly.errors import ReadError, SchemaChangedError, UnfinishedSourceError
from tsanomaly.series import read_cells
from tsanomaly.series.source import SIZE_LIMIT

SETTLES = timedelta(minutes=1)
"""A file that nobody touched for so long is taken to be whole, even without an end to its last line: some are."""

PACKED = (b"\x1f\x8b", b"PK")
"""How gzip and zip begin."""

HEADER_BYTES = 2**16
"""A single line of up to so many bytes is a header whose rows are still to come."""


def cells_of(file: Found, source: FileSource) -> tuple[pa.Table, str] | None:
    """The columns of a file as text, and its decimal sign; ``None`` where it has a header and no rows yet.

    Raises:
        UnfinishedSourceError: it is empty, ends in the middle of a row, or changed while it was read.
        SchemaChangedError: it is no table.
        SourceUnreachableError: it cannot be read.
    """
    system = file.storage.system
    with file.storage.reached(file.name):
        before = stamp_of(system.info(file.path))
        with system.open(file.path, "rb") as stream:
            data = stream.read(SIZE_LIMIT + 1)
        system.invalidate_cache(str(PurePosixPath(file.path).parent))
        if stamp_of(system.info(file.path)) != before:
            raise UnfinishedSourceError(
                f"{file.name} changed while it was read; the next run reads it again. Writers should write aside and "
                "rename"
            )
    if not data:
        raise UnfinishedSourceError(f"{file.name} is empty: nothing is written yet. The next run reads it again")
    if source.header is not False and _is_one_line(data):
        return None
    table = cells_of_bytes(data, file.name, source)
    if not _ends(data, source) and file.storage.age_of(file.path) < SETTLES:
        raise UnfinishedSourceError(
            f"{file.name} was changed just now and its last row has no end: it may be half written. The next run reads "
            "it again; writers should write aside and rename"
        )
    return table


def cells_of_bytes(data: bytes, name: str, source: FileSource | CommandSource) -> tuple[pa.Table, str]:
    """As :func:`cells_of`, of what was read already."""
    try:
        table, decimal = read_cells(_Named(data, name), **_dialect(source))
    except ReadError as error:
        if data[:2] in PACKED:
            raise UnfinishedSourceError(f"{error}; the next run reads it again") from None
        raise SchemaChangedError(str(error)) from None
    _check_ends(data, name, source)
    return table, decimal


class _Named(io.BytesIO):
    """Bytes with a file's name."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


def _dialect(source: FileSource | CommandSource) -> dict[str, Any]:
    return {key: getattr(source, key) for key in ("encoding", "delimiter", "decimal", "header")}


def _check_ends(data: bytes, name: str, source: FileSource | CommandSource) -> None:
    """Raises UnfinishedSourceError where the last row has fewer fields than the one before, and no end."""
    if _ends(data, source):
        return
    lines = (_last_lines(data, source.encoding or "utf-8") or "").splitlines()
    for delimiter in [source.delimiter] if source.delimiter else [",", ";", "\t", "|"]:
        counts = [len(row) for row in csv.reader(lines[-2:], delimiter=delimiter)]
        if len(counts) == 2 and counts[1] < counts[0]:
            raise UnfinishedSourceError(
                f"{name} ends in the middle of a row: it is half written. The next run reads it again; writers should "
                "write aside and rename"
            )


def _is_one_line(data: bytes) -> bool:
    return len(data) < HEADER_BYTES and data[:2] not in PACKED and b"\n" not in data.strip()


def _ends(data: bytes, source: FileSource | CommandSource) -> bool:
    """Whether the last row has its line's end, as far as can be told."""
    text = _last_lines(data, source.encoding or "utf-8")
    return text is None or text.endswith(("\n", "\r"))


def _last_lines(data: bytes, encoding: str) -> str | None:
    """The end of a plain text; ``None`` for archives, which cannot be cut without notice."""
    if data[:2] in PACKED or data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return None
    end = data[-65536:]
    newline = end.find(b"\n") + 1
    return end[newline if len(data) > len(end) else 0 :].decode(encoding, "replace")
