"""What members look at is chosen by whether a series has a period, and by its channels and length."""

import numpy as np
import pytest

from tsanomaly.detection.member import View
from tsanomaly.detection.views import NOVELTY, choose_views, neighbour_lengths
from tsanomaly.errors import ConfigurationError, DataError

EARLY = (1, 2)


def wave(rows: int, period: float, channels: int = 1) -> np.ndarray:
    return np.sin(2 * np.pi * (np.arange(rows)[:, None] + np.arange(channels)) / period).astype(np.float32)


def drift(rows: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(rows, 1)).cumsum(axis=0).astype(np.float32)


def test_around_a_period_patterns_count_most() -> None:
    assert choose_views(wave(2000, 40), "s", None, None, EARLY, 500) == [
        View(40, point=0.5, novelty=NOVELTY),
        View(40, early=True, point=0.0, novelty=NOVELTY),
        View(80, early=True, point=0.0, novelty=NOVELTY),
    ]


def test_without_a_period_windows_are_long_and_single_values_count_too() -> None:
    assert choose_views(drift(2000), "s", None, None, EARLY, 500) == [
        View(100, novelty=NOVELTY),
        View(12, point=0.0),
        View(100, early=True, novelty=NOVELTY),
        View(200, early=True, novelty=NOVELTY),
    ]


def test_a_period_beyond_300_rows_is_seen_in_means_of_several_and_base_windows_are_whole_grains() -> None:
    assert choose_views(wave(8000, 470), "s", None, None, EARLY, 2000) == [
        View(470, point=0.5, grain=2, novelty=NOVELTY),
        View(470, early=True, point=0.0, grain=2, novelty=NOVELTY),
        View(940, early=True, point=0.0, grain=2, novelty=NOVELTY),
    ]
    assert [view.length for view in choose_views(wave(16000, 850), "s", None, None, EARLY, 4000)] == [849, 849, 1698]
    assert choose_views(wave(2000, 40), "s", 501, None, (), 500) == [View(500, point=0.5, grain=2, novelty=NOVELTY)]


def test_several_channels_and_periods_beyond_1000_rows_are_not_seen_in_grains() -> None:
    assert {view.grain for view in choose_views(wave(8000, 470, channels=2), "s", None, None, EARLY, 2000)} == {1}
    assert choose_views(wave(16000, 1440), "s", None, None, EARLY, 4000)[0].length == 100


def test_what_comes_back_fewer_than_eight_times_is_no_period() -> None:
    assert choose_views(wave(400, 60), "s", None, None, (), 100)[0] == View(50, novelty=NOVELTY)
    assert choose_views(wave(480, 60), "s", None, None, (), 100)[0] == View(60, point=0.5, novelty=NOVELTY)
    assert choose_views(wave(3000, 500), "s", None, None, (), 100)[0].length == 100


def test_channels_are_seen_together_in_windows_of_640_numbers_and_one_by_one_in_longer_ones() -> None:
    assert choose_views(wave(4000, 60, channels=20), "s", None, None, EARLY, 1000) == [
        View(32, point=0.5),
        View(32, early=True, point=0.5),
        View(128, joint=False, point=0.5),
    ]


def test_one_by_one_windows_are_no_longer_than_the_longest_period_or_half_of_what_there_is() -> None:
    def alone(rows: int, period: int) -> int:
        return choose_views(wave(rows, period, channels=2), "s", None, None, EARLY, rows // 4)[-1].length

    assert alone(4000, 60) == 240
    assert alone(4000, 200) == 300
    assert alone(400, 40) == 160
    assert alone(300, 37) == 148
    assert alone(200, 25) == 100


def test_novelty_is_asked_of_windows_that_fit_four_times_into_a_series_and_not_against_ones_will() -> None:
    def asked(rows: int, wanted: bool = True) -> list[float]:
        views = choose_views(wave(rows, 40), "s", 100, None, (), rows // 4, novelty=wanted)
        return [view.novelty for view in views]

    assert asked(400) == [NOVELTY]
    assert asked(399) == [0]
    assert asked(400, wanted=False) == [0]


def test_neighbours_are_sought_for_lone_channels_with_room_for_some() -> None:
    assert neighbour_lengths(100, 1000, 1) == [100, 50]
    assert neighbour_lengths(100, 399, 1) == [50]
    assert neighbour_lengths(100, 1000, 2) == []


def test_what_the_reference_is_too_short_for_is_left_out() -> None:
    views = choose_views(wave(2000, 40), "s", None, None, EARLY, 100)
    assert [view.length for view in views if view.early] == [40]
    assert not any(view.early for view in choose_views(wave(2000, 40), "s", None, None, EARLY, 60))
    assert not any(view.early for view in choose_views(wave(2000, 40, 3), "s", None, None, EARLY, 60))


def test_scales_and_window_can_be_chosen() -> None:
    views = choose_views(drift(2000), "s", 20, (2, 1, 0.5), (), 500)
    assert [view.length for view in views] == [20, 10, 40]


def test_a_short_series_gets_short_windows() -> None:
    ramp = np.arange(60, dtype=np.float32)[:, None]
    assert [view.length for view in choose_views(ramp, "s", None, None, EARLY, 15)] == [7, 2, 7]


@pytest.mark.parametrize(
    ("values", "window", "scales", "error", "words"),
    [
        (drift(7), None, None, DataError, "has 7 rows; at least 8 are needed"),
        (drift(20), 20, None, DataError, "has 20 rows; a window of 20 rows needs at least 21"),
        (drift(20), 1, None, ConfigurationError, "window is 1; expected at least 2 rows"),
        (drift(200), None, (), ConfigurationError, "scales must be numbers above 0, and at least one"),
        (drift(200), None, (1, -1), ConfigurationError, "scales must be numbers above 0, and at least one"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(values, window, scales, error, words) -> None:
    with pytest.raises(error, match=words):
        choose_views(values, "s", window, scales, EARLY, 5)


def test_a_series_torn_by_gaps_is_refused_by_name() -> None:
    torn = drift(400)
    torn[::30] = torn[1::30] = np.nan
    torn[2::30] = torn[3::30] = torn[4::30] = torn[5::30] = torn[6::30] = np.nan
    with pytest.raises(DataError, match="series 'torn' has no stretch of 51 rows without a gap"):
        choose_views(torn, "torn", None, None, EARLY, 100)


def test_a_reference_torn_by_gaps_teaches_no_early_member() -> None:
    values = wave(2000, 40)
    values[:500:30] = np.nan
    for first in range(1, 8):
        values[first:500:30] = np.nan
    assert not any(view.early for view in choose_views(values, "s", None, None, EARLY, 500))
