"""Pieces that tests of the workspace share: times, runs, events as a detector hands them over, a store's content."""

from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import create_engine, text

from tsanomaly.detection.similarity import Fingerprint, channel_parts, duration_class, rounded, shape_of
from tsanomaly.workspace import Outcome, SeriesResult
from tsanomaly.workspace.tables import metadata

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)


def at(hour):
    """A time on the day of the tests."""
    return datetime(2026, 11, 24, tzinfo=UTC) + timedelta(hours=hour)


def claimed(workspace, hour=12, job="pumps", **more):
    """A run that is ours."""
    run = workspace.runs.claim(job, at(hour), "host-1", LEASE, NOW, **more)
    assert run is not None
    return run


def event(start, end, severity=50.0, **more):
    """An event as ``Event.to_dict`` gives it, with times between two hours of the day."""
    channel = {"name": "pressure", "share": 1.0, "direction": "above"}
    plain = {"rank": 1, "start": at(start), "end": at(end), "peak_time": at(start), "severity": severity}
    rows = {"start_row": 3, "end_row": 5, "peak_row": 4}
    return plain | rows | {"score": 4.2, "direction": "above", "channels": [channel], "threshold": 3.0} | more


def scored(*events, series="north", since=0, until=10, **more):
    """What a run found in one series."""
    outcome = Outcome.SUCCEEDED if events else Outcome.FOUND_NOTHING
    result = {"scored_from": at(since), "scored_until": at(until), "watermark": at(until), "rows": until - since}
    return SeriesResult(series, outcome, **(result | {"events": list(events)} | more))


def mark(channel="flow", kind=0):
    """What an event of one channel and one latent kind is like."""
    parts, shape = channel_parts([(channel, 1.0, "above")]), shape_of(np.array([1.0, 2.0, 1.0]))
    return Fingerprint(parts, rounded(np.eye(8)[kind]), shape, duration_class(1.0)).to_dict()


def like(start, score=4.0, channel="flow", kind=0):
    """An event of a score, over a threshold of 3."""
    return event(start, start + 1, score=score, threshold=3.0, fingerprint=mark(channel, kind))


def content(url, without=("runs", "run_series")):
    """Every row of every table as the database has it, but for the rows that are a run's own."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = [table.name for table in metadata.sorted_tables if table.name not in without]
        rows = {name: sorted(map(repr, connection.execute(text(f"SELECT * FROM {name}")))) for name in names}
    engine.dispose()
    return rows
