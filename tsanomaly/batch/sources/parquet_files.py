"""Parquet files: only the columns, row groups and partitions that are asked for, and in the order of series where they
lie so."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow.fs import FSSpecHandler, LocalFileSystem, PyFileSystem

from tsanomaly.batch.sources.shard import Roles
from tsanomaly.batch.sources.storage import Found
from tsanomaly.batch.sources.wanted import Wanted
from tsanomaly.errors import SchemaChangedError, UnfinishedSourceError

HEAD = 1_000_000
"""Rows looked at to tell what columns are for."""


@dataclass(frozen=True)
class Piece:
    """A row group of a file.

    Attributes:
        part: what to read.
        lowest, highest: names of series in it, where its statistics or its folder tell them.
    """

    part: Any
    lowest: str | None
    highest: str | None


class ParquetFiles:
    """A data set of several files, one schema over all; ``series=…`` in a folder's name is a column (Hive's way).

    Args:
        files: at least one, by path.
        series: the column that names the series, where it is known.

    Raises:
        UnfinishedSourceError: a file has no end.
        SchemaChangedError: a column holds text in one file and numbers in another.
        SourceUnreachableError: a file cannot be read.
    """

    def __init__(self, files: list[Found], series: str | None = None) -> None:
        self.files = files
        storage = files[0].storage
        local = "file" in _protocols(storage.system)
        system = LocalFileSystem() if local else PyFileSystem(FSSpecHandler(storage.system))
        form = ds.ParquetFileFormat()
        schemas = []
        for file in files:
            with self._reading(file.name):
                schemas.append(form.make_fragment(file.path, system).physical_schema)
        folders = ds.HivePartitioning.discover(infer_dictionary=False)
        options = ds.FileSystemFactoryOptions(partitioning=folders)
        factory = ds.FileSystemDatasetFactory(system, [file.path for file in files], form, options)
        try:
            schema = pa.unify_schemas([factory.inspect(), *schemas], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise SchemaChangedError(f"{files[0].name} and others do not agree in their columns: {error}") from None
        in_files = {name for one in schemas for name in one.names}
        # Folders may say the year or the day: that is no channel.
        others = [
            field.name
            for field in schema
            if field.name not in in_files and field.name != series and not pa.types.is_string(field.type)
        ]
        for name in others:
            schema = schema.remove(schema.get_field_index(name))
        self.data = factory.finish(schema)
        self.columns = (*schemas[-1].names, *(name for name in schema.names if name not in in_files))

    def head(self) -> pa.Table:
        """The first rows, all columns."""
        with self._reading(self.files[0].name):
            return self.data.head(HEAD)

    def tables(self, roles: Roles, wanted: Wanted) -> Iterator[pa.Table]:
        """The rows that may be wanted, row group by row group.

        Raises:
            SourceUnreachableError: a file went away.
            UnfinishedSourceError: one is damaged.
        """
        names = self.data.schema.names
        wish = self._wish(roles, wanted)
        chosen = [name for name in dict.fromkeys((roles.time, roles.series, *roles.overrides["channels"])) if name]
        for piece in self._pieces(roles.series):
            with self._reading(piece.part.path):
                # A clock may be joined of two columns: then all are read.
                columns = chosen if set(chosen) <= set(names) else names
                table = piece.part.to_table(self.data.schema, columns=columns, filter=wish)
            if table.num_rows:
                yield table

    def ordered(self, roles: Roles) -> bool:
        """Whether row groups rise by the names of series."""
        pieces = self._pieces(roles.series) if roles.series else []
        return bool(pieces) and all(
            a.highest is not None and b.lowest is not None and a.highest <= b.lowest for a, b in pairwise(pieces)
        )

    # --- one concern each ----------------------------------------------------------------------------------------

    def _pieces(self, series: str) -> list[Piece]:
        pieces = []
        for fragment in self.data.get_fragments():
            with self._reading(fragment.path):
                key = ds.get_partition_keys(fragment.partition_expression).get(series)
                for group in fragment.split_by_row_group():
                    known = (group.row_groups[0].statistics or {}).get(series, {})
                    low, high = (key, key) if key is not None else (known.get("min"), known.get("max"))
                    pieces.append(Piece(group, _text(low), _text(high)))
        if all(piece.lowest is not None for piece in pieces):
            pieces.sort(key=lambda piece: (piece.lowest, piece.highest))
        return pieces

    def _wish(self, roles: Roles, wanted: Wanted) -> Any:
        wishes = []
        names = self.data.schema.names
        kind = self.data.schema.field(roles.time).type if roles.time in names else pa.null()
        if pa.types.is_timestamp(kind):
            # Without a zone it is local somewhere: a day more on either side is read, and cut later.
            slack = Wanted.SLACK if kind.tz is None else 0 * Wanted.SLACK
            if wanted.since is not None:
                wishes.append(ds.field(roles.time) >= _instant(wanted.bound("since") - slack, kind))
            if wanted.until is not None:
                wishes.append(ds.field(roles.time) < _instant(wanted.bound("until") + slack, kind))
        if wanted.only is not None and roles.series in names:
            column = ds.field(roles.series)
            text = pa.types.is_string(self.data.schema.field(roles.series).type)
            wishes.append((column if text else column.cast(pa.string())).isin(sorted(wanted.only)))
        return reduce(operator.and_, wishes) if wishes else None

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        name = name.rpartition("/")[2]
        with self.files[0].storage.reached(name):
            try:
                yield
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise UnfinishedSourceError(
                    f"{name} is no whole Parquet file ({_first_words(error)}): it is half written or damaged. The next "
                    "run reads it again; writers should write aside and rename"
                ) from None
            except OSError as error:
                if "thrift" in str(error) or "end of stream" in str(error).lower():
                    raise UnfinishedSourceError(
                        f"{name} is damaged or half written ({_first_words(error)}); the next run reads it again"
                    ) from None
                raise


def _protocols(system: Any) -> tuple[str, ...]:
    return (system.protocol,) if isinstance(system.protocol, str) else tuple(system.protocol)


def _text(cell: Any) -> str | None:
    return None if cell is None else str(cell)


def _instant(moment: datetime, kind: pa.TimestampType) -> pa.Scalar:
    """A moment as a column of that type holds it."""
    held = pa.scalar(moment.replace(tzinfo=None), pa.timestamp("us"))
    return held.cast(pa.timestamp(kind.unit), safe=False).cast(kind)


def _first_words(error: Exception) -> str:
    return str(error).partition(".")[0][:120]
