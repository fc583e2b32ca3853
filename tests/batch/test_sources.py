"""Sources of every kind give the series that are in them, and misbehave with one named error each."""

import pickle
import threading

import numpy as np
import pandas as pd
import pytest
from source_samples import (
    FRAME,
    SINCE,
    START,
    UNTIL,
    as_command,
    as_csv,
    as_csv_by_day,
    as_parquet,
    as_parquet_by_series,
    as_parquet_partitions,
    as_sql,
    check,
    expected,
    failure,
    job_of,
)

from tsanomaly import read_file
from tsanomaly.batch.sources import open_source
from tsanomaly.errors import SchemaChangedError
from tsanomaly.resources import sample_names, sample_path

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


def test_no_thread_is_left_when_the_reader_stops_early(tmp_path):
    shards = open_source(job_of(as_csv(tmp_path), tmp_path)).shards(size=1)
    next(shards)
    shards.close()
    for thread in threading.enumerate():
        if thread.name.startswith("reading"):
            thread.join(5)
            assert not thread.is_alive()
