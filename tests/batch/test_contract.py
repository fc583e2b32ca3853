"""The data contract: another column, step, unit or range is said as such; anomalies are left to the detector."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from tsanomaly import Detector, Training, from_frame, read_csv
from tsanomaly.batch.contract import CONVERSIONS, LEAST, Expectation, Kind
from tsanomaly.batch.job import Contract
from tsanomaly.resources import sample_names, sample_path

START = datetime(2026, 3, 2, tzinfo=UTC)
NEW = START + timedelta(days=6)
SETTINGS = Contract()


def series_of(channels, rows=1008, step="10min", start=START):
    index = pd.date_range(start, periods=rows, freq=step, name="time")
    return from_frame(pd.DataFrame(channels(np.arange(rows)), index=index), name="pump").one()


def plant(t, seed=0):
    random = np.random.default_rng(seed)
    return {
        "flow": 60 + 10 * np.sin(t / 23) + random.normal(0, 0.5, len(t)),
        "temperature": 35 + 3 * np.sin(t / 144) + random.normal(0, 0.2, len(t)),
    }


SERIES = series_of(plant)
LEARNED = Expectation.of(SERIES)


def kinds(checked):
    return [(breach.kind, breach.channel) for breach in checked.breaches]


def changed(series, channel, change, since=NEW):
    """The series with a channel's new rows changed."""
    values = series.values.copy()
    first = np.searchsorted(series.times, np.datetime64(since.replace(tzinfo=None)))
    j = series.channels.index(channel)
    values[first:, j] = change(values[first:, j])
    return replace(series, values=values)


def test_data_as_learned_is_no_breach():
    checked = LEARNED.check(SERIES, SETTINGS, SERIES.channels, NEW)
    assert (checked.breaches, checked.refused) == ((), False)
    assert checked.series is SERIES
    assert Expectation.from_dict(LEARNED.to_dict()) == LEARNED


def test_a_missing_column_is_refused():
    gone = replace(SERIES, values=SERIES.values[:, :1], channels=("flow",))
    checked = LEARNED.check(gone, SETTINGS, ("time", "flow"), NEW)
    assert kinds(checked) == [(Kind.MISSING_COLUMN, "temperature")]
    assert checked.refused
    assert checked.breaches[0].sentence == "column 'temperature' was learned and is missing now"


def test_an_empty_column_is_judged_by_the_others():
    gone = replace(SERIES, values=SERIES.values[:, :1], channels=("flow",))
    checked = LEARNED.check(gone, SETTINGS, ("time", "flow", "temperature"), NEW)
    assert kinds(checked) == [(Kind.EMPTY_COLUMN, "temperature")]
    assert not checked.refused
    assert checked.series.channels == SERIES.channels
    assert np.isnan(checked.series.values[:, 1]).all()


@pytest.mark.parametrize(("wish", "said", "refused"), [("report", 1, False), ("refuse", 1, True), ("ignore", 0, False)])
def test_a_new_column_is_reported_refused_or_ignored(wish, said, refused):
    values = np.column_stack([SERIES.values[:, 1], np.arange(len(SERIES)), SERIES.values[:, 0]])
    more = replace(SERIES, values=values, channels=("temperature", "humidity", "flow"))
    checked = LEARNED.check(more, Contract(new_columns=wish), more.channels, NEW)
    assert len(checked.breaches) == said
    assert checked.refused is refused
    np.testing.assert_array_equal(checked.series.values, SERIES.values)
    assert checked.series.channels == SERIES.channels


def test_a_new_column_is_reported_where_the_job_names_its_channels():
    learned = Expectation.from_dict(Expectation.of(SERIES, ("time", "flow", "temperature")).to_dict())
    checked = learned.check(SERIES, SETTINGS, ("time", "flow", "temperature", "humidity"), NEW)
    assert kinds(checked) == [(Kind.NEW_COLUMN, "humidity")]
    assert not learned.check(SERIES, SETTINGS, ("time", "temperature", "flow"), NEW).breaches


@pytest.mark.parametrize(("step", "said"), [("1min", "1 min"), ("30min", "30 min"), ("7min", "7 min")])
def test_another_step_is_refused(step, said):
    checked = LEARNED.check(series_of(plant, 200, step), SETTINGS)
    assert kinds(checked) == [(Kind.STEP, None)]
    assert checked.refused
    assert checked.breaches[0].sentence.startswith("rows come every ")


