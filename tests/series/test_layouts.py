"""Wide and long tables, frames, arrays and Parquet files come to the same series."""

import io

import numpy as np
import pandas as pd
import pytest
from uploads import csv_of, upload

from tsanomaly.errors import CancelledError, ConfigurationError, DataError, ReadError
from tsanomaly.series import Reading, ReadOptions, from_array, from_frame, read_csv, read_file, read_parquet
from tsanomaly.series.options import Overrides

TIMES = pd.date_range("2024-01-01", periods=24, freq="1h", unit="ns")
VALUES = np.random.default_rng(0).normal(size=(24, 2)).round(3)


def frame() -> pd.DataFrame:
    return pd.DataFrame(VALUES, columns=["flow", "heat"], index=pd.DatetimeIndex(TIMES, name="time"))


def parquet(table: pd.DataFrame) -> io.BytesIO:
    file = io.BytesIO()
    table.to_parquet(file)
    return upload(file.getvalue(), "plant.parquet")


def long_rows(*, interleaved: bool) -> list[str]:
    rows = [(name, time, value) for name in ("a", "b") for time, value in zip(TIMES, VALUES[:, 0], strict=True)]
    if interleaved:
        rows.sort(key=lambda row: row[1])
    return [f"{time},{name},{value}" for name, time, value in rows]


def assert_same(reading: Reading) -> None:
    series = reading.one()
    np.testing.assert_array_equal(series.values, VALUES)
    np.testing.assert_array_equal(series.times, TIMES.to_numpy())
    assert series.times.dtype == "datetime64[ns]"
    assert series.step == np.timedelta64(1, "h")
    assert series.channels == ("flow", "heat")


def test_csv_parquet_frame_and_array_give_the_same_series() -> None:
    assert_same(read_csv(upload(frame().to_csv())))
    assert_same(read_parquet(parquet(frame())))
    assert_same(read_parquet(parquet(frame().reset_index())))
    assert_same(from_frame(frame()))
    assert_same(from_frame(frame().reset_index()))
    assert_same(from_array(VALUES, TIMES, channels=["flow", "heat"]))
    assert_same(from_array(VALUES, TIMES.astype(str), channels=["flow", "heat"]))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_whatever_unit_a_frame_counts_in_times_are_nanoseconds(unit: str) -> None:
    table = frame()
    table.index = pd.DatetimeIndex(table.index).as_unit(unit)
    assert_same(from_frame(table))
    assert_same(read_parquet(parquet(table)))


def test_a_frame_s_zone_is_kept() -> None:
    series = from_frame(frame().tz_localize("Europe/Berlin")).one()
    assert series.zone == "Europe/Berlin"
    assert series.times[0] == np.datetime64("2023-12-31T23:00", "ns")
    pd.testing.assert_index_equal(
        series.to_frame().index, frame().tz_localize("Europe/Berlin").index, exact=False, check_names=False
    )


def test_the_diagnosis_of_typed_times_can_be_given_back() -> None:
    table = frame().assign(note="x")[["note", "flow", "heat"]]
    said = read_parquet(parquet(table)).diagnosis
    assert said.time_format is None
    assert_same(
        read_parquet(parquet(table), time_format=said.time_format, time_column=said.time_column, step=said.step)
    )


def test_a_file_is_known_by_its_content_and_not_by_its_name() -> None:
    content = parquet(frame()).getvalue()
    assert_same(read_file(upload(content, "plant.csv")))
    assert_same(read_file(upload(frame().to_csv(), "plant.parquet")))
    with pytest.raises(ReadError) as error:
        read_csv(upload(content, "plant.csv"))
    assert str(error.value) == "plant.csv is a Parquet file; read it with read_parquet or read_file"
    with pytest.raises(ReadError) as error:
        read_parquet(upload("a,b\n1,2\n"))
    assert str(error.value) == "plant.csv is not a Parquet file; read text with read_csv or read_file"


def test_a_truncated_parquet_file_is_refused() -> None:
    content = parquet(frame()).getvalue()
    with pytest.raises(ReadError, match="is a damaged Parquet file; write it again"):
        read_parquet(upload(content[:40] + content[-8:], "plant.parquet"))


@pytest.mark.parametrize("interleaved", [False, True])
def test_a_long_table_gives_a_series_for_each_name(interleaved: bool) -> None:
    reading = read_csv(csv_of("time,sensor,value", *long_rows(interleaved=interleaved)))
    assert reading.diagnosis.layout == "long"
    assert reading.diagnosis.series_column == "sensor"
    assert [series.name for series in reading] == ["a", "b"]
    np.testing.assert_array_equal(reading["b"].values[:, 0], VALUES[:, 0])
    assert reading.diagnosis.series == {"a": 24, "b": 24}


def test_series_are_told_apart_by_numbers_too() -> None:
    rows = [row.replace("a", "17").replace("b", "42") for row in long_rows(interleaved=True)]
    reading = read_csv(csv_of("time,device_id,value", *rows))
    assert [series.name for series in reading] == ["17", "42"]


