"""What a worker does: the series of a shard, one after the other, from rows to what is to be stored.

A worker touches no database. It gets all it needs with the shard, and hands everything back; only scores and models go
to files, under names that follow from what is in them. A shard that is done twice leaves the same files and gives the
same answer. A series that cannot be scored does not stop the others: its outcome says why.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil
import torch

from tsanomaly.batch.contract import Expectation
from tsanomaly.batch.findings import described, score_table
from tsanomaly.batch.job import Job
from tsanomaly.batch.job_secrets import without_secrets
from tsanomaly.batch.learning import learn, rule_of, rule_text
from tsanomaly.batch.scoring import Calibration, Judged, Stretch, calibrate, context, judge, judge_shared
from tsanomaly.detection.bundle import load, save
from tsanomaly.detection.detector import Detector
from tsanomaly.detection.feedback import for_training
from tsanomaly.detection.training import Progress
from tsanomaly.detection.verdicts import Feedback, Span, instant
from tsanomaly.errors import (
    CancelledError,
    DataError,
    OutputError,
    SchemaChangedError,
    SourceTimeoutError,
    SourceUnreachableError,
    TsAnomalyError,
    UnfinishedSourceError,
    WorkspaceError,
)
from tsanomaly.series import Series
from tsanomaly.workspace import Outcome, ScorePart, SeriesResult
from tsanomaly.workspace.names import digest
from tsanomaly.workspace.scores import write_scores


@dataclass(frozen=True)
class SeriesTask:
    """One series of a shard.

    Attributes:
        series: its rows from ``stretch.read_from`` to ``stretch.until``.
        stretch: which of them are scored.
        watermark: everything before it was scored; ``None``: nothing was.
        model: its own model's file; ``None``: there is none yet, or the job shares one.
        expected: what its model learned from, as :class:`Expectation` writes it; ``None``: the model itself tells.
        state: what a shared model knows of it; ``None``: nothing yet.
        feedback: people's verdicts on its events: they say what is not to be learned from.
        learn: learn a model of its own first.
        moves: whether the watermark is to move: not if rows before this stretch were never scored.
    """

    series: Series
    stretch: Stretch
    watermark: datetime | None = None
    model: str | None = None
    expected: Mapping[str, Any] | None = None
    state: Mapping[str, Any] | None = None
    feedback: Feedback = field(default_factory=Feedback)
    learn: bool = False
    moves: bool = True


@dataclass(frozen=True)
class Shard:
    """A piece of work.

    Attributes:
        job: as its file says.
        tasks: a series each.
        folder: the workspace's, on a file system that all workers share.
        scratch: a folder of the run, for models that are learned and for :attr:`stop`.
        columns: all columns of the source.
        shared: the file of the model that all series share; ``None``: each has its own.
        shared_name: what calibrations know it by.
        calendar: maintenance, which is not learned from.
        learned_until: what models are learned for: the run's scheduled time.
        deadline: seconds since 1970 after which the rest is timed out.
        keep_scores: whether scores are written.
    """

    job: Job
    tasks: tuple[SeriesTask, ...]
    folder: Path
    scratch: Path
    columns: tuple[str, ...] = ()
    shared: str | None = None
    shared_name: str = ""
    calendar: tuple[Span, ...] = ()
    learned_until: datetime | None = None
    deadline: float | None = None
    keep_scores: bool = True

    @property
    def stop(self) -> Path:
        """A file; when it is there, the rest is not wanted any more."""
        return self.scratch / "stop"

    def model_of(self, series: str) -> str | None:
        """The file of a series' own model, as it was before this shard."""
        return next(task.model for task in self.tasks if task.series.name == series)

    def halves(self) -> tuple[Shard, Shard] | None:
        """The shard in two; ``None`` where it has one series alone."""
        half = len(self.tasks) // 2
        return (replace(self, tasks=self.tasks[:half]), replace(self, tasks=self.tasks[half:])) if half else None


@dataclass(frozen=True)
class Learned:
    """A model that a worker learned: its file, and what it says of itself."""

    series: str
    path: str
    about: Mapping[str, Any]


