"""Rows land on a regular grid, and nothing is invented in between."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_series import naive_grid
from uploads import column, csv_of

from tsanomaly.errors import DataError
from tsanomaly.series import Finding, Reading, read_csv
from tsanomaly.series.grid import Rows, choose_step, duration, lay_on_grid, slots_of

SECOND = 10**9
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND


def finding(reading: Reading, code: str) -> Finding:
    return next(finding for finding in reading.diagnosis.findings if finding.code == code)


def codes(reading: Reading) -> set[str]:
    return {finding.code for finding in reading.diagnosis.findings}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3000), st.floats(-1e6, 1e6) | st.just(float("nan"))), min_size=2, max_size=80),
    st.sampled_from([7, 60, 100]),
)
def test_the_grid_agrees_with_a_slow_loop(rows: list[tuple[int, float]], seconds: int) -> None:
    times = np.array([time for time, _ in rows]) * SECOND
    values = np.array([[value, -value] for _, value in rows])
    if len(set(times.tolist())) == 1:
        with pytest.raises(DataError):
            lay_on_grid(Rows(times, values, None, np.arange(len(rows))), seconds * SECOND, "s", [])
        return
    grid = lay_on_grid(Rows(times, values, None, np.arange(len(rows))), seconds * SECOND, "s", [])
    phase = int(grid.times[0]) % (seconds * SECOND)
    slow_times, slow_values = naive_grid(times.tolist(), values.tolist(), seconds * SECOND, phase)
    assert grid.times.tolist() == slow_times
    np.testing.assert_allclose(grid.values, slow_values, rtol=1e-12, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([SECOND, 5 * SECOND, MINUTE, 5 * MINUTE, 10 * MINUTE, HOUR, DAY, 7 * DAY]),
    st.integers(0, 2**31),
    st.floats(0, 0.4),
    st.floats(0, 0.02),
)
def test_the_step_is_found_under_gaps_and_jitter(step: int, seed: int, missing: float, jitter: float) -> None:
    rng = np.random.default_rng(seed)
    times = 1_600_000_000 * SECOND + step * np.arange(300)
    times = times + np.rint(rng.uniform(-jitter, jitter, 300) * step).astype(np.int64)
    times = times[rng.random(300) >= missing]
    assert choose_step(times) == step


def test_months_get_their_mean_length_and_one_slot_each() -> None:
    months = pd.date_range("2010-01-01", periods=120, freq="MS")
    series = read_csv(column(months.strftime("%Y-%m-%d"))).one()
    assert np.isfinite(series.values).sum() == len(series) == 120
    assert series.step is not None
    assert 30.3 * DAY < series.step.astype(int) < 30.6 * DAY


def test_a_drifting_clock_loses_no_row() -> None:
    times = np.arange(2000) * int(60.4 * SECOND)
    assert choose_step(times) == int(60.4 * SECOND)


def test_a_truly_irregular_series_gets_about_its_median_step() -> None:
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.exponential(60, 2000) * SECOND).astype(np.int64)
    assert 0.7 * np.median(np.diff(times)) <= choose_step(times) <= 1.3 * np.median(np.diff(times))


def test_the_grid_goes_through_the_commonest_phase() -> None:
    times = np.array([3, 63, 123, 184, 243, 303]) * SECOND
    slots, origin = slots_of(times, 60 * SECOND)
    assert origin == 3 * SECOND
    assert slots.tolist() == [0, 1, 2, 3, 4, 5]


def test_missing_rows_stay_gaps_and_are_said() -> None:
    times = [f"2024-01-01 {hour:02d}:00" for hour in (0, 1, 2, 5, 6, 8, 9, 10)]
    reading = read_csv(column(times))
    series = reading.one()
    assert np.flatnonzero(np.isnan(series.values[:, 0])).tolist() == [3, 4, 7]
    gap = finding(reading, "missing-rows")
    assert gap.message == "3 steps without a row in 2 gaps, the longest 2h after row 4"
    assert gap.rows == (4, 6)


def test_repeated_stamps_are_averaged_and_any_label_counts() -> None:
    rows = ["2024-01-01,1,0", "2024-01-02,2,0", "2024-01-02,4,1", "2024-01-03,5,0"]
    reading = read_csv(csv_of("day,value,label", *rows))
    series = reading.one()
    assert series.values[:, 0].tolist() == [1, 3, 5]
    assert series.labels is not None
    assert series.labels.tolist() == [False, True, False]
    assert finding(reading, "repeated-stamps").rows == (4,)


def test_huge_numbers_are_averaged_without_overflow() -> None:
    reading = read_csv(csv_of("day,value", "2024-01-01,1e308", "2024-01-01,1.5e308", "2024-01-02,1"))
    assert reading.one().values[0, 0] == pytest.approx(1.25e308)


def test_shuffled_rows_are_sorted_and_said() -> None:
    reading = read_csv(csv_of("day,value", "2024-01-01,1", "2024-01-03,3", "2024-01-02,2", "2024-01-04,4"))
    assert reading.one().values[:, 0].tolist() == [1, 2, 3, 4]
    assert finding(reading, "unsorted").rows == (4,)


def test_a_file_from_newest_to_oldest_is_turned_round() -> None:
    reading = read_csv(csv_of("day,value", "2024-01-03,3", "2024-01-02,2", "2024-01-01,1"))
    assert reading.one().values[:, 0].tolist() == [1, 2, 3]
    assert finding(reading, "unsorted").message == "rows run from the newest to the oldest"


def test_a_step_asked_for_averages_what_falls_into_it() -> None:
    reading = read_csv(column(pd.date_range("2024-01-01", periods=12, freq="5min").astype(str)), step="10min")
    series = reading.one()
    assert reading.diagnosis.step == "10min"
    assert np.isfinite(series.values).all()
    assert len(series) == 7


def test_one_absurd_stamp_is_left_out_and_named() -> None:
    times = ["1970-01-01 00:00", *pd.date_range("2024-01-01", periods=50, freq="1min").astype(str)]
    reading = read_csv(column(times))
    assert len(reading.one()) == 50
    stray = finding(reading, "stray-stamps")
    assert stray.rows == (2,)
    assert stray.message == "1 row at 1970-01-01 00:00:00, far from all others"


def test_absurd_stamps_at_both_ends_are_left_out() -> None:
    times = ["1970-01-01", *pd.date_range("2024-01-01", periods=50, freq="1min").astype(str), "2200-01-01"]
    reading = read_csv(column(times))
    assert len(reading.one()) == 50


def test_two_halves_far_apart_are_an_error_that_names_the_rows() -> None:
    times = [*pd.date_range("1970-01-01", periods=50, freq="1s"), *pd.date_range("2024-01-01", periods=50, freq="1s")]
    with pytest.raises(DataError) as error:
        read_csv(column(times))
    assert str(error.value) == (
        "series 'plant' jumps from 1970-01-01 00:00:49 in row 51 to 2024-01-01 00:00:00 in row 52, which makes "
        "1,704,067,249 steps of 1s for 100 rows; mend the stamps, split the file or give a longer step"
    )


def test_yearly_data_over_three_centuries_fit() -> None:
    """Spans beyond 292 years do not fit into 64-bit nanoseconds, single steps do."""
    reading = read_csv(column(f"{year}-07-01" for year in range(1700, 2009)))
    assert np.isfinite(reading.one().values).sum() == len(reading.one()) == 309


def test_stamps_six_centuries_apart_are_strays_and_no_overflow() -> None:
    times = ["1680-01-01", *pd.date_range("2250-01-01", periods=50, freq="1D").strftime("%Y-%m-%d")]
    assert finding(read_csv(column(times)), "stray-stamps").rows == (2,)


def test_strays_are_few_or_the_file_is_refused() -> None:
    with pytest.raises(DataError, match="mend the stamps"):
        read_csv(column(10**9 + 10**i for i in range(3, 10)), time_format="epoch s", step="1s")


def test_a_long_gap_among_many_rows_is_kept() -> None:
    times = [*pd.date_range("2024-01-01", periods=500, freq="1h"), *pd.date_range("2024-06-01", periods=500, freq="1h")]
    reading = read_csv(column(times))
    assert np.isfinite(reading.one().values).sum() == 1000
    assert "stray-stamps" not in codes(reading)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (5 * MINUTE, "5min"),
        (HOUR, "1h"),
        (90 * SECOND, "1.5min"),
        (DAY, "1D"),
        (1, "1ns"),
        (15 * MINUTE, "15min"),
        (2_629_800 * SECOND, "30.4375D"),
        (123_456_789, "123456.789us"),
        (1500 * 10**6, "1.5s"),
        (100 * MINUTE, "100min"),
    ],
)
def test_durations_read_well_and_mean_what_they_say(nanoseconds: int, text: str) -> None:
    assert duration(nanoseconds) == text
    assert pd.Timedelta(text).as_unit("ns").value == nanoseconds
