"""Sources of every kind give the series that are in them, and misbehave with one named error each."""

import json
import os
import pickle
import sqlite3
import sys
import threading
from datetime import UTC, datetime, timedelta

import fsspec
import numpy as np
import pandas as pd
import psutil
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from postgres import new_database
from sqlalchemy import make_url

from tsanomaly import read_file
from tsanomaly.batch.job_file import parse_job
from tsanomaly.batch.sources import grouping, open_source
from tsanomaly.batch.sources.grouping import grouped
from tsanomaly.batch.sources.query import tables as query_tables
from tsanomaly.batch.sources.waiting import waited
from tsanomaly.batch.sources.wanted import Wanted
from tsanomaly.errors import (
    ConfigurationError,
    OutputError,
    SchemaChangedError,
    SourceError,
    SourceTimeoutError,
    SourceUnreachableError,
    UnfinishedSourceError,
)
from tsanomaly.resources import sample_names, sample_path

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def job_of(source, folder=None, columns="", name="plant"):
    return parse_job(f'name = "{name}"\n[source]\n{source}\n[columns]\n{columns}\n', folder=folder)


def long_frame(series, rows, seed=0):
    """Rows of ``series`` names at the same ``rows`` quarters of an hour, by time: the series come mixed."""
    times = pd.date_range(START, periods=rows, freq="15min")
    values = np.random.default_rng(seed).normal(size=(rows, len(series)))
    return pd.DataFrame(
        {
            "when": np.repeat(times, len(series)),
            "sensor": np.tile(series, rows),
            "value": values.ravel(),
            "temperature": 20 + values.ravel() / 10,
        }
    )


def expected(frame, since=None, until=None):
    """What a source of this frame should give, by plain pandas."""
    if since is not None:
        frame = frame[(frame.when >= since) & (frame.when < until)]
    return {
        name: (own.when.to_numpy("M8[ns]"), own[["value", "temperature"]].to_numpy())
        for name, own in frame.groupby("sensor")
    }


def check(source, wanted, since=None, until=None, **options):
    shards = list(source.shards(since, until, **options))
    found = [series for shard in shards for series in shard.series]
    assert [series.name for series in found] == sorted(wanted)
    for series in found:
        times, values = wanted[series.name]
        assert series.channels == ("value", "temperature")
        np.testing.assert_array_equal(series.times, times)
        np.testing.assert_allclose(series.values, values, rtol=1e-12)
    assert [shard.index for shard in shards] == list(range(len(shards)))
    return shards


FRAME = long_frame([f"s{i}" for i in (3, 1, 10, 2)], 200)
SINCE, UNTIL = START + 5 * HOUR, START + 20 * HOUR


# --- all kinds give the same ----------------------------------------------------------------------------------------


def as_csv(folder):
    FRAME.to_csv(folder / "plant.csv", index=False)
    return 'kind = "files"\npath = "plant.csv"'


def as_csv_by_day(folder):
    for day, own in FRAME.groupby(FRAME.when.dt.date):
        own.to_csv(folder / f"plant-{day}.csv", index=False)
    return 'kind = "files"\npath = "plant-*.csv"'


def as_parquet(folder):
    FRAME.to_parquet(folder / "plant.parquet", index=False)
    return 'kind = "files"\npath = ["plant.parquet"]'


def as_parquet_by_series(folder):
    table = pa.Table.from_pandas(FRAME.sort_values("sensor", kind="stable"), preserve_index=False)
    pq.write_table(table, folder / "sorted.parquet", row_group_size=70)
    return 'kind = "files"\npath = "sorted.parquet"'


def as_parquet_partitions(folder):
    pq.write_to_dataset(pa.Table.from_pandas(FRAME, preserve_index=False), folder / "set", partition_cols=["sensor"])
    return 'kind = "files"\npath = "set"'


def as_sql(folder):
    with sqlite3.connect(folder / "plant.sqlite") as database:
        FRAME.assign(when=FRAME.when.dt.strftime("%Y-%m-%d %H:%M:%S")).to_sql("readings", database, index=False)
    database.close()
    query = (
        'SELECT \\"when\\", sensor, value, temperature FROM readings WHERE \\"when\\" >= :since AND \\"when\\" < :until'
    )
    return f'kind = "sql"\nurl_env = "PLANT_DB"\nquery = "{query}"'