def test_a_text_column_beside_distinct_times_is_no_series_name() -> None:
    rows = [f"{time},{'on' if i % 3 else 'off'},{i % 7}" for i, time in enumerate(TIMES)]
    reading = read_csv(csv_of("time,state,value", *rows))
    assert reading.diagnosis.layout == "wide"
    assert len(reading) == 1


def test_a_text_column_that_does_not_tell_repeated_times_apart_is_no_series_name() -> None:
    rows = [
        f"{time},{state},{i}" for i, time in enumerate(TIMES) for state in (["on", "on"] if i % 2 else ["on", "off"])
    ]
    reading = read_csv(csv_of("time,state,value", *rows))
    assert reading.diagnosis.layout == "wide"


def test_the_only_series_of_several_is_an_error_that_says_what_to_do() -> None:
    reading = read_csv(csv_of("time,sensor,value", *long_rows(interleaved=True)))
    with pytest.raises(DataError) as error:
        reading.one()
    assert str(error.value) == "plant.csv holds 2 series ('a', 'b'); pick one with reading['a'] or --series"
    with pytest.raises(DataError) as error:
        reading["c"]
    assert str(error.value) == "plant.csv has no series 'c'; it has 'a', 'b'"


def test_findings_of_many_series_are_gathered() -> None:
    rows = [row for i, row in enumerate(long_rows(interleaved=False)) if i not in (5, 6, 30)]
    reading = read_csv(csv_of("time,sensor,value", *rows))
    (gap,) = reading.diagnosis.findings
    assert gap.code == "missing-rows"
    assert gap.count == 2
    assert gap.message.startswith("in 2 series, such as 'a': 2 steps without a row")


def test_a_series_of_one_row_is_left_out_and_named() -> None:
    reading = read_csv(csv_of("time,sensor,value", *long_rows(interleaved=False), "2024-01-01 00:00:00,c,1"))
    assert [series.name for series in reading] == ["a", "b"]
    assert reading.diagnosis.findings[0].message == "1 series with a single row ('c')"


def test_an_array_without_times_counts_rows_and_keeps_every_channel() -> None:
    values = np.column_stack([np.arange(1_704_067_200, 1_704_067_210), np.full(10, np.nan), np.ones(10)])
    series = from_array(values).one()
    np.testing.assert_array_equal(series.values, values)
    assert series.channels == ("channel 1", "channel 2", "channel 3")
    assert not series.has_clock
    assert from_array([1.0, 2.0]).one().channels == ("value",)


def test_an_array_s_labels_are_kept() -> None:
    labels = from_array([1.0, 2.0, 3.0], labels=[0, 1, 0]).one().labels
    assert labels is not None
    assert labels.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("values", "arguments", "sentence"),
    [
        ([["x"]], {}, "array holds something else than numbers"),
        (np.zeros((2, 2, 2)), {}, "array has shape (2, 2, 2); expected (rows,) or (rows, channels)"),
        ([], {}, "array has shape (0,); expected (rows,) or (rows, channels)"),
        ([1.0], {}, "array has 1 row of data; a series needs at least 2"),
        ([1.0, 2.0], {"times": ["2024-01-01"]}, "array has 2 rows and 1 times; they must agree"),
        ([np.nan, np.nan], {}, "array has no value in any row of 'value'; there is nothing to watch"),
    ],
)
def test_an_array_that_is_no_series_is_refused_in_one_sentence(
    values: object, arguments: dict[str, object], sentence: str
) -> None:
    with pytest.raises(DataError) as error:
        from_array(values, **arguments)  # type: ignore[arg-type]
    assert str(error.value) == sentence


def test_progress_is_told_and_can_cancel() -> None:
    shares: list[float] = []
    read_csv(upload("a,b\n" + "1,2\n" * 300_000), progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    with pytest.raises(CancelledError, match="cancelled while reading; nothing was kept"):
        read_csv(upload("a,b\n1,2\n3,4\n"), progress=lambda share: False)


def test_every_override_has_its_keyword() -> None:
    assert set(Overrides.__annotations__) == set(ReadOptions.__dataclass_fields__)


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ({"delimiter": "::"}, "delimiter must be one character or empty for none, not '::'"),
        ({"decimal": ";"}, "decimal must be '.' or ',', not ';'"),
        ({"decimal": ",", "delimiter": ","}, "decimal and delimiter are both ','; they must differ"),
        ({"encoding": "utf-9"}, "encoding 'utf-9' is not known; give one such as 'utf-8', 'cp1252' or 'utf-16'"),
        ({"step": "soon"}, "step must be a positive duration such as '5min' or '1h', not 'soon'"),
        ({"step": "-1h"}, "step must be a positive duration such as '5min' or '1h', not '-1h'"),
        ({"channels": "v"}, "channels must be a list of column names, not the text 'v'"),
    ],
)
def test_a_wrong_override_is_refused_in_one_sentence(override: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        read_csv(csv_of("a,b", "1,2", "3,4"), **override)  # type: ignore[arg-type]
    assert str(error.value) == sentence
