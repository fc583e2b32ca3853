"""What a run has to do: which series, from when on, by which models. Reads the workspace; changes nothing in it."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from tsanomaly.batch.given_model import fitting
from tsanomaly.batch.job import Job
from tsanomaly.batch.job import Schedule as Times
from tsanomaly.batch.learning import rule_text
from tsanomaly.batch.schedule import latest_time
from tsanomaly.batch.scoring import Stretch, row_at
from tsanomaly.batch.shards import SeriesTask
from tsanomaly.detection.verdicts import Feedback, Span, Verdict
from tsanomaly.errors import JobError
from tsanomaly.series import Series
from tsanomaly.workspace import StoredModel, Workspace
from tsanomaly.workspace.files import content_of
from tsanomaly.workspace.names import digest


@dataclass(frozen=True)
class Given:
    """A stretch that is asked for, whatever the watermarks say: a backfill's.

    Attributes:
        since, until: half open.
    """

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Plan:
    """What is known before a run reads its source.

    Attributes:
        job: as its file says.
        until: the end of what is scored: the run's scheduled time, unless a stretch is given.
        watermarks: by series.
        states: by series that was ever met; ``None``: nothing is remembered of it.
        models: in use, by series; the shared one under ``None``.
        newest: the latest version of each, in use or not.
        given: a stretch to score instead of what is new.
        done: series that an earlier attempt of the run has done.
        refit_after: models learned before are outdated; ``None``: none are.
        verdicts: people's, by series.
        calendar: the job's known maintenance.
    """

    job: Job
    until: datetime
    watermarks: Mapping[str, datetime]
    states: Mapping[str, Mapping[str, Any] | None]
    models: Mapping[str | None, StoredModel]
    newest: Mapping[str | None, StoredModel]
    given: Given | None = None
    done: frozenset[str] = frozenset()
    refit_after: datetime | None = None
    verdicts: Mapping[str, Feedback] = field(default_factory=dict)
    calendar: tuple[Span, ...] = ()

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        job: Job,
        scheduled_at: datetime,
        *,
        given: Given | None = None,
        done: Iterable[str] = (),
    ) -> Plan:
        """Read what the workspace knows of a job."""
        models = fitting(job, workspace.models.all_current(job.name))
        newest: dict[str | None, StoredModel] = dict(models)
        if job.model.refit is not None and job.model.activate == "by-hand":
            for model in reversed(workspace.models.list(job.name)):
                newest[model.series] = model
            newest = fitting(job, newest)
        verdicts: defaultdict[str, list[Verdict]] = defaultdict(list)
        for verdict in workspace.verdicts.feedback(job.name).in_force:
            verdicts[verdict.series].append(verdict)
        return cls(
            job,
            scheduled_at if given is None else given.until,
            workspace.watermarks.all(job.name),
            workspace.watermarks.states(job.name),
            models,
            newest,
            given,
            frozenset(done),
            _refit_after(job, scheduled_at) if given is None else None,
            {name: Feedback(tuple(of_series)) for name, of_series in verdicts.items()},
            workspace.calendars.spans(job.calendar.names, scheduled_at - job.model.learn_from, scheduled_at),
        )

    @property
    def shares(self) -> bool:
        """Whether one model serves all series."""
        return self.job.model.scope == "shared"

    @property
    def history(self) -> datetime:
        """Where the history of a series begins."""
        return self.until - self.job.model.learn_from

    @cached_property
    def since(self) -> datetime:
        """Where reading begins, for the sake of the known series that needs most."""
        if self.given is not None:
            return self._stretch(None, None).read_from
        starts = (self._stretch(n, mark).read_from for n, mark in self.watermarks.items() if n not in self.done)
        return min(starts, default=self.history)

    def lacks_history(self, name: str) -> bool:
        """Whether a series is new and was not read from its beginning: it is to be read once more."""
        return self.given is None and name not in self.watermarks and self.since > self.history

    @cached_property
    def latest(self) -> datetime | None:
        """The watermark of the series that is furthest, as it was before the run began."""
        return max((mark for name, mark in self.watermarks.items() if name not in self.done), default=None)

    @property
    def learns_shared(self) -> bool:
        """Whether a shared model is to be learned first."""
        return self.shares and self.job.model.bundle is None and self._outdated(self.newest.get(None))

    @cached_property
    def shared_model(self) -> Path | None:
        """The file of the model that all series share; ``None``: none yet, or each has its own."""
        if not self.shares:
            return None
        stored = self.models.get(None)
        return self.given_model or (None if stored is None else stored.path)

    @cached_property
    def shared_name(self) -> str:
        """What calibrations know the shared model by; empty where there is none."""
        if self.shared_model is None:
            return ""
        stored = self.models.get(None)
        if self.job.model.bundle is None and stored is not None:
            return f"version {stored.version}"
        return content_of(self.shared_model)

    def task(self, series: Series) -> SeriesTask | None:
        """What is to be done with a series that was read; ``None``: nothing."""
        name = series.name
        if name in self.done:
            return None
        own, stored = self.watermarks.get(name), self._model_of(name)
        stretch = self._stretch(name, own)
        first = row_at(series, stretch.read_from)
        if first == len(series):
            return None
        series = series.between(first, len(series)) if first else series
        verdicts = self.verdicts.get(name, Feedback())
        task = SeriesTask(series, stretch, own, expected=self._expected(name, stored), feedback=verdicts)
        if self.given is not None:
            moves = own is not None and self.given.since <= own
            task = replace(task, watermark=self.given.since, moves=moves)
        if self.shares:
            return replace(task, state=self.states.get(name))
        model = self.given_model or (None if stored is None else stored.path)
        learn = self.job.model.bundle is None and self.given is None and self._outdated(self.newest.get(name))
        return replace(task, model=None if model is None else str(model), learn=learn)

    def _expected(self, name: str, stored: StoredModel | None) -> Mapping[str, Any] | None:
        """What a series looked like when it was learned; of one that is new under a shared model, only its columns."""
        if self.job.model.bundle is not None or stored is None:
            return None
        expected: Mapping[str, Any] | None = stored.about.get("expected")
        if not self.shares or expected is None:
            return expected
        own = self.states.get(name)
        usual = {} if own is None else own["expected"]["usual"]
        return {**expected, "usual": usual}

    def _stretch(self, name: str | None, watermark: datetime | None) -> Stretch:
        """What is read and scored of a series.

        One that fell far behind the others, such as a sensor that was switched off, does not make every run read all
        since then: no more than what a model learns from.
        """
        job = self.job
        if self.given is not None:
            return Stretch(self.given.since - self._lookback(name), self.given.since, self.given.until)
        if watermark is not None and self.latest is not None:
            watermark = max(watermark, self.latest - job.model.learn_from)
        late, learned = job.range.allowed_lateness, job.model.learn_from
        stretch = Stretch.of(watermark, self.until, lookback=self._lookback(name), late=late, history=learned)
        if watermark is not None and self._needs_history(name):
            return replace(stretch, read_from=min(stretch.read_from, self.history))
        return stretch

    def _model_of(self, name: str | None) -> StoredModel | None:
        return self.models.get(None if self.shares or self.job.model.bundle is not None else name)

    def _lookback(self, name: str | None) -> timedelta:
        stored = self._model_of(name)
        needed = 0.0 if stored is None else float(stored.about.get("context_s", 0.0))
        return max(self.job.range.lookback, timedelta(seconds=needed))

    def _needs_history(self, name: str | None) -> bool:
        """Whether a series that was scored before is to be learned anew."""
        if name is None:
            return False
        if not self.shares:
            return self.job.model.bundle is None and self._outdated(self.newest.get(name))
        state, model = self.states.get(name), self.shared_name
        if self.learns_shared or state is None or state["threshold"] is None:
            return True
        return (state["model"], state["rule"]) != (model, rule_text(self.job))

    def _outdated(self, newest: StoredModel | None) -> bool:
        """Whether a model is missing, or was learned before it was last to be learned again."""
        if newest is None:
            return True
        learned = newest.about.get("learned_until")
        return self.refit_after is not None and (
            learned is None or datetime.fromisoformat(learned) < self.refit_after <= self.until
        )

    @cached_property
    def given_model(self) -> Path | None:
        """The file of the model that the job names, as it is kept in the workspace if it is; ``None``: it names none.

        Raises:
            JobError: it is not there.
        """
        if self.job.model.bundle is None:
            return None
        path, stored = Path(self.job.located(self.job.model.bundle)), self.models.get(None)
        if not path.is_file():
            raise JobError(f"job '{self.job.name}' names the model '{path}', which does not exist")
        return stored.path if stored is not None and stored.path.stem == content_of(path) else path


def _refit_after(job: Job, scheduled_at: datetime) -> datetime | None:
    """When models were last to be learned again; ``None``: never."""
    if job.model.refit is None:
        return None
    zone = "UTC" if job.schedule is None else job.schedule.zone
    return latest_time(Times(cron=job.model.refit, zone=zone), scheduled_at)


def chosen(series: Iterable[Series], most: int) -> list[Series]:
    """So many of the series, always the same ones whatever the order, in the order of their names' digests."""
    kept: list[tuple[int, int, Series]] = []  # a heap, the one to go first
    for place, one in enumerate(series):
        entry = (-int(digest(one.name), 16), place, one)
        if len(kept) < most:
            heapq.heappush(kept, entry)
        else:
            heapq.heappushpop(kept, entry)
    return [one for *_, one in sorted(kept, key=lambda entry: -entry[0])]
