"""Metrics that look at intervals: range precision and recall, and events found."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tsanomaly.detection.grouping import stretches
from tsanomaly.errors import ConfigurationError
from tsanomaly.evaluation.inputs import as_flag_pair, as_flags
from tsanomaly.evaluation.measures import PrecisionRecall, ratio

Bias = Literal["flat", "front", "middle", "back"]
Cardinality = Literal["reciprocal", "one"]


def intervals(flags: ArrayLike, name: str = "labels") -> NDArray[np.intp]:
    """``(k, 2)`` half-open runs ``[start, stop)`` of true points, in order.

    Raises:
        DataError: flags are not one-dimensional, or not all 0 or 1.
    """
    return stretches(as_flags(flags, name))


def range_scores(
    labels: ArrayLike,
    predicted: ArrayLike,
    *,
    existence: float = 0.2,
    recall_bias: Bias = "flat",
    precision_bias: Bias = "flat",
    cardinality: Cardinality = "reciprocal",
) -> PrecisionRecall:
    """Range-based precision and recall (Tatbul et al., NeurIPS 2018, sections 4.1 and 4.2).

    Each labelled range earns ``existence`` for being met at all, and for the rest the share of it that is flagged,
    times a penalty where several predicted ranges meet it; recall is the mean. Precision is the mean over
    predicted ranges of the share of each that is labelled, with the same penalty; existence has no part in it.

    Args:
        labels, predicted: ``(n,)``, 0/1 or booleans.
        existence: the paper's alpha, 0 to 1; 0.2 is TSB-AD's.
        recall_bias, precision_bias: which positions in a range weigh more, linearly; ``flat`` weighs all alike.
        cardinality: ``reciprocal`` divides by the number of ranges met, ``one`` has no penalty.

    Raises:
        DataError: not 0 or 1, or shapes differ.
        ConfigurationError: ``existence`` outside 0 to 1, or an unknown bias or cardinality.
    """
    if not 0 <= existence <= 1:
        raise ConfigurationError(f"the weight of existence is {existence}; give a number from 0 to 1")
    if cardinality not in ("reciprocal", "one"):
        raise ConfigurationError(f"the cardinality '{cardinality}' is unknown; give 'reciprocal' or 'one'")
    truth, flags = as_flag_pair(labels, predicted)
    found, met = _overlap(truth, flags, recall_bias, cardinality)
    right, _ = _overlap(flags, truth, precision_bias, cardinality)
    recall = existence * met + (1 - existence) * found
    return PrecisionRecall(ratio(right.sum(), len(right)), ratio(recall.sum(), len(recall)))


def event_scores(labels: ArrayLike, predicted: ArrayLike) -> PrecisionRecall:
    """Share of labelled events with a flagged point, against the share of flagged points that are labelled.

    The composite score of Garg et al., TNNLS 2021, and TSB-AD's event-based F1. Precision is counted in points,
    for in events a single alarm over the whole series would be perfect.

    Raises:
        DataError: not 0 or 1, or shapes differ.
    """
    truth, flags = as_flag_pair(labels, predicted)
    met = _ranges_met(intervals(truth), intervals(flags)) > 0
    hits = np.count_nonzero(truth & flags)
    return PrecisionRecall(ratio(hits, np.count_nonzero(flags)), ratio(np.count_nonzero(met), len(met)))


def _overlap(
    flags: NDArray[np.bool_], others: NDArray[np.bool_], bias: Bias, cardinality: Cardinality
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """For each range of ``flags``: the weighted share in ``others`` after the penalty, and whether they meet."""
    ranges = intervals(flags)
    met = _ranges_met(ranges, intervals(others))
    if not len(ranges):
        return np.zeros(0), met > 0
    lengths = ranges[:, 1] - ranges[:, 0]
    firsts = np.cumsum(lengths) - lengths
    position = np.arange(lengths.sum()) - np.repeat(firsts, lengths) + 1
    weight = _weights(position, np.repeat(lengths, lengths), bias)
    share = np.add.reduceat(weight * others[flags], firsts) / np.add.reduceat(weight, firsts)
    penalty = np.maximum(met, 1) if cardinality == "reciprocal" else 1
    return share / penalty, met > 0


def _weights(position: NDArray[np.intp], length: NDArray[np.intp], bias: Bias) -> NDArray[np.intp]:
    """Weights of positions from 1 in ranges of the given lengths (figure 2 of the paper)."""
    from_end = length - position + 1
    match bias:
        case "flat":
            return np.ones_like(position)
        case "front":
            return from_end
        case "back":
            return position
        case "middle":
            return np.where(position < from_end, position, from_end)
    raise ConfigurationError(f"the bias '{bias}' is unknown; give 'flat', 'front', 'middle' or 'back'")


def _ranges_met(ranges: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.intp]:
    """``(k,)`` how many of the other ranges each range overlaps."""
    begun = np.searchsorted(others[:, 0], ranges[:, 1], "left")
    over = np.searchsorted(others[:, 1], ranges[:, 0], "right")
    return begun - over
