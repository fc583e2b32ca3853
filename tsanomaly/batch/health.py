"""A workspace's health as a Prometheus text file, for node_exporter's textfile collector.

All figures come from the workspace, not from this process: whichever process writes the file, it says the same. They
are gauges, because history is pruned; :data:`METRICS` has each with what it means, and ``docs/operations.md`` with what
to watch for. Series are counted, never named: a workspace may have a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tsanomaly import __version__
from tsanomaly.errors import OutputError
from tsanomaly.workspace import Outcome, Run, Workspace

VARIABLE = "TSANOMALY_METRICS"
"""The environment variable with the file's path."""

DAY = timedelta(days=1)

GOOD = frozenset((Outcome.SUCCEEDED, Outcome.FOUND_NOTHING, Outcome.NOT_ENOUGH_DATA))
"""Outcomes of runs that did what they should."""

_LOOKED_AT = 200
"""Runs of a job, the latest, among which the last good one is looked for."""


@dataclass(frozen=True)
class Metric:
    """One metric; with ``labels``, one value for each combination of them."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()


METRICS = (
    Metric("tsanomaly_info", "always 1; the version is its label", ("version",)),
    Metric("tsanomaly_metrics_timestamp_seconds", "when this file was written, in seconds since 1970"),
    Metric("tsanomaly_runs", "runs kept in the history", ("job", "outcome")),
    Metric("tsanomaly_runs_running", "runs that have begun and not ended", ("job",)),
    Metric("tsanomaly_last_run_timestamp_seconds", "when the last run ended", ("job",)),
    Metric("tsanomaly_last_good_run_timestamp_seconds", "when the last run ended that did what it should", ("job",)),
    Metric("tsanomaly_last_run_outcome", "1 for the outcome of the last run, 0 for the others", ("job", "outcome")),
    Metric("tsanomaly_last_run_duration_seconds", "from the claim of the last run to its end", ("job",)),
    Metric("tsanomaly_last_run_delay_seconds", "from the scheduled time of the last run to its claim", ("job",)),
    Metric("tsanomaly_last_run_rows", "rows that the last run judged", ("job",)),
    Metric("tsanomaly_last_run_series", "series of the last run", ("job", "outcome")),
    Metric("tsanomaly_failed_runs_in_a_row", "runs since the last good one", ("job",)),
    Metric("tsanomaly_series", "series that have a watermark", ("job",)),
    Metric("tsanomaly_lag_seconds", "from the watermark until now, of the newest and the oldest series", ("job", "of")),
    Metric("tsanomaly_events", "events kept", ("job", "status")),
    Metric("tsanomaly_events_last_day", "events first found within 24 hours", ("job",)),
    Metric("tsanomaly_outbox_waiting", "alerts not sent, those held by quiet hours included"),
    Metric("tsanomaly_outbox_failing", "alerts that were tried in vain, and are tried again"),
    Metric("tsanomaly_outbox_oldest_seconds", "age of the oldest alert not sent; 0 where there is none"),
)
"""In the order of the file."""

_Value = tuple[tuple[str, ...], float]


class _Add(Protocol):
    """Adds a value to a metric."""

    def __call__(self, name: str, value: float, *labels: str) -> None: ...


def write_metrics(workspace: Workspace, path: Path, now: datetime) -> None:
    """Write the file aside and rename it: a collector sees the old one or the new one, never half of it.

    Args:
        workspace: whose health.
        path: such as ``/var/lib/node_exporter/textfile/tsanomaly.prom``; the collector wants the ending ``.prom``.
        now: the clock.

    Raises:
        OutputError: the folder does not exist or cannot be written.
        WorkspaceError: the workspace cannot be read.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(measured(workspace, now)))
    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        raise OutputError(f"the metrics cannot be written to '{path}': {error.strerror or error}") from None


def measured(workspace: Workspace, now: datetime) -> dict[str, list[_Value]]:
    """Values by metric, each with its labels' values."""
    values: dict[str, list[_Value]] = {metric.name: [] for metric in METRICS}

    def add(name: str, value: float, *labels: str) -> None:
        values[f"tsanomaly_{name}"].append((labels, float(value)))

    add("info", 1, __version__)
    add("metrics_timestamp_seconds", now.timestamp())
    tallies = workspace.tallies
    runs, series = tallies.runs(), tallies.series()
    jobs = sorted({job for job, _ in runs} | set(series) | {job.name for job in workspace.jobs.list()})
    for (job, outcome), number in sorted(runs.items(), key=lambda item: (item[0][0], str(item[0][1]))):
        if outcome is not None:
            add("runs", number, job, outcome)
    for job in jobs:
        add("runs_running", runs.get((job, None), 0), job)
        _add_last_runs(add, job, workspace.runs.list(job, limit=_LOOKED_AT, running=False))
        if tally := series.get(job):
            add("series", tally.number, job)
            add("lag_seconds", (now - tally.newest).total_seconds(), job, "newest")
            add("lag_seconds", (now - tally.oldest).total_seconds(), job, "oldest")
    for (job, status), number in sorted(tallies.events().items()):
        add("events", number, job, status)
    lately = tallies.events(found_since=now - DAY)
    for job in jobs:
        add("events_last_day", sum(number for (of, _), number in lately.items() if of == job), job)
    outbox = tallies.outbox()
    add("outbox_waiting", outbox.waiting)
    add("outbox_failing", outbox.failing)
    add("outbox_oldest_seconds", 0 if outbox.oldest is None else (now - outbox.oldest).total_seconds())
    return values


def _add_last_runs(add: _Add, job: str, runs: list[Run]) -> None:
    """Of runs that have ended, the latest first."""
    if not runs:
        return
    last = runs[0]
    good = next((place for place, run in enumerate(runs) if run.outcome in GOOD), None)
    add("failed_runs_in_a_row", len(runs) if good is None else good, job)
    if good is not None:
        add("last_good_run_timestamp_seconds", _ended(runs[good]).timestamp(), job)
    add("last_run_timestamp_seconds", _ended(last).timestamp(), job)
    for outcome in Outcome:
        add("last_run_outcome", outcome == last.outcome, job, outcome)
    add("last_run_duration_seconds", (_ended(last) - last.claimed_at).total_seconds(), job)
    add("last_run_delay_seconds", (last.claimed_at - last.scheduled_at).total_seconds(), job)
    add("last_run_rows", last.counts.get("rows", 0), job)
    for outcome, number in last.counts.get("outcomes", {}).items():
        add("last_run_series", number, job, str(outcome))


def _ended(run: Run) -> datetime:
    return run.finished_at or run.heartbeat_at


class _Collected(Collector):
    """Values that were measured, as the client wants them."""

    def __init__(self, values: dict[str, list[_Value]]) -> None:
        self._values = values

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """A family a metric that has a value."""
        for metric in METRICS:
            if self._values[metric.name]:
                family = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
                for labels, value in self._values[metric.name]:
                    family.add_metric(labels, value)
                yield family
