"""Sinks replace what they had of the stretches covered: writing twice, late rows and overlaps leave one row each."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pandas as pd
import psycopg
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres import new_database
from sqlalchemy import make_url

from tsanomaly.batch.job_file import parse_job
from tsanomaly.batch.sinks import Covered, open_sinks
from tsanomaly.errors import ConfigurationError, OutputError

DAY0 = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hours):
    return DAY0 + hours * HOUR


def sink_of(kind, what, folder, path="out", monkeypatch=None):
    settings = f'kind = "{kind}"\nwhat = "{what}"\n'
    settings += f'url_env = "SINK_DB"\ntable = "{what}"' if kind == "sql" else f'path = "{path}"'
    text = f'name = "plant"\n[source]\nkind = "files"\npath = "x"\n[[sinks]]\n{settings}\n'
    (sink,) = open_sinks(parse_job(text, folder=folder))
    return sink


def event(series, start, end, severity=50.0):
    return {
        "series": series,
        "start": at(start),
        "end": at(end),
        "peak_time": at(start),
        "severity": severity,
        "score": 1.5,
        "direction": "above",
        "channels": "flow 71 %",
        "status": "open",
    }


def score(series, hour, value):
    return {"series": series, "time": at(hour), "score": value, "severity": 10 * value, "threshold": 2.0}


def covered(*stretches):
    return [Covered(series, at(first), at(last)) for series, first, last in stretches]


def read(kind, what, folder):
    """What a sink left, as rows of (job, series, start or time in hours, …)."""
    time = "start" if what == "events" else "time"
    if kind == "sql":
        time = "start_time" if what == "events" else "time"
        with sqlite3.connect(folder / "sink.sqlite") as database:
            frame = pd.read_sql(f"SELECT * FROM {what}", database)
        database.close()
    else:
        files = [folder / "out"] if what == "events" else sorted((folder / "out").glob(f"plant-*.{kind}"))
        frames = [pd.read_csv(path) if kind == "csv" else pq.read_table(path).to_pandas() for path in files]
        frame = pd.concat(frames)
    hours = (pd.to_datetime(frame[time], utc=True, format="mixed") - DAY0) / HOUR
    last = "severity" if what == "events" else "score"
    return sorted(zip(frame["job"], frame["series"], hours, frame[last], strict=True))


KINDS = ("csv", "parquet", "sql")


@pytest.fixture(autouse=True)
def _database(tmp_path, monkeypatch):
    monkeypatch.setenv("SINK_DB", f"sqlite:///{tmp_path / 'sink.sqlite'}")


@pytest.mark.parametrize("kind", KINDS)
def test_events_written_again_or_grown_are_one_row(tmp_path, kind):
    sink = sink_of(kind, "events", tmp_path)
    first = pd.DataFrame([event("a", 3, 5), event("a", 20, 26), event("b", 4, 6)])
    for _ in range(2):
        sink.write("plant", covered(("a", 0, 24), ("b", 0, 24)), first)
    # The next run sees the open event whole, and finds nothing any more where series b had one.
    sink.write("plant", covered(("a", 18, 30), ("b", 0, 30)), pd.DataFrame([event("a", 19, 27, 80.0)]))
    assert read(kind, "events", tmp_path) == [("plant", "a", 3, 50.0), ("plant", "a", 19, 80.0)]


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_replaced_where_they_were_scored_again(tmp_path, kind):
    sink = sink_of(kind, "scores", tmp_path)
    rows = pd.DataFrame([score(series, hour, 1.0) for series in "ab" for hour in range(20, 28)])
    sink.write("plant", covered(("a", 20, 28), ("b", 20, 28)), rows)
    again = pd.DataFrame([score("a", hour, 3.0) for hour in range(23, 30)])
    for _ in range(2):
        sink.write("plant", covered(("a", 23, 30)), again)
    expected = [("plant", "a", hour, 1.0 if hour < 23 else 3.0) for hour in range(20, 30)]
    expected += [("plant", "b", hour, 1.0) for hour in range(20, 28)]
    assert read(kind, "scores", tmp_path) == expected
    if kind != "sql":
        assert [path.name for path in sorted((tmp_path / "out").iterdir())] == [
            f"plant-2026-03-02.{kind}",
            f"plant-2026-03-03.{kind}",
        ]


@pytest.mark.parametrize("kind", KINDS)
def test_jobs_share_a_sink(tmp_path, kind):
    sink = sink_of(kind, "events", tmp_path)
    for job in ("plant", "other"):
        sink.write(job, covered(("a", 0, 24)), pd.DataFrame([event("a", 3, 5)]))
    sink.write("plant", covered(("a", 0, 24)), pd.DataFrame([], columns=list(event("a", 0, 1))))
    assert read(kind, "events", tmp_path) == [("other", "a", 3, 50.0)]


stretch = st.tuples(st.sampled_from("ab"), st.integers(0, 40), st.integers(1, 12))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(stretch, st.integers(1, 9)), max_size=6), st.sampled_from(KINDS))
def test_any_order_of_writes_leaves_what_a_plain_table_holds(tmp_path_factory, monkeypatch, writes, kind):
    folder = tmp_path_factory.mktemp("sink")
    monkeypatch.setenv("SINK_DB", f"sqlite:///{folder / 'sink.sqlite'}")
    sink = sink_of(kind, "scores", folder)
    plain = {}
    sink.write("plant", covered(("z", 0, 1)), pd.DataFrame([score("z", 0, 0.5)]))
    plain["z", 0] = 0.5
    for (series, first, length), every in writes:
        plain = {key: value for key, value in plain.items() if key[0] != series or not first <= key[1] < first + length}
        rows = [score(series, hour, float(every)) for hour in range(first, first + length, every)]
        plain |= {(series, hour): float(every) for hour in range(first, first + length, every)}
        for _ in range(2):
            sink.write("plant", covered((series, first, first + length)), pd.DataFrame(rows))
    assert read(kind, "scores", folder) == sorted(("plant", *key, value) for key, value in plain.items())


def test_a_table_on_postgresql_keeps_instants(tmp_path, monkeypatch):
    url = new_database()
    monkeypatch.setenv("SINK_DB", url)
    sink = sink_of("sql", "events", tmp_path)
    for _ in range(2):
        sink.write("plant", covered(("a", 0, 24)), pd.DataFrame([event("a", 3, 5)]))
    sink.write("plant", covered(("a", 4, 30)), pd.DataFrame([event("a", 3, 9, 70.0)]))
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as link:
        rows = link.execute("SELECT job, series, start_time, end_time, severity FROM events").fetchall()
    assert rows == [("plant", "a", at(3), at(9), 70.0)]


def test_any_storage_that_fsspec_knows(tmp_path):
    sink = sink_of("csv", "events", tmp_path, "memory://out/events.csv")
    for _ in range(2):
        sink.write("plant", covered(("a", 0, 24)), pd.DataFrame([event("a", 3, 5)]))
    text = fsspec.filesystem("memory").cat_file("/out/events.csv").decode()
    assert text == (
        "job,series,start,end,peak_time,severity,score,direction,channels,status\n"
        "plant,a,2026-03-02T03:00:00+00:00,2026-03-02T05:00:00+00:00,2026-03-02T03:00:00+00:00,50.0,1.5,above,"
        "flow 71 %,open\n"
    )


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "'=1", "@x", "-5", 'a\nb,"c"', "‮gnp", "x" * 400])
def test_hostile_names_are_no_formulas_and_are_found_again(tmp_path, name):
    sink = sink_of("csv", "events", tmp_path)
    for severity in (50.0, 60.0):
        sink.write("plant", covered((name, 0, 24)), pd.DataFrame([event(name, 3, 5, severity)]))
    frame = pd.read_csv(tmp_path / "out")
    assert len(frame) == 1
    assert not frame["series"][0].startswith(("=", "+", "-", "@"))
    assert frame["severity"][0] == 60.0


def test_what_is_no_table_is_left_alone(tmp_path):
    (tmp_path / "out").write_text("my,diary\n1,2\n")
    with pytest.raises(OutputError) as raised:
        sink_of("csv", "events", tmp_path).write("plant", covered(("a", 0, 24)), pd.DataFrame([event("a", 3, 5)]))
    assert str(raised.value) == (
        f"'{tmp_path / 'out'}' is there and is no table of events; move it away or give the sink another path"
    )
    assert (tmp_path / "out").read_text() == "my,diary\n1,2\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "taken").write_text("a file")
    sink = sink_of("csv", "events", tmp_path, "taken/events.csv")
    with pytest.raises(OutputError, match=r"the sink '.*taken/events\.csv' cannot be written: "):
        sink.write("plant", covered(("a", 0, 24)), pd.DataFrame([event("a", 3, 5)]))


def test_a_database_that_is_away_is_one_sentence_without_its_password(tmp_path, monkeypatch):
    monkeypatch.setenv("SINK_DB", "postgresql+psycopg://ann:s3cret@127.0.0.1:1/plant?connect_timeout=2")
    with pytest.raises(OutputError) as raised:
        sink_of("sql", "events", tmp_path).write("plant", covered(("a", 0, 24)), pd.DataFrame([event("a", 3, 5)]))
    assert str(raised.value).startswith("the table 'events' of SINK_DB cannot be written: ")
    assert "s3cret" not in str(raised.value)
    monkeypatch.delenv("SINK_DB")
    with pytest.raises(ConfigurationError, match=r"SINK_DB, which sinks\.url_env names, is not set"):
        sink_of("sql", "events", tmp_path).write("plant", covered(("a", 0, 24)), pd.DataFrame([event("a", 3, 5)]))


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path, monkeypatch):
    sink = sink_of("csv", "events", tmp_path)
    sink.write("plant", covered(("a", 0, 24)), pd.DataFrame([event("a", 3, 5)]))
    old = (tmp_path / "out").read_bytes()

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left on device"):
        sink.write("plant", covered(("a", 0, 24)), pd.DataFrame([event("a", 3, 6)]))
    assert (tmp_path / "out").read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
