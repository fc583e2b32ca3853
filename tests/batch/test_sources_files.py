"""Files as a source: where they lie, which of them are read, and those that are broken, unfinished or out of reach."""

import os
from datetime import timedelta

import fsspec
import pytest
from source_samples import (
    FRAME,
    HOUR,
    SINCE,
    START,
    UNTIL,
    as_csv,
    as_parquet,
    check,
    expected,
    failure,
    job_of,
    long_frame,
)

from tsanomaly.batch.sources import open_source
from tsanomaly.batch.sources.waiting import waited
from tsanomaly.errors import SchemaChangedError, SourceTimeoutError, SourceUnreachableError, UnfinishedSourceError


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
