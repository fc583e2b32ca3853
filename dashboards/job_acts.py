"""What a worker does for a job when somebody asks by hand. No Streamlit here."""

from __future__ import annotations

import signal
from datetime import UTC, datetime

import cases
from jobwork import Action, JobWork, stretch

import tsanomaly
from tsanomaly.batch.backtest import backtest
from tsanomaly.batch.detectors import as_it_judges
from tsanomaly.batch.job import Job, Threshold
from tsanomaly.batch.planning import Given
from tsanomaly.batch.relearning import relearn
from tsanomaly.batch.runner import Runner, Stop
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
    """A model, learned again from the latest data, without true events and maintenance."""
    name = work.request["series"]
    work.tell("reading")
    version = relearn(workspace, job, name, work.on_progress, activate=work.request.get("activate", True))
    work.write("result", {"series": name, "version": version})


def test(work: JobWork, workspace: Workspace, job: Job) -> None:
    """What a version would catch in the latest readings, at its own threshold."""
    name, version = work.request["series"], int(work.request["version"])
    work.tell("loading the detector")
    path = workspace.models.path(job.name, version, work.request["scope"])
    detector = as_it_judges(workspace, job.name, name, path, tsanomaly.load(path))
    series, _ = cases.latest(workspace, job.name, name, detector)
    found = self_test(detector, series, threshold=detector.threshold_.value, on_progress=work.on_progress)
    work.write("result", {"series": name, "version": version, "findings": found.to_dict()})
