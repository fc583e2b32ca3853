"""A stored event with the readings around it, so that it is drawn and explained like one just found. No Streamlit here.

Readings come from the scores that were kept, where they hold them, and else from the job's source, scored anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import tsanomaly
from tsanomaly.batch.detectors import model_file
from tsanomaly.batch.job_file import parse_job
from tsanomaly.batch.kept import from_kept
from tsanomaly.batch.scoring import context
from tsanomaly.batch.sources import open_source
from tsanomaly.detection import events as station
from tsanomaly.detection.similarity import most_similar
from tsanomaly.detection.verdicts import row_at
from tsanomaly.errors import DataError
from tsanomaly.workspace import StoredEvent, Workspace

STEPS = 40
"""Rows shown before and after an event at least."""

BEYOND = 5000
"""Rows read before and after those shown: so many tell the usual size of an error, and the band is calm, even where
what led up to an event takes hundreds of them."""

NEAR = 500
"""Events around one that are shown with it at most."""


@dataclass(frozen=True, eq=False)
class Case:
    """A stored event in its surroundings.

    Attributes:
        events: the stored events of the series in that stretch, at most ``NEAR`` nearest to the one, ranked.
        ids: theirs in the workspace, by rank.
        event: the one looked at.
        detector: that its job uses now.
        around: what is to be shown before and after it, in its lengths as :func:`figures.zoom` counts them.
    """

    events: tsanomaly.Events
    ids: tuple[str, ...]
    event: tsanomaly.Event
    detector: tsanomaly.Detector
    around: float


def model_of(workspace: Workspace, job: str, series: str) -> Path:
    """The file of the model that a job uses for a series. Its name says what is in it.

    Raises:
        DataError: there is none.
    """
    path = model_file(workspace, job, series)
    if path is None:
        raise DataError(f"job '{job}' has no model of '{series}' any more; run the job, and it learns one")
    return path


def open_case(
    workspace: Workspace, stored: StoredEvent, days: float | None, detector: tsanomaly.Detector, zone: str | None
) -> Case:
    """An event with what surrounds it.

    Args:
        days: how long a stretch is wanted; ``None``: a little around the event.

    Raises:
        TsAnomalyError: its readings are nowhere any more.
    """
    since, until = stretch(stored, days, detector)
    shown = (until - since) / step_of(detector)
    since, until = since - BEYOND * step_of(detector), until + BEYOND * step_of(detector)
    series, scores = readings(workspace, stored, since, until, detector)
    series = tsanomaly.Series(
        series.times, series.values, series.channels, series.step, zone or "UTC", name=series.name
    )
    rows = {
        each.id: (row_at(series, each.start), row_at(series, each.end))
        for each in near(workspace, stored, since, until)
    }
    judged = {name: run for name, run in rows.items() if np.isfinite(scores.total[slice(*run)]).any()}
    if stored.id not in judged:
        raise DataError("the readings of this event are not kept any more; what was found of it is shown without them")
    threshold = threshold_of(stored, detector)
    runs = np.array(list(judged.values()), np.intp)
    events = station.build(series, scores, threshold, detector.severity_.of(scores.total), runs)
    by_rows = {run: name for name, run in judged.items()}  # of two in the same rows the chosen one, which is the last
    ids = tuple(by_rows[event.start_row, event.end_row] for event in events)
    event = events[ids.index(stored.id)]
    length = event.end_row - event.start_row
    return Case(events, ids, event, detector, max(0.0, (shown - length) / 2) / max(30, length))


def near(workspace: Workspace, stored: StoredEvent, since: datetime, until: datetime) -> list[StoredEvent]:
    """The events of its series in a stretch: of very many the nearest in time, and it itself, the last of them, even
    where it is withdrawn or part of another."""
    later = workspace.events.count(stored.job, stored.series, stored.end, until)
    before = max(0, later - NEAR // 2)
    found = workspace.events.list(stored.job, stored.series, since, until, order="start", limit=NEAR, offset=before)
    return [*(each for each in found if each.id != stored.id), stored]


def stretch(stored: StoredEvent, days: float | None, detector: tsanomaly.Detector) -> tuple[datetime, datetime]:
    """What to show around an event."""
    length = stored.end - stored.start
    margin = max(2 * length, STEPS * step_of(detector))
    if days is not None:
        margin = max(margin, (timedelta(days=days) - length) / 2)
    return stored.start - margin, stored.end + margin


def threshold_of(stored: StoredEvent, detector: tsanomaly.Detector) -> tsanomaly.Threshold:
    """The threshold in force when the event was found; the detector's, where that is not known."""
    value = stored.details.get("threshold")
    if isinstance(value, int | float):
        return tsanomaly.Threshold(float(value), "as when it was found", detector.threshold_.fitted_on)
    return detector.threshold_


