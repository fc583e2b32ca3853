"""What an event is called, against anomalies that were put in by hand; nothing about a series makes it stumble."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly.detection.events import ChannelShare, Event, Events
from tsanomaly.detection.kinds import EventKind, course_of
from tsanomaly.detection.scores import Scores
from tsanomaly.detection.thresholds import Threshold
from tsanomaly.series import Series

ROWS = 2000


def led_by(values, column, start, stop):
    """An event of a series, led by one of its channels."""
    names = tuple(f"c{j}" for j in range(values.shape[1]))
    series = Series(np.arange(len(values)), values, names)
    event = Event(
        1, start, stop, start, start, stop, start, 50.0, 5.0, "both", (ChannelShare(names[column], 1.0, "both"),)
    )
    flat = np.ones(len(values))
    scores = Scores(series.times, flat, np.ones(values.shape, np.float32), values, names)
    return Events((event,), series, scores, Threshold(1.0, "by hand", len(values)), flat), event


def waves(channels=1, period=48, noise=0.1):
    rng = np.random.default_rng(5)
    turn = 2 * np.pi * np.arange(ROWS)[:, None] / period
    return np.sin(turn + 0.7 * np.arange(channels)) + rng.normal(0, noise, (ROWS, channels))


def walk(channels=1):
    rng = np.random.default_rng(6)
    common = np.zeros(ROWS)
    for i in range(1, ROWS):
        common[i] = 0.95 * common[i - 1] + rng.normal()
    return common[:, None] * np.array([1, 2, -1])[:channels] + rng.normal(0, 0.2, (ROWS, channels))


def spiked(part):
    part[len(part) // 2] += 3


def raised(part):
    part += 2


def ramped(part):
    part += np.linspace(0, 3, len(part))


def fallen_back(part):
    part -= np.linspace(3, 0, len(part))


def shaken(part):
    part += np.random.default_rng(7).normal(0, 1, len(part))


def stuck(part):
    part[:] = part[0]


def warped(part):
    last = len(part) - 1
    clock = np.interp(np.arange(len(part)), [0, last * 0.4, last], [0, last * 0.6, last])
    part[:] = np.interp(clock, np.arange(len(part)), part)


CHANGES = [
    (spiked, EventKind.SPIKE, 10),
    (raised, EventKind.LEVEL, 60),
    (ramped, EventKind.TREND, 60),
    (fallen_back, EventKind.TREND, 60),
    (shaken, EventKind.VARIANCE, 60),
    (stuck, EventKind.FLAT_LINE, 24),
    (warped, EventKind.FREQUENCY, 120),
]


@pytest.mark.parametrize(("change", "kind", "length"), CHANGES, ids=[change.__name__ for change, _, _ in CHANGES])
@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e30])
def test_a_change_of_a_wave_is_called_by_its_kind_in_any_unit(change, kind, length, scale):
    values = waves()
    change(values[900 : 900 + length, 0])
    course = course_of(*led_by(values * scale, 0, 900, 900 + length))
    assert course.kind is kind
    assert course.start < 900 + length
    assert course.stop > 900


@pytest.mark.parametrize("offset", [-6, 0, 6])
def test_an_event_that_is_only_the_core_or_too_wide_is_called_the_same(offset):
    values = waves()
    raised(values[900:960, 0])
    course = course_of(*led_by(values, 0, 900 + offset, 960 - offset))
    assert course.kind is EventKind.LEVEL
    assert (course.start, course.stop) == pytest.approx((900, 960), abs=4)


@pytest.mark.parametrize(("change", "kind", "length"), [(spiked, EventKind.SPIKE, 5), (stuck, EventKind.FLAT_LINE, 20)])
def test_without_a_period_what_lies_around_is_the_measure(change, kind, length):
    values = walk()
    part = values[900 : 900 + length, 0]
    before = part.copy()
    change(part)
    part += 4 * (part - before)  # five times the change: a walk moves by itself
    if kind is EventKind.FLAT_LINE:
        part[:] = before[0]
    assert course_of(*led_by(values, 0, 900, 900 + length)).kind is kind


def test_a_level_that_stays_is_a_level():
    values = waves()
    values[900:, 0] += 2
    assert course_of(*led_by(values, 0, 900, 960)).kind is EventKind.LEVEL


def test_a_channel_that_runs_as_at_another_time_has_left_the_others():
    values = walk(3)
    values[900:960, 1] = values[300:360, 1]
    assert course_of(*led_by(values, 1, 900, 960)).kind is EventKind.BROKEN_CORRELATION


def test_one_channel_alone_has_no_others_to_leave():
    values = walk(3)[:, 1:2]
    values[900:960, 0] = values[300:360, 0]
    assert course_of(*led_by(values, 0, 900, 960)).kind is not EventKind.BROKEN_CORRELATION


def test_a_channel_that_often_stands_still_is_not_stuck():
    values = np.repeat(np.random.default_rng(1).normal(size=ROWS // 20), 20)[:, None]
    assert course_of(*led_by(values, 0, 900, 920)).kind is not EventKind.FLAT_LINE


@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(1, 120),
    channels=st.integers(1, 3),
    level=st.sampled_from([0.0, 1.0, -1e-300, 1e60]),
    noise=st.sampled_from([0.0, 1.0, 1e-12, 1e60]),
    holes=st.sampled_from([0.0, 0.3, 1.0]),
    start=st.integers(0, 119),
    length=st.integers(1, 120),
    seed=st.integers(0, 9),
)
def test_no_series_makes_it_stumble(rows, channels, level, noise, holes, start, length, seed):
    rng = np.random.default_rng(seed)
    values = level + noise * rng.normal(size=(rows, channels))
    values[rng.random(values.shape) < holes] = np.nan
    start = min(start, rows - 1)
    stop = min(rows, start + length)
    course = course_of(*led_by(values, channels - 1, start, stop))
    assert course.kind in EventKind
    assert 0 <= course.start < course.stop <= rows
    assert len(course.deviation) == course.stop - course.start