def as_command(folder):
    FRAME.to_csv(folder / "plant.csv", index=False)
    code = "print(open('plant.csv').read(), end='')"
    return f'kind = "command"\ncommand = ["{sys.executable}", "-c", "{code}", "{{since}}"]'


KINDS = [as_csv, as_csv_by_day, as_parquet, as_parquet_by_series, as_parquet_partitions, as_sql, as_command]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("columns", ["", 'series = "sensor"\ntime = "when"\nvalues = ["value", "temperature"]'])
def test_every_kind_gives_its_series_cut_to_the_stretch(tmp_path, kind, columns, monkeypatch):
    monkeypatch.setenv("PLANT_DB", f"sqlite:///{tmp_path / 'plant.sqlite'}")
    if kind is as_parquet_by_series and not columns:
        columns = 'series = "sensor"'
    source = open_source(job_of(kind(tmp_path), tmp_path, columns))
    check(source, expected(FRAME))
    check(source, expected(FRAME, SINCE, UNTIL), SINCE, UNTIL)
    shards = check(source, expected(FRAME, SINCE, UNTIL), SINCE, UNTIL, size=3)
    assert [len(shard.series) for shard in shards] == [3, 1]
    some = {name: own for name, own in expected(FRAME).items() if name in ("s1", "s10")}
    elsewhere = pickle.loads(pickle.dumps(source))  # noqa: S301 - it goes to other processes
    check(elsewhere, some, only=["s1", "s10", "s99"])


@pytest.mark.parametrize("name", sample_names())
def test_a_sample_is_read_as_the_command_line_reads_it(name):
    job = job_of(f'kind = "files"\npath = "{sample_path(name)}"', name=name)
    (found,) = open_source(job).series()
    series = read_file(sample_path(name)).one()
    assert (found.name, found.channels, found.step, found.zone) == (name, series.channels, series.step, series.zone)
    np.testing.assert_array_equal(found.times, series.times)
    np.testing.assert_array_equal(found.values, series.values)


def test_files_of_one_series_each(tmp_path):
    for name, own in FRAME.groupby("sensor"):
        own.drop(columns="sensor").to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "odd.csv").write_text("no,numbers\nhere,at all\n")
    job = job_of('kind = "files"\npath = "*.csv"\nseries_from_file = true', tmp_path)
    first, second = open_source(job).shards(SINCE, UNTIL, size=3)
    assert [series.name for series in (*first.series, *second.series)] == ["s1", "s10", "s2", "s3"]
    assert list(first.unreadable) == ["odd"]


def test_any_storage_that_fsspec_knows(tmp_path):
    memory = fsspec.filesystem("memory")
    for suffix, write in (("csv", FRAME.to_csv), ("parquet", FRAME.to_parquet)):
        with memory.open(f"/plant/{suffix}/readings.{suffix}", "wb") as file:
            write(file, index=False)
        source = open_source(job_of(f'kind = "files"\npath = "memory://plant/{suffix}/*.{suffix}"'))
        check(source, expected(FRAME, SINCE, UNTIL), SINCE, UNTIL)


