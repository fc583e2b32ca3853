"""A run in the workspace, and its events with their readings out of it again."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cases
import health
import numpy as np
import pytest
import saving
import worker
from jobwork import Action, JobWork
from runs import Runs

import tsanomaly
from tsanomaly.errors import ConfigurationError
from tsanomaly.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    with Workspace.open(tmp_path / "workspace.db") as found:
        yield found


def test_a_saved_run_has_the_events_that_it_showed_and_can_be_opened_again(run, workspace):
    result = run.result()
    shown = result.detector.events(result.series, result.scores, result.detector.threshold_)
    job = saving.save(run, "1/day", workspace, "ada")
    assert job == "pump-3"
    stored = workspace.events.list(job, order="start")
    rows = sorted((event.start_row, event.end_row) for event in shown)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    assert [(e.start, e.end) for e in reversed(stored)] == [
        (begin + timedelta(hours=a), begin + timedelta(hours=b)) for a, b in rows
    ]
    assert all(event.kind for event in stored)

    detector = tsanomaly.load(cases.model_of(workspace, job, stored[0].series))
    event = workspace.events.get(stored[0].id)
    case = cases.open_case(workspace, event, 7.0, detector, "Europe/Berlin")
    first = int((case.events.series.times[0] - result.series.times[0]) / result.series.step)
    part = slice(first, first + len(case.events.series))
    np.testing.assert_array_equal(case.events.series.values, result.series.values[part])
    np.testing.assert_allclose(case.events.scores.total, result.scores.total[part], rtol=1e-6)
    assert case.ids[case.event.rank - 1] == event.id
    assert case.event.start.endswith("+01:00")


def test_saving_twice_leaves_one_job_one_model_and_the_same_events(run, workspace):
    saving.save(run, "1/day", workspace, "ada")
    before = workspace.events.list("pump-3")
    assert saving.save(run, "1/day", workspace, "ada") == "pump-3"
    saving.save(run, "1/month", workspace, "ada")
    assert [job.name for job in workspace.jobs.list()] == ["pump-3"]
    assert len(workspace.models.list("pump-3")) == 1
    assert {event.id for event in workspace.events.list("pump-3")} <= {event.id for event in before}


def test_a_file_without_a_clock_cannot_be_saved_and_says_why(tmp_path, workspace):
    run = Runs(tmp_path / "runs").create("rows.csv", io.BytesIO("\n".join(["a", *map(str, range(300))]).encode()))
    run.ask(replace(run.request, steps=2, window=8))
    run.carry_out(lambda: worker.detect(run))
    with pytest.raises(ConfigurationError, match="this file has no clock"):
        saving.save(run, "3/week", workspace, "ada")
    assert workspace.jobs.list() == []


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Pump 3.csv", "pump-3-csv"),
        ("../../etc", "etc"),
        ("", "upload"),
        ("<b>", "b"),
        ("x" * 99, "x" * 56),
        ("Ä", "upload"),
    ],
)
def test_any_name_becomes_one_that_a_job_may_have(workspace, typed, name):
    assert saving.free_name(workspace, typed) == name


def test_a_saved_job_runs_backfills_and_learns_again_in_a_worker(run, workspace, monkeypatch, tmp_path):
    monkeypatch.setenv("TSANOMALY_HOME", str(tmp_path / "home"))
    job = saving.save(run, "1/day", workspace, "ada")
    ids = {event.id for event in workspace.events.list(job)}
    name = workspace.events.list(job)[0].series
    assert name == job  # as the job's own runs call the only series of a file
    span = {"since": "2026-01-01T00:00:00+00:00", "until": "2026-01-26T00:00:00+00:00"}
    asked = {
        Action.RUN: {},
        Action.BACKFILL: span,
        Action.BACKTEST: span | {"threshold": {"budget": "1/month"}},
        Action.REFIT: {"series": name},
        Action.TEST: {"series": name, "scope": name, "version": 1},
    }
    for action, settings in asked.items():
        work = JobWork.of(workspace, job, action)
        work.folder.mkdir(parents=True)
        work.write("request", {"url": workspace.url, "job": job, "action": action} | settings)
        work.carry_out(lambda work=work: worker.act(work))
        assert work.status().message == "", work.folder / "log.txt"
    results = {action: JobWork.of(workspace, job, action).result for action in asked}
    assert results[Action.RUN]["outcome"] in ("found nothing", "succeeded")
    assert {event.id for event in workspace.events.list(job)} >= ids
    assert results[Action.BACKTEST]["were_reported"] >= results[Action.BACKTEST]["would_be_reported"]
    assert results[Action.REFIT]["version"] == 2
    assert workspace.models.current(job, name).version == 2
    assert results[Action.TEST]["findings"]["threshold"] is not None
    (one,) = health.of_all(workspace)
    assert one.fine
    assert one.budget == pytest.approx(7)
    assert tsanomaly.load(workspace.models.current(job, name).path).channels_ == ("pressure", "flow")
