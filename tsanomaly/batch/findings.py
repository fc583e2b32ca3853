"""What is kept of a scored stretch: its events, described, and a row of scores for each of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from tsanomaly.batch.scoring import Judged
from tsanomaly.detection.detector import Detector
from tsanomaly.detection.explanation import explain_all
from tsanomaly.detection.verdicts import instant

VALUE, EXPECTED, ERROR = "value ", "expected ", "error "
"""What stands before a channel's name in the columns of kept scores."""


def described(judged: Judged, detector: Detector) -> list[dict[str, Any]]:
    """The found events as the workspace stores them: with what kind they are, and their fingerprints."""
    events = replace(judged.events, events=judged.found)
    threshold = events.threshold.value
    return [
        event.to_dict()
        | {
            "start": instant(events.series, event.start_row),
            "end": instant(events.series, event.end_row),
            "peak_time": instant(events.series, event.peak_row),
            "kind": str(explanation.kind),
            "sentence": explanation.sentence,
            "fingerprint": explanation.fingerprint.to_dict(),
            "threshold": float(threshold) if np.isfinite(threshold) else None,
        }
        for event, explanation in zip(events, explain_all(events, detector), strict=True)
    ]


def score_table(judged: Sequence[Judged]) -> pd.DataFrame:
    """The new rows of several series that have the same channels, in long form.

    Columns are ``series``, ``time`` (UTC), ``score``, ``severity``, ``threshold``, and for each channel its value, what
    was expected, and its part of the score.
    """
    rows = [slice(one.new, None) for one in judged]
    counts = [len(one.series) - one.new for one in judged]
    times = np.concatenate([one.series.times[part] for one, part in zip(judged, rows, strict=True)])
    columns: dict[str, Any] = {
        "series": pd.array([one.series.name for one in judged], dtype="str").repeat(counts),
        "time": pd.DatetimeIndex(times).tz_localize("UTC"),
        "score": _joined(judged, rows, lambda one: one.events.scores.total),
        "severity": _joined(judged, rows, lambda one: one.events.severity),
        "threshold": np.repeat(np.array([one.events.threshold.value for one in judged], np.float32), counts),
    }
    for j, channel in enumerate(judged[0].series.channels):
        columns[VALUE + channel] = np.concatenate(
            [one.series.values[part, j] for one, part in zip(judged, rows, strict=True)]
        )
        columns[EXPECTED + channel] = _joined(judged, rows, lambda one, j=j: one.events.scores.expected[:, j])
        columns[ERROR + channel] = _joined(judged, rows, lambda one, j=j: one.events.scores.by_channel[:, j])
    return pd.DataFrame(columns)


def _joined(judged: Sequence[Judged], rows: Sequence[slice], what: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.concatenate([np.asarray(what(one)[part], np.float32) for one, part in zip(judged, rows, strict=True)])
