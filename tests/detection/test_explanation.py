"""An explanation says what was done to a series, and the repair undoes it: with a detector that learned from it."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_events import made_events

from tsanomaly.detection.codes import latent_code
from tsanomaly.detection.detector import Detector
from tsanomaly.detection.explanation import EventKind, Explanation, explain, explain_all
from tsanomaly.detection.repairs import smallest_repair
from tsanomaly.detection.similarity import similarity
from tsanomaly.detection.training import Training
from tsanomaly.errors import DataError
from tsanomaly.series import Series

HOSTILE = "<script>=cmd\u202e" + "x" * 10_000


@pytest.fixture(scope="module")
def learned():
    """A detector, and a series like the one it learned from."""
    rng = np.random.default_rng(3)
    turn = 2 * np.pi * np.arange(1500)[:, None] / 24
    values = np.sin(turn + np.arange(3)) * [1, 10, 100] + rng.normal(0, [0.05, 0.5, 5], (1500, 3))
    series = Series(np.arange(1500), values, ("flow", "heat", HOSTILE))
    detector = Detector(twin=False, training=Training(steps=150), early_scales=(1,)).fit(series)
    return detector, series


def changed(series, rows, column, by):
    values = series.values.copy()
    values[rows, column] += by
    return replace(series, values=values)


def event_in(detector, series):
    events = detector.detect(series)
    return events, events[0]


def test_it_names_kind_channel_and_duration_in_words(learned):
    detector, series = learned
    events, event = event_in(detector, changed(series, slice(700, 730), 1, 15.0))
    explanation = explain(events, event, detector, repair=False)
    assert explanation.kind is EventKind.LEVEL
    assert explanation.sentence.startswith("'heat' stays above its usual level for ")
    assert explanation.repair is None


@pytest.mark.parametrize("direction", [1, -1])
def test_the_smallest_repair_puts_right_the_channel_that_broke_and_nothing_else(learned, direction):
    detector, series = learned
    events, event = event_in(detector, changed(series, slice(700, 703), 1, direction * 20.0))
    repair = smallest_repair(events, event, detector)
    assert repair.channels == ("heat",)
    assert repair.start_row < 703
    assert repair.end_row > 700
    assert repair.end_row - repair.start_row <= event.end_row - event.start_row + detector.window_
    assert repair.score_before == pytest.approx(event.score, rel=0.05)
    assert repair.score_after <= repair.threshold < repair.score_before
    assert repair.enough


def test_the_repair_carried_out_makes_the_event_go(learned):
    detector, series = learned
    broken = changed(series, slice(700, 703), 0, 2.0)
    events, event = event_in(detector, broken)
    repair = smallest_repair(events, event, detector)
    mended = broken.values.copy()
    rows = slice(repair.start_row, repair.end_row)
    mended[rows, 0] = series.values[rows, 0]  # what it truly was; the repair used what was expected
    assert detector.scores(replace(broken, values=mended)).total[rows].max() <= repair.threshold


def test_two_broken_channels_take_two(learned):
    detector, series = learned
    broken = changed(changed(series, slice(700, 703), 0, 2.0), slice(700, 703), 1, -20.0)
    events, event = event_in(detector, broken)
    repair = smallest_repair(events, event, detector)
    assert set(repair.channels) == {"flow", "heat"}
    assert repair.enough
    assert repair.sentence.startswith("With ")
    assert "the score falls from" in repair.sentence


def test_a_repair_that_is_not_enough_says_so(learned):
    detector, series = learned
    events, event = event_in(detector, changed(series, slice(700, 703), 1, 20.0))
    strict = replace(events, threshold=replace(events.threshold, value=-1.0))
    repair = smallest_repair(strict, event, detector)
    assert not repair.enough
    assert repair.sentence.endswith("that alone is not enough, the threshold is -1.")


def test_the_same_fault_at_another_time_in_another_series_is_alike_and_another_is_not(learned):
    detector, series = learned
    one, same, other = (
        explain(*event_in(detector, each), detector, repair=False).fingerprint
        for each in (
            changed(series, slice(700, 730), 1, 15.0),
            changed(series.between(200, 1400), slice(400, 426), 1, 17.0),
            changed(series, slice(700, 702), 0, -3.0),
        )
    )
    assert one.model == same.model != ""
    assert similarity(one, same) > 0.8
    assert similarity(one, other) < 0.4


def test_codes_of_another_model_are_known_as_such(learned):
    detector, series = learned
    events, event = event_in(detector, changed(series, slice(700, 703), 1, 20.0))
    other = copy.deepcopy(detector)
    with torch.no_grad():
        next(other.members_[0].model.autoencoder.parameters()).add_(0.01)
    (code, name), (other_code, other_name) = (latent_code(events, event, each) for each in (detector, other))
    assert len(code) == len(other_code) == 16
    assert name != other_name


def test_a_window_of_cells_of_several_rows_has_a_code_of_its_cells():
    values = np.sin(np.arange(4000) / 80)[:, None] + np.random.default_rng(0).normal(0, 0.02, (4000, 1))
    plan = {"early_scales": (), "neighbours": False, "twin": False, "training": Training(steps=50)}
    detector = Detector(window=500, **plan).fit(values)
    assert (detector.members_[0].view.cells, detector.members_[0].view.length) == (250, 500)
    events, event = event_in(detector, changed(Series(np.arange(4000), values, ("value",)), slice(700, 730), 0, 3.0))
    (code, _), (other, _) = (latent_code(events, replace(event, peak_row=row), detector) for row in (715, 2000))
    assert len(code) == len(other) == 16
    assert code != other


def test_without_a_detector_there_is_no_repair_and_no_code():
    events = made_events([(300, 310), (900, 903)])
    explanations = explain_all(events, repairs=2)
    assert [explanation.rank for explanation in explanations] == [1, 2]
    assert {explanation.repair for explanation in explanations} == {None}
    assert {explanation.fingerprint.code for explanation in explanations} == {()}


def test_repairs_are_made_for_as_many_as_asked(learned):
    detector, series = learned
    events = detector.detect(changed(changed(series, slice(700, 703), 1, 20.0), slice(300, 303), 0, 2.0))
    explanations = explain_all(events, detector, repairs=1)
    assert [explanation.repair is not None for explanation in explanations][:2] == [True, False]


def test_it_comes_back_from_json_as_it_was(learned):
    detector, series = learned
    events, event = event_in(detector, changed(series, slice(700, 703), 2, 200.0))
    explanation = explain(events, event, detector)
    again = Explanation.from_dict(json.loads(json.dumps(explanation.to_dict(), allow_nan=False)))
    assert again.to_dict() == explanation.to_dict()
    assert len(again.sentence) < 200  # though the channel's name has 10,000 letters


@pytest.mark.parametrize("plain", [{}, None, {"rank": 1, "kind": "strange", "sentence": "", "fingerprint": {}}])
def test_what_is_no_explanation_is_refused(plain):
    with pytest.raises(DataError, match="no explanation of an event"):
        Explanation.from_dict(plain)


def test_gaps_near_an_event_do_not_matter(learned):
    detector, series = learned
    broken = changed(series, slice(700, 703), 1, 20.0)
    broken.values[690:695, 0] = np.nan
    broken.values[705:760, 2] = np.nan
    events, event = event_in(detector, broken)
    assert explain(events, event, detector).repair.score_after < event.score
