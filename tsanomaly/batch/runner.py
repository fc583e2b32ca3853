"""One run of a job, from its claim to its end.

The main flow reads from top to bottom in :meth:`Runner.run` and :meth:`_Work.done`: claim, hold, plan, learn what is
shared, read in shards, score them wherever the executor does, commit each, hand to the sinks, end with the alerts.

What may happen twice, because a process may be killed anywhere: reading, scoring, committing, writing to sinks, all
without harm. What happens once: the run's end, and with it its alerts.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from tsanomaly.batch.alerts import alerts_of
from tsanomaly.batch.contract import Expectation
from tsanomaly.batch.delivering import HANDED_OVER, hand_over
from tsanomaly.batch.executors import Crew, crew_of, work_off
from tsanomaly.batch.given_model import keep_given
from tsanomaly.batch.job import Job
from tsanomaly.batch.learning import learn_shared
from tsanomaly.batch.lease import LEASE, Clock, Lease, now, owner
from tsanomaly.batch.planning import Given, Plan, chosen
from tsanomaly.batch.pruning import tidy
from tsanomaly.batch.shards import Learned, Shard, ShardResult, TooLateError, about, outcome_of, possible, score_shard
from tsanomaly.batch.sources import Shard as Read
from tsanomaly.batch.sources import Source, open_source
from tsanomaly.detection.bundle import save
from tsanomaly.detection.feedback import for_training
from tsanomaly.detection.training import Progress
from tsanomaly.detection.verdicts import Feedback
from tsanomaly.errors import CancelledError, LostRunError, OutputError, TsAnomalyError, WorkspaceUnavailableError
from tsanomaly.series import Series
from tsanomaly.workspace import AlertDraft, Outcome, Run, SeriesResult, Workspace
from tsanomaly.workspace.files import folder_name

log = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=5)
"""How long a commit is tried again while the database is away, as when it restarts."""

WORST = (
    Outcome.CRASHED,
    Outcome.OUTPUT_FAILED,
    Outcome.SCHEMA_CHANGED,
    Outcome.SOURCE_UNREACHABLE,
    Outcome.TIMED_OUT,
)
"""Outcomes of a series that make its run a failed one, the worst first: somebody should look."""

FAILED = frozenset(WORST)

Result = TypeVar("Result")


class Stop:
    """How a run is asked to stop: from a signal's handler, or another thread."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._release = False

    def cancel(self) -> None:
        """End the run as cancelled; what was committed stays, and the next run goes on from there."""
        self._asked.set()

    def release(self) -> None:
        """Leave the run to another process, which may take it over at once."""
        self._release = True
        self._asked.set()

    @property
    def asked(self) -> bool:
        """Whether to stop."""
        return self._asked.is_set()

    @property
    def releases(self) -> bool:
        """Whether another process is to go on."""
        return self._asked.is_set() and self._release

    def wait(self, seconds: float) -> bool:
        """Sleep, unless asked to stop; whether it was."""
        return self._asked.wait(seconds)


OnSeries = Callable[[int, SeriesResult], None]
"""Told of each series that is committed: how many are done so far, and what became of it."""