def test_zoned_and_unzoned_clocks_in_parquet_are_cut_alike(tmp_path):
    for name, when in (
        ("utc", FRAME.when),
        ("berlin", FRAME.when.dt.tz_convert("Europe/Berlin")),
        ("local", FRAME.when.dt.tz_convert("Europe/Berlin").dt.tz_localize(None)),
        ("epoch", FRAME.when.astype("int64") // 10**6),
        ("text", FRAME.when.dt.strftime("%d.%m.%Y %H:%M")),
    ):
        FRAME.assign(when=when).to_parquet(tmp_path / f"{name}.parquet", index=False)
        zone = 'zone = "Europe/Berlin"' if name == "local" else ""
        check(
            open_source(job_of(f'kind = "files"\npath = "{name}.parquet"', tmp_path, zone)),
            expected(FRAME, SINCE, UNTIL),
            SINCE,
            UNTIL,
        )


def test_dates_in_a_pattern_spare_the_files_of_other_days(tmp_path):
    frame = long_frame(["s1", "s2"], 96 * 6)
    for day, own in frame.groupby(frame.when.dt.date):
        (tmp_path / f"{day:%Y/%m}").mkdir(parents=True, exist_ok=True)
        own.to_csv(tmp_path / f"{day:%Y/%m}" / f"plant-{day:%d}.csv", index=False)
    (tmp_path / "2026" / "03" / "plant-09.csv").write_text("far away and broken\n")
    source = open_source(job_of('kind = "files"\npath = "%Y/%m/plant-%d.csv"', tmp_path))
    since, until = START + 30 * HOUR, START + 50 * HOUR
    check(source, expected(frame, since, until), since, until)
    (tmp_path / "2026" / "03" / "plant-09.csv").unlink()
    check(source, expected(frame))
    job = job_of('kind = "files"\npath = "plant-%Y.csv"', tmp_path)
    assert failure(job, SourceUnreachableError) == f"no file matches 'plant-%Y.csv' (looked in {tmp_path})"


# --- series come together -------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "", None, "ä", "Z", "10", "9"]), st.integers(0, 99)), max_size=60),
    st.integers(1, 25),
    st.integers(1, 4),
    st.booleans(),
)
def test_groups_hold_whole_series_in_their_rows_order(rows, piece, size, on_disk):
    table = pa.table({"name": pa.array([name for name, _ in rows], pa.string()), "x": [x for _, x in rows]})
    pieces = [table.slice(first, piece) for first in range(0, len(rows), piece)]
    with pytest.MonkeyPatch.context() as patch:
        if on_disk:
            patch.setattr(grouping, "IN_MEMORY", 0)
        found = list(grouped(pieces, "name", size, ordered=False))
    seen = []
    for group in found:
        names = dict.fromkeys(group.column("name").to_pylist())
        assert 1 <= len(names) <= size
        seen += names
    assert len(seen) == len(set(seen))
    everything = [row for group in found for row in zip(*group.to_pydict().values(), strict=True)]
    assert sorted(everything, key=str) == sorted(rows, key=str)
    for name in set(seen):
        assert [x for own, x in everything if own == name] == [x for own, x in rows if own == name]
    if not on_disk:
        assert seen == sorted(seen, key=lambda name: name or "")


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 7), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_ordered_pieces_need_no_sorting(lengths, piece, size):
    names = [f"s{i:02d}" for i, length in enumerate(lengths) for _ in range(length)]
    table = pa.table({"name": names, "x": range(len(names))})
    pieces = [table.slice(first, piece) for first in range(0, len(names), piece)]
    found = list(grouped(iter(pieces), "name", size, ordered=True))
    assert pa.concat_tables(found).to_pydict() == table.to_pydict()
    counts = [len(set(group.column("name").to_pylist())) for group in found]
    assert counts[:-1] == [size] * (len(counts) - 1)


