"""The report of a job: what its runs found in a stretch of time, out of what the workspace kept.

Nothing is scored again but the short stretches that repairs need; the job's source is not read.
"""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

import numpy as np

from tsanomaly.batch.detectors import detector_of
from tsanomaly.batch.job import Job
from tsanomaly.batch.job_secrets import without_secrets
from tsanomaly.batch.job_toml import as_toml
from tsanomaly.batch.kept import from_kept
from tsanomaly.detection import events as station
from tsanomaly.detection.detector import Detector
from tsanomaly.detection.events import Events
from tsanomaly.detection.thresholds import Threshold
from tsanomaly.detection.verdicts import row_at
from tsanomaly.errors import DataError
from tsanomaly.report.html import PICTURED_SERIES, to_html
from tsanomaly.report.origin import Origin
from tsanomaly.series import Diagnosis
from tsanomaly.workspace import StoredEvent, Workspace


def job_report(workspace: Workspace, job: Job, since: datetime, until: datetime, command: str = "") -> str:
    """A page about the events of a job, those of the series with the most severe ones.

    Args:
        since, until: half open; events that reach into it.
        command: that makes the page again.

    Raises:
        DataError: no run of the job kept readings of that time, or its models are gone.
    """
    found = workspace.events.list(job.name, since=since, until=until, order="severity", limit=5000, details=True)
    by_series: dict[str, list[StoredEvent]] = {}
    for event in found:
        by_series.setdefault(event.series, []).append(event)
    results: list[Events] = []
    detectors: dict[str, Detector] = {}
    for name, events in list(by_series.items())[:PICTURED_SERIES]:
        detector = detector_of(workspace, job, name)
        judged = None if detector is None else _judged(workspace, job.name, name, events, detector, since, until)
        if detector is not None and judged is not None:
            results.append(judged)
            detectors[name] = detector
    if found and not results:
        raise DataError(f"no readings of job '{job.name}' are kept for that time; let it run with scores kept")
    channels = results[0].series.channels if results else ()
    rows = {events.series.name: len(events.series) for events in results}
    about = Diagnosis(
        f"job {job.name}", sum(rows.values()), time_column="time", zone="UTC", channels=channels, series=rows
    )
    return to_html(
        results,
        about,
        twins=_twins(workspace, job.name),
        detectors=detectors,
        feedback=workspace.verdicts.feedback(job.name),
        calendar=workspace.calendars.spans(job.calendar.names, since, until),
        origin=Origin(command, job=without_secrets(as_toml(job))),
    )


def report_command(job: str, since: datetime, until: datetime) -> str:
    """The command that writes the same page of a registered job."""
    stretch = f"--since {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} --until {until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"tsanomaly events report {shlex.quote(job)} {stretch}"


def _twins(workspace: Workspace, job: str) -> dict[str, str]:
    """By series, whether the autoencoder in use beats its linear twin, where that was ever tried."""
    models = workspace.models.all_current(job)
    return {name: str(said) for name, one in models.items() if name is not None and (said := one.about.get("twin"))}


def _judged(
    workspace: Workspace,
    job: str,
    name: str,
    found: list[StoredEvent],
    detector: Detector,
    since: datetime,
    until: datetime,
) -> Events | None:
    """The stored events of a series, on the readings that were kept."""
    if detector.step_ is None:
        return None
    first, last = min(since, *(event.start for event in found)), max(until, *(event.end for event in found))
    kept = from_kept(workspace.scores.read(job, name, first, last), name, detector.channels_, detector.step_)
    if kept is None:
        return None
    series, scores = kept
    runs = [(row_at(series, event.start), row_at(series, event.end)) for event in found]
    seen = [(a, b) for a, b in runs if b > a and np.isfinite(scores.total[a:b]).any()]
    threshold = found[0].details.get("threshold")
    value = detector.threshold_.value if threshold is None else float(threshold)
    rule = Threshold(value, detector.threshold_.rule, detector.threshold_.fitted_on, "as when it was found")
    table = np.array(seen, np.intp).reshape(-1, 2)
    return station.build(series, scores, rule, detector.severity_.of(scores.total), table)
