"""A SQL query, with the stretch wanted as bound parameters."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sql
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from tsanomaly.batch.job import SqlSource
from tsanomaly.batch.job_secrets import from_environment, without_secrets
from tsanomaly.batch.sources.wanted import Wanted
from tsanomaly.errors import ConfigurationError, SchemaChangedError, SourceTimeoutError, SourceUnreachableError

ROWS = 100_000
"""Fetched at a time."""

REFUSALS = ("no such", "syntax error", "read-only transaction", "readonly database")
"""What databases say that were reached and do not want to answer."""


def engine_of(url_env: str, key: str) -> tuple[sql.Engine, tuple[str, ...]]:
    """An engine for the URL in an environment variable, and what must not be said of it.

    Raises:
        ConfigurationError: the variable is not set, or holds no URL of a known database.
    """
    address = from_environment(url_env, key)
    try:
        url = sql.make_url(address)
        engine = sql.create_engine(url, poolclass=sql.NullPool)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError):
        raise ConfigurationError(
            f"the environment variable {url_env}, which {key} names, holds no URL of a known database; expected "
            "such as postgresql+psycopg://user:password@host/name or sqlite:////path/to/file"
        ) from None
    return engine, (address, str(url.password or ""))


@contextmanager
def asked(name: str, secrets: tuple[str, ...]) -> Iterator[None]:
    """What a database raises, as one of our errors, without secrets.

    Raises:
        SchemaChangedError: it does not know a table or column, or will not run the query.
        SourceUnreachableError: all else.
    """
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        said = without_secrets(" ".join(str(cause).split())[:300], secrets)
        refused = isinstance(error, DBAPIError) and type(error).__name__ in ("ProgrammingError", "DataError")
        if "statement timeout" in said:
            raise SourceTimeoutError(f"{name} took longer than source.timeout and was stopped") from None
        if refused or any(words in said for words in REFUSALS):
            raise SchemaChangedError(f"{name} was refused: {said}") from None
        raise SourceUnreachableError(f"{name} cannot be reached: {said}") from None


def tables(source: SqlSource, wanted: Wanted) -> Generator[pa.Table]:
    """The rows of the query, ``ROWS`` at a time. Nothing is changed in the database: the transaction only reads.

    Raises:
        SchemaChangedError, SourceUnreachableError: as :func:`asked`.
        ConfigurationError: as :func:`engine_of`.
    """
    engine, secrets = engine_of(source.url_env, "source.url_env")
    name = f"the query of {source.url_env}"
    try:
        with asked(name, secrets), engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                connection.exec_driver_sql("SET TIME ZONE 'UTC'")
                connection.exec_driver_sql(f"SET statement_timeout = {int(source.timeout.total_seconds() * 1000)}")
            elif engine.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only = ON")
            query = sql.text(source.query)
            bounds = _bounds(query, wanted, engine.dialect.name)
            streaming = connection.execution_options(stream_results=True)
            with streaming.execute(query, bounds) as result:
                columns = list(result.keys())
                for rows in result.partitions(ROWS):
                    yield pa.table([_column(cells) for cells in zip(*rows, strict=True)], columns)
            connection.rollback()
    finally:
        engine.dispose()


def _bounds(query: sql.TextClause, wanted: Wanted, dialect: str) -> dict[str, Any]:
    """``since`` and ``until`` as the database compares them: instants, or text for SQLite, which has no times;
    ``since_epoch`` and ``until_epoch`` in seconds."""
    bounds: dict[str, Any] = {}
    for which in ("since", "until"):
        moment = wanted.bound(which)
        bounds[which] = moment.strftime("%Y-%m-%d %H:%M:%S") if dialect == "sqlite" else moment
        bounds[f"{which}_epoch"] = moment.timestamp()
    return {name: value for name, value in bounds.items() if name in query.compile().params}


def _column(cells: tuple[Any, ...]) -> pa.Array:
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and kinds <= {int, float, Decimal, bool}:
        return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    if kinds == {datetime}:
        aware = any(cell is not None and cell.tzinfo for cell in cells)
        moments = [cell.astimezone(UTC) if cell is not None and cell.tzinfo else cell for cell in cells]
        return pa.array(moments, pa.timestamp("us", "UTC" if aware else None))
    if not kinds:
        return pa.nulls(len(cells))
    return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
