"""A series scored stretch by stretch, as it arrives, has the events it has as one file."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tsanomaly import Budget, Detector, Training, from_array
from tsanomaly.batch.detectors import fitted_to
from tsanomaly.batch.scoring import (
    Calibration,
    Stretch,
    calibrate,
    context,
    judge,
    judge_shared,
    own_rule,
    row_at,
    settling,
)
from tsanomaly.detection import nearest
from tsanomaly.detection.explanation import explain
from tsanomaly.detection.gaps import prepare
from tsanomaly.detection.thresholds import Quantile

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def machine(rows=2000, spikes=(900, 1500), seed=0, level=0.0, size=1.0, name="machine"):
    """Days of 48 rows, with spikes of five rows each."""
    random = np.random.default_rng(seed)
    values = np.sin(np.arange(rows) * 2 * np.pi / 48) + random.normal(0, 0.05, rows)
    for spike in spikes:
        values[spike : spike + 5] += 3
    times = np.datetime64("2026-01-01T00:00", "ns") + np.arange(rows) * np.timedelta64(300, "s")
    return from_array(level + size * values, times, zone="UTC", name=name).one()


@pytest.fixture(scope="module")
def detector():
    return Detector(model="linear", twin=False).fit(machine())


@pytest.fixture(scope="module")
def shared():
    """A model of twenty series on their own scales; what it learned from needs no early members."""
    from tsanomaly.batch.job import Job
    from tsanomaly.batch.learning import learn_shared

    job = Job.model_validate(
        {"name": "all", "source": {"kind": "files", "path": "x"}, "model": {"scope": "shared", "kind": "linear"}}
    )
    return learn_shared(job, [machine(seed=s, spikes=(), level=10.0 * s, size=1 + s) for s in range(20)])


def at(row):
    return START + row * STEP


def over(events, *rows):
    """Whether there is an event at each of these rows, and no other."""
    return len(events) == len(rows) and all(any(e.start_row <= r < e.end_row for e in events) for r in rows)


def touched(start, end, others):
    return any(start <= b and a <= end for a, b in others)


def test_a_stretch_begins_with_the_history_and_goes_on_from_the_watermark():
    until = at(1000)
    assert Stretch.of(None, until, lookback=HOUR, late=HOUR, history=DAY) == Stretch(until - DAY, until - DAY, until)
    later = Stretch.of(at(900), until, lookback=DAY, late=HOUR, history=DAY)
    assert later == Stretch(at(900) - HOUR - DAY, at(900) - HOUR, until)


def test_a_watermark_ahead_of_the_run_scores_nothing_beyond_it():
    assert Stretch.of(at(1000), at(900), lookback=DAY, late=HOUR, history=DAY).scored_from == at(900) - HOUR


def test_what_lies_in_the_context_alone_is_not_found_again(detector):
    judged = judge(detector, machine(), at(1300))
    assert over(judged.events, 900, 1500)
    assert over(judged.found, 1500)
    assert (judged.first, judged.new) == (1300 - settling(detector) // STEP, 1300)


def test_an_event_that_reaches_into_the_scored_rows_is_found_whole(detector):
    (whole,) = judge(detector, machine(spikes=(900,)), None).found
    judged = judge(detector, machine(spikes=(900,)), at(whole.end_row - 1) + settling(detector))
    assert judged.first == whole.end_row - 1
    assert judged.found == (whole,)


@pytest.mark.parametrize("every", [7, 48, 311])
def test_scored_as_it_arrives_a_series_has_the_events_it_has_as_a_file(detector, every):
    series = machine()
    lookback = int(context(detector) / STEP)
    assert lookback == 2.5 * max(member.view.length for member in detector.members_)
    said = {}  # the last word on each stretch: what a run scores again replaces what was said of it before
    for until in [*range(800, 2000, every), 2000]:
        watermark = max(0, until - every)
        first = max(0, watermark - lookback)
        judged = judge(detector, series.between(first, until), at(watermark))
        found = {(first + e.start_row, first + e.end_row) for e in judged.found}
        # As the workspace has it: what reaches out of the judged rows stays, or is what is found touching it.
        said = {(a, b) for a, b in said if a < first + judged.first and not touched(a, b, found)} | found
    whole = sorted((e.start_row, e.end_row) for e in detector.detect(series))
    assert len(whole) == 2
    # Long windows are not cut at every row but from the end on, which moves an edge by a row or two.
    np.testing.assert_allclose(sorted(said), whole, atol=3)


def test_rows_settle_later_where_windows_are_compared_with_few(monkeypatch):
    monkeypatch.setattr(nearest, "MOST", 8)  # as of millions of rows
    sparse, noise = Detector(model="linear", twin=False).fit(machine()), np.random.default_rng(1).normal(size=2000)
    values = machine().values + (noise * np.linspace(1, 0, 2000))[:, None]  # what comes later is always more alike
    until = 2000 - 6 * 100  # windows compared are 6 rows apart at most: they are the same ones
    whole, part = (prepare(sparse.scaling_.apply(some), 6) for some in (values, values[:until]))
    settled = until - settling(sparse) // STEP
    for member in sparse.members_:
        expected, said = (member.score(series).novelty for series in (whole, part))
        np.testing.assert_allclose(said[:settled], expected[:settled], rtol=1e-4)
        assert not np.allclose(said[settled:], expected[settled:until], rtol=1e-4)


def test_another_rule_moves_the_threshold_and_the_detectors_own_is_kept_as_it_is(detector):
    rule = own_rule(detector)
    assert rule == Budget.parse("3/week")
    assert judge(detector, machine(), None).events.threshold == detector.threshold_
    stricter = judge(detector, machine(), None, Quantile(0.9999)).events.threshold
    assert stricter.value > detector.threshold_.value
    assert detector.threshold_.rule == "at most 3 events a week"


def test_a_shared_model_judges_a_series_on_its_own_scale(shared):
    quiet, loud = machine(seed=50), machine(seed=50, level=1e6, size=1e4, name="loud")
    results = []
    for series in (quiet, loud):
        known, _ = calibrate(shared, series, "standard", "m", None, "")
        judged = judge_shared(shared, series, None, known)
        results.append([(e.start_row, e.end_row) for e in judged.found])
        middle = slice(300, 600)
        off = np.abs(judged.events.scores.expected[middle] - series.values[middle])
        assert np.median(off) < 0.2 * series.values.std()
    assert results[0] == results[1]
    assert over(judged.found, 902, 1502)


def test_a_shared_model_fitted_to_a_series_takes_it_in_its_own_units(shared):
    loud = machine(seed=50, level=1e6, size=1e4, name="loud")
    known, scores = calibrate(shared, loud, "standard", "m", None, "")
    fitted = fitted_to(shared, known)
    np.testing.assert_allclose(fitted.scores(loud).total, scores.total, rtol=1e-5)
    np.testing.assert_allclose(fitted.scores(loud).expected, scores.expected, rtol=1e-5)
    assert fitted.threshold_ == (known.threshold or shared.threshold_)
    assert shared.scaling_.kind == "none"
    event = fitted.detect(loud)[0]
    repair = explain(fitted.detect(loud), event, fitted).repair
    assert repair.score_after < repair.score_before / 2


def test_a_new_series_is_scored_from_its_first_day_by_the_shared_threshold(shared):
    first_day = machine(rows=288, spikes=(200,), seed=77)
    known, scores = calibrate(shared, first_day, "standard", "m", None, "")
    assert known.threshold is None
    judged = judge_shared(shared, first_day, None, known, scores=scores)
    assert judged.events.threshold == shared.threshold_
    assert over(judged.found, 202)


def test_a_series_with_rows_enough_gets_a_threshold_of_its_own(shared):
    noisy = machine(seed=5, spikes=())
    random = np.random.default_rng(5)
    noisy = replace(noisy, values=noisy.values + random.normal(0, 0.5, noisy.values.shape))
    known, _ = calibrate(shared, noisy, "standard", "m", None, "")
    assert known.threshold is not None
    assert known.threshold.value > shared.threshold_.value
    assert len(judge_shared(shared, noisy, None, known).found) <= 3


def test_a_calibration_comes_back_as_it_was(shared):
    import json

    known, _ = calibrate(shared, machine(), "standard", "m", Quantile(0.99), "quantile=0.99")
    back = Calibration.from_dict(json.loads(json.dumps(known.to_dict())))
    assert back.to_dict() == known.to_dict()
    assert back.threshold == known.threshold
    assert back.made_for("m", "quantile=0.99")
    assert not back.made_for("m", "")
    assert not back.made_for("other", "quantile=0.99")


def test_a_row_is_found_by_its_time():
    series = machine(rows=10)
    assert [row_at(series, at(n) + offset) for n in (0, 3) for offset in (timedelta(0), timedelta(seconds=1))] == [
        0,
        1,
        3,
        4,
    ]
    assert row_at(series, at(99)) == 10
    assert row_at(series, at(-99)) == 0


def test_training_settings_of_a_job_reach_the_detector():
    from tsanomaly.batch.job import Job
    from tsanomaly.batch.learning import learn, rule_of

    job = Job.model_validate(
        {
            "name": "pump",
            "source": {"kind": "files", "path": "x"},
            "model": {"steps": 5, "window": 24, "scaling": "robust", "random_state": 3},
            "threshold": {"rule": "quantile=0.99"},
        }
    )
    assert rule_of(job) == Quantile(0.99)
    detector = learn(job, machine(rows=300, spikes=()))
    assert (detector.window_, detector.scaling, detector.random_state) == (24, "robust", 3)
    assert detector.training == Training(steps=5)
    assert detector.threshold == Quantile(0.99)
    assert detector.twin_ is None
