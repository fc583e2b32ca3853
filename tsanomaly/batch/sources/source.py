"""One source for all kinds: from pieces of any shape to shards of series."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from tsanomaly.batch.job import CommandSource, FileSource, Job, SqlSource
from tsanomaly.batch.sources import program, query
from tsanomaly.batch.sources.grouping import grouped, joined
from tsanomaly.batch.sources.parquet_files import ParquetFiles
from tsanomaly.batch.sources.shard import Roles, Shard, roles_of, shard_of
from tsanomaly.batch.sources.storage import Found, files_of
from tsanomaly.batch.sources.text_files import cells_of, cells_of_bytes
from tsanomaly.batch.sources.waiting import waited
from tsanomaly.batch.sources.wanted import Wanted
from tsanomaly.errors import DataError, ReadError, SchemaChangedError
from tsanomaly.series import Series

GRACE = timedelta(seconds=10)
"""A command has a limit of its own, which speaks first."""


@dataclass(frozen=True)
class Rows:
    """What a reader found, before series are told apart.

    Attributes:
        tables: pieces of the source.
        roles: of the columns.
        columns: all of the source.
        ordered: whether pieces rise by series.
    """

    tables: Iterable[pa.Table]
    roles: Roles
    columns: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Source:
    """The source of a job. Nothing is read before it is asked; it can be sent to another process.

    Attributes:
        job: with its source and columns.
    """

    job: Job

    def shards(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        size: int | None = None,
        only: Collection[str] | None = None,
    ) -> Iterator[Shard]:
        """The series, a bounded number at a time, always in the same order for the same data.

        Args:
            since, until: half open, with a zone; ``None``: all there is.
            size: series in a shard; the job's unless given.
            only: names of series to read.

        Raises:
            SourceUnreachableError: not there, refused, gone in the middle.
            SourceTimeoutError: too slow.
            UnfinishedSourceError: half written or still growing.
            SchemaChangedError: columns that the job names are not there, or hold something else.
            ConfigurationError: an environment variable is missing, or a setting is wrong.
        """
        wanted = Wanted(since, until, None if only is None else frozenset(only))
        size = size or self.job.executor.shard
        timeout = self.job.source.timeout
        if isinstance(self.job.source, CommandSource):
            timeout += GRACE
        yield from waited(lambda alive: self._shards(wanted, size, alive), timeout, f"the source of '{self.job.name}'")

    def series(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[Series]:
        """The series that can be judged, one by one; arguments and errors as for :meth:`shards`."""
        for shard in self.shards(since, until):
            yield from shard.series

    # --- the main flow, in a thread of its own -----------------------------------------------------------------------

    def _shards(self, wanted: Wanted, size: int, alive: Callable[[], object]) -> Generator[Shard]:
        source = self.job.source
        if isinstance(source, FileSource) and source.series_from_file:
            yield from self._file_by_file(source, wanted, size, alive)
            return
        with ExitStack() as opened:
            rows = self._rows(wanted, opened)
            if rows is not None:
                for index, table in enumerate(self._groups(rows, wanted, size, alive)):
                    yield shard_of(index, table, self.job.name, rows.roles, wanted, rows.columns)

    def _groups(self, rows: Rows, wanted: Wanted, size: int, alive: Callable[[], object]) -> Iterator[pa.Table]:
        tables = (_only(table, rows.roles, wanted) for table in _each(rows.tables, alive))
        if rows.roles.series:
            yield from grouped(tables, rows.roles.series, size, ordered=rows.ordered)
        elif every := list(tables):
            yield joined(every)

    def _rows(self, wanted: Wanted, opened: ExitStack) -> Rows | None:
        """What the reader of the job's kind finds; ``None``: no row."""
        source = self.job.source
        if isinstance(source, SqlSource):
            return self._of_query(source, wanted, opened)
        if isinstance(source, CommandSource):
            data = program.output_of(source, wanted, self.job.folder)
            table, decimal = cells_of_bytes(data, f"output of '{source.command[0]}'", source)
            return self._of_table(table, decimal)
        files = files_of(self.job, source, wanted)
        if _is_parquet(files[0], source):
            return self._of_parquet(files, wanted)
        read = [cells for file in files if (cells := cells_of(file, source)) is not None]
        if not read:
            return None
        decimals = {decimal for _, decimal in read}
        if len(decimals) > 1:
            raise SchemaChangedError("some files have decimal points and others commas; set source.decimal")
        return self._of_table(joined([table for table, _ in read]), decimals.pop(), tuple(read[-1][0].column_names))

    # --- one concern each ----------------------------------------------------------------------------------------

    def _of_table(self, table: pa.Table, decimal: str, columns: tuple[str, ...] | None = None) -> Rows:
        return Rows([table], self._roles(table, decimal), columns or tuple(table.column_names))

    def _of_query(self, source: SqlSource, wanted: Wanted, opened: ExitStack) -> Rows | None:
        tables = opened.enter_context(closing(query.tables(source, wanted)))
        head = next(tables, None)
        if head is None:
            return None
        return Rows(chain([head], tables), self._roles(head, "."), tuple(head.column_names))

    def _of_parquet(self, files: list[Found], wanted: Wanted) -> Rows | None:
        data = ParquetFiles(files, self.job.columns.series)
        head = data.head()
        if not head.num_rows:
            return None
        roles = self._roles(head, ".")
        return Rows(data.tables(roles, wanted), roles, data.columns, data.ordered(roles))

    def _file_by_file(
        self, source: FileSource, wanted: Wanted, size: int, alive: Callable[[], object]
    ) -> Iterator[Shard]:
        """Each file is a series: read one by one, handed over ``size`` at a time."""
        held: list[Shard] = []
        index = 0
        for file in files_of(self.job, source, wanted):
            name = file.name.partition(".")[0]
            if wanted.only is not None and name not in wanted.only:
                continue
            held.append(self._of_file(file, name, source, wanted))
            alive()
            if len(held) == size:
                yield _together(held, index)
                held, index = [], index + 1
        if held:
            yield _together(held, index)

    def _of_file(self, file: Found, name: str, source: FileSource, wanted: Wanted) -> Shard:
        try:
            if _is_parquet(file, source):
                data = ParquetFiles([file])
                roles = roles_of(data.head(), name, self.job.columns, ".")
                table, columns = joined([*data.tables(roles, wanted)] or [data.head().slice(0, 0)]), data.columns
            else:
                cells = cells_of(file, source)
                if cells is None:
                    raise DataError(f"{file.name} has a header and no rows yet")
                table, decimal = cells
                roles, columns = roles_of(table, name, self.job.columns, decimal), tuple(table.column_names)
            return shard_of(0, table, name, roles, wanted, columns)
        except DataError as error:  # one file of many must not stop the others
            return Shard(0, (), {name: error})

    def _roles(self, head: pa.Table, decimal: str) -> Roles:
        columns = self.job.columns
        named = [columns.time, columns.series, columns.labels, *(columns.values or ())]
        lost = [name for name in named if name and name not in head.column_names and " + " not in name]
        if lost:
            shown = "', '".join(map(str, head.column_names[:20]))
            raise SchemaChangedError(f"the source has no column '{lost[0]}'; it has '{shown}'")
        try:
            return roles_of(head, self.job.name, columns, decimal)
        except ReadError as error:
            raise SchemaChangedError(str(error)) from None