def test_sorted_parquet_is_read_without_holding_or_sorting_all_of_it(tmp_path, monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(grouping, "_through_disk", never)
    monkeypatch.setattr(grouping, "IN_MEMORY", 0)
    for kind in (as_parquet_by_series, as_parquet_partitions):
        check(open_source(job_of(kind(tmp_path), tmp_path, 'series = "sensor"')), expected(FRAME))


# --- sources misbehave ----------------------------------------------------------------------------------------------


def failure(job, kind):
    with pytest.raises(SourceError) as raised:
        list(open_source(job).shards(SINCE, UNTIL))
    assert type(raised.value) is kind, raised.value
    return str(raised.value)


def test_nothing_there_is_unreachable(tmp_path):
    said = failure(job_of('kind = "files"\npath = "*.csv"', tmp_path), SourceUnreachableError)
    assert said == f"no file matches '*.csv' (looked in {tmp_path})"
    said = failure(job_of('kind = "files"\npath = "gone.csv"', tmp_path), SourceUnreachableError)
    assert said == "gone.csv is not there (any more)"


def test_a_truncated_parquet_file_is_unfinished(tmp_path):
    as_parquet(tmp_path)
    path = tmp_path / "plant.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    assert "half written" in failure(job_of('kind = "files"\npath = "*.parquet"', tmp_path), UnfinishedSourceError)


@pytest.mark.parametrize("cut", [1, 30, 45])
def test_a_csv_file_cut_in_the_middle_of_a_row_is_unfinished(tmp_path, cut):
    as_csv(tmp_path)
    path = tmp_path / "plant.csv"
    path.write_bytes(path.read_bytes()[:-cut])
    assert "half written" in failure(job_of('kind = "files"\npath = "*.csv"', tmp_path), UnfinishedSourceError)


@pytest.mark.parametrize("cut", [30, 45])
def test_a_csv_file_cut_in_the_middle_of_a_row_long_ago_is_unfinished(tmp_path, cut):
    as_csv(tmp_path)
    path = tmp_path / "plant.csv"
    path.write_bytes(path.read_bytes()[:-cut])
    os.utime(path, (1_700_000_000, 1_700_000_000))
    said = failure(job_of('kind = "files"\npath = "*.csv"', tmp_path), UnfinishedSourceError)
    assert said.startswith("plant.csv ends in the middle of a row: it is half written")


def test_a_csv_file_that_has_not_begun_is_unfinished_or_has_no_rows_yet(tmp_path):
    as_csv(tmp_path)
    (tmp_path / "tomorrow.csv").write_text("when,sensor,value,temperature\n")
    source = open_source(job_of('kind = "files"\npath = "*.csv"', tmp_path))
    check(source, expected(FRAME))
    (tmp_path / "plant.csv").unlink()
    assert list(source.shards()) == []
    (tmp_path / "tomorrow.csv").write_text("")
    said = failure(job_of('kind = "files"\npath = "*.csv"', tmp_path), UnfinishedSourceError)
    assert said == "tomorrow.csv is empty: nothing is written yet. The next run reads it again"


def test_a_small_packed_file_is_no_single_line(tmp_path):
    small = FRAME.iloc[:8]
    small.to_csv(tmp_path / "plant.csv.gz", index=False)
    packed = (tmp_path / "plant.csv.gz").read_bytes()
    job = job_of('kind = "files"\npath = "*.gz"', tmp_path, 'series = "sensor"')
    check(open_source(job), expected(small))
    (tmp_path / "plant.csv.gz").write_bytes(packed[: len(packed) // 2])
    assert "truncated gzip" in failure(job, UnfinishedSourceError)


def test_a_web_page_under_a_table_s_name_is_a_changed_schema(tmp_path):
    (tmp_path / "plant.csv").write_text("<!doctype html>\n<title>Please sign in</title>\n")
    said = failure(job_of('kind = "files"\npath = "*.csv"', tmp_path), SchemaChangedError)
    assert said == "plant.csv is a web page (HTML), not a table; give a CSV or Parquet file"


def test_a_settled_csv_file_without_a_last_line_end_is_whole(tmp_path):
    as_csv(tmp_path)
    path = tmp_path / "plant.csv"
    path.write_bytes(path.read_bytes().rstrip())
    os.utime(path, (1_700_000_000, 1_700_000_000))
    check(open_source(job_of('kind = "files"\npath = "*.csv"', tmp_path)), expected(FRAME))


def test_a_file_that_grows_while_it_is_read_is_unfinished(tmp_path, monkeypatch):
    as_csv(tmp_path)
    system = fsspec.filesystem("file")
    opened = type(system).open

    def growing(self, path, *arguments, **options):
        file = opened(self, path, *arguments, **options)
        with open(path, "a") as writer:  # noqa: PTH123
            writer.write("2026-03-05 00:00:00+00:00,s1,1,1\n")
        return file

    monkeypatch.setattr(type(system), "open", growing)
    job = job_of('kind = "files"\npath = "*.csv"\nformat = "csv"', tmp_path)
    assert "changed while it was read" in failure(job, UnfinishedSourceError)


def test_a_mount_that_hangs_is_timed_out(tmp_path):
    pipe = tmp_path / "never.csv"
    os.mkfifo(pipe)  # opening it waits for a writer
    with pytest.raises(SourceTimeoutError, match=r"gave nothing for 0\.2 s"):
        list(waited(lambda alive: (pipe.read_bytes() for _ in "x"), timedelta(seconds=0.2), "the source of 'plant'"))
    with pipe.open("wb"):
        pass  # let the thread go


def test_a_command_that_takes_too_long_is_stopped_with_its_children(tmp_path):
    script = "sleep 60 & echo $! > child; wait"
    job = job_of(f'kind = "command"\ncommand = ["sh", "-c", "{script}"]\ntimeout = "2s"', tmp_path)
    assert "the command 'sh' took longer than 2 s and was stopped" in failure(job, SourceTimeoutError)
    child = int((tmp_path / "child").read_text())
    _, alive = psutil.wait_procs([psutil.Process(child)] if psutil.pid_exists(child) else [], timeout=5)
    assert all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["no-such-program"], "the command 'no-such-program' cannot be started: No such file or directory"),
        (
            ["sh", "-c", "echo denied by https:''//me:pw@host/x >&2; exit 3"],
            "the command 'sh' ended with status 3: denied by https://***@host/x",
        ),
    ],
)
def test_a_command_that_fails_is_unreachable(tmp_path, command, said):
    job = job_of(f'kind = "command"\ncommand = {json.dumps(command)}', tmp_path)
    assert failure(job, SourceUnreachableError) == said


