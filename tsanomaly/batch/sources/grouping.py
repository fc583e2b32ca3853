"""Whole series together, a bounded number at a time, however the source mixes them."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tsanomaly.errors import OutputError, SchemaChangedError

IN_MEMORY = 256 * 2**20
"""Bytes of mixed series held in memory; beyond, they go to disk."""

BUCKETS = 64
"""Parts on disk; one is held in memory at a time."""


def grouped(tables: Iterable[pa.Table], column: str, size: int, *, ordered: bool) -> Iterator[pa.Table]:
    """Tables of at most ``size`` whole series, sorted by name, rows in the order of the source.

    The order of tables is always the same for the same data: by name; where the series are too many to hold and come
    mixed, by a checksum of the name first.

    Args:
        tables: pieces of the source.
        column: names the series.
        size: series in a table.
        ordered: whether pieces rise by name: a name may go on from one piece into the next, and never comes again.
    """
    if ordered:
        yield from _in_order(tables, column, size)
        return
    held: list[pa.Table] = []
    pieces = iter(tables)
    for table in pieces:
        held.append(table)
        if sum(one.nbytes for one in held) > IN_MEMORY:
            yield from _through_disk(chain(_taken(held), pieces), column, size)
            return
    if held:
        yield from _cut(_sorted(joined(held), column), column, size)


def _taken(held: list[pa.Table]) -> Iterator[pa.Table]:
    """The tables, each let go of when it is handed over."""
    while held:
        yield held.pop(0)


def joined(tables: list[pa.Table]) -> pa.Table:
    """Several tables below each other; a column that some lack is empty there.

    Raises:
        SchemaChangedError: a column holds text here and numbers there.
    """
    if len(tables) == 1:
        return tables[0]
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        raise SchemaChangedError(_clash(tables)) from None


def _clash(tables: list[pa.Table]) -> str:
    first: dict[str, pa.DataType] = {}
    for table in tables:
        for field in table.schema:
            kind = first.setdefault(field.name, field.type)
            try:
                pa.unify_schemas([pa.schema([(field.name, kind)]), pa.schema([field])], promote_options="permissive")
            except pa.ArrowException:
                return f"column '{field.name}' holds {kind} in one part of the source and {field.type} in another"
    return "the parts of the source do not have the same columns"


def _in_order(tables: Iterable[pa.Table], column: str, size: int) -> Iterator[pa.Table]:
    kept: pa.Table | None = None
    for table in tables:
        kept = _sorted(joined([kept, table] if kept is not None else [table]), column)
        starts = _starts(kept, column)
        whole = (len(starts) - 1) // size * size  # the last series may go on in the next table
        if whole:
            yield from _cut(kept.slice(0, starts[whole]), column, size)
            kept = kept.slice(starts[whole])
    if kept is not None:
        yield from _cut(kept, column, size)


def _through_disk(tables: Iterable[pa.Table], column: str, size: int) -> Iterator[pa.Table]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="tsanomaly-")
    except OSError as error:
        raise _no_room(tempfile.gettempdir(), error) from None
    with folder as place:
        try:
            parts = _spilled(tables, column, Path(place))
        except OSError as error:
            raise _no_room(place, error) from None
        for paths in filter(None, parts):
            yield from _cut(_sorted(joined([_read(path) for path in paths]), column), column, size)


def _spilled(tables: Iterable[pa.Table], column: str, folder: Path) -> list[list[Path]]:
    """The tables' rows as files, by the checksum of their series' names."""
    parts: list[list[Path]] = [[] for _ in range(BUCKETS)]
    for count, table in enumerate(tables):
        for bucket, part in _by_checksum(table, column):
            path = folder / f"{bucket}-{count}.arrow"
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, part.schema) as writer:
                writer.write_table(part)
            parts[bucket].append(path)
    return parts


def _no_room(folder: str, error: OSError) -> OutputError:
    return OutputError(
        f"the temporary folder {folder} cannot hold the source while it is sorted by series: "
        f"{error.strerror or error}; set TMPDIR to one with room"
    )


def _read(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


def _by_checksum(table: pa.Table, column: str) -> Iterator[tuple[int, pa.Table]]:
    codes, names = _coded(table, column)
    bucket_of = np.array([zlib.crc32(str(name).encode()) % BUCKETS for name in names], dtype=np.int64)
    buckets = bucket_of[codes]
    order = np.argsort(buckets, kind="stable")
    bounds = np.searchsorted(buckets[order], np.arange(BUCKETS + 1))
    for bucket in np.unique(bucket_of):
        yield int(bucket), table.take(pa.array(order[bounds[bucket] : bounds[bucket + 1]]))


def _coded(table: pa.Table, column: str) -> tuple[NDArray[np.int64], list[str | None]]:
    coded = pc.dictionary_encode(table.column(column).combine_chunks(), null_encoding="encode")
    return coded.indices.to_numpy(zero_copy_only=False).astype(np.int64), coded.dictionary.to_pylist()


def _sorted(table: pa.Table, column: str) -> pa.Table:
    """Rows by name, those of a series in their order."""
    codes, names = _coded(table, column)
    rank = np.empty(len(names), np.int64)
    rank[sorted(range(len(names)), key=lambda code: str(names[code] or ""))] = np.arange(len(names))
    ranks = rank[codes]
    if (np.diff(ranks) >= 0).all():
        return table
    return table.take(pa.array(np.argsort(ranks, kind="stable")))


def _starts(table: pa.Table, column: str) -> NDArray[np.int64]:
    """Where each series of a sorted table begins."""
    codes, _ = _coded(table, column)
    return np.flatnonzero(np.diff(codes, prepend=-1) != 0)


def _cut(table: pa.Table, column: str, size: int) -> Iterator[pa.Table]:
    starts = _starts(table, column)
    edges = [*starts[::size].tolist(), table.num_rows]
    for first, last in pairwise(edges):
        yield table.slice(first, last - first)