def test_few_rows_with_gaps_are_on_the_learned_grid():
    few = series_of(plant, 5, "30min")
    checked = LEARNED.check(few, SETTINGS)
    assert (checked.breaches, checked.refused) == ((), False)
    assert checked.series.step == SERIES.step
    assert len(checked.series) == 13
    np.testing.assert_array_equal(checked.series.values[::3], few.values)
    np.testing.assert_array_equal(checked.series.times[::3], few.times)
    assert np.isnan(checked.series.values[1]).all()


@pytest.mark.parametrize("name", CONVERSIONS)
def test_another_unit_is_refused_and_named(name):
    factor, offset = CONVERSIONS[name]
    checked = LEARNED.check(changed(SERIES, "temperature", lambda x: factor * x + offset), SETTINGS, (), NEW)
    assert kinds(checked) == [(Kind.UNIT, "temperature")]
    assert checked.refused
    assert checked.breaches[0].sentence.startswith(f"column 'temperature' reads {name} what was learned (about ")


def test_a_unit_that_changes_in_the_middle_of_the_new_rows_is_found():
    late = changed(SERIES, "flow", lambda x: 1000 * x, NEW + timedelta(hours=12))
    assert kinds(LEARNED.check(late, SETTINGS, (), NEW)) == [(Kind.UNIT, "flow")]
    assert not LEARNED.check(late, Contract(units=False), (), NEW).refused


@pytest.mark.parametrize(
    "anomaly",
    [
        lambda x: x + 40,  # a level shift
        lambda x: np.full_like(x, 95.0),  # stuck, where °F would lie
        lambda x: x * 0,
        lambda x: -x,
        lambda x: x + np.linspace(0, 500, len(x)),
        lambda x: np.where(np.arange(len(x)) == len(x) // 2, 1000 * x, x),  # a spike
        lambda x: np.where(np.arange(len(x)) >= len(x) - LEAST + 1, 1000 * x, x),  # too few to tell
        lambda x: np.full_like(x, np.nan),
        lambda x: x * 5,
    ],
)
def test_anomalies_are_no_other_unit(anomaly):
    checked = LEARNED.check(changed(SERIES, "temperature", anomaly), SETTINGS, (), NEW)
    assert (checked.breaches, checked.refused) == ((), False)


@pytest.mark.parametrize("name", sample_names())
def test_no_sample_with_its_faults_breaches_what_its_first_half_taught(name):
    series = read_csv(sample_path(name)).one()
    half = len(series) // 2
    learned = Expectation.of(series.between(0, half))
    for first in range(half, len(series) - 100, 144):
        assert LEAST < 100
        checked = learned.check(series.between(first, first + 100), SETTINGS)
        assert (checked.breaches, checked.refused) == ((), False)


def test_shifts_and_swings_are_hardly_ever_taken_for_units():
    random = np.random.default_rng(1)
    refused, draws = 0, 400
    for draw in range(draws):
        rows = int(random.integers(LEAST, 80))
        shift, noise, swing = random.uniform(-100, 100), 10 ** random.uniform(-2, 1.5), random.uniform(0, 60)
        t = np.arange(1008, 1008 + rows)
        values = 35 + shift + swing * np.sin(t / 5) + random.normal(0, noise, rows)
        new = series_of(lambda _: {"flow": plant(t, draw)["flow"], "temperature": values}, rows, start=NEW)  # noqa: B023
        refused += LEARNED.check(new, SETTINGS).refused
    assert refused <= 0.01 * draws


def test_impossible_readings_are_taken_out_and_said():
    odd = changed(SERIES, "temperature", lambda x: np.where(np.arange(len(x)) % 50 == 7, -999.0, x))
    checked = LEARNED.check(odd, Contract(ranges={"temperature": (-40.0, 150.0), "gone": (0.0, 1.0)}), (), NEW)
    assert kinds(checked) == [(Kind.RANGE, "temperature")]
    assert checked.breaches[0].sentence == (
        "column 'temperature' has 3 readings outside of -40 to 150, such as -999: taken as not observed"
    )
    assert not checked.refused
    assert np.isnan(checked.series.values[:, 1]).sum() == 3
    assert (odd.values == -999).sum() == 3  # what was given stays as it was


def test_what_a_model_file_knows_is_enough_for_units_and_columns():
    detector = Detector(window=24, training=Training(steps=1), twin=False).fit(SERIES)
    learned = Expectation.of_detector(detector)
    assert not learned.check(SERIES, SETTINGS, SERIES.channels).breaches
    foreign = changed(SERIES, "flow", lambda x: 1000 * x)
    assert kinds(learned.check(foreign, SETTINGS, (), NEW)) == [(Kind.UNIT, "flow")]