@dataclass
class Runner:
    """Runs jobs on a workspace.

    Attributes:
        workspace: where everything is kept.
        executor: does the work instead of what a job asks for.
        clock: what leases and outcomes are dated by.
        lease: how long a run is held without a heartbeat.
        stop: asks to stop.
        on_series: told of progress.
        owner: who we are.
    """

    workspace: Workspace
    executor: Executor | None = None
    clock: Clock = now
    lease: timedelta = LEASE
    stop: Stop = field(default_factory=Stop)
    on_series: OnSeries | None = None
    owner: str = field(default_factory=owner)

    def run(self, job: Job, scheduled_at: datetime, *, again: bool = False, given: Given | None = None) -> Run | None:
        """Run a job for a scheduled time, and end the run with a named outcome, whatever happens.

        Args:
            job: as its file says.
            scheduled_at: what was due; with the job's name it is the run.
            again: also when the run has ended before.
            given: a stretch to score instead of what is new.

        Returns:
            The run as it ended, or as it was left by :meth:`Stop.release`; ``None``: somebody else has it, or it is
            done.

        Raises:
            LostRunError: somebody took the run over meanwhile; what was committed before stays.
            WorkspaceError: the workspace cannot be used; the run is taken over when its lease has lapsed.
        """
        run = self.workspace.runs.claim(job.name, scheduled_at, self.owner, self.lease, self.clock(), again=again)
        if run is None:
            return None
        begun = time.monotonic()
        about_run = {"job": job.name, "scheduled_at": scheduled_at.isoformat(), "attempt": run.attempt}
        log.info("run begins", extra=about_run)
        with Lease(self.workspace, run, self.lease, self.clock) as lease:
            work = _Work(self, job, run, lease, given)
            outcome, message = work.done()
            if self.stop.releases and outcome is Outcome.CANCELLED:
                lease.release()
                return self.workspace.runs.get(run.id)
            counts = work.counts | {"seconds": round(time.monotonic() - begun, 3)}
            self._end(job, run, outcome, message, counts, alerts=given is None)
        log.log(
            logging.WARNING if outcome in FAILED else logging.INFO,
            "run ended",
            extra=about_run | {"outcome": str(outcome), "reason": message} | work.counts,
        )
        tidy(self.workspace, job, run, self.clock())
        return self.workspace.runs.get(run.id)

    def _end(self, job: Job, run: Run, outcome: Outcome, message: str, counts: dict[str, Any], *, alerts: bool) -> None:
        drafts: list[AlertDraft] = []
        if alerts:  # a stretch of the past that is scored again is no news
            drafts = self.patiently(lambda: alerts_of(self.workspace, job, run, outcome, message, self.clock()))
        try:
            self.patiently(
                lambda: self.workspace.runs.finish(
                    run, outcome, self.clock(), counts=counts, message=message, alerts=drafts
                )
            )
        except LostRunError:
            ended = self.workspace.runs.get(run.id)
            if (ended.attempt, ended.outcome) != (run.attempt, outcome):  # our own end, whose answer was lost, is fine
                raise

    def patiently(self, call: Callable[[], Result]) -> Result:
        """Call again while the workspace is away.

        Raises:
            WorkspaceUnavailableError: it was away for too long.
        """
        deadline, pause = time.monotonic() + PATIENCE.total_seconds(), 0.1
        while True:
            try:
                return call()
            except WorkspaceUnavailableError:
                if time.monotonic() > deadline or self.stop.asked:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, 5.0)


