"""All metrics of one scored series at once."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tsanomaly.errors import ConfigurationError
from tsanomaly.evaluation.affiliation import affiliation_scores
from tsanomaly.evaluation.inputs import as_both_classes, as_flag_pair, as_ranking
from tsanomaly.evaluation.measures import PrecisionRecall
from tsanomaly.evaluation.pointwise import PointAdjusted, auc_pr, auc_roc, point_adjusted, point_scores
from tsanomaly.evaluation.ranges import event_scores, intervals, range_scores
from tsanomaly.evaluation.vus import DEFAULT_WINDOW, vus


@dataclass(frozen=True)
class FlagMetrics:
    """Metrics of flagged points, at one threshold.

    Attributes:
        point: of points by themselves.
        range: range-based (Tatbul et al., 2018), flat bias, existence 0.2.
        event: events found against flagged points that are right (Garg et al., 2021).
        affiliation: nearness in time (Huet et al., 2022).
        point_adjusted: for reading older papers by; carries its warning.
        alarms: flagged intervals.
        false_alarms: those that touch no labelled point.
        events_found: labelled events with a flagged point.
    """

    point: PrecisionRecall
    range: PrecisionRecall
    event: PrecisionRecall
    affiliation: PrecisionRecall
    point_adjusted: PointAdjusted
    alarms: int
    false_alarms: int
    events_found: int

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON: undefined numbers are ``None``."""
        pairs = ("point", "range", "event", "affiliation", "point_adjusted")
        with_f1 = {name: asdict(pair := getattr(self, name)) | {"f1": pair.f1} for name in pairs}
        return {name: _without_nan(value) for name, value in (asdict(self) | with_f1).items()}


@dataclass(frozen=True)
class Metrics:
    """How well the scores of one series match its labels.

    Attributes:
        vus_pr, vus_roc: volumes under the range-PR and range-ROC surfaces (Paparrizos et al., 2022).
        auc_pr, auc_roc: of points.
        window: the largest buffer of the volumes, in points.
        points, anomalous: points in all, and labelled ones.
        events: labelled intervals.
        unjudged, unjudged_anomalous: points whose score is NaN, and how many of them are labelled. They rank below
            every judged point and no threshold flags them, so an anomaly nobody judged is a missed one.
        flags: metrics at the threshold or of the predictions given; ``None`` where neither was.
    """

    vus_pr: float
    vus_roc: float
    auc_pr: float
    auc_roc: float
    window: int
    points: int
    anomalous: int
    events: int
    unjudged: int
    unjudged_anomalous: int
    flags: FlagMetrics | None

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON: undefined numbers are ``None``."""
        return asdict(self) | {"flags": None if self.flags is None else self.flags.to_dict()}


def evaluate_scores(
    labels: ArrayLike,
    scores: ArrayLike,
    *,
    threshold: float | None = None,
    predicted: ArrayLike | None = None,
    window: int | None = None,
) -> Metrics:
    """Every metric of the scores ``(n,)`` of a series against its labels ``(n,)``.

    Args:
        labels: 0/1 or booleans.
        scores: higher is more anomalous; NaN where a point was not judged.
        threshold: flags the scores strictly above it.
        predicted: flags ``(n,)`` instead of a threshold, taken as they are, as where events were merged.
        window: the largest buffer of VUS; ``sliding_window(values)`` is the benchmark's, 125 where none is given.

    Raises:
        DataError: shapes differ, no score is a number, or the labels are all alike.
        ConfigurationError: both a threshold and predictions, or a negative window.
    """
    if threshold is not None and predicted is not None:
        raise ConfigurationError("both a threshold and predictions were given; give one of them")
    truth = as_both_classes(labels)
    ranking = as_ranking(scores, len(truth))
    unjudged = np.isnan(np.asarray(scores, dtype=np.float64))
    width = DEFAULT_WINDOW if window is None else window
    vus_roc, vus_pr = vus(truth, ranking, width)
    if threshold is not None:
        predicted = ranking > threshold
    return Metrics(
        vus_pr=vus_pr,
        vus_roc=vus_roc,
        auc_pr=auc_pr(truth, ranking),
        auc_roc=auc_roc(truth, ranking),
        window=width,
        points=len(truth),
        anomalous=int(truth.sum()),
        events=len(intervals(truth)),
        unjudged=int(unjudged.sum()),
        unjudged_anomalous=int((unjudged & truth).sum()),
        flags=None if predicted is None else evaluate_flags(truth, predicted),
    )


def evaluate_flags(labels: ArrayLike, predicted: ArrayLike) -> FlagMetrics:
    """Every metric of flagged points ``(n,)`` against labelled points ``(n,)``.

    Raises:
        DataError: not 0 or 1, or shapes differ.
    """
    truth, flags = as_flag_pair(labels, predicted)
    alarms, events = intervals(flags), intervals(truth)
    return FlagMetrics(
        point=point_scores(truth, flags),
        range=range_scores(truth, flags),
        event=event_scores(truth, flags),
        affiliation=affiliation_scores(truth, flags),
        point_adjusted=point_adjusted(truth, flags),
        alarms=len(alarms),
        false_alarms=sum(not truth[start:stop].any() for start, stop in alarms),
        events_found=sum(bool(flags[start:stop].any()) for start, stop in events),
    )


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
