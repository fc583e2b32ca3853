"""What a worker does for a job when somebody asks by hand. No Streamlit here."""

from __future__ import annotations

import signal
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import cases
from jobwork import Action, JobWork, stretch

import tsanomaly
from tsanomaly.batch.backtest import backtest
from tsanomaly.batch.contract import Expectation
from tsanomaly.batch.detectors import as_it_judges
from tsanomaly.batch.job import Job, Threshold
from tsanomaly.batch.learning import learn
from tsanomaly.batch.planning import Given
from tsanomaly.batch.runner import Runner, Stop
from tsanomaly.batch.shards import about
from tsanomaly.detection.feedback import for_training
from tsanomaly.evaluation import self_test
from tsanomaly.workspace import Workspace


def run(work: JobWork, workspace: Workspace, job: Job) -> None:
    """A run for this moment, or a stretch of the past scored anew."""
    stop = Stop()
    signal.signal(signal.SIGTERM, lambda *_: stop.cancel())
    runner = Runner(workspace, stop=stop, on_series=lambda done, last: work.tell(f"series {done:,} scored"))
    given = Given(*stretch(work.request)) if work.request["action"] == Action.BACKFILL else None
    work.tell("reading")
    ended = runner.run(job, datetime.now(UTC), given=given)
    if ended is not None:
        work.write("result", {"run": ended.id, "outcome": str(ended.outcome), "message": ended.message})


def compare(work: JobWork, workspace: Workspace, job: Job) -> None:
    """What another threshold would have reported."""
    work.tell("scoring")
    asked = work.request["threshold"]
    compared = backtest(workspace, job, *stretch(work.request), Threshold(**asked) if asked else None)
    work.write("result", compared.to_dict())


def refit(work: JobWork, workspace: Workspace, job: Job) -> None:
    """A series' model, learned again from the latest data, without true events and maintenance."""
    name = work.request["series"]
    until = workspace.watermarks.get(job.name, name) or datetime.now(UTC)
    work.tell("reading")
    series = cases.source_series(workspace, job.name, name, until - job.model.learn_from, until)
    learned_from = for_training(series, workspace.verdicts.feedback(job.name))
    detector = learn(job, learned_from, work.on_progress)
    with tempfile.TemporaryDirectory(prefix="tsanomaly-refit-") as folder:
        path = tsanomaly.save(detector, Path(folder) / "model.safetensors")
        said = about(detector, Expectation.of(series), until)
        version = workspace.models.add(
            job.name, name, path, said, activate=work.request.get("activate", True), now=datetime.now(UTC)
        )
    work.write("result", {"series": name, "version": version})


def test(work: JobWork, workspace: Workspace, job: Job) -> None:
    """What a version would catch in the latest readings, at its own threshold."""
    name, version = work.request["series"], int(work.request["version"])
    work.tell("loading the detector")
    loaded = tsanomaly.load(workspace.models.path(job.name, version, work.request["scope"]))
    detector = as_it_judges(workspace, job.name, name, loaded)
    series, _ = cases.latest(workspace, job.name, name, detector)
    found = self_test(detector, series, threshold=detector.threshold_.value, on_progress=work.on_progress)
    work.write("result", {"series": name, "version": version, "findings": found.to_dict()})