def test_a_command_is_no_shell(tmp_path):
    job = job_of('kind = "command"\ncommand = ["echo", "a,b\\n1,2", "; touch hacked", "$(touch hacked)"]', tmp_path)
    failure(job, SchemaChangedError)
    assert not (tmp_path / "hacked").exists()


def test_a_column_that_is_gone_is_a_changed_schema(tmp_path):
    FRAME.rename(columns={"when": "zeit"}).to_csv(tmp_path / "plant.csv", index=False)
    job = job_of('kind = "files"\npath = "*.csv"', tmp_path, 'time = "when"')
    said = failure(job, SchemaChangedError)
    assert said == "the source has no column 'when'; it has 'zeit', 'sensor', 'value', 'temperature'"


def test_text_where_numbers_were_is_a_changed_schema(tmp_path):
    FRAME.to_parquet(tmp_path / "a.parquet", index=False)
    FRAME.assign(value="broken").to_parquet(tmp_path / "b.parquet", index=False)
    failure(job_of('kind = "files"\npath = "*.parquet"', tmp_path), SchemaChangedError)


def test_duplicate_rows_change_nothing(tmp_path):
    pd.concat([FRAME, FRAME.iloc[100:400], FRAME.iloc[:1]]).to_csv(tmp_path / "plant.csv", index=False)
    job = job_of('kind = "files"\npath = "*.csv"', tmp_path, 'series = "sensor"')
    check(open_source(job), expected(FRAME))


def test_a_series_that_cannot_be_read_stays_alone(tmp_path):
    odd = pd.DataFrame({"when": [START] * 3, "sensor": "stuck", "value": 1.0, "temperature": 2.0})
    single = odd.iloc[:1].assign(sensor="single")
    pd.concat([FRAME, odd, single]).to_parquet(tmp_path / "plant.parquet", index=False)
    (shard,) = open_source(job_of('kind = "files"\npath = "*.parquet"', tmp_path, 'series = "sensor"')).shards()
    assert [series.name for series in shard.series] == ["s1", "s10", "s2", "s3"]
    assert {name: str(error) for name, error in shard.unreadable.items()} == {
        "single": "single has 1 row of data; a series needs at least 2",
        "stuck": "series 'stuck' has only one distinct time; at least two are needed",
    }


def test_a_full_temporary_folder_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(grouping, "IN_MEMORY", 0)
    job = job_of(as_csv(tmp_path), tmp_path, 'series = "sensor"')
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(OutputError) as raised:
        list(open_source(job).shards())
    assert str(raised.value) == (
        f"the temporary folder {tmp_path}/gone cannot hold the source while it is sorted by series: No such file or "
        "directory; set TMPDIR to one with room"
    )


# --- databases ------------------------------------------------------------------------------------------------------


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


def test_no_thread_is_left_when_the_reader_stops_early(tmp_path):
    shards = open_source(job_of(as_csv(tmp_path), tmp_path)).shards(size=1)
    next(shards)
    shards.close()
    for thread in threading.enumerate():
        if thread.name.startswith("reading"):
            thread.join(5)
            assert not thread.is_alive()
