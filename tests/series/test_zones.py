"""Local times, offsets and the two nights a year when clocks mislead."""

import numpy as np
import pandas as pd
import pytest
from uploads import column, csv_of

from tsanomaly.errors import ConfigurationError
from tsanomaly.series import Reading, read_csv

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"]


def codes(reading: Reading) -> set[str]:
    return {finding.code for finding in reading.diagnosis.findings}


def changes_of(zone: str) -> pd.DatetimeIndex:
    hours = pd.date_range("2017-01-01", "2018-01-01", freq="30min", tz="UTC").tz_convert(zone)
    offsets = np.array([stamp.utcoffset().total_seconds() for stamp in hours])
    return hours[1:][np.diff(offsets) != 0]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("step", ["10min", "15min", "30min"])
@pytest.mark.parametrize("backwards", [False, True])
def test_local_times_over_a_clock_change_come_back_as_the_instants_they_were(
    zone: str, step: str, backwards: bool
) -> None:
    for change in changes_of(zone):
        instants = pd.date_range(change - pd.Timedelta("6h"), change + pd.Timedelta("6h"), freq=step, unit="ns")
        written = instants[::-1] if backwards else instants
        series = read_csv(column(written.tz_localize(None)), zone=zone).one()
        expected = instants.tz_convert("UTC").tz_localize(None).to_numpy()
        np.testing.assert_array_equal(series.times, expected)
        assert np.isfinite(series.values).all()
        assert series.zone == zone


def test_the_hour_that_autumn_repeats_is_told_apart_by_order_and_said() -> None:
    times = ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    reading = read_csv(column(f"2024-10-27 {time}" for time in times), zone="Europe/Berlin")
    assert len(reading.one()) == 7
    found = next(f for f in reading.diagnosis.findings if f.code == "repeated-hour")
    assert found.message == "4 stamps in an hour that Europe/Berlin had twice when its clocks went back"
    assert found.repair == "by their order 2 belong to its second pass"
    assert found.rows == (4, 5, 6, 7)


def test_the_second_pass_of_the_hour_lasts_even_where_the_first_has_gaps() -> None:
    times = ["01:30", "02:00", "02:00", "02:30", "03:00"]
    series = read_csv(column(f"2024-10-27 {time}" for time in times), zone="Europe/Berlin").one()
    assert np.flatnonzero(np.isfinite(series.values[:, 0])).tolist() == [0, 1, 3, 4, 5]


def test_the_hour_that_spring_skips_is_moved_and_said() -> None:
    times = [f"2024-03-31 {time}" for time in ("01:00", "01:30", "02:00", "02:30")]
    reading = read_csv(column(times), zone="Europe/Berlin")
    assert reading.one().times[-1] == np.datetime64("2024-03-31T01:30", "ns")
    found = next(f for f in reading.diagnosis.findings if f.code == "skipped-hour")
    assert found.rows == (4, 5)


def test_a_repeated_hour_without_a_zone_is_a_warning() -> None:
    times = ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    reading = read_csv(column(f"2024-10-27 {time}" for time in times))
    assert {"clock-change", "repeated-stamps"} <= codes(reading)
    assert reading.one().zone is None


def test_an_offset_names_the_zone() -> None:
    series = read_csv(column(["2024-01-01T00:00:00+02:00", "2024-01-01T01:00:00+02:00"])).one()
    assert series.zone == "+02:00"
    assert series.times[0] == np.datetime64("2023-12-31T22:00", "ns")
    assert str(series.to_frame().index[0]) == "2024-01-01 00:00:00+02:00"


@pytest.mark.parametrize("suffix", ["Z", "+00:00", "+0000", "+00", " UTC", " GMT"])
def test_every_way_to_write_utc_is_utc(suffix: str) -> None:
    series = read_csv(column([f"2024-01-01T00:00:00{suffix}", f"2024-01-01T01:00:00{suffix}"])).one()
    assert series.zone == "UTC"
    assert series.times[0] == np.datetime64("2024-01-01T00:00", "ns")


def test_several_offsets_are_shown_in_utc_and_said() -> None:
    stamps = ["2024-03-31T01:00:00+01:00", "2024-03-31T03:00:00+02:00", "2024-03-31T04:00:00+02:00"]
    reading = read_csv(column(stamps))
    assert reading.one().zone == "UTC"
    assert reading.one().step == np.timedelta64(1, "h")
    assert "several-offsets" in codes(reading)


def test_a_zone_given_shows_stamps_that_carry_offsets_and_does_not_move_them() -> None:
    series = read_csv(column(["2024-01-01T00:00Z", "2024-01-01T01:00Z"]), zone="Asia/Tokyo").one()
    assert series.zone == "Asia/Tokyo"
    assert series.times[0] == np.datetime64("2024-01-01T00:00", "ns")


def test_stamps_with_and_without_an_offset_are_a_warning() -> None:
    reading = read_csv(csv_of("t,v", "2024-01-01T00:00Z,1", "2024-01-01T01:00,2", "2024-01-01T02:00Z,3"))
    assert len(reading.one()) == 3
    assert "mixed-offsets" in codes(reading)


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^zone 'Mars/Base' is not known; give an IANA name such as"):
        read_csv(column(["2024-01-01", "2024-01-02"]), zone="Mars/Base")
