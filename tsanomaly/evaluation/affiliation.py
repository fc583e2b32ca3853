"""Affiliation precision and recall: how near detections are in time, against detections at random.

Source: Huet et al., "Local Evaluation of Time Series Anomaly Detection Algorithms", KDD 2022.

Time is cut into zones, one for each labelled event, at the midpoints between events. In a zone ``[a, b]`` with the
event ``[s, e]``, a flagged instant at distance ``d`` from the event is worth the chance that an instant drawn
uniformly from the zone lies farther from it; instants in the event are worth 1. An instant of the event, at distance
``d`` from the nearest flagged one in its zone, is worth the chance that a uniform instant lies farther from it than
``d``. Precision and recall of a zone are the means of these worths. Both are piecewise linear in time, so the integrals
are in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tsanomaly.evaluation.inputs import as_flag_pair
from tsanomaly.evaluation.measures import PrecisionRecall, ratio
from tsanomaly.evaluation.ranges import intervals


@dataclass(frozen=True)
class _Pieces:
    """Flagged intervals, cut where zones meet. All ``(m,)``, in order of time; point ``i`` fills ``[i, i + 1]``."""

    zone: NDArray[np.intp]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    zone_start: NDArray[np.float64]
    zone_stop: NDArray[np.float64]
    event_start: NDArray[np.float64]
    event_stop: NDArray[np.float64]


def affiliation_scores(labels: ArrayLike, predicted: ArrayLike) -> PrecisionRecall:
    """Affiliation precision and recall of flagged points ``(n,)`` against labelled points ``(n,)``.

    Precision is the mean over zones with something flagged, recall over all. Random flags score about 0.5 in
    precision and, where they are many, about 1 in recall: read both beside those of a random detector.

    Raises:
        DataError: not 0 or 1, or shapes differ.
    """
    truth, flags = as_flag_pair(labels, predicted)
    events, flagged = intervals(truth), intervals(flags, "predictions")
    if not len(events):
        return PrecisionRecall(0.0 if len(flagged) else np.nan, np.nan)
    pieces = _cut(flagged, events, len(truth))
    count = len(events)
    length = np.bincount(pieces.zone, pieces.stop - pieces.start, count)
    worth = np.bincount(pieces.zone, _worth_of_flagged(pieces), count)
    used = length > 0
    found = np.bincount(pieces.zone, _worth_of_event(pieces), count)
    precision = ratio(float((worth[used] / length[used]).sum()), np.count_nonzero(used))
    return PrecisionRecall(precision, float((found / (events[:, 1] - events[:, 0])).mean()))


def _cut(flagged: NDArray[np.intp], events: NDArray[np.intp], points: int) -> _Pieces:
    middles = (events[:-1, 1] + events[1:, 0]) / 2
    borders = np.concatenate(([0.0], middles, [points]))
    first = np.searchsorted(middles, flagged[:, 0], "right")
    last = np.searchsorted(middles, flagged[:, 1], "left")
    copies = last - first + 1
    source = np.repeat(np.arange(len(flagged)), copies)
    zone = first[source] + np.arange(len(source)) - np.repeat(np.cumsum(copies) - copies, copies)
    zone_start, zone_stop = borders[zone], borders[zone + 1]
    return _Pieces(
        zone=zone,
        start=np.maximum(flagged[source, 0], zone_start),
        stop=np.minimum(flagged[source, 1], zone_stop),
        zone_start=zone_start,
        zone_stop=zone_stop,
        event_start=events[zone, 0].astype(np.float64),
        event_stop=events[zone, 1].astype(np.float64),
    )


def _worth_of_flagged(pieces: _Pieces) -> NDArray[np.float64]:
    """``(m,)`` integral over each piece of the worth of its instants, for precision."""
    before = pieces.event_start - pieces.zone_start
    after = pieces.zone_stop - pieces.event_stop

    def up_to(instant: NDArray[np.float64]) -> NDArray[np.float64]:
        """Integral from the event's start on, negative before it."""
        ahead = np.maximum(pieces.event_start - instant, 0)
        behind = np.maximum(instant - pieces.event_stop, 0)
        inside = np.clip(instant, pieces.event_start, pieces.event_stop) - pieces.event_start
        outside = _integral_of_farther(behind, before, after) - _integral_of_farther(ahead, before, after)
        return inside + outside / (pieces.zone_stop - pieces.zone_start)

    return up_to(pieces.stop) - up_to(pieces.start)


def _integral_of_farther(
    distance: NDArray[np.float64], before: NDArray[np.float64], after: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Integral from 0 to ``distance`` of ``max(before - d, 0) + max(after - d, 0)``: what lies farther than ``d``."""
    left, right = np.minimum(distance, before), np.minimum(distance, after)
    return left * before - left**2 / 2 + right * after - right**2 / 2


def _worth_of_event(pieces: _Pieces) -> NDArray[np.float64]:
    """``(m,)`` integral over the part of the event nearest to each piece of the worth of its instants, for recall."""
    same_zone = pieces.zone[1:] == pieces.zone[:-1]
    halfway = (pieces.stop[:-1] + pieces.start[1:]) / 2
    nearest_from = pieces.zone_start.copy()
    nearest_from[1:][same_zone] = halfway[same_zone]
    nearest_to = pieces.zone_stop.copy()
    nearest_to[:-1][same_zone] = halfway[same_zone]

    def in_event(instant: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.clip(instant, pieces.event_start, pieces.event_stop)

    before_from, start = in_event(nearest_from), in_event(pieces.start)
    stop, after_to = in_event(pieces.stop), in_event(nearest_to)
    # Mirrored in time, an instant after the piece is one before it.
    before = _farther_ahead(before_from, start, pieces.start, pieces.zone_start, pieces.zone_stop)
    after = _farther_ahead(-after_to, -stop, -pieces.stop, -pieces.zone_stop, -pieces.zone_start)
    return stop - start + (before + after) / (pieces.zone_stop - pieces.zone_start)


def _farther_ahead(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    target: NDArray[np.float64],
    zone_start: NDArray[np.float64],
    zone_stop: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Integral over ``y`` from ``low`` to ``high <= target`` of the length of zone farther from ``y`` than ``target``.

    That is ``zone_stop - target`` beyond it and ``max(2 y - target - zone_start, 0)`` on the near side.
    """
    mirror = target + zone_start
    near: NDArray[np.float64] = np.maximum(2 * high - mirror, 0) ** 2 - np.maximum(2 * low - mirror, 0) ** 2
    return (zone_stop - target) * (high - low) + near / 4
