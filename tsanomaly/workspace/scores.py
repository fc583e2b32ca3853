"""Scores in Parquet files beside the database, by job and day.

A file is written aside, renamed to a name made of its content, and registered by the commit of its run; readers see
what is registered and nothing else. So a killed process leaves at most a file that nobody reads, and scoring the same
rows twice leaves one file. Of rows that were scored more than once, the latest registered are the valid ones.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, delete, select

from tsanomaly.errors import ConfigurationError, WorkspaceError
from tsanomaly.workspace.database import Database
from tsanomaly.workspace.files import folder_name, keep
from tsanomaly.workspace.names import digest
from tsanomaly.workspace.statements import insert_new
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
        paths = self._visible(job, series, since, until)
        wanted = None if columns is None else [*dict.fromkeys(["series", "time", *columns])]
        filters: list[Filter] = [] if series is None else [("series", "==", series)]
        filters += [] if since is None else [("time", ">=", pd.Timestamp(since))]
        filters += [] if until is None else [("time", "<", pd.Timestamp(until))]
        tables = [_table(path, wanted, filters or None) for path in paths]
        if not tables:
            return pd.DataFrame({"series": pd.Series(dtype="str"), "time": pd.Series(dtype="datetime64[us, UTC]")})
        frame: pd.DataFrame = pa.concat_tables(tables, promote_options="permissive").to_pandas()
        newest = frame.drop_duplicates(["series", "time"], keep="last")
        return newest.sort_values(["series", "time"], kind="stable", ignore_index=True)

    def _visible(self, job: str, series: str | None, since: datetime | None, until: datetime | None) -> list[Path]:
        wanted = select(score_parts.c.path).where(score_parts.c.job == job).order_by(score_parts.c.id)
        if series is not None:
            own = digest(series)
            wanted = wanted.where(score_parts.c.first_digest <= own, score_parts.c.last_digest >= own)
        if since is not None:
            wanted = wanted.where(score_parts.c.until >= since)
        if until is not None:
            wanted = wanted.where(score_parts.c.since < until)
        with self._database.reading() as connection:
            return [self._folder / path for path in connection.execute(wanted).scalars()]

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

    def sweep(self, older_than: timedelta = timedelta(days=1)) -> int:
        """Remove files that no commit registered, left by processes that died; returns how many.

        Younger ones stay: their run may be about to commit.
        """
        with self._database.reading() as connection:
            known = set(connection.execute(select(score_parts.c.path)).scalars())
        swept = 0
        for path in sorted((self._folder / "scores").glob("job=*/day=*/*")):
            stray = path.relative_to(self._folder).as_posix() not in known
            if stray and time.time() - path.stat().st_mtime >= older_than.total_seconds():
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


def register(connection: Connection, job: str, parts: Iterable[ScorePart]) -> None:
    """Make files visible, within the transaction of a commit."""
    rows = [{"job": job, **{name: getattr(part, name) for name in ScorePart.__annotations__}} for part in parts]
    insert_new(connection, score_parts, rows, ("path",))


def _table(path: Path, columns: list[str] | None, filters: list[Filter] | None) -> pa.Table:
    try:
        present = None if columns is None else [n for n in columns if n in pq.read_schema(path).names]
        return pq.read_table(path, columns=present, filters=filters, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise WorkspaceError(
            f"the scores in '{path}' cannot be read: {error}; restore a backup of the folder"
        ) from None
