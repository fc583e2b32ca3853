"""What a caller may fix about a source; all else is worked out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pandas as pd

from tsanomaly.errors import CancelledError, ConfigurationError

OnProgress = Callable[[float], bool | None]
"""Told the share read so far, 0 to 1; returning ``False`` cancels."""


class Overrides(TypedDict, total=False):
    """Keyword arguments of the readers: the fields of :class:`ReadOptions`, where each is explained."""

    encoding: str | None
    delimiter: str | None
    decimal: str | None
    header: bool | None
    time_column: str | None
    time_format: str | None
    zone: str | None
    step: str | None
    series_column: str | None
    label_column: str | None
    channels: Sequence[str] | None


NONE_SUCH = ""
"""As a column's name: the source has no such column, do not look for one."""


@dataclass(frozen=True)
class ReadOptions:
    """Overrides for reading. ``None`` always means: work it out and say so in the diagnosis.

    Attributes:
        encoding: a Python codec, such as ``utf-8`` or ``cp1252``.
        delimiter: one character between fields; ``""``: one column, no delimiter.
        decimal: ``.`` or ``,``.
        header: whether the first row names the columns.
        time_column: name; ``""``: no column is time, rows are counted.
        time_format: a name from :mod:`tsanomaly.series.timestamps` or a ``strptime`` pattern.
        zone: IANA name or offset. Stamps without an offset are local there; stamps with one are only shown there.
        step: spacing of the grid, such as ``5min`` or ``1h``.
        series_column: column naming the series of a long file; ``""``: none.
        label_column: column of 0 and 1 for evaluation; ``""``: none.
        channels: the value columns; all others are left out.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    header: bool | None = None
    time_column: str | None = None
    time_format: str | None = None
    zone: str | None = None
    step: str | None = None
    series_column: str | None = None
    label_column: str | None = None
    channels: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if self.delimiter is not None and len(self.delimiter) > 1:
            raise ConfigurationError(f"delimiter must be one character or empty for none, not {self.delimiter!r}")
        if self.decimal not in (None, ".", ","):
            raise ConfigurationError(f"decimal must be '.' or ',', not {self.decimal!r}")
        if self.decimal is not None and self.decimal == self.delimiter:
            raise ConfigurationError(f"decimal and delimiter are both {self.decimal!r}; they must differ")
        if self.encoding is not None:
            check_encoding(self.encoding)
        if self.zone is not None:
            check_zone(self.zone)
        if isinstance(self.channels, str):
            raise ConfigurationError(f"channels must be a list of column names, not the text {self.channels!r}")
        self.step_ns()

    def step_ns(self) -> int | None:
        """The step asked for, in nanoseconds.

        Raises:
            ConfigurationError: the step is no positive duration.
        """
        if self.step is None:
            return None
        try:
            step = int(pd.Timedelta(self.step).as_unit("ns").value)
        except (ValueError, OverflowError):
            step = 0
        if step <= 0 or np.isnat(np.timedelta64(step, "ns")):
            raise ConfigurationError(f"step must be a positive duration such as '5min' or '1h', not {self.step!r}")
        return step


def check_encoding(encoding: str) -> None:
    """Raises ConfigurationError unless Python knows ``encoding`` as a text encoding."""
    try:
        "0".encode(encoding).decode(encoding)
    except (LookupError, ValueError):
        raise ConfigurationError(
            f"encoding {encoding!r} is not known; give one such as 'utf-8', 'cp1252' or 'utf-16'"
        ) from None


def check_zone(zone: str) -> None:
    """Raises ConfigurationError unless ``zone`` is an IANA name or an offset."""
    try:
        pd.Timestamp(0).tz_localize(zone)
    except (KeyError, ValueError, TypeError, OSError):
        raise ConfigurationError(
            f"zone {zone!r} is not known; give an IANA name such as 'Europe/Berlin' or an offset such as '+02:00'"
        ) from None


def report(on_progress: OnProgress | None, share: float) -> None:
    """Tell the callback.

    Raises:
        CancelledError: the callback answered ``False``.
    """
    if on_progress is not None and on_progress(share) is False:
        raise CancelledError("cancelled while reading; nothing was kept")
