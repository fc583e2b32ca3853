import numpy as np
import pytest

from tsanomaly.evaluation.synthetic import (
    Recording,
    autoregressive,
    bump,
    clock,
    day_of_week,
    drifted,
    follow,
    frozen,
    hour_of_day,
    scaled,
    shaken,
    shifted,
    swinging,
)


def test_the_clock_ticks_in_minutes():
    times = clock("2026-03-01T23:50", 3, 10)
    assert times.astype(str).tolist() == ["2026-03-01T23:50:00", "2026-03-02T00:00:00", "2026-03-02T00:10:00"]


def test_hours_and_days_of_the_week_are_the_calendars():
    times = np.array(["1969-12-28T18:30", "1970-01-01T00:00", "2026-11-21T12:15"], "datetime64[s]")
    assert hour_of_day(times).tolist() == [18.5, 0, 12.25]
    assert day_of_week(times).tolist() == [6, 3, 5]  # a Sunday, a Thursday, a Saturday


def test_a_bump_is_a_hill_that_wraps_round_midnight():
    times = clock("2026-01-01", 24, 60)
    hill = bump(times, peak=23, width=2)
    assert hill[23] == 1
    assert hill[1] == pytest.approx(hill[21]) == pytest.approx(np.exp(-0.5))


def test_autoregressive_noise_has_the_size_and_memory_it_claims():
    noise = autoregressive(np.random.default_rng(0), 100_000, memory=0.8, size=3)
    assert noise.std() == pytest.approx(3, rel=0.03)
    assert np.corrcoef(noise[1:], noise[:-1])[0, 1] == pytest.approx(0.8, abs=0.01)
    starts = [autoregressive(np.random.default_rng(seed), 1, 0.8, 3)[0] for seed in range(2000)]
    assert np.std(starts) == pytest.approx(3, rel=0.1)  # from the first row on


def test_what_follows_a_step_comes_up_to_it_with_inertia():
    assert follow(np.ones(4), 0.5).tolist() == [1, 1.5, 1.75, 1.875]


def recording():
    return Recording(clock("2026-01-01", 10, 60), {"a": np.arange(10.0), "b": np.zeros(10)})


def test_an_anomaly_changes_the_named_channels_between_two_moments_and_is_labelled():
    made = recording()
    made.change("2026-01-01T02:00", "2026-01-01T05:00", a=shifted(10))
    assert made.channels["a"].tolist() == [0, 1, 12, 13, 14, 5, 6, 7, 8, 9]
    assert not made.channels["b"].any()
    assert np.flatnonzero(made.labels).tolist() == [2, 3, 4]


def test_moments_between_rows_take_the_rows_within():
    assert recording().rows("2026-01-01T01:30", "2026-01-01T03:30") == slice(2, 4)


def test_changes_are_what_their_names_say():
    signal = np.array([1.0, 2, 3])
    assert scaled(2)(signal).tolist() == [2, 4, 6]
    assert shifted(-1)(signal).tolist() == [0, 1, 2]
    assert drifted(4)(signal).tolist() == [1, 4, 7]
    assert frozen()(signal).tolist() == [1, 1, 1]
    assert swinging(5, rows=4)(np.zeros(4)) == pytest.approx([0, 5, 0, -5])
    assert shaken(np.random.default_rng(0), 2)(np.zeros(10_000)).std() == pytest.approx(2, rel=0.05)
    assert signal.tolist() == [1, 2, 3]