def readings(
    workspace: Workspace, stored: StoredEvent, since: datetime, until: datetime, detector: tsanomaly.Detector
) -> tuple[tsanomaly.Series, tsanomaly.Scores]:
    """Values and scores of a stretch.

    Raises:
        TsAnomalyError: there are none.
    """
    frame = workspace.scores.read(stored.job, stored.series, since, until)
    kept = None if detector.step_ is None else from_kept(frame, stored.series, detector.channels_, detector.step_)
    return kept or from_source(workspace, stored, since, until, detector)


def from_source(
    workspace: Workspace, stored: StoredEvent, since: datetime, until: datetime, detector: tsanomaly.Detector
) -> tuple[tsanomaly.Series, tsanomaly.Scores]:
    """Series and scores from the job's source, scored anew with enough before it."""
    series = source_series(workspace, stored.job, stored.series, since - context(detector), until)
    if len(series) < detector.window_:
        raise DataError("the source of this job does not hold the readings of this event any more")
    scores = detector.scores(series)
    first = row_at(series, since)
    cut = tsanomaly.Scores(
        scores.times[first:], scores.total[first:], scores.by_channel[first:], scores.expected[first:], scores.channels
    )
    return series.between(first, len(series)), cut


def source_series(
    workspace: Workspace, job: str, name: str, since: datetime | None, until: datetime | None
) -> tsanomaly.Series:
    """One series of a job's source.

    Raises:
        TsAnomalyError: the source cannot be read, or has no such series.
    """
    wanted = parse_job(workspace.jobs.get(job).toml, job)
    for shard in open_source(wanted).shards(since, until, only=[name]):
        for series in shard.series:
            if series.name == name:
                return series
    raise DataError(f"the source of job '{job}' has no series '{name}' in that stretch")


def latest(
    workspace: Workspace, job: str, name: str, detector: tsanomaly.Detector, rows: int = 20_000
) -> tuple[tsanomaly.Series, tsanomaly.Scores]:
    """The latest readings of a series with their scores: those kept, or else those of the source, scored anew.

    Raises:
        TsAnomalyError: there are none.
    """
    until = workspace.watermarks.get(job, name)
    if until is None:
        raise DataError(f"job '{job}' has not scored '{name}' yet; let it run first")
    since = until - rows * step_of(detector)
    frame = workspace.scores.read(job, name, since, until)
    if len(frame) >= detector.window_ and detector.step_ is not None:
        kept = from_kept(frame, name, detector.channels_, detector.step_)
        if kept is not None:
            return kept
    series = source_series(workspace, job, name, since, until)
    return series, detector.scores(series)


def scores_since(
    series: tsanomaly.Series, scores: tsanomaly.Scores, detector: tsanomaly.Detector
) -> NDArray[np.float64]:
    """The finite scores of rows that came after those that a model learned from. It scores the latter lower than it was
    calibrated on, so that with them scores would seem to have moved on the very day it learned."""
    until = moment(detector.learned_from_.get("end"))
    first = 0 if until is None else row_at(series, until)
    total = scores.total[first:]
    return total[np.isfinite(total)]


def moment(told: object) -> datetime | None:
    """A moment as a model tells it; ``None``: its data had no clock."""
    if not isinstance(told, str):
        return None
    found = datetime.fromisoformat(told)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def step_of(detector: tsanomaly.Detector) -> timedelta:
    """Between two rows."""
    return timedelta(seconds=float((detector.step_ or np.timedelta64(1, "s")) / np.timedelta64(1, "s")))


def neighbours(workspace: Workspace, stored: StoredEvent, most: int = 50) -> list[StoredEvent]:
    """Events in other series at that time, of all jobs, the most severe first."""
    margin = max(stored.end - stored.start, timedelta(minutes=30))
    found = workspace.events.list(since=stored.start - margin, until=stored.end + margin, limit=most + 50)
    return [each for each in found if (each.job, each.series) != (stored.job, stored.series)][:most]


def alike(
    workspace: Workspace, stored: StoredEvent, most: int = 12, among: int = 2000
) -> list[tuple[StoredEvent, float]]:
    """Past events most like one, with their likeness; of its own job first, then of all."""
    own = stored.occurrence.fingerprint
    if own is None:
        return []
    past = workspace.events.list(until=stored.end, status=None, order="start", limit=among, details=True)
    others = [each for each in past if each.id != stored.id and each.occurrence.fingerprint is not None]
    prints = [each.occurrence.fingerprint for each in others]
    return [(others[place], likeness) for place, likeness in most_similar(own, prints, most=most)]


def past_occurrences(workspace: Workspace, job: str, now: datetime, months: int = 3) -> Sequence[StoredEvent]:
    """The events that a verdict might change: those of the job in the last months."""
    since = now.astimezone(UTC) - timedelta(days=30.4 * months)
    latest = workspace.events.list(job, order="start", limit=1)
    if latest and latest[0].end < since:  # data of the past: the months before its own last event count
        since = latest[0].end - timedelta(days=30.4 * months)
    return workspace.events.list(job, since=since, order="start", limit=5000, details=True)
