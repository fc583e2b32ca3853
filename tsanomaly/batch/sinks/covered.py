"""What a run scored, and the tables that say what was found there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

What = Literal["events", "scores"]

COLUMNS: dict[What, tuple[str, ...]] = {
    "events": ("job", "series", "start", "end", "peak_time", "severity", "score", "direction", "channels", "status"),
    "scores": ("job", "series", "time", "score", "severity", "threshold"),
}
TIMES: dict[What, tuple[str, ...]] = {"events": ("start", "end", "peak_time"), "scores": ("time",)}
KEYS: dict[What, tuple[str, ...]] = {"events": ("job", "series", "start"), "scores": ("job", "series", "time")}


@dataclass(frozen=True)
class Covered:
    """A stretch of a series that was scored.

    Attributes:
        series: its name.
        since, until: half open, with a zone.
    """

    series: str
    since: datetime
    until: datetime


def complete(what: What, job: str, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with all columns of the table in their order, sorted by key, the last of equal keys kept."""
    table = rows.assign(job=job).reindex(columns=list(COLUMNS[what]))
    for column in TIMES[what]:
        table[column] = pd.to_datetime(table[column], utc=True)
    keys = list(KEYS[what])
    return table.drop_duplicates(keys, keep="last").sort_values(keys, kind="stable", ignore_index=True)


def within(what: What, table: pd.DataFrame, job: str, covered: Sequence[Covered]) -> NDArray[np.bool_]:
    """``(n,)`` true for the rows of a table that lie in the stretches covered: events that overlap, scores inside."""
    since = {one.series: pd.Timestamp(one.since.astimezone(UTC)) for one in covered}
    until = {one.series: pd.Timestamp(one.until.astimezone(UTC)) for one in covered}
    first, last = ("start", "end") if what == "events" else ("time", "time")
    begins = pd.to_datetime(table["series"].map(since), utc=True)
    ends = pd.to_datetime(table["series"].map(until), utc=True)
    after = table[last] > begins if what == "events" else table[last] >= begins
    inside = (table["job"] == job) & (table[first] < ends) & after
    return inside.to_numpy(np.bool_)
