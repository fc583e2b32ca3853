"""A job's report shows what its runs found, out of what was kept, with the verdicts that were given meanwhile."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import tsanomaly
from tsanomaly.batch.findings import score_table
from tsanomaly.batch.job import Job
from tsanomaly.batch.kept import from_kept
from tsanomaly.batch.report import job_report
from tsanomaly.batch.runner import Runner
from tsanomaly.batch.scoring import Judged
from tsanomaly.cli.main import app
from tsanomaly.detection.verdicts import Judgement, instant
from tsanomaly.workspace import Outcome, Workspace

HOSTILE = "<img src=x>=cmd\u202e"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Three weeks of an hourly wave in two channels, one with a hostile name, and a fault near the end."""
    path = tmp_path_factory.mktemp("data") / "tank.csv"
    rng = np.random.default_rng(1)
    turn = 2 * np.pi * np.arange(504)[:, None] / 24
    values = np.sin(turn + np.arange(2)) + rng.normal(0, 0.05, (504, 2))
    values[450:456, 1] += 3
    frame = pd.DataFrame(values, columns=["level", HOSTILE])
    frame.insert(0, "time", pd.date_range("2026-03-01", periods=504, freq="h"))
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def ran(tmp_path_factory, file):
    """The workspace's path and the job, run once."""
    folder = tmp_path_factory.mktemp("workspace")
    series = tsanomaly.read_file(file).one()
    detector = tsanomaly.Detector(twin=False, early_scales=(), training=tsanomaly.Training(steps=60)).fit(series)
    tsanomaly.save(detector, folder / "tank.safetensors")
    model = {"bundle": str(folder / "tank.safetensors"), "learn_from": "3650D"}
    job = Job.model_validate({"name": "tank", "source": {"kind": "files", "path": str(file)}, "model": model})
    with Workspace.open(folder / "workspace.db") as store:
        assert Runner(store).run(job, instant(series, len(series))).outcome is Outcome.SUCCEEDED
    return folder / "workspace.db", job, instant(series, len(series))


def test_it_shows_events_explained_with_verdicts_and_the_command(ran):
    path, job, end = ran
    with Workspace.open(path) as store:
        event = store.events.list("tank")[0]
        store.verdicts.give(event.id, Judgement.TRUE, author="Ada", seen_version=event.verdict_version, note="pump 2")
        page = job_report(store, job, end - timedelta(days=30), end, "tsanomaly events report tank")
    assert "judged true by Ada on" in page
    assert "pump 2" in page
    assert "tsanomaly events report tank" in page
    assert '<script type="application/json" id="zoom-1-1">' in page
    assert "<img src=x>" not in page
    assert "\u202e" not in page


def test_of_a_time_without_events_there_is_a_page_without_series(ran):
    path, job, end = ran
    with Workspace.open(path) as store:
        page = job_report(store, job, end + timedelta(days=1), end + timedelta(days=2))
    assert "job tank" in page
    assert "<h2>How to make this page again</h2>" in page
    assert "<h2>tank" not in page


def test_what_was_kept_is_laid_on_its_grid_again_with_its_gaps(file):
    series = tsanomaly.read_file(file).one()
    series.values[100:110] = np.nan
    detector = tsanomaly.Detector(twin=False, early_scales=(), training=tsanomaly.Training(steps=20)).fit(series)
    events = detector.detect(series)
    frame = score_table([Judged(events, 0, 0, tuple(events))])
    kept, scores = from_kept(frame.drop(index=range(200, 210)), series.name, series.channels, series.step)
    there = np.delete(np.arange(len(series)), np.arange(200, 210))
    np.testing.assert_array_equal(kept.values[there], series.values[there])
    np.testing.assert_allclose(scores.total[there], events.scores.total[there], rtol=1e-6)
    assert np.isnan(kept.values[200:210]).all()
    assert (kept.times == series.times).all()
    assert from_kept(frame.iloc[:0], "tank", series.channels, series.step) is None
    assert from_kept(frame.drop(columns="value level"), "tank", series.channels, series.step) is None


def test_the_command_writes_the_page(ran, tmp_path):
    path, job, end = ran
    (path.parent / "tank.toml").write_text(
        f'name = "tank"\n[source]\nkind = "files"\npath = "{job.source.path}"\n[model]\nbundle = "{job.model.bundle}"\n'
    )
    out = tmp_path / "tank.html"
    arguments = ["events", "report", str(path.parent / "tank.toml"), "--workspace", str(path), "-o", str(out)]
    result = CliRunner().invoke(app, [*arguments, "--until", f"{end:%Y-%m-%d}"])
    assert result.exit_code == 0, result.stderr
    assert "With " in out.read_text(encoding="utf-8")  # the smallest repair
