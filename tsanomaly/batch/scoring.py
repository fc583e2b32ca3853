"""How one stretch of one series is scored: the same way as a file, by the same detector.

A run reads a stretch, takes its first part as context, and judges the rest::

    read_from                   scored_from             until
        |  context  |  unsettled     |  late  |  new     |
                    └─ judged again ──────────┘          |
                                    watermark ^

Events in the last window before the watermark are judged again even without late rows, because they hung on rows that
had not come: in the end they are as they would be in one file of everything, whatever the hours of the runs were. The
rows' scores are kept as they were when the rows were new.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tsanomaly.detection.detector import Detector
from tsanomaly.detection.events import Event, Events
from tsanomaly.detection.nearest import spacing
from tsanomaly.detection.scaling import Scaling
from tsanomaly.detection.scores import Scores
from tsanomaly.detection.thresholds import Budget, Rule, Threshold, rule_named
from tsanomaly.series import Series

OWN_THRESHOLD_WINDOWS = 20
"""A series under a shared model gets a threshold of its own when it has so many windows of rows; until then, the one
that all series together gave. Fewer rows say too little of what is rare."""


@dataclass(frozen=True)
class Stretch:
    """Which rows of a series a run reads and scores; half open, UTC.

    Attributes:
        read_from: where reading begins.
        scored_from: where rows begin that are new, or may be late.
        until: the end of both.
    """

    read_from: datetime
    scored_from: datetime
    until: datetime

    @classmethod
    def of(
        cls, watermark: datetime | None, until: datetime, *, lookback: timedelta, late: timedelta, history: timedelta
    ) -> Self:
        """The stretch of a scheduled run.

        Args:
            watermark: everything before it was scored; ``None``: nothing was.
            until: the run's scheduled time.
            lookback: context before what is scored.
            late: how late rows may come.
            history: read, and scored, where nothing was before.
        """
        if watermark is None:
            return cls(until - history, until - history, until)
        scored_from = min(watermark, until) - late
        return cls(scored_from - lookback, scored_from, until)


@dataclass(frozen=True, eq=False)
class Judged:
    """What a stretch of a series came to.

    Attributes:
        events: of all that was read, with scores.
        first: the first row whose events are judged: before it lies context.
        new: the first row that is new, or may be late.
        found: events that reach into the rows from ``first`` on.
    """

    events: Events
    first: int
    new: int
    found: tuple[Event, ...]

    @property
    def series(self) -> Series:
        """What was read."""
        return self.events.series


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a shared model knows of one series.

    Attributes:
        scaling: fitted on the series itself: the model is unitless.
        threshold: of its own; ``None``: there were too few rows, and the shared one holds.
        model, rule: what it was made for; another model, or another rule, makes it void.
    """

    scaling: Scaling
    threshold: Threshold | None
    model: str
    rule: str

    def made_for(self, model: str, rule: str) -> bool:
        """Whether it still holds."""
        return (self.model, self.rule) == (model, rule)

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        t = self.threshold
        value = None if t is None or not np.isfinite(t.value) else t.value  # JSON has no infinity
        own = None if t is None else {"value": value, "rule": t.rule, "fitted_on": t.fitted_on, "note": t.note}
        return {
            "model": self.model,
            "rule": self.rule,
            "scaling": self.scaling.kind,
            "centre": self.scaling.centre.tolist(),
            "scale": self.scaling.scale.tolist(),
            "threshold": own,
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """What :meth:`to_dict` gave."""
        scaling = Scaling(plain["scaling"], np.array(plain["centre"]), np.array(plain["scale"]))
        own = plain["threshold"]
        if own is not None:
            own = Threshold(**(own | {"value": np.inf if own["value"] is None else own["value"]}))
        return cls(scaling, own, plain["model"], plain["rule"])


def judge(detector: Detector, series: Series, scored_from: datetime | None, rule: Rule | None = None) -> Judged:
    """Score a series by a detector that learned from it.

    Args:
        detector: fitted.
        series: context and what is to be scored, nothing later.
        scored_from: ``None``: all of it.
        rule: of the threshold; ``None``: the detector's own.

    Raises:
        DataError: channels or step differ, or there are fewer rows than a window has.
    """
    threshold = None if rule is None or rule == detector.threshold else detector.fit_threshold(rule)
    return _judged(detector, series, detector.scores(series), threshold, scored_from)


def judge_shared(
    detector: Detector,
    series: Series,
    scored_from: datetime | None,
    calibration: Calibration,
    rule: Rule | None = None,
    scores: Scores | None = None,
) -> Judged:
    """Score a series by a model that learned from others as well.

    Args:
        detector, series, scored_from, rule: as for :func:`judge`.
        calibration: what the model knows of this series.
        scores: where they are known already.
    """
    threshold = calibration.threshold
    if threshold is None and rule is not None and rule != detector.threshold:
        threshold = detector.fit_threshold(rule)
    if scores is None:
        scores = shared_scores(detector, series, calibration.scaling)
    return _judged(detector, series, scores, threshold, scored_from)


def calibrate(
    detector: Detector, series: Series, scaling: str, model: str, rule: Rule | None, rule_text: str
) -> tuple[Calibration, Scores]:
    """Fit a shared model to one series: its scale, and its own threshold where there are rows enough for one.

    Args:
        detector: the shared model.
        series: its history, which may hold anomalies.
        scaling: the kind of scale, as in :class:`tsanomaly.Detector`.
        model, rule_text: what the calibration is to be known by.
        rule: of the threshold; ``None``: the detector's own.

    Returns:
        The calibration, and the scores that it rests on.
    """
    own = Scaling.fit(series.values, scaling)
    scores = shared_scores(detector, series, own)
    fitted = laid_on(detector, scores.total)
    threshold = None if fitted is detector else fitted.fit_threshold(rule or own_rule(detector))
    return Calibration(own, threshold, model, rule_text), scores


def shared_scores(detector: Detector, series: Series, scaling: Scaling) -> Scores:
    """Scores of a series whose scale is its own; what was expected comes in the series' units."""
    scores = detector.scores(replace(series, values=scaling.apply(series.values).astype(np.float64)))
    return replace(scores, expected=scaling.invert(scores.expected.astype(np.float32)))


def laid_on(detector: Detector, total: NDArray[np.float64]) -> Detector:
    """A shared detector whose thresholds are fitted on the scores of one series; itself where those are too few."""
    if np.isfinite(total).sum() < OWN_THRESHOLD_WINDOWS * detector.window_:
        return detector
    other = copy(detector)
    other.calibration_ = total.astype(np.float32)
    return other


def own_rule(detector: Detector) -> Rule:
    """The rule that a detector's threshold came from."""
    if not isinstance(detector.threshold, str):
        return detector.threshold
    return Budget.parse(detector.budget) if detector.threshold == Budget.name else rule_named(detector.threshold)


def _judged(
    detector: Detector, series: Series, scores: Scores, threshold: Threshold | None, scored_from: datetime | None
) -> Judged:
    events = detector.events(series, scores, threshold)
    first, new = 0, 0
    if scored_from is not None:
        first, new = row_at(series, scored_from - settling(detector)), row_at(series, scored_from)
    return Judged(events, first, new, tuple(event for event in events if event.end_row > first))


def settling(detector: Detector) -> timedelta:
    """How long an event may still change because of rows that follow it: the longest window.

    Where a detector that learned from very many rows compares windows with a few of them, so much longer that the least
    distance within half their spacing is known.
    """
    kept = [(near.length, near.rows) for near in detector.neighbours_]
    kept += [(m.view.length, m.novelty.rows) for m in detector.members_ if m.novelty is not None]
    reach = [7 * length // 8 + spacing(rows) // 2 for length, rows in kept]
    longest = max([member.view.length for member in detector.members_] + reach)
    return timedelta(0) if detector.step_ is None else _step(detector.step_) * longest


def context(detector: Detector) -> timedelta:
    """What is read before the first new row: the unsettled rows, and the rows that their scores hang on, which are a
    window for its cells and half of one for the average over neighbours."""
    return 2.5 * settling(detector)


def row_at(series: Series, when: datetime) -> int:
    """The first row at or after a moment."""
    moment = np.datetime64(int(when.timestamp() * 1_000_000), "us")
    return int(np.searchsorted(series.times, moment.astype("M8[ns]")))


def _step(step: np.timedelta64) -> timedelta:
    return timedelta(microseconds=int(step.astype("m8[ns]").astype(np.int64)) // 1000)
