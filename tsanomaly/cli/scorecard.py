"""What ``evaluate`` compares: the detector, random scores and a moving variance, on the same labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tsanomaly.errors import DataError

if TYPE_CHECKING:
    from tsanomaly import Events, Series
    from tsanomaly.cli.terminal import Watch
    from tsanomaly.evaluation import Metrics

Scorecard = dict[str, "Metrics"]


def scorecard(events: Events, watch: Watch) -> Scorecard:
    """Metrics by name of what was scored. The baselines flag as many rows as the detector does: their highest.

    Raises:
        DataError: the series has no labels, or all alike.
    """
    from tsanomaly.evaluation import evaluate_scores, moving_variance, random_scores, sliding_window

    series, labels = events.series, require_labels(events.series)
    watch.say("measuring")
    window = sliding_window(series.values)
    flagged = np.zeros(len(series), bool)
    for event in events:
        flagged[event.start_row : event.end_row] = True
    card = {"detector": evaluate_scores(labels, events.scores.total, predicted=flagged, window=window)}
    for name, scores in (
        ("random", random_scores(series.values)),
        ("moving variance", moving_variance(series.values, window)),
    ):
        predicted = _highest(scores, int(flagged.sum()))
        card[name] = evaluate_scores(labels, scores, predicted=predicted, window=window)
    return card


def require_labels(series: Series) -> NDArray[np.bool_]:
    """``(n,)`` labels of both kinds.

    Raises:
        DataError: there are none, or all are alike.
    """
    if series.labels is None:
        raise DataError(f"series '{series.name}' has no labels to compare with; name their column with --label-column")
    if series.labels.all() or not series.labels.any():
        raise DataError(f"series '{series.name}' is labelled the same in every row; evaluation needs both kinds")
    return series.labels


def _highest(scores: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """``(n,)`` true at the ``count`` highest scores, the earlier row first among equals."""
    flags = np.zeros(len(scores), bool)
    flags[np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")[:count]] = True
    return flags
