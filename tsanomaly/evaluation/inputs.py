"""What every metric asks of its labels, flags and scores, checked in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tsanomaly.errors import DataError


def as_flags(flags: ArrayLike, name: str = "labels") -> NDArray[np.bool_]:
    """``(n,)`` truth values from 0/1 numbers or booleans.

    Raises:
        DataError: not one-dimensional, or a value other than 0 and 1.
    """
    given = np.asarray(flags)
    if given.ndim != 1:
        raise DataError(f"{name} have the shape {given.shape}; give one value a point, in one dimension")
    if given.dtype == np.bool_:
        return given
    if given.size and not np.isin(given, (0, 1)).all():
        raise DataError(f"{name} hold values other than 0 and 1; give 1 (or True) where a point is anomalous, else 0")
    return given.astype(np.bool_)


def as_flag_pair(labels: ArrayLike, predicted: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Labels and predictions of one series, both ``(n,)``.

    Raises:
        DataError: as :func:`as_flags`, or lengths differ.
    """
    truth, flags = as_flags(labels), as_flags(predicted, "predictions")
    if len(truth) != len(flags):
        raise DataError(f"there are {len(flags)} predictions for {len(truth)} labels; give one for each label")
    return truth, flags


def as_ranking(scores: ArrayLike, points: int) -> NDArray[np.float64]:
    """``(points,)`` scores with ``-inf`` for NaN: a point that was not judged ranks below all that were.

    So a labelled point nobody judged is a missed one, never a free win, and an unlabelled one costs nothing.

    Raises:
        DataError: another shape than ``(points,)``, or not a single score that is a number.
    """
    given = np.asarray(scores, dtype=np.float64)
    if given.shape != (points,):
        raise DataError(f"scores have the shape {given.shape}; expected ({points},), one score for each label")
    unjudged = np.isnan(given)
    if unjudged.all():
        raise DataError(f"none of the {points} scores is a number; nothing was judged, so nothing can be measured")
    return np.where(unjudged, -np.inf, given)


def as_both_classes(labels: ArrayLike) -> NDArray[np.bool_]:
    """``(n,)`` labels with at least one anomalous and one normal point, without which no ranking can be judged.

    Raises:
        DataError: as :func:`as_flags`, or only one kind of point.
    """
    truth = as_flags(labels)
    if not truth.any():
        raise DataError("no point is labelled anomalous; ranking metrics need at least one, so leave this series out")
    if truth.all():
        raise DataError("every point is labelled anomalous; ranking metrics need normal points too, so leave it out")
    return truth