def open_source(job: Job) -> Source:
    """The source of a job; nothing is read yet."""
    return Source(job)


def _each(tables: Iterable[pa.Table], alive: Callable[[], object]) -> Iterator[pa.Table]:
    """The tables, each a sign of life: shards may come only after all of them."""
    for table in tables:
        alive()
        yield table


def _is_parquet(file: Found, source: FileSource) -> bool:
    """By its first bytes, which a half-written one has too."""
    if source.format is not None:
        return source.format == "parquet"
    with file.storage.reached(file.name), file.storage.system.open(file.path, "rb") as stream:
        return bool(stream.read(4) == b"PAR1")


def _only(table: pa.Table, roles: Roles, wanted: Wanted) -> pa.Table:
    """The rows of the series wanted."""
    if wanted.only is None or not roles.series:
        return table
    names = pc.cast(table.column(roles.series), pa.string())
    return table.filter(pc.is_in(names, pa.array(sorted(wanted.only), pa.string())))


def _together(shards: list[Shard], index: int) -> Shard:
    """Shards of one series each as one."""
    series = tuple(one for shard in shards for one in shard.series)
    unreadable = {name: error for shard in shards for name, error in shard.unreadable.items()}
    columns = next((shard.columns for shard in reversed(shards) if shard.columns), ())
    notes = tuple(dict.fromkeys(note for shard in shards for note in shard.notes))
    return Shard(index, series, unreadable, columns, notes)
