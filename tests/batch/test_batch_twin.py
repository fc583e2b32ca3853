"""One path: the same file gives the same events through Python, the command line, and a batch job."""

import json

import pytest
from typer.testing import CliRunner

import tsanomaly
from tsanomaly.batch.job import Job
from tsanomaly.batch.runner import Runner
from tsanomaly.cli.main import app
from tsanomaly.detection.verdicts import instant
from tsanomaly.resources import sample_path
from tsanomaly.workspace import Outcome, Workspace


@pytest.fixture(scope="module")
def file():
    return sample_path("pump")


@pytest.fixture(scope="module")
def series(file):
    return tsanomaly.read_file(file).one()


@pytest.fixture(scope="module")
def model(tmp_path_factory, series):
    path = tmp_path_factory.mktemp("model") / "pump.safetensors"
    tsanomaly.save(tsanomaly.Detector(training=tsanomaly.Training(steps=30), twin=False).fit(series), path)
    return path


def test_the_same_file_gives_the_same_events_on_every_way(tmp_path, file, series, model):
    detector = tsanomaly.load(model)
    by_python = [
        (instant(series, e.start_row), instant(series, e.end_row), round(e.severity, 1), round(e.score, 6))
        for e in detector.detect(series)
    ]
    assert by_python

    printed = CliRunner().invoke(app, ["detect", str(file), "--model", str(model), "--format", "json"])
    by_command = [
        (e["start_row"], e["end_row"], e["severity"], e["score"]) for e in json.loads(printed.stdout)["events"]
    ]
    assert [(instant(series, a), instant(series, b), *rest) for a, b, *rest in by_command] == by_python

    job = Job.model_validate(
        {
            "name": "pump",
            "source": {"kind": "files", "path": str(file)},
            "model": {"bundle": str(model), "learn_from": "3650D"},
        }
    )
    with Workspace.open(tmp_path / "workspace.db") as store:
        run = Runner(store).run(job, instant(series, len(series)))
        assert run.outcome is Outcome.SUCCEEDED
        by_job = [(e.start, e.end, e.severity, e.score) for e in store.events.list("pump")]
    assert sorted(by_job) == sorted(by_python)


def test_a_job_that_learns_finds_what_a_detector_finds_that_learned_from_the_same_rows(tmp_path, file, series):
    settings = {"training": tsanomaly.Training(steps=30), "twin": False}
    events = tsanomaly.Detector(**settings).fit(series).detect(series)
    job = Job.model_validate(
        {
            "name": "pump",
            "source": {"kind": "files", "path": str(file)},
            "model": {"steps": 30, "learn_from": "3650D"},
        }
    )
    with Workspace.open(tmp_path / "workspace.db") as store:
        Runner(store).run(job, instant(series, len(series)))
        found = [(e.start, e.end, e.severity) for e in store.events.list("pump", order="start")]
    expected = [(instant(series, e.start_row), instant(series, e.end_row), round(e.severity, 1)) for e in events]
    assert sorted(found) == sorted(expected)
