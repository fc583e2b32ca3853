"""Range and affiliation metrics by the letter of their papers, in plain loops."""

from __future__ import annotations

import math
from collections.abc import Sequence

from naive_vus import runs

FINE = 16  # Cells to a point: every kink of the integrands lies on the coarser grid of FINE / 2, so sums are exact.


def bias_weight(position: int, length: int, bias: str) -> int:
    if bias == "front":
        return length - position + 1
    if bias == "back":
        return position
    if bias == "middle":
        return position if position <= length / 2 else length - position + 1
    return 1


def overlap_reward(run: tuple[int, int], others: list[tuple[int, int]], bias: str, cardinality: str) -> float:
    first, last = run
    length = last - first + 1
    meeting = [other for other in others if other[0] <= last and other[1] >= first]
    reward = 0.0
    for a, b in meeting:
        inside = total = 0
        for i in range(first, last + 1):
            weight = bias_weight(i - first + 1, length, bias)
            total += weight
            inside += weight * (a <= i <= b)
        reward += inside / total
    return reward / len(meeting) if meeting and cardinality == "reciprocal" else reward


def range_scores(
    labels: Sequence[int],
    predicted: Sequence[int],
    existence: float,
    recall_bias: str,
    precision_bias: str,
    cardinality: str,
) -> tuple[float, float]:
    truth, flagged = runs(labels), runs(predicted)
    recalls = []
    for run in truth:
        met = any(predicted[i] for i in range(run[0], run[1] + 1))
        overlap = overlap_reward(run, flagged, recall_bias, cardinality)
        recalls.append(existence * met + (1 - existence) * overlap)
    precisions = [overlap_reward(run, truth, precision_bias, cardinality) for run in flagged]
    return mean(precisions), mean(recalls)


def affiliation_scores(labels: Sequence[int], predicted: Sequence[int]) -> tuple[float, float]:
    events = [(first, last + 1) for first, last in runs(labels)]
    flagged = [(first, last + 1) for first, last in runs(predicted)]
    precisions, recalls = [], []
    for k, (start, stop) in enumerate(events):
        zone_start = 0 if k == 0 else (events[k - 1][1] + start) / 2
        zone_stop = len(labels) if k == len(events) - 1 else (stop + events[k + 1][0]) / 2
        local = [(max(a, zone_start), min(b, zone_stop)) for a, b in flagged if a < zone_stop and b > zone_start]
        anywhere = cells(zone_start, zone_stop, FINE)
        worths = []
        for a, b in local:
            for x in cells(a, b, FINE // 2):
                d = distance(x, [(start, stop)])
                farther = sum(distance(y, [(start, stop)]) > d for y in anywhere)
                worths.append(1.0 if d == 0 else farther / len(anywhere))
        if worths:
            precisions.append(mean(worths))
        worths = []
        for y in cells(start, stop, FINE // 2):
            d = distance(y, local)
            worths.append(1.0 if d == 0 else sum(abs(x - y) > d for x in anywhere) / len(anywhere))
        recalls.append(mean(worths))
    return mean(precisions), mean(recalls)


def cells(start: float, stop: float, fine: int) -> list[float]:
    """Middles of cells of the width ``1 / fine``."""
    return [start + (i + 0.5) / fine for i in range(round((stop - start) * fine))]


def distance(instant: float, spans: list[tuple[float, float]]) -> float:
    return min((max(a - instant, instant - b, 0.0) for a, b in spans), default=math.inf)


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan
