"""Scores in Parquet files beside the database, by job and day.

A file is written aside, renamed to a name made of its content, and registered by the commit of its run; readers see
what is registered and nothing else. So a killed process leaves at most a file that nobody reads, and scoring the same
rows twice leaves one file. Of rows that were scored more than once, the latest registered are the valid ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, Select, delete, insert, select

from tsanomaly.errors import ConfigurationError, WorkspaceError
from tsanomaly.workspace.database import Database
from tsanomaly.workspace.files import folder_name, is_old, keep
from tsanomaly.workspace.names import digest
from tsanomaly.workspace.tables import score_parts

GROUP = 1 << 16
"""Rows that are read or skipped together."""

Filter = tuple[str, str, Any]

REQUIRED = ("series", "time", "score")


@dataclass(frozen=True)
class ScorePart:
    """A file of scores of one job and one day, to be handed to :meth:`Workspace.commit`.

    Attributes:
        path: below the workspace's folder.
        since, until: from its first row to its last, both included.
        first_digest, last_digest: of its series' names.
    """

    path: str
    since: datetime
    until: datetime
    first_digest: str
    last_digest: str
    rows: int


class ScoreFiles:
    """The scores of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._folder = database.address.folder

    def write(self, job: str, scores: pd.DataFrame) -> list[ScorePart]:
        """As :func:`write_scores`, into this workspace's folder."""
        return write_scores(self._folder, job, scores)

    def read(
        self,
        job: str,
        series: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Committed scores by series and time; of rows scored more than once, the latest.

        Args:
            since, until: half open.
            columns: besides ``series`` and ``time``; ``None``: all.
        """
        wanted = None if columns is None else [*dict.fromkeys(["series", "time", *columns])]
        filters: list[Filter] = [] if series is None else [("series", "==", series)]
        filters += [] if since is None else [("time", ">=", pd.Timestamp(since))]
        filters += [] if until is None else [("time", "<", pd.Timestamp(until))]
        parts = self._visible(job, series, since, until)
        while True:
            try:
                return _latest([_table(self._folder / part.path, wanted, filters or None) for part in parts])
            except FileNotFoundError as error:
                seen, parts = parts, self._visible(job, series, since, until)
                if parts == seen:  # not put together or removed meanwhile, but gone
                    raise _unreadable(self._folder / seen[0].path, error) from None

    def _visible(
        self, job: str, series: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> list[ScorePart]:
        """Registered files, the latest last."""
        wanted = _parts().where(score_parts.c.job == job).order_by(score_parts.c.id)
        if series is not None:
            own = digest(series)
            wanted = wanted.where(score_parts.c.first_digest <= own, score_parts.c.last_digest >= own)
        if since is not None:
            wanted = wanted.where(score_parts.c.until >= since)
        if until is not None:
            wanted = wanted.where(score_parts.c.since < until)
        with self._database.reading() as connection:
            return [ScorePart(*row) for row in connection.execute(wanted)]

    def compact(self, job: str, before: datetime) -> int:
        """Put the files of each day that is over together: hourly runs leave many, and a reader opens them all.

        Args:
            before: only days that end no later.

        Returns:
            How many files there are less. What readers see is the same before, meanwhile and after.
        """
        fewer = 0
        for parts in _together(self._visible(job, until=before)):
            day_ends = parts[0].since.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            if len(parts) > 1 and day_ends <= before:
                tables = [_table(self._folder / part.path, None, None) for part in parts]
                [whole] = write_scores(self._folder, job, _latest(tables))
                fewer += self._exchange(job, parts, whole)
        return fewer

    def _exchange(self, job: str, parts: Sequence[ScorePart], whole: ScorePart) -> int:
        """Register one file in the place of several; none if a run has registered more meanwhile."""
        paths = [part.path for part in parts]
        overlapping = _overlapping(job, whole).with_for_update()
        with self._database.writing() as connection:
            if sorted(connection.execute(overlapping).scalars()) != sorted(paths):
                return 0
            connection.execute(delete(score_parts).where(score_parts.c.path.in_(paths)))
            register(connection, self._folder, job, [whole])
        for path in paths:
            if path != whole.path:
                (self._folder / path).unlink(missing_ok=True)
        return len(paths) - 1

    def prune(self, before: datetime, job: str | None = None) -> int:
        """Remove files whose last row is older; returns how many."""
        old = delete(score_parts).where(score_parts.c.until < before)
        if job is not None:
            old = old.where(score_parts.c.job == job)
        with self._database.writing() as connection:
            paths = connection.execute(old.returning(score_parts.c.path)).scalars().all()
        for path in paths:
            (self._folder / path).unlink(missing_ok=True)
        return len(paths)

    def sweep(self, older_than: timedelta = timedelta(days=1), job: str | None = None) -> int:
        """Remove files that no commit registered, left by processes that died; returns how many.

        Younger ones stay: their run may be about to commit.
        """
        with self._database.reading() as connection:
            known = set(connection.execute(select(score_parts.c.path)).scalars())
        swept = 0
        of_job = "*" if job is None else folder_name(job)
        for path in sorted((self._folder / "scores").glob(f"job={of_job}/day=*/*")):
            if path.relative_to(self._folder).as_posix() not in known and is_old(path, older_than):
                path.unlink(missing_ok=True)
                swept += 1
        return swept


def write_scores(folder: Path, job: str, scores: pd.DataFrame) -> list[ScorePart]:
    """Write scores of any series of a job: a file for each day (UTC). Nobody reads them before they are committed.

    It needs no database, so that workers elsewhere, which share the folder, can write.

    Args:
        folder: the workspace's.
        job: whose scores they are.
        scores: with ``series``, ``time`` (aware) and ``score``, and whatever other columns are to be kept, such as
            values, expected values and scores by channel. NaN: not judged.

    Raises:
        ConfigurationError: a column is missing, or times have no zone.
        WorkspaceError: the folder cannot be written.
    """
    missing = [name for name in REQUIRED if name not in scores.columns]
    if missing or getattr(scores["time"].dtype, "tz", None) is None:
        raise ConfigurationError("scores need the columns series, time (with its zone) and score")
    frame = scores.assign(time=scores["time"].dt.tz_convert("UTC").astype("datetime64[us, UTC]"))
    names = {name: digest(name) for name in frame["series"].unique()}
    digests = frame["series"].map(names).astype("str")  # of a categorical, they would sort as the names do
    frame = frame.assign(digest=digests).sort_values(["digest", "time"], kind="stable")
    days = frame.groupby(frame["time"].dt.floor("D"))
    return [_write_day(folder, job, str(day)[:10], rows) for day, rows in days]


def _write_day(root: Path, job: str, day: str, rows: pd.DataFrame) -> ScorePart:
    table = pa.Table.from_pandas(rows.drop(columns="digest"), preserve_index=False)
    folder = root / "scores" / f"job={folder_name(job)}" / f"day={day}"
    path = keep(
        folder, ".parquet", lambda aside: pq.write_table(table, aside, row_group_size=GROUP, compression="zstd")
    )
    since, until = (moment.to_pydatetime() for moment in (rows["time"].min(), rows["time"].max()))
    first, last = rows["digest"].iloc[0], rows["digest"].iloc[-1]
    return ScorePart(path.relative_to(root).as_posix(), since, until, first, last, len(rows))


def register(connection: Connection, folder: Path, job: str, parts: Iterable[ScorePart]) -> None:
    """Make files visible, within the transaction of a commit.

    A file that is registered already stays as it is, unless others came over it since: then it is the latest.

    Raises:
        WorkspaceError: a file is not there.
    """
    for part in parts:
        if not (folder / part.path).is_file():
            raise WorkspaceError(
                f"the scores '{part.path}' are not in {folder}; machines that share a workspace must share that folder"
            )
        newest = _overlapping(job, part).order_by(score_parts.c.id.desc()).limit(1)
        if connection.scalar(newest) != part.path:
            connection.execute(delete(score_parts).where(score_parts.c.path == part.path))
            connection.execute(insert(score_parts).values(job=job, **asdict(part)))


def _parts() -> Select[Any]:
    return select(*(score_parts.c[name] for name in ScorePart.__annotations__))


def _overlapping(job: str, part: ScorePart) -> Select[Any]:
    """Paths of the registered files that may hold the same rows."""
    table = score_parts.c
    mine = (table.since <= part.until) & (table.until >= part.since)
    own = (table.first_digest <= part.last_digest) & (table.last_digest >= part.first_digest)
    return select(table.path).where(table.job == job, mine, own)


def _together(parts: Sequence[ScorePart]) -> Iterator[list[ScorePart]]:
    """Files of one day whose series may be the same, in the order in which they came."""
    by_day: dict[str, list[ScorePart]] = {}
    for part in parts:
        by_day.setdefault(f"{part.since:%Y-%m-%d}", []).append(part)
    for of_day in by_day.values():
        groups: list[list[ScorePart]] = []
        last = ""
        for part in sorted(of_day, key=lambda part: part.first_digest):
            if not groups or part.first_digest > last:
                groups.append([])
            groups[-1].append(part)
            last = max(last, part.last_digest)
        yield from ([part for part in of_day if part in group] for group in groups)


def _latest(tables: Sequence[pa.Table]) -> pd.DataFrame:
    """Rows by series and time; of those that are there more than once, the last table's."""
    if not tables:
        return pd.DataFrame({"series": pd.Series(dtype="str"), "time": pd.Series(dtype="datetime64[us, UTC]")})
    frame: pd.DataFrame = pa.concat_tables(tables, promote_options="permissive").to_pandas()
    newest = frame.drop_duplicates(["series", "time"], keep="last")
    return newest.sort_values(["series", "time"], kind="stable", ignore_index=True)


def _table(path: Path, columns: list[str] | None, filters: list[Filter] | None) -> pa.Table:
    try:
        present = None if columns is None else [n for n in columns if n in pq.read_schema(path).names]
        return pq.read_table(path, columns=present, filters=filters, partitioning=None)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> WorkspaceError:
    return WorkspaceError(f"the scores in '{path}' cannot be read: {error}; restore a backup of the folder")