@dataclass(frozen=True)
class ShardResult:
    """What became of a shard.

    Attributes:
        results: a series each, in the order of the tasks; without those that were left undone.
        parts: files of scores, to be registered with the results.
        learned: models, to be added to the workspace before.
        seconds: of the processor, spent on scoring and learning alone.
    """

    results: tuple[SeriesResult, ...]
    parts: tuple[ScorePart, ...] = ()
    learned: tuple[Learned, ...] = ()
    seconds: float = 0.0


class Unwanted(CancelledError):
    """The rest of the shard is not wanted any more."""


class TooLateError(CancelledError):
    """The run's time is used up."""


class TooLargeError(TsAnomalyError):
    """The process needs more memory than the job allows."""


def score_shard(shard: Shard) -> ShardResult:
    """Score every series of a shard.

    Raises:
        WorkspaceError: scores cannot be written.
    """
    results: list[SeriesResult] = []
    judged: list[Judged] = []
    learned: list[Learned] = []
    begun = time.thread_time()
    with _one_thread():
        for task in shard.tasks:
            try:
                results.append(_Scorer(shard, task, judged, learned).result())
            except Unwanted:
                break
    seconds = time.thread_time() - begun
    parts = _write(shard, judged) if shard.keep_scores else ()
    return ShardResult(tuple(results), tuple(parts), tuple(learned), seconds)


@dataclass
class _Scorer:
    """One series of a shard on its way."""

    shard: Shard
    task: SeriesTask
    judged: list[Judged]
    learned: list[Learned]
    notes: list[str] = field(default_factory=list)
    state: Mapping[str, Any] | None = None

    def result(self) -> SeriesResult:
        try:
            self._go_on()
            return self._scored()
        except Unwanted:
            raise
        except Exception as error:
            return self._failed(*outcome_of(error))

    def _scored(self) -> SeriesResult:
        task, series = self.task, self.task.series
        end = instant(series, len(series))
        assert isinstance(end, datetime)
        nothing_new = task.watermark is not None and end <= task.watermark
        if nothing_new and not self.shard.job.range.allowed_lateness and not task.learn:
            return SeriesResult(series.name, Outcome.FOUND_NOTHING, "no new rows")
        judged, detector = self._shared() if self.shard.shared else self._own()
        events = described(judged, detector)
        first = instant(judged.series, judged.first)
        since = min([first, *(event["start"] for event in events)])
        self.judged.append(judged)
        return SeriesResult(
            series.name,
            Outcome.SUCCEEDED if events else Outcome.FOUND_NOTHING,
            "; ".join(self.notes),
            scored_from=since,
            scored_until=end,
            watermark=end if task.moves else None,
            events=events,
            rows=len(judged.series) - judged.new,
            state=self.state,
            learned_from=beginning(detector),
        )

    def _own(self) -> tuple[Judged, Detector]:
        task, job = self.task, self.shard.job
        if task.model is None or task.learn:
            series = for_training(possible(task.series, job), task.feedback, self.shard.calendar)
            detector, expected = learn(job, series, self._progress), Expectation.of(series, self.shard.columns)
            self._keep(detector, expected)
            if task.model is None:
                self.task = replace(task, expected=expected.to_dict())
            if task.model is not None and job.model.activate == "by-hand":
                detector = load(task.model)
            elif task.model is not None:
                self.task = replace(task, expected=expected.to_dict())
        else:
            detector = load(task.model) if job.model.bundle is None else bundle(task.model)
        return judge(detector, self._checked(detector), self._scored_from(), rule_of(job)), detector

    def _shared(self) -> tuple[Judged, Detector]:
        task, job = self.task, self.shard.job
        assert self.shard.shared is not None
        detector = bundle(self.shard.shared)
        series = self._checked(detector)
        model = self.shard.shared_name
        known = None if task.state is None else Calibration.from_dict(dict(task.state))
        scores = None
        if known is None or known.threshold is None or not known.made_for(model, rule_text(job)):
            kind = job.model.scaling if detector.scaling == "none" else "none"
            history = for_training(series, task.feedback, self.shard.calendar)
            known, scores = calibrate(detector, history, kind, model, rule_of(job), rule_text(job))
            if task.feedback or self.shard.calendar:
                scores = None  # of rows that were left out
            self.state = known.to_dict() | {"expected": Expectation.of(series, self.shard.columns).to_dict()}
        return judge_shared(detector, series, self._scored_from(), known, rule_of(job), scores), detector

    def _scored_from(self) -> datetime | None:
        return None if self.task.watermark is None else self.task.stretch.scored_from

    def _keep(self, detector: Detector, expected: Expectation) -> None:
        name = self.task.series.name
        path = save(detector, self.shard.scratch / f"{digest(name)}.safetensors")
        self.learned.append(Learned(name, str(path), about(detector, expected, self.shard.learned_until)))

    def _checked(self, detector: Detector) -> Series:
        """The series as the model wants it, judged by what it learned from.

        Raises:
            SchemaChangedError: it is not what was learned.
        """
        known = self.task.expected
        expected = Expectation.of_detector(detector) if known is None else Expectation.from_dict(dict(known))
        since = self._scored_from()
        checked = expected.check(self.task.series, self.shard.job.contract, self.shard.columns, since)
        sentences = [breach.sentence for breach in checked.breaches]
        if checked.refused:
            raise SchemaChangedError("; ".join(sentences))
        self.notes += sentences
        return checked.series

    def _progress(self, progress: Progress) -> None:
        self._go_on()

    def _go_on(self) -> None:
        shard = self.shard
        if shard.stop.exists():
            raise Unwanted("the run was stopped")
        if shard.deadline is not None and time.time() > shard.deadline:
            raise TooLateError(f"the run took longer than its limit of {_words(shard.job.limits.time)}")
        held = psutil.Process().memory_info().rss
        if held > shard.job.limits.memory:
            raise TooLargeError(
                f"scoring needs {held / 2**30:.1f} GB, and the job allows {shard.job.limits.memory / 2**30:.1f} GB; "
                "raise [limits] memory, or lower learn_from or the shard's size"
            )

    def _failed(self, outcome: Outcome, message: str) -> SeriesResult:
        return SeriesResult(self.task.series.name, outcome, message)


