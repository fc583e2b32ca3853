"""Thresholds by the letter of their papers, in plain loops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, pstdev

import naive_grouping


def dynamic(scores: Sequence[float], z_values: Sequence[float], merge_gap: int) -> float:
    """Hundman et al. (2018), section 3.2: the level that maximises (Δmean / mean + Δdeviation / deviation) /
    (flagged rows + stretches²); the highest of equally good ones, the highest score where no level flags anything."""
    judged = [s for s in scores if not math.isnan(s)]
    mean, deviation = fmean(judged), pstdev(judged)
    best, best_gain = max(judged), -math.inf
    for z in z_values:
        level = mean + z * deviation
        calm = [s for s in judged if s <= level]
        flagged = len(judged) - len(calm)
        if not flagged:
            continue
        events = naive_grouping.group([s > level for s in scores], merge_gap, 1)
        fall = (mean - fmean(calm)) / mean + (deviation - pstdev(calm)) / deviation
        gain = fall / (flagged + len(events) ** 2)
        if gain >= best_gain:
            best, best_gain = level, gain
    return best
