"""One task, from its folder to its result: ``python worker.py KIND FOLDER``. What it meets, it writes there."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import rules
from jobwork import Action, JobWork
from runs import USUAL, Request, Result, Run, Trial, Twin
from task import State

import tsanomaly


def detect(run: Run) -> None:
    """Read, learn, score."""
    request = run.request
    run.tell("reading")
    reading = run.read(lambda share: run.tell("reading", int(100 * share), 100))
    series = reading[request.series] if request.series is not None else reading.one()
    run.tell("loading the detector")
    detector = tsanomaly.load(run.model) if request.trained else learned(request, series, run)
    scores = detector.scores(series, on_progress=run.on_progress)
    run.tell("saving")
    run.ask(replace(request, threshold=request.threshold or rules.of(detector)))
    run.keep(Result(series, scores, detector, reading.diagnosis))


def learned(request: Request, series: tsanomaly.Series, run: Run) -> tsanomaly.Detector:
    """A detector fitted on the series."""
    training = tsanomaly.Training(steps=request.steps) if request.steps else None
    detector = rules.set_for(tsanomaly.Detector(window=request.window, training=training), request.threshold or USUAL)
    return detector.fit(series, on_progress=run.on_progress)


def compare(twin: Twin) -> None:
    """Whether the autoencoder beats its linear twin, by a small self-test of bounded cost."""
    from tsanomaly.evaluation import twin_verdict

    result = twin.run.result()
    twin.write("verdict", twin_verdict(result.detector, result.series, on_progress=twin.on_progress).to_dict())


def test(trial: Trial) -> None:
    """Put known anomalies into copies of the series and see what is caught at the threshold."""
    from tsanomaly.evaluation import self_test

    trial.tell("loading the detector")
    result = trial.run.result()
    threshold = result.detector.fit_threshold(rules.parse(trial.threshold)).value
    found = self_test(result.detector, result.series, threshold=threshold, on_progress=trial.on_progress)
    trial.write("findings", found.to_dict())


def act(work: JobWork) -> None:
    """Do what was asked of a job; asked to stop, a run ends after the series it is at."""
    import job_acts

    from tsanomaly.batch.job_file import parse_job
    from tsanomaly.workspace import Workspace

    request = work.request
    work.tell("opening the workspace")
    with Workspace.open(request["url"]) as workspace:
        job = parse_job(workspace.jobs.get(request["job"]).toml, request["job"])
        match Action(request["action"]):
            case Action.RUN | Action.BACKFILL:
                job_acts.run(work, workspace, job)
            case Action.BACKTEST:
                job_acts.compare(work, workspace, job)
            case Action.REFIT:
                job_acts.refit(work, workspace, job)
            case Action.TEST:
                job_acts.test(work, workspace, job)


def main(kind: str, folder: Path) -> None:
    """Carry one task out; a run is shown as soon as it is done, and its comparison follows."""
    if kind == JobWork.kind:
        work = JobWork(folder)
        work.carry_out(lambda: act(work))
        return
    if kind == Trial.kind:
        trial = Trial(folder)
        trial.carry_out(lambda: test(trial))
        return
    run = Run(folder)
    run.carry_out(lambda: detect(run))
    if run.status().state is State.DONE:
        run.twin.folder.mkdir(mode=0o700)
        twin = run.twin
        twin.carry_out(lambda: compare(twin))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
