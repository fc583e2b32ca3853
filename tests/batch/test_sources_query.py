"""Queries as a source: on SQLite and a real PostgreSQL, which they cannot change."""

import sqlite3

import psycopg
import pytest
from postgres import new_database
from source_samples import FRAME, SINCE, UNTIL, as_sql, check, expected, failure, job_of, long_frame
from sqlalchemy import make_url

from tsanomaly.batch.sources import open_source
from tsanomaly.batch.sources.query import tables as query_tables
from tsanomaly.batch.sources.wanted import Wanted
from tsanomaly.errors import ConfigurationError, SchemaChangedError, SourceTimeoutError, SourceUnreachableError


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "the environment variable PLANT_DB, which source.url_env names, is not set"),
        ("mysterydb://x", "the environment variable PLANT_DB, which source.url_env names, holds no URL of a known "),
        ("nonsense", "the environment variable PLANT_DB, which source.url_env names, holds no URL of a known "),
    ],
)
def test_a_wrong_address_of_a_database_is_a_sentence(monkeypatch, url, said):
    monkeypatch.delenv("PLANT_DB", raising=False)
    if url:
        monkeypatch.setenv("PLANT_DB", url)
    with pytest.raises(ConfigurationError) as raised:
        list(open_source(job_of('kind = "sql"\nurl_env = "PLANT_DB"\nquery = "SELECT 1"')).shards())
    assert str(raised.value).startswith(said)


def test_a_database_that_does_not_answer_is_unreachable_and_keeps_its_password(monkeypatch):
    monkeypatch.setenv("PLANT_DB", "postgresql+psycopg://ann:s3cret@127.0.0.1:1/plant?connect_timeout=2")
    said = failure(job_of('kind = "sql"\nurl_env = "PLANT_DB"\nquery = "SELECT 1"'), SourceUnreachableError)
    assert said.startswith("the query of PLANT_DB cannot be reached: ")
    assert "s3cret" not in said


def on_postgresql(monkeypatch, kind="timestamptz", rows=FRAME):
    """The frame in a table of a real server; its URL for administration."""
    url = new_database()
    monkeypatch.setenv("PLANT_DB", url)
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as link:
        link.execute(f'CREATE TABLE readings ("when" {kind}, sensor text, value float8, temperature numeric)')
        with link.cursor().copy("COPY readings FROM STDIN") as copy:
            for row in rows.itertuples(index=False):
                copy.write_row((row.when.isoformat(), *row[1:]))
    return plain


QUERY = 'SELECT * FROM readings WHERE "when" >= :since AND "when" < :until ORDER BY sensor'


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp"])
def test_postgresql_compares_instants(tmp_path, monkeypatch, kind):
    on_postgresql(monkeypatch, kind)
    source = open_source(job_of(f"kind = 'sql'\nurl_env = 'PLANT_DB'\nquery = '{QUERY}'"))
    check(source, expected(FRAME, SINCE, UNTIL), SINCE, UNTIL)
    check(source, expected(FRAME))


@pytest.mark.parametrize("query", ["DELETE FROM readings RETURNING *", "SELECT lo_create(0)"])
def test_a_query_cannot_change_a_postgresql_database(monkeypatch, query):
    plain = on_postgresql(monkeypatch)
    job = job_of(f"kind = 'sql'\nurl_env = 'PLANT_DB'\nquery = '{query}'")
    assert "was refused" in failure(job, SchemaChangedError)
    with psycopg.connect(plain) as link:
        assert link.execute("SELECT count(*) FROM readings").fetchone() == (len(FRAME),)


def test_a_query_cannot_change_an_sqlite_database(tmp_path, monkeypatch):
    as_sql(tmp_path)
    monkeypatch.setenv("PLANT_DB", f"sqlite:///{tmp_path / 'plant.sqlite'}")
    job = job_of("kind = 'sql'\nurl_env = 'PLANT_DB'\nquery = 'DELETE FROM readings RETURNING *'")
    assert "was refused" in failure(job, SchemaChangedError)
    with sqlite3.connect(tmp_path / "plant.sqlite") as database:
        assert database.execute("SELECT count(*) FROM readings").fetchone() == (len(FRAME),)
    database.close()


def test_a_connection_that_ends_in_the_middle_is_unreachable(monkeypatch):
    plain = on_postgresql(monkeypatch, rows=long_frame(["a", "b"], 50_000))
    monkeypatch.setattr("tsanomaly.batch.sources.query.ROWS", 100)
    tables = query_tables(job_of(f"kind = 'sql'\nurl_env = 'PLANT_DB'\nquery = '{QUERY}'").source, Wanted())
    next(tables)
    with psycopg.connect(plain, autocommit=True) as link:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
        link.execute(others + "pg_backend_pid()")
    with pytest.raises(SourceUnreachableError, match="the query of PLANT_DB cannot be reached: "):
        list(tables)


def test_a_slow_query_is_timed_out(monkeypatch):
    on_postgresql(monkeypatch)
    job = job_of("kind = 'sql'\nurl_env = 'PLANT_DB'\nquery = 'SELECT pg_sleep(60)'\ntimeout = '300ms'")
    failure(job, SourceTimeoutError)


def test_a_lost_table_is_a_changed_schema(tmp_path, monkeypatch):
    monkeypatch.setenv("PLANT_DB", f"sqlite:///{tmp_path / 'empty.sqlite'}")
    said = failure(job_of('kind = "sql"\nurl_env = "PLANT_DB"\nquery = "SELECT * FROM lost"'), SchemaChangedError)
    assert said == "the query of PLANT_DB was refused: no such table: lost"
