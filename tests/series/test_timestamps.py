"""Which column is the clock, in which notation, and the instants it means."""

import numpy as np
import pandas as pd
import pytest
from uploads import column, csv_of

from tsanomaly.errors import ConfigurationError, ReadError
from tsanomaly.series import Finding, Reading, read_csv

STAMPS = pd.DatetimeIndex(["2024-01-31 13:05:00", "2024-01-31 13:10:00", "2024-01-31 13:15:00"])


def finding(reading: Reading, code: str) -> Finding:
    return next(finding for finding in reading.diagnosis.findings if finding.code == code)


def codes(reading: Reading) -> set[str]:
    return {finding.code for finding in reading.diagnosis.findings}


@pytest.mark.parametrize(
    ("pattern", "notation"),
    [
        ("%Y-%m-%d %H:%M:%S", "ISO 8601"),
        ("%Y-%m-%dT%H:%M", "ISO 8601"),
        ("%Y-%m-%dT%H:%M:%S.%fZ", "ISO 8601"),
        ("%Y/%m/%d %H:%M", "ISO 8601"),
        ("%d.%m.%Y %H:%M", "day first"),
        ("%d/%m/%y %H:%M:%S", "day first"),
        ("%d-%m-%Y %I:%M %p", "day first"),
        ("%m/%d/%Y %I:%M:%S %p", "month first"),
        ("%d-%b-%Y %H:%M:%S", "month by name"),
        ("%d %B %Y %H:%M", "month by name"),
        ("%b %d %Y %H:%M", "month by name"),
        ("%a %d %b %Y %H:%M:%S GMT", "month by name"),
        ("%Y%m%dT%H%M%S", "compact"),
        ("%Y%m%d%H%M%S", "compact"),
    ],
)
def test_each_notation_is_found_and_means_the_same_instants(pattern: str, notation: str) -> None:
    for override in (None, notation):
        reading = read_csv(column(STAMPS.strftime(pattern)), time_format=override)
        assert reading.diagnosis.time_format == notation
        np.testing.assert_array_equal(reading.one().times, STAMPS.to_numpy().astype("M8[ns]"))


