"""Scores per time and channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Scores:
    """How unusual each row is.

    Attributes:
        times: ``(n,)`` as in the series.
        total: ``(n,)`` float64, higher is more unusual; NaN where nothing could be judged, never 0.
        by_channel: ``(n, c)`` float32, each channel's squared error over its own usual size; NaN where not judged.
        expected: ``(n, c)`` float64, what the model reconstructs, in the source's units; NaN where not judged.
        channels: names.
    """

    times: NDArray[Any]
    total: NDArray[np.float64]
    by_channel: NDArray[np.float32]
    expected: NDArray[np.float64]
    channels: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Total and channels, indexed by time (UTC)."""
        frame = pd.DataFrame(self.by_channel, index=pd.Index(self.times, name="time"), columns=list(self.channels))
        frame.insert(0, "total", self.total, allow_duplicates=True)
        return frame
