"""Series and scores out of what a workspace kept of a job's runs: the way back from ``findings.score_table``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsanomaly.batch.findings import ERROR, EXPECTED, VALUE
from tsanomaly.detection.scores import Scores
from tsanomaly.series import Series
from tsanomaly.workspace import Workspace


def kept_readings(workspace: Workspace, job: str, series: str) -> Series | None:
    """What was kept of a series' readings, on the grid of their usual step; ``None``: nothing was."""
    frame = workspace.scores.read(job, series)
    frame = frame.dropna(axis="columns", how="all")  # columns of other series of the job
    channels = tuple(name.removeprefix(VALUE) for name in frame.columns if name.startswith(VALUE))
    if len(frame) < 2 or not channels:
        return None
    step = np.median(np.diff(_nanoseconds(frame["time"])))
    found = from_kept(frame, series, channels, step)
    return None if found is None else found[0]


def from_kept(
    frame: pd.DataFrame, name: str, channels: tuple[str, ...], step: np.timedelta64, zone: str | None = "UTC"
) -> tuple[Series, Scores] | None:
    """A stretch of one series as it was scored, laid on its grid again; ``None`` where its readings were not kept.

    Args:
        frame: of the series, by time, as :meth:`tsanomaly.workspace.scores.ScoreFiles.read` gives it.
        channels, step: of the model that scored it.
        zone: the times are shown in.
    """
    if not len(frame) or not all(VALUE + channel in frame for channel in channels):
        return None
    times = _nanoseconds(frame["time"])
    row = np.round((times - times[0]) / step).astype(np.intp)
    rows = int(row[-1]) + 1
    grid = times[0] + np.arange(rows) * step

    def column(name: str) -> NDArray[np.float64]:
        full = np.full(rows, np.nan)
        if name in frame:
            full[row] = frame[name].to_numpy(np.float64)
        return full

    def matrix(prefix: str) -> NDArray[Any]:
        return np.column_stack([column(prefix + channel) for channel in channels])

    series = Series(grid, matrix(VALUE), channels, step, zone, name=name)
    return series, Scores(grid, column("score"), matrix(ERROR).astype(np.float32), matrix(EXPECTED), channels)


def _nanoseconds(times: pd.Series) -> NDArray[np.datetime64]:
    plain: NDArray[np.datetime64] = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[ns]")
    return plain
