"""The one type that stands for data after reading: a regular grid of channels, with gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsanomaly.errors import DataError

WEEK = np.timedelta64(7 * 24 * 3600 * 10**9, "ns")

ROWS_PER_WEEK_WITHOUT_CLOCK = 2016
"""A week of a series without times: what five-minute readings would give. It only matters for alert budgets."""


@dataclass(frozen=True, eq=False)
class Series:
    """One multichannel time series on a regular grid.

    Attributes:
        times: ``(n,)``. With a clock: ``datetime64[ns]`` in UTC, ``step`` apart.
            Without one: ``int64`` row numbers from 0.
        values: ``(n, c)`` float64. NaN where nothing was observed: gaps are never filled.
        channels: the ``c`` column names, as in the source.
        step: spacing of the grid as ``timedelta64[ns]``; ``None`` without a clock.
        zone: the zone that times are shown in (IANA name or ``+02:00``); ``None``: as written,
            no zone known.
        labels: ``(n,)`` bool, true where the source calls the row anomalous; ``None`` without a label column.
            Only evaluation reads it.
        name: the file's or the series' name.
    """

    times: NDArray[Any]
    values: NDArray[np.float64]
    channels: tuple[str, ...]
    step: np.timedelta64 | None = None
    zone: str | None = None
    labels: NDArray[np.bool_] | None = None
    name: str = field(default="series")

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape != (len(self.times), len(self.channels)):
            raise DataError(
                f"series '{self.name}' has values of shape {self.values.shape}; "
                f"expected ({len(self.times)} times, {len(self.channels)} channels)"
            )

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[Any]:  # a Series is no sequence: forbid silent iteration through __len__
        raise TypeError("a Series is not iterable; use .values, .times or .to_frame()")

    @cached_property
    def observed(self) -> NDArray[np.bool_]:
        """``(n, c)`` true where a finite value was read."""
        return np.isfinite(self.values)

    @property
    def has_clock(self) -> bool:
        """Whether times are instants, not mere row numbers."""
        return self.step is not None

    @property
    def weeks(self) -> float:
        """Length of the grid in weeks; without a clock, of ``ROWS_PER_WEEK_WITHOUT_CLOCK`` rows each."""
        return len(self) / self.rows_per_week

    @property
    def rows_per_week(self) -> float:
        """Grid rows in a week."""
        return float(WEEK / self.step) if self.step is not None else float(ROWS_PER_WEEK_WITHOUT_CLOCK)

    def between(self, first: int, last: int) -> Series:
        """Rows ``first`` (included) to ``last`` (excluded), as views."""
        part = slice(first, last)
        labels = None if self.labels is None else self.labels[part]
        return replace(self, times=self.times[part], values=self.values[part], labels=labels)

    def time_at(self, row: int) -> Any:
        """The grid's time at ``row``; ``row == len(self)`` gives the end of the last step (half-open intervals)."""
        if row < len(self):
            return self.times[row]
        beyond = self.step if self.step is not None else 1
        return self.times[-1] + beyond * (row - len(self) + 1)

    def to_frame(self) -> pd.DataFrame:
        """A DataFrame indexed by time (in ``zone`` where one is known) with a column a channel."""
        index: pd.Index[Any] = pd.Index(self.times, name="time")
        if isinstance(index, pd.DatetimeIndex) and self.zone is not None:
            index = index.tz_localize("UTC").tz_convert(self.zone)
        return pd.DataFrame(self.values, index=index, columns=list(self.channels))
