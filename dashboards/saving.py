"""A run into the workspace, where others see it: its events, model and scores, as a job of its own. No Streamlit here.

The job reads the file that was uploaded, which is kept beside the workspace's scores and models. It has no schedule
until it is given one.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jobfiles
import rules
from runs import Result, Run

from tsanomaly.batch.contract import Expectation
from tsanomaly.batch.findings import described, score_table
from tsanomaly.batch.job_draft import draft
from tsanomaly.batch.scoring import Judged
from tsanomaly.batch.shards import about as model_about
from tsanomaly.detection.verdicts import instant
from tsanomaly.errors import ConfigurationError
from tsanomaly.report.words import shown, stem
from tsanomaly.workspace import Outcome, SeriesResult, Workspace

LEASE = timedelta(minutes=10)
"""How long saving may take before somebody else may take it over."""

ROWS_KEPT = 2_000_000
"""Rows whose scores are kept, the latest ones: a file of ten million would be a gigabyte more."""


def save(run: Run, threshold: str, workspace: Workspace, author: str, name: str | None = None) -> str:
    """Keep a run that is done; returns the job's name. Saved again, it is the same job.

    Args:
        threshold: at which its events are kept, as :mod:`rules` writes it.
        name: of the job; ``None``: after the file.

    Raises:
        ConfigurationError: the file has no clock, or the name is none.
    """
    result = run.result()
    if not result.series.has_clock:
        raise ConfigurationError(
            "this file has no clock, and the workspace keeps events by their time; name its time column under "
            "New data, 'Read it differently'"
        )
    job = name or saved_as(run) or free_name(workspace, stem(run.request.name))
    saved = {"job": job, "threshold": threshold}
    if run.read_json("saved") == saved:
        return job
    if job not in {known.name for known in workspace.jobs.list()}:
        workspace.jobs.put(job, written(run, job, threshold, workspace), author=author)
    result = replace(result, series=replace(result.series, name=name_in_job(result, job)))
    workspace.models.add(job, result.series.name, run.model, about(run, result))
    store(result, threshold, workspace, job)
    run.write("saved", saved)
    return job


def name_in_job(result: Result, job: str) -> str:
    """What the job's own runs will call the series: as its column does, or else as the job."""
    return result.series.name if result.diagnosis.series_column else job


def saved_as(run: Run) -> str | None:
    """The job that a run was saved as; ``None``: it was not."""
    return run.read_json("saved").get("job")


def free_name(workspace: Workspace, wanted: str) -> str:
    """A job's name after what somebody typed, and not taken yet."""
    name = valid_name(wanted)
    taken = {job.name for job in workspace.jobs.list()}
    return next(each for each in (name, *(f"{name}-{n}" for n in range(2, 10_000))) if each not in taken)


def valid_name(typed: str) -> str:
    """What somebody typed, as a job may be called."""
    return re.sub(r"[^a-z0-9_]+", "-", typed.lower()).strip("-_")[:56] or "upload"


def written(run: Run, job: str, threshold: str, workspace: Workspace, source: str | None = None) -> str:
    """The job's TOML. Without a source of its own it reads the run's file, which is copied to the workspace.

    Raises:
        JobError: it would not be a job.
    """
    path = source or kept(run, workspace)
    request, result = run.request, run.result()
    return draft(
        path,
        result.diagnosis,
        [result.series],
        name=job,
        description=f"made from {shown(request.name, 100)}",
        scheduled=False,
        given=request.overrides,
        **jobfiles.threshold_keys(threshold),
    )


def kept(run: Run, workspace: Workspace) -> Path:
    """The run's file in the workspace, copied there where it is not yet."""
    target = workspace.folder / "uploads" / run.id / f"{stem(run.request.name)}{_ending(run.request.name)}"
    if not target.exists():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.part")
        shutil.copyfile(run.folder / "source", aside)
        whole = time.time() - 3600  # sources wait for files that were changed just now; this one is whole
        os.utime(aside, (whole, whole))
        aside.replace(target)
    return target


def _ending(name: str) -> str:
    return "".join(re.findall(r"(?i)\.(?:csv|tsv|txt|dat|gz|zip|parquet|pq)(?=\.|$)", name)[-2:]) or ".csv"


def about(run: Run, result: Result) -> dict[str, Any]:
    """What is kept beside the model's file: what it learned from, and how it stands against its linear twin."""
    until = instant(result.series, len(result.series))
    learned = model_about(result.detector, Expectation.of(result.series), until)  # type: ignore[arg-type]
    return learned | {"twin": run.twin.verdict}


def store(result: Result, threshold: str, workspace: Workspace, job: str) -> None:
    """Events and scores, as a run of the job."""
    now = datetime.now(UTC)
    series, detector = result.series, result.detector
    events = detector.events(series, result.scores, detector.fit_threshold(rules.parse(threshold)))
    judged = Judged(events, 0, max(0, len(series) - ROWS_KEPT), tuple(events))
    rows = described(judged, detector)
    run = workspace.runs.claim(job, now, f"dashboard-{job}", LEASE, now)
    if run is None:  # within the same microsecond: somebody saves the same
        return
    parts = workspace.scores.write(job, score_table([judged]))
    first, last = instant(series, 0), instant(series, len(series))
    outcome = Outcome.SUCCEEDED if len(events) else Outcome.FOUND_NOTHING
    found = SeriesResult(series.name, outcome, "", first, last, last, rows, len(series))  # type: ignore[arg-type]
    workspace.commit(run, [found], now, parts=parts)
    counts = {"series": 1, "rows": len(series), "events": len(events)}
    workspace.runs.finish(run, outcome, datetime.now(UTC), counts=counts, message="saved from the dashboard")