@dataclass
class _Work:
    """A run that is ours."""

    runner: Runner
    job: Job
    run: Run
    lease: Lease
    given: Given | None
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    failures: list[SeriesResult] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=lambda: {"series": 0, "rows": 0, "events": 0})

    def done(self) -> tuple[Outcome, str]:
        """Do all of it; how the run ends.

        Raises:
            LostRunError, WorkspaceError: as :meth:`Runner.run`.
        """
        self.deadline = time.time() + self.job.limits.time.total_seconds()
        self.counts[HANDED_OVER] = not self.job.sinks
        try:
            self._make_empty(self.scratch)
            plan = self._with_given_model(self._plan())
            source = open_source(self.job)
            with self._crew() as crew:
                plan = self._with_shared_model(plan, source)
                for shard, result in work_off(
                    crew, score_shard, self._shards(plan, source), Shard.halves, self._wanted
                ):
                    self._store(shard, result)
            self._check()
            self.runner.patiently(lambda: hand_over(self.runner.workspace, self.job, self.run))
            self.counts[HANDED_OVER] = True
            return self._outcome()
        except (LostRunError, WorkspaceUnavailableError):
            raise
        except Exception as error:
            outcome, message = outcome_of(error)
            if outcome is Outcome.CRASHED and not isinstance(error, TsAnomalyError):
                log.exception("run crashed", extra={"job": self.job.name})
            return outcome, message
        finally:
            shutil.rmtree(self.scratch, ignore_errors=True)

    @property
    def scratch(self) -> Path:
        """A folder of this attempt, beside the workspace, where workers see it."""
        name = f"{folder_name(self.job.name)}-{self.run.id}-{self.run.attempt}"
        return self.runner.workspace.folder / "scratch" / name

    def _make_empty(self, folder: Path) -> None:
        try:
            with suppress(FileNotFoundError):
                shutil.rmtree(folder)  # of an attempt that was killed
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"'{folder}' cannot be made beside the workspace: {error.strerror or error}; "
                "make room or ask for the right"
            ) from None

    def _plan(self) -> Plan:
        workspace = self.runner.workspace
        done = () if self.run.attempt == 1 or self.given else workspace.runs.series_outcomes(self.run)
        for one in done:
            self.outcomes[one.outcome] += 1
            self._count(one.rows, one.events)
        return Plan.of(workspace, self.job, self.run.scheduled_at, given=self.given, done=(o.series for o in done))

    def _crew(self) -> AbstractContextManager[Crew]:
        given = self.runner.executor
        return crew_of(self.job.executor) if given is None else nullcontext(Crew(given))

    def _with_given_model(self, plan: Plan) -> Plan:
        """Keep the model that the job names, so that the workspace knows what was used."""
        path, runner = plan.given_model, self.runner
        if path is None:
            return plan
        kept = runner.patiently(lambda: keep_given(runner.workspace, self.job, path, runner.clock()))
        return replace(plan, models={None: kept})

    def _with_shared_model(self, plan: Plan, source: Source) -> Plan:
        """Learn the model that all series share, where it is missing or to be learned again."""
        if not plan.learns_shared:
            return plan
        job, workspace = self.job, self.runner.workspace
        history = source.series(plan.until - job.model.learn_from, plan.until)
        series = [
            for_training(possible(one, job), plan.verdicts.get(one.name, Feedback()), plan.calendar)
            for one in chosen(self._each(history), job.model.learn_from_series)
        ]
        detector = learn_shared(job, series, self._progress)
        path = save(detector, self.scratch / "shared.safetensors")
        said = about(detector, Expectation.of(series[0]), plan.until)
        workspace.models.add(job.name, None, path, said, activate=self._activates(plan), now=self.runner.clock())
        current = workspace.models.all_current(job.name)
        return replace(plan, models=current, newest=current)

    def _activates(self, plan: Plan) -> bool:
        return self.job.model.activate == "at-once" or plan.models.get(None) is None

    def _each(self, series: Iterable[Series]) -> Iterator[Series]:
        for one in series:
            self._check()
            yield one

    def _shards(self, plan: Plan, source: Source) -> Iterator[Shard]:
        shared = plan.shared_model
        if plan.shares and shared is None:
            return
        for read in self._read(plan, source):
            unread = [SeriesResult(n, *outcome_of(error)) for n, error in read.unreadable.items() if n not in plan.done]
            if unread:
                self._commit(ShardResult(tuple(unread)))
            tasks = tuple(task for task in map(plan.task, read.series) if task is not None)
            if tasks:
                yield Shard(
                    self.job,
                    tasks,
                    self.runner.workspace.folder,
                    self.scratch,
                    read.columns,
                    None if shared is None else str(shared),
                    plan.shared_name,
                    plan.calendar,
                    plan.until,
                    self.deadline,
                )

    def _read(self, plan: Plan, source: Source) -> Iterator[Read]:
        """What the source has: the known series from where they need it, then the new ones with their history."""
        new: set[str] = set()
        for read in source.shards(plan.since, plan.until):
            short = {
                name for name in (*(one.name for one in read.series), *read.unreadable) if plan.lacks_history(name)
            }
            known = tuple(one for one in read.series if one.name not in short)
            unreadable = {name: error for name, error in read.unreadable.items() if name not in short}
            new |= short
            yield replace(read, series=known, unreadable=unreadable)
        if new:
            yield from source.shards(plan.history, plan.until, only=new)

    def _store(self, shard: Shard, result: ShardResult | None) -> None:
        if result is None:
            died = "the process that scored it died, most likely for want of memory"
            result = ShardResult(tuple(SeriesResult(t.series.name, Outcome.CRASHED, died) for t in shard.tasks))
        for learned in result.learned:
            first = shard.model_of(learned.series) is None
            self.runner.patiently(partial(self._add_model, learned, first or self.job.model.activate == "at-once"))
        self._commit(result)

    def _add_model(self, learned: Learned, activate: bool) -> None:
        workspace, path = self.runner.workspace, Path(learned.path)
        now = self.runner.clock()
        workspace.models.add(self.job.name, learned.series, path, learned.about, activate=activate, now=now)

    def _commit(self, result: ShardResult) -> None:
        if not result.results:
            return
        workspace, clock = self.runner.workspace, self.runner.clock
        calendars = self.job.calendar.names
        self.runner.patiently(
            lambda: workspace.commit(self.run, result.results, clock(), parts=result.parts, calendars=calendars)
        )
        self.counts["scoring_seconds"] = round(self.counts.get("scoring_seconds", 0.0) + result.seconds, 3)
        for one in result.results:
            self.outcomes[one.outcome] += 1
            self._count(one.rows, len(one.events))
            if one.outcome in FAILED:
                self.failures.append(one)
            if self.runner.on_series is not None:
                self.runner.on_series(self.counts["series"], one)

    def _count(self, rows: int, events: int) -> None:
        for name, more in (("series", 1), ("rows", rows), ("events", events)):
            self.counts[name] += more

    def _wanted(self) -> bool:
        """Whether to go on; workers elsewhere are told by a file."""
        if self.lease.lost or self.runner.stop.asked or time.time() > self.deadline:
            with suppress(OSError):
                (self.scratch / "stop").touch()
            return False
        return True

    def _progress(self, progress: Progress) -> None:
        self._check()

    def _check(self) -> None:
        """Raise what ends the run early.

        Raises:
            LostRunError: somebody else has the run.
            CancelledError: somebody asked to stop, or the time is up.
        """
        if self.lease.lost:
            raise LostRunError(f"the run of job '{self.job.name}' was taken over by another process; stop here")
        if self.runner.stop.asked:
            raise CancelledError("the run was asked to stop; what was committed stays, the next run goes on from there")
        if time.time() > self.deadline:
            raise TooLateError(
                f"the run took longer than its limit of {self.job.limits.time}; what was committed stays, the next run "
                "goes on from there"
            )

    def _outcome(self) -> tuple[Outcome, str]:
        """The run's outcome: the worst of its series'."""
        self.counts |= {"outcomes": {str(outcome): number for outcome, number in sorted(self.outcomes.items())}}
        series = self.counts["series"]
        for worst in WORST:
            if number := self.outcomes[worst]:
                names = [f"'{one.series}': {one.message}" for one in self.failures if one.outcome is worst]
                return worst, f"{number} of {series} series: {'; '.join(names[:3]) or 'in an earlier attempt'}"
        if self.outcomes[Outcome.SUCCEEDED]:
            return Outcome.SUCCEEDED, ""
        if self.outcomes[Outcome.FOUND_NOTHING]:
            return Outcome.FOUND_NOTHING, ""
        if not series:
            return Outcome.FOUND_NOTHING, "the source had no rows"
        return Outcome.NOT_ENOUGH_DATA, f"none of {series} series had rows enough to be scored"