def outcome_of(error: Exception) -> tuple[Outcome, str]:
    """What an error means for a series or a run, in a word and in a sentence."""
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Outcome], ...] = (
        ((SourceUnreachableError, UnfinishedSourceError), Outcome.SOURCE_UNREACHABLE),
        ((SourceTimeoutError, TooLateError), Outcome.TIMED_OUT),
        (SchemaChangedError, Outcome.SCHEMA_CHANGED),
        (DataError, Outcome.NOT_ENOUGH_DATA),
        (CancelledError, Outcome.CANCELLED),
        ((OutputError, WorkspaceError), Outcome.OUTPUT_FAILED),
        (TsAnomalyError, Outcome.CRASHED),
    )
    for kind, outcome in kinds:
        if isinstance(error, kind):
            return outcome, str(error)
    if isinstance(error, MemoryError):
        return Outcome.CRASHED, "there was not enough memory"
    said = without_secrets(str(error))
    return Outcome.CRASHED, f"unexpected {type(error).__name__}: {said}; this is a fault of tsanomaly"


def possible(series: Series, job: Job) -> Series:
    """A series to learn from: without readings that the job calls impossible."""
    return Expectation.of(series).check(series, job.contract).series


def about(detector: Detector, expected: Expectation, until: datetime | None) -> dict[str, Any]:
    """What is kept beside a model's file: what it learned from, and how much context it needs."""
    return {
        "learned_from": detector.learned_from_,
        "learned_until": None if until is None else until.isoformat(),
        "window": detector.window_,
        "context_s": context(detector).total_seconds(),
        "expected": expected.to_dict(),
    }


def beginning(detector: Detector) -> datetime | None:
    """The first moment that a model learned from; ``None``: its data had no clock."""
    start = detector.learned_from_["start"]
    if not isinstance(start, str):
        return None
    moment = datetime.fromisoformat(start)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@lru_cache(maxsize=2)
def bundle(path: str) -> Detector:
    """A model that many series are scored by: read once a process. Its file's name says what is in it."""
    return load(path)


def _write(shard: Shard, judged: list[Judged]) -> Iterator[ScorePart]:
    alike: defaultdict[tuple[str, ...], list[Judged]] = defaultdict(list)
    for one in judged:
        alike[one.series.channels].append(one)
    for some in alike.values():
        yield from write_scores(shard.folder, shard.job.name, score_table(some))


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread for torch: workers side by side are fastest so, and results are the same whoever does the work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _words(span: Any) -> str:
    return str(span).removesuffix(":00") if span.total_seconds() >= 60 else f"{span.total_seconds():g} s"