@pytest.mark.parametrize(("unit", "size"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_each_epoch_unit_is_told_by_its_size(unit: str, size: int) -> None:
    seconds = STAMPS.as_unit("s").astype("int64")
    reading = read_csv(column(seconds * size))
    assert reading.diagnosis.time_format == f"epoch {unit}"
    np.testing.assert_array_equal(reading.one().times, STAMPS.to_numpy().astype("M8[ns]"))


def test_nanosecond_epochs_keep_their_last_digit() -> None:
    reading = read_csv(column([1_704_067_200_123_456_789, 1_704_067_200_123_456_790]))
    assert reading.one().times[0] == np.datetime64("2024-01-01T00:00:00.123456789", "ns")


def test_epochs_with_fractions_keep_milliseconds() -> None:
    reading = read_csv(column(["1704067200.250", "1704067200.500", "1704067200.750"]))
    assert reading.one().times[0] == np.datetime64("2024-01-01T00:00:00.250", "ns")
    assert reading.one().step == np.timedelta64(250, "ms")


def test_spreadsheet_day_numbers_are_read_when_asked_for() -> None:
    reading = read_csv(csv_of("date,v", "45292.0,1", "45292.5,2", "45293,3"), time_format="excel days")
    assert reading.one().times[1] == np.datetime64("2024-01-01T12:00", "ns")


def test_a_strptime_pattern_can_be_given() -> None:
    reading = read_csv(column(["24_31_01", "24_31_02", "24_31_03"]), time_format="%y_%M_%d")
    assert reading.one().times[2] == np.datetime64("2024-01-03T00:31", "ns")


def test_twelve_at_noon_and_twelve_at_midnight_are_told_apart() -> None:
    reading = read_csv(
        column(["01/31/2024 12:00 AM", "01/31/2024 6:00 AM", "01/31/2024 12:00 PM", "01/31/2024 6:00 PM"])
    )
    assert reading.one().step == np.timedelta64(6, "h")
    assert reading.one().times[[0, -1]].astype("M8[h]").astype(str).tolist() == ["2024-01-31T00", "2024-01-31T18"]


def test_a_day_above_twelve_anywhere_decides() -> None:
    rows = [*(f"{day:02d}/02/2024" for day in range(1, 13)), "13/02/2024"]
    assert read_csv(column(rows)).diagnosis.time_format == "day first"
    rows = [*(f"02/{day:02d}/2024" for day in range(1, 13)), "02/13/2024"]
    assert read_csv(column(rows)).diagnosis.time_format == "month first"


def test_order_decides_where_no_day_is_above_twelve() -> None:
    assert read_csv(column([f"{day:02d}/02/2024" for day in range(1, 13)])).diagnosis.time_format == "day first"
    assert read_csv(column([f"02/{day:02d}/2024" for day in range(1, 13)])).diagnosis.time_format == "month first"


def test_what_nothing_decides_is_taken_as_day_first_with_a_warning() -> None:
    reading = read_csv(column(["02/03/2024 10:00", "02/03/2024 11:00"]))
    assert reading.one().times[0] == np.datetime64("2024-03-02T10:00", "ns")
    assert "day-or-month" in codes(reading)
    told = read_csv(column(["02/03/2024 10:00", "02/03/2024 11:00"]), time_format="month first")
    assert told.one().times[0] == np.datetime64("2024-02-03T10:00", "ns")
    assert "day-or-month" not in codes(told)


def test_dates_and_times_of_day_in_two_columns_are_joined() -> None:
    reading = read_csv(
        csv_of("Date;Time;CO", "13/03/2004;18.00.00;2,6", "13/03/2004;19.00.00;2", "13/03/2004;20.00.00;2,2")
    )
    assert reading.diagnosis.time_column == "Date + Time"
    assert reading.one().times[0] == np.datetime64("2004-03-13T18:00", "ns")
    assert reading.one().channels == ("CO",)


def test_without_a_clock_rows_are_counted() -> None:
    series = read_csv(csv_of("a,b", "1,2", "3,5")).one()
    assert series.times.tolist() == [0, 1]
    assert series.step is None


def test_a_column_that_only_counts_rows_is_no_channel() -> None:
    reading = read_csv(csv_of(",v", "0,1.5", "1,2", "2,3"))
    assert reading.one().channels == ("v",)
    assert "counter-column" in codes(reading)


def test_seconds_since_the_start_are_no_channel_and_no_date() -> None:
    reading = read_csv(csv_of("time,v", "0.0,1.5", "0.1,2", "0.2,3"))
    assert reading.one().channels == ("v",)
    assert not reading.one().has_clock


def test_an_empty_name_means_that_no_column_is_time() -> None:
    reading = read_csv(csv_of("ts,v", "1704067200,1", "1704067260,5"), time_column="")
    assert not reading.one().has_clock


def test_a_telling_name_wins_over_an_earlier_column_of_dates() -> None:
    reading = read_csv(csv_of("installed,timestamp,v", "2020-01-01,2024-01-01,1", "2020-01-02,2024-01-02,2"))
    assert reading.diagnosis.time_column == "timestamp"


def test_values_that_look_like_epochs_are_no_clock_unless_first_or_named() -> None:
    reading = read_csv(csv_of("v,bytes", "1,1704067200", "2,1704067260", "4,1704067320"))
    assert reading.one().channels == ("v", "bytes")


def test_unreadable_stamps_are_left_out_and_named() -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 29)]
    days[4], days[9] = "yesterday", ""
    reading = read_csv(column(days))
    assert finding(reading, "unreadable-stamps").rows == (6, 11)
    assert np.flatnonzero(np.isnan(reading.one().values[:, 0])).tolist() == [4, 9]


@pytest.mark.parametrize("bad", ["2024-02-30", "2024-13-01", "2024-01-05 24:01", "2024-01-05 12:60"])
def test_dates_that_no_calendar_has_are_unreadable(bad: str) -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 29)]
    days[4] = bad
    assert finding(read_csv(column(days)), "unreadable-stamps").rows == (6,)


def test_a_day_may_end_at_24_hours() -> None:
    reading = read_csv(column(["2024-01-01 22:00", "2024-01-01 23:00", "2024-01-01 24:00"]))
    assert reading.one().times[2] == np.datetime64("2024-01-02", "ns")


def test_years_beyond_nanoseconds_are_left_out_and_named() -> None:
    reading = read_csv(column(["0001-01-01", "2024-01-01", "2024-01-02", "2024-01-03", "9999-12-31"]))
    assert finding(reading, "stamps-out-of-range").rows == (2, 6)
    assert len(reading.one()) == 3


def test_years_before_1970_are_read_and_noted() -> None:
    reading = read_csv(column(["1959-12-31", "1960-01-01", "1960-01-02"]))
    assert reading.one().times[0] == np.datetime64("1959-12-31", "ns")
    assert finding(reading, "before-1970").count == 3


def test_a_clock_that_stands_still_is_said_and_rows_are_counted() -> None:
    reading = read_csv(csv_of("t,v", "2024-01-01,1", "2024-01-01,2", "2024-01-01,4"))
    assert not reading.one().has_clock
    assert "constant-clock" in codes(reading)


def test_a_time_column_that_is_none_is_an_error() -> None:
    with pytest.raises(ReadError) as error:
        read_csv(csv_of("a,b", "x,1", "y,2"), time_column="a")
    assert str(error.value) == (
        "plant.csv: no cell of column 'a' can be read as a time; give time_format, or another time_column"
    )


def test_an_unknown_notation_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^time_format 'european' is not known; give a strptime pattern"):
        read_csv(column(["2024-01-01", "2024-01-02"]), time_format="european")
