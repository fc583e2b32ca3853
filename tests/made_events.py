"""Events made by hand: what is drawn and said about them is known."""

from __future__ import annotations

import numpy as np

from tsanomaly.detection.events import ChannelShare, Event, Events, moment
from tsanomaly.detection.scores import Scores
from tsanomaly.detection.thresholds import Threshold
from tsanomaly.series import Series

STEP = np.timedelta64(5 * 60 * 10**9, "ns")


def made_events(
    runs: list[tuple[int, int]],
    *,
    rows: int = 2000,
    channels: tuple[str, ...] = ("pressure", "flow"),
    gaps: list[tuple[int, int]] | None = None,
    zone: str | None = None,
    step: np.timedelta64 | None = STEP,
) -> Events:
    """Events at given half-open rows, in a series of random walks with optional gaps."""
    rng = np.random.default_rng(7)
    values = rng.normal(size=(rows, len(channels))).cumsum(axis=0)
    for first, last in gaps or []:
        values[first:last] = np.nan
    start = np.datetime64("2026-03-28T20:00", "ns")
    times = np.arange(rows) if step is None else start + np.arange(rows) * step
    series = Series(times, values, channels, step, zone, None, "pump")
    total = np.where(np.isfinite(values[:, 0]), 1 + rng.random(rows), np.nan)
    for first, last in runs:
        total[first:last] += 5
    by_channel = np.ones(values.shape, np.float32)
    scores = Scores(times, total, by_channel, (values + 1).astype(np.float32), channels)
    shares = (ChannelShare(channels[0], 0.8, "below"), *(ChannelShare(c, 0.2, "both") for c in channels[1:2]))
    events = tuple(
        Event(
            rank,
            moment(series, a),
            moment(series, b),
            moment(series, a),
            a,
            b,
            a,
            90.0 - rank,
            float(total[a]),
            "below",
            shares,
        )
        for rank, (a, b) in enumerate(runs, start=1)
    )
    return Events(events, series, scores, Threshold(4.0, "at most 3 events a week", rows), np.full(rows, 10.0))
