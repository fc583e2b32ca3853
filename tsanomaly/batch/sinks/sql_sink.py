"""A SQL table: what was there of the stretches covered is taken out, and rows are put in by key, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from tsanomaly.batch.job import SqlSink
from tsanomaly.batch.job_secrets import without_secrets
from tsanomaly.batch.sinks.covered import KEYS, Covered, What, complete
from tsanomaly.batch.sources.query import engine_of
from tsanomaly.errors import OutputError
from tsanomaly.workspace.column_types import UTCTime

ROWS = 10_000
"""Put in at a time."""

UPSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
"""Elsewhere rows are taken out by the stretch alone, which is as good while one process writes."""

NAMES = {"start": "start_time", "end": "end_time", "time": "time"}
"""Columns that are words of SQL are called otherwise in a table."""


@dataclass(frozen=True)
class TableWritten:
    """A sink of one table. It is made where it is not there; in one that is, other columns are left alone.

    Attributes:
        settings: of the job's file.
    """

    settings: SqlSink

    @property
    def what(self) -> What:
        """``events`` or ``scores``."""
        return self.settings.what

    def write(self, job: str, covered: Sequence[Covered], rows: pd.DataFrame) -> None:
        """Replace what there is of ``job`` in the stretches covered by ``rows``.

        Raises:
            OutputError: the database cannot be reached, or the table is another.
            ConfigurationError: the environment variable is not set, or holds no URL.
        """
        engine, secrets = engine_of(self.settings.url_env, "sinks.url_env")
        table = self._table()
        records = [_plain(row) for row in complete(self.what, job, rows).rename(columns=NAMES).to_dict("records")]
        try:
            with self._written(secrets), engine.begin() as connection:
                table.metadata.create_all(connection)
                stretches = [{"one": c.series, "since": c.since, "until": c.until} for c in covered]
                if stretches:
                    connection.execute(self._outdated(table, job), stretches)
                for first in range(0, len(records), ROWS):
                    connection.execute(_put(table, engine.dialect.name), records[first : first + ROWS])
        finally:
            engine.dispose()

    # --- one concern each ----------------------------------------------------------------------------------------

    def _table(self) -> sql.Table:
        schema, _, name = self.settings.table.rpartition(".")
        text, number, moment = sql.Text, sql.Float, UTCTime
        kinds: dict[str, Any]
        if self.what == "events":
            kinds = {"start": moment, "end": moment, "peak_time": moment, "severity": number, "score": number}
            kinds |= {"direction": text, "channels": text, "status": text}
        else:
            kinds = {"time": moment, "score": number, "severity": number, "threshold": number}
        kinds = {"job": sql.String(64), "series": sql.String(512)} | kinds
        columns = [
            sql.Column(NAMES.get(column, column), kind, primary_key=column in KEYS[self.what])
            for column, kind in kinds.items()
        ]
        return sql.Table(name, sql.MetaData(), *columns, schema=schema or None)

    def _outdated(self, table: sql.Table, job: str) -> sql.Delete:
        own = (table.c.job == job) & (table.c.series == sql.bindparam("one"))
        first, last = (table.c.start_time, table.c.end_time) if self.what == "events" else (table.c.time, table.c.time)
        since, until = sql.bindparam("since", type_=UTCTime()), sql.bindparam("until", type_=UTCTime())
        after = last > since if self.what == "events" else last >= since
        return sql.delete(table).where(own, first < until, after)

    @contextmanager
    def _written(self, secrets: tuple[str, ...]) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            said = without_secrets(" ".join(str(getattr(error, "orig", None) or error).split())[:300], secrets)
            name = f"the table '{self.settings.table}' of {self.settings.url_env}"
            raise OutputError(f"{name} cannot be written: {said}") from None


def _put(table: sql.Table, dialect: str) -> sql.Insert:
    if dialect not in UPSERTS:
        return sql.insert(table)
    insert = UPSERTS[dialect](table)
    keys = [column.name for column in table.primary_key]
    others = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    result: sql.Insert = insert.on_conflict_do_update(index_elements=keys, set_=others)
    return result


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """A row as the database takes it: no NaN, no pandas types."""
    plain = {}
    for name, value in row.items():
        if isinstance(value, pd.Timestamp):
            value = value.to_pydatetime()
        plain[str(name)] = None if pd.isna(value) else value
    return plain
