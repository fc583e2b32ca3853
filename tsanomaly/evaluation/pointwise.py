"""Metrics that look at each point by itself.

A point whose score is NaN was not judged. It is never left out: it ranks below every judged point, so an anomaly in it
is a missed one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tsanomaly.evaluation.inputs import as_both_classes, as_flag_pair, as_ranking
from tsanomaly.evaluation.measures import PrecisionRecall, ratio
from tsanomaly.evaluation.ranges import intervals

POINT_ADJUSTED_WARNING = (
    "Point-adjusted F1 counts a whole labelled segment as found when a single point in it is flagged, "
    "so random scores come close to 1 on long segments; do not compare detectors by it (Kim et al., AAAI 2022)."
)


def auc_roc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve: the chance that an anomalous point outranks a normal one, ties counting half.

    Raises:
        DataError: shapes differ, no score is a number, or labels are all alike.
    """
    hits, flagged = _counts_by_threshold(labels, scores)
    recall = np.concatenate(([0.0], hits / hits[-1]))
    false = np.concatenate(([0], flagged - hits))
    return float(np.trapezoid(recall, false / false[-1]))


def auc_pr(labels: ArrayLike, scores: ArrayLike) -> float:
    """Average precision: the mean of the precision at each anomalous point, tied points taken together.

    Raises:
        DataError: as :func:`auc_roc`.
    """
    hits, flagged = _counts_by_threshold(labels, scores)
    return float(np.dot(np.diff(hits, prepend=0) / hits[-1], hits / flagged))


def point_scores(labels: ArrayLike, predicted: ArrayLike) -> PrecisionRecall:
    """Precision and recall of flagged points ``(n,)`` against labelled points ``(n,)``.

    Raises:
        DataError: not 0 or 1, or shapes differ.
    """
    truth, flags = as_flag_pair(labels, predicted)
    hits = np.count_nonzero(truth & flags)
    return PrecisionRecall(ratio(hits, np.count_nonzero(flags)), ratio(hits, np.count_nonzero(truth)))


@dataclass(frozen=True)
class PointAdjusted(PrecisionRecall):
    """Point-adjusted precision and recall: there is no way to get them without their warning."""

    warning: str = field(default=POINT_ADJUSTED_WARNING, init=False)


def point_adjusted(labels: ArrayLike, predicted: ArrayLike) -> PointAdjusted:
    """Point metrics after every labelled segment with a flagged point was filled up (Xu et al., WWW 2018).

    Here only to read older papers by: see :data:`POINT_ADJUSTED_WARNING`.

    Raises:
        DataError: not 0 or 1, or shapes differ.
    """
    truth, flags = as_flag_pair(labels, predicted)
    adjusted = flags.copy()
    for start, stop in intervals(truth):
        if flags[start:stop].any():
            adjusted[start:stop] = True
    scores = point_scores(truth, adjusted)
    return PointAdjusted(scores.precision, scores.recall)


def _counts_by_threshold(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labelled points and all points at or above each distinct score, from the highest down."""
    truth = as_both_classes(labels)
    ranking = as_ranking(scores, len(truth))
    order = np.argsort(-ranking, kind="stable")
    descending = ranking[order]
    last_of_tie = np.append(np.flatnonzero(descending[1:] != descending[:-1]), len(order) - 1)
    return np.cumsum(truth[order])[last_of_tie], last_of_tie + 1
