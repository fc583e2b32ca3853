"""What a job learns: a detector for each series, or one for all.

A shared model learns from several series laid one after the other, each on its own scale, with a gap between them that
no window reaches across. It has no early members: what lasts in one series is not usual in the others, so the members
that learn from all rows notice it. Nor does it ask whether a window has its like elsewhere: a fault that befell one
series once would vouch for the same fault in all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tsanomaly.batch.job import Job
from tsanomaly.batch.job import Model as Wish
from tsanomaly.detection.detector import Detector
from tsanomaly.detection.scaling import Scaling
from tsanomaly.detection.thresholds import Budget, Rule, parse_rule
from tsanomaly.detection.training import OnProgress, Training
from tsanomaly.errors import DataError
from tsanomaly.series import Series

LEAST_GAP = 64
"""Rows between two series: more than an eighth of the longest base window, which is what a window may bridge."""

MOST_CELLS = 4_000_000
"""Numbers that a shared model learns from, at most; beyond, every series gives its latest rows alone."""


def rule_of(job: Job) -> Rule | None:
    """The threshold's rule that a job asks for; ``None`` where it leaves that to the model."""
    if job.threshold.rule is not None:
        return parse_rule(job.threshold.rule)
    return None if job.threshold.budget is None else Budget.parse(job.threshold.budget)


def rule_text(job: Job) -> str:
    """The same in the job's words, to tell whether it changed."""
    return job.threshold.rule or job.threshold.budget or ""


def learn(job: Job, series: Series, on_progress: OnProgress | None = None) -> Detector:
    """A detector of a series' own, as ``tsanomaly detect`` would learn it.

    Raises:
        DataError: too few rows.
        CancelledError: ``on_progress`` answered ``False``.
    """
    return _detector(job.model, job.model.scaling, rule_of(job)).fit(series, on_progress=on_progress)


def learn_shared(job: Job, series: Sequence[Series], on_progress: OnProgress | None = None) -> Detector:
    """One detector for all series of a job; it takes series that are scaled already.

    Raises:
        DataError: no series, or channels or steps that differ.
        CancelledError: ``on_progress`` answered ``False``.
    """
    detector = _detector(job.model, "none", rule_of(job)).set_params(early_scales=(), neighbours=False, novelty=False)
    learned: Detector = detector.fit(_one_after_the_other(job, series), on_progress=on_progress)
    return learned


def _detector(wish: Wish, scaling: str, rule: Rule | None) -> Detector:
    training = Training(seconds=wish.seconds)
    if wish.steps is not None:
        training = replace(training, steps=wish.steps)
    return Detector(
        window=wish.window,
        model=wish.kind,
        twin=False,  # it tells how good a model is, which nobody asks of a nightly one
        scaling=scaling,
        training=training,
        threshold=Budget.name if rule is None else rule,
        device="cpu",
        random_state=wish.random_state,
    )


def _one_after_the_other(job: Job, series: Sequence[Series]) -> Series:
    if not series:
        raise DataError(f"job '{job.name}' has no series to learn from yet")
    first = series[0]
    for other in series:
        if (other.channels, other.step) != (first.channels, first.step):
            raise DataError(
                f"series '{other.name}' and '{first.name}' differ in columns or step, and a shared model needs the "
                "same of all; give models per series (scope = 'per-series'), or make two jobs"
            )
    rows = max(1, MOST_CELLS // (len(series) * len(first.channels)))
    gap = np.full((max(LEAST_GAP, (job.model.window or 0) // 8 + 1), len(first.channels)), np.nan)
    parts = []
    for one in series:
        scaled = Scaling.fit(one.values, job.model.scaling).apply(one.values)
        parts += [scaled[-rows:].astype(np.float64), gap]
    values = np.concatenate(parts[:-1])
    times = first.times[0] + np.arange(len(values)) * (first.step or np.timedelta64(1, "s"))
    return Series(times, values, first.channels, first.step, name=f"{len(series)} series of job '{job.name}'")
