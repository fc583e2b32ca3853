"""VUS by the letter of its definition: every buffer, every threshold, every point, in plain loops."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def runs(labels: Sequence[int]) -> list[tuple[int, int]]:
    """Labelled segments with both ends included."""
    found: list[tuple[int, int]] = []
    for i, label in enumerate(labels):
        if label and found and found[-1][1] == i - 1:
            found[-1] = (found[-1][0], i)
        elif label:
            found.append((i, i))
    return found


def soft_labels(labels: Sequence[int], buffer: int) -> list[float]:
    soft = [float(label) for label in labels]
    for first, last in runs(labels):
        for distance in range(1, buffer // 2 + 1):
            for i in (first - distance, last + distance):
                if 0 <= i < len(labels):
                    soft[i] += math.sqrt(1 - distance / buffer)
    return [min(value, 1.0) for value in soft]


def surroundings(labels: Sequence[int], buffer: int) -> list[tuple[int, int]]:
    """Segments widened by half the buffer, one where two of them share a point."""
    half = buffer // 2
    wide: list[tuple[int, int]] = []
    for first, last in runs(labels):
        if wide and wide[-1][1] >= first - half:
            wide[-1] = (wide[-1][0], last + half)
        else:
            wide.append((first - half, last + half))
    return [(max(first, 0), min(last, len(labels) - 1)) for first, last in wide]


def areas(labels: Sequence[int], scores: Sequence[float], buffer: int, thresholds: int) -> tuple[float, float]:
    n = len(labels)
    soft, wide = soft_labels(labels, buffer), surroundings(labels, buffer)
    descending = sorted(scores, reverse=True)
    recall, false_rate, precision = [0.0], [0.0], [1.0]
    for position in np.linspace(0, n - 1, thresholds).astype(int):
        flags = [score >= descending[position] for score in scores]
        true = sum(value for value, flag in zip(soft, flags, strict=True) if flag)
        counted = sum(1.0 if label else value * flag for label, value, flag in zip(labels, soft, flags, strict=True))
        positives = (sum(labels) + counted) / 2
        found = sum(any(flags[first : last + 1]) for first, last in wide) / len(wide)
        recall.append(min(true / positives, 1) * found)
        false_rate.append((sum(flags) - true) / (n - positives))
        precision.append(true / sum(flags))
    pr = sum((recall[k] - recall[k - 1]) * precision[k] for k in range(1, len(recall)))
    recall.append(1.0)
    false_rate.append(1.0)
    roc = sum((false_rate[k] - false_rate[k - 1]) * (recall[k] + recall[k - 1]) / 2 for k in range(1, len(recall)))
    return roc, pr


def vus(labels: Sequence[int], scores: Sequence[float], window: int, thresholds: int = 250) -> tuple[float, float]:
    surface = [areas(labels, scores, buffer, thresholds) for buffer in range(window + 1)]
    return sum(roc for roc, _ in surface) / len(surface), sum(pr for _, pr in surface) / len(surface)
