"""A stored event with what surrounds it."""

from datetime import UTC, datetime, timedelta

import cases
import pytest
import saving

import tsanomaly
from tsanomaly.errors import DataError
from tsanomaly.workspace import EventStatus, Outcome, SeriesResult, Workspace

WHOLE = 365.0
"""Days: more than the series has."""


@pytest.fixture
def workspace(tmp_path):
    with Workspace.open(tmp_path / "workspace.db") as found:
        yield found


@pytest.fixture
def job(run, workspace):
    return saving.save(run, "1/day", workspace, "ada")


def found(workspace, job, since, until, *starts):
    """Have another run of the job find events of an hour each, and none besides."""
    [one, *_] = workspace.events.list(job)
    usual = {"severity": 9.0, "score": 2.0, "direction": "above", "threshold": 1.0}
    usual["channels"] = [{"name": "flow", "share": 1.0, "direction": "above"}]
    events = [usual | {"start": at, "end": at + timedelta(hours=1), "peak_time": at} for at in starts]
    claimed = workspace.runs.claim(job, until, "test", timedelta(minutes=1), until)
    outcome = Outcome.SUCCEEDED if events else Outcome.FOUND_NOTHING
    workspace.commit(claimed, [SeriesResult(one.series, outcome, "", since, until, until, events, 24)], until)


def opened(workspace, event):
    event = workspace.events.get(event.id)
    detector = tsanomaly.load(cases.model_of(workspace, event.job, event.series))
    return cases.open_case(workspace, event, WHOLE, detector, None)


def test_of_many_events_the_nearest_are_shown_with_one_and_it_is_always_among_them(workspace, job, monkeypatch):
    begin = datetime(2026, 1, 3, tzinfo=UTC)
    found(workspace, job, begin, begin + timedelta(days=20), *(begin + timedelta(days=2 * i) for i in range(9)))
    stored = workspace.events.list(job, order="start")[::-1]
    assert len(stored) == 9
    assert len(opened(workspace, stored[0]).ids) == len(stored)
    monkeypatch.setattr(cases, "NEAR", 4)
    for at, event in enumerate(stored):
        case = opened(workspace, event)
        assert case.ids[case.event.rank - 1] == event.id
        places = [place for place, one in enumerate(stored) if one.id in case.ids]
        assert len(case.ids) == len(places) >= 3
        assert places == list(range(places[0], places[-1] + 1))  # none that lies between them is left out
        assert max(abs(place - at) for place in places) <= 3


def test_a_withdrawn_event_is_shown_with_its_readings_too(workspace, job):
    [event, *_] = workspace.events.list(job)
    since, until = event.start - timedelta(days=1), event.end + timedelta(days=1)
    found(workspace, job, since, until)
    assert workspace.events.get(event.id).status == EventStatus.WITHDRAWN
    case = opened(workspace, event)
    assert case.ids[case.event.rank - 1] == event.id
    assert (case.event.end_row - case.event.start_row) * timedelta(hours=1) == event.end - event.start


def test_an_event_whose_readings_are_gone_says_so(workspace, job):
    [last, *_] = workspace.events.list(job, order="start")
    since, until = last.end + timedelta(days=20), last.end + timedelta(days=21)  # later than any reading
    found(workspace, job, since, until, since)
    [event, *_] = workspace.events.list(job, order="start")
    with pytest.raises(DataError, match="readings of this event are not kept any more"):
        opened(workspace, event)


def test_only_rows_that_a_model_has_not_learned_from_tell_whether_scores_have_moved(run, workspace, job):
    detector = tsanomaly.load(run.model)
    series, scores = cases.latest(workspace, job, workspace.events.list(job)[0].series, detector)
    assert len(cases.scores_since(series, scores, detector)) == 0
    detector.learned_from_["end"] = str(series.times[500])
    assert len(cases.scores_since(series, scores, detector)) == len(series) - 500
    detector.learned_from_["end"] = 500  # no clock: nothing tells which rows are new
    assert len(cases.scores_since(series, scores, detector)) == len(series)
