"""Readings of four sensors as files, tables and commands, and what jobs should read of them."""

import sqlite3
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tsanomaly.batch.job_file import parse_job
from tsanomaly.batch.sources import open_source
from tsanomaly.errors import SourceError

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


FRAME = long_frame([f"s{i}" for i in (3, 1, 10, 2)], 200)
SINCE, UNTIL = START + 5 * HOUR, START + 20 * HOUR


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


def failure(job, kind):
    with pytest.raises(SourceError) as raised:
        list(open_source(job).shards(SINCE, UNTIL))
    assert type(raised.value) is kind, raised.value
    return str(raised.value)


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
