"""A job file for data at hand: what was understood of the data is written down, so that it holds for what comes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tsanomaly.batch.job_file import parse_job
from tsanomaly.batch.job_toml import duration, written
from tsanomaly.series import Diagnosis, Series
from tsanomaly.series.daytime import JOINT

SOURCE_KEYS = ("encoding", "delimiter", "decimal", "header")

LOOKBACK_ROWS = 400
"""Context of a run: two windows of most models, and never less than a day."""


def draft(
    path: str | Path,
    diagnosis: Diagnosis,
    series: Sequence[Series],
    *,
    name: str | None = None,
    description: str = "",
    settings: Mapping[str, Any] | None = None,
    budget: str | None = None,
    rule: str | None = None,
    cron: str | None = None,
    zone: str | None = None,
    scheduled: bool = True,
    given: Mapping[str, Any] | None = None,
) -> str:
    """The text of a job file with comments.

    Args:
        path: of the data, or a pattern that also matches what comes.
        diagnosis: how the data was understood.
        series: what was read, for step and length.
        name: of the job; made of the path unless given.
        description: for people.
        settings: for the section ``model``, such as ``window`` or ``seconds``.
        budget, rule: the threshold, one of them; a budget of 3 a week unless given.
        cron, zone: the schedule; by the step of the data unless given.
        scheduled: whether there is one at all.
        given: options for reading that were set by hand, as :class:`tsanomaly.series.ReadOptions` names them.

    Raises:
        JobError: a name or a setting is none.
    """
    given = {key: value for key, value in (given or {}).items() if value is not None}
    step, span = _step(series), _span(series)
    lookback = max(timedelta(days=1), LOOKBACK_ROWS * step)
    threshold = {"rule": rule} if rule else {"budget": budget or "3/week"}
    text = "\n".join(
        [
            "# A job of tsanomaly; docs/jobs.md explains every key.",
            *_keys({"name": name or job_name(str(path))} | ({"description": description} if description else {})),
            "",
            "[source]  # relative paths are relative to this file",
            'kind = "files"',
            f"path = {written(str(path))}  # or a pattern, such as data/*.csv",
            *_keys({key: given[key] for key in SOURCE_KEYS if key in given}),
            "",
            "[columns]  # as understood of the data at hand",
            *_keys(_columns(diagnosis, given)),
            "",
            "[model]  # learned on the first run",
            f'scope = "{"shared" if len(series) > 20 else "per-series"}"  # or '
            f'"{"per-series" if len(series) > 20 else "shared"}": '
            + ("a model for each series" if len(series) > 20 else "one model for all series"),
            f'learn_from = "{max(1, math.ceil(span / timedelta(days=1)))}d"  # history before the first run',
            *_keys(dict(settings or {})),
            '# refit = "0 3 1 * *"  # learn again, here on the first of each month',
            "",
            "[threshold]",
            *_keys(threshold),
            "",
            *(["[schedule]", *_keys({"cron": cron or _cron(step), "zone": zone or _zone(diagnosis)}), ""] * scheduled),
            "[range]",
            f'lookback = "{math.ceil(lookback / timedelta(days=1))}d"  # context for the first new row',
            f'allowed_lateness = "{duration(step)}"  # rows this late are still scored',
            "",
            "# [[sinks]]",
            '# kind = "csv"',
            '# path = "events.csv"',
            "",
            "# [[alerts.channels]]",
            '# url_env = "OPS_ALERTS"  # the name of an environment variable with an apprise URL',
            "",
        ]
    )
    parse_job(text, f"the draft for {path}")
    return text


def job_name(path: str) -> str:
    """A job's name made of a path: ``Pump 7.csv`` becomes ``pump-7``."""
    stem = re.sub(r"\.\w+$", "", path.rpartition("/")[2])
    return re.sub(r"[^a-z0-9_-]+", "-", stem.lower()).strip("-_")[:64] or "job"


def _columns(diagnosis: Diagnosis, given: Mapping[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {"time": diagnosis.time_column or "", "series": diagnosis.series_column or ""}
    if JOINT in columns["time"]:
        del columns["time"]  # two columns together are found again by themselves
    columns["values"] = list(diagnosis.channels)
    if diagnosis.label_column or "label_column" in given:
        columns["labels"] = diagnosis.label_column or ""
    return columns | {key: given[key] for key in ("time_format", "zone", "step") if key in given}


def _step(series: Sequence[Series]) -> timedelta:
    steps = [one.step for one in series if one.step is not None]
    return timedelta(seconds=float(min(steps) / np.timedelta64(1, "s"))) if steps else timedelta(minutes=10)


def _span(series: Sequence[Series]) -> timedelta:
    spans = [len(one) * one.step / np.timedelta64(1, "s") for one in series if one.step is not None]
    return timedelta(seconds=float(max(spans, default=28 * 86400)))


def _zone(diagnosis: Diagnosis) -> str:
    return diagnosis.zone if diagnosis.zone and "/" in diagnosis.zone else "UTC"


def _cron(step: timedelta) -> str:
    """Hourly; daily where rows come no oftener. Not on the full hour, when all others start."""
    return "7 3 * * *" if step >= timedelta(hours=12) else "7 * * * *"


def _keys(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {written(value)}" for key, value in values.items()]
