"""A job's model learned again by hand, from the latest data, as a run would: one series', or the one that all share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tsanomaly.batch.contract import Expectation
from tsanomaly.batch.job import Job
from tsanomaly.batch.learning import learn, learn_shared
from tsanomaly.batch.planning import chosen
from tsanomaly.batch.shards import about, possible
from tsanomaly.batch.sources import open_source
from tsanomaly.detection.bundle import save
from tsanomaly.detection.feedback import for_training
from tsanomaly.detection.training import OnProgress
from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.series import Series
from tsanomaly.workspace import Workspace


def relearn(
    workspace: Workspace,
    job: Job,
    series: str | None,
    on_progress: OnProgress | None = None,
    *,
    activate: bool = True,
    now: datetime | None = None,
) -> int:
    """Learn from what was scored last, without true events and maintenance, and from the last new normal on.

    Args:
        series: whose model; ``None``: the one that all series share.
        activate: use it from the next run on; otherwise it is kept beside the one in use.
        now: the time that the version is added at.

    Returns:
        The version.

    Raises:
        ConfigurationError: the job is given its model, and learns none.
        DataError: too few rows.
        SourceError: the data cannot be read.
        CancelledError: ``on_progress`` answered ``False``.
    """
    if job.model.bundle is not None:
        raise ConfigurationError(
            f"job '{job.name}' is given its model, '{job.model.bundle}', and learns none; train another file, or take "
            "bundle out of [model]"
        )
    marks = workspace.watermarks.all(job.name)
    scored = marks.values() if series is None else [marks[series]] if series in marks else []
    until = max(scored, default=now or datetime.now(UTC))
    since = until - job.model.learn_from
    feedback = workspace.verdicts.feedback(job.name)
    calendar = workspace.calendars.spans(job.calendar.names, since, until)
    history = [for_training(possible(one, job), feedback, calendar) for one in _history(job, series, since, until)]
    if not history:
        whose = "no series" if series is None else f"no series '{series[:60]}'"
        raise DataError(f"the source of job '{job.name}' has {whose} between {since:%Y-%m-%d} and {until:%Y-%m-%d}")
    detector = learn_shared(job, history, on_progress) if series is None else learn(job, history[0], on_progress)
    with tempfile.TemporaryDirectory(prefix="tsanomaly-relearn-") as folder:
        path = save(detector, Path(folder) / "model.safetensors")
        said = about(detector, Expectation.of(history[0]), until)
        return workspace.models.add(
            job.name, series, path, said, activate=activate, now=datetime.now(UTC) if now is None else now
        )


def _history(job: Job, series: str | None, since: datetime, until: datetime) -> list[Series]:
    """What there is to learn from, as it was read."""
    if series is None:
        return chosen(open_source(job).series(since, until), job.model.learn_from_series)
    return [one for one in _only(job, series, since, until) if one.name == series][:1]


def _only(job: Job, series: str, since: datetime, until: datetime) -> Iterator[Series]:
    for shard in open_source(job).shards(since, until, only=[series]):
        yield from shard.series
