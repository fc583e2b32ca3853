"""The data contract: what new data must look like to be judged by what was learned.

Another column, step or unit is no anomaly, and must not look like one: it is found before anything is scored, and said
as what it is. What only *might* be another unit is left to the detector: a breach of unit needs a channel whose new
rows all lie far outside of what was learned, and a conversion between common units that brings level, range and noise
back to where they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from tsanomaly.batch.job import Contract
from tsanomaly.series import Series
from tsanomaly.series.grid import duration

if TYPE_CHECKING:
    from tsanomaly import Detector

LEAST = 12
"""New rows from which on a step or a unit can be told; fewer may be chance."""

ALIKE = 2.0
"""Noise that differs by no more than this factor is the same noise, seen in a dozen rows."""

NORMAL_IQR = 1.349
"""Quartile range of the standard normal distribution."""

CONVERSIONS: dict[str, tuple[float, float]] = {
    "1000 times": (1000, 0),
    "a thousandth of": (1 / 1000, 0),
    "100 times": (100, 0),
    "a hundredth of": (1 / 100, 0),
    "1,000,000 times": (1e6, 0),
    "a millionth of": (1e-6, 0),
    "60 times": (60, 0),
    "a sixtieth of": (1 / 60, 0),
    "3600 times": (3600, 0),
    "a 3600th of": (1 / 3600, 0),
    "3.6 times (m/s to km/h)": (3.6, 0),
    "km/h to m/s of": (1 / 3.6, 0),
    "14.5 times (bar to psi)": (14.5038, 0),
    "psi to bar of": (1 / 14.5038, 0),
    "°C to °F of": (1.8, 32),
    "°F to °C of": (1 / 1.8, -32 / 1.8),
    "°C to K of": (1, 273.15),
    "K to °C of": (1, -273.15),
}
"""New values are ``factor * old + offset``; the names read before 'what was learned'."""


class Kind(StrEnum):
    """What was breached."""

    MISSING_COLUMN = "missing column"  # a channel that was learned is not in the source: cannot be judged
    EMPTY_COLUMN = "empty column"  # it is there without a number: judged by the others
    NEW_COLUMN = "new column"  # a channel that was not learned: judged without it, or refused if the job says so
    STEP = "step"  # rows come at another pace: cannot be judged
    UNIT = "unit"  # a channel is measured in another unit: cannot be judged
    RANGE = "range"  # readings that the job calls impossible: taken as not observed


@dataclass(frozen=True)
class Breach:
    """One way in which data is not what was learned.

    Attributes:
        kind: of breach.
        channel: concerned, where it is one.
        sentence: for people.
    """

    kind: Kind
    channel: str | None
    sentence: str


@dataclass(frozen=True)
class Checked:
    """A series as it may be judged.

    Attributes:
        series: with the learned channels in their order, impossible readings taken out.
        breaches: what was found.
        refused: whether it cannot be judged.
    """

    series: Series
    breaches: tuple[Breach, ...]
    refused: bool


@dataclass(frozen=True)
class Usual:
    """What a channel usually reads.

    Attributes:
        middle, spread: median, and the quartile range as a standard deviation.
        low, high: between which all but one in a hundred readings lie.
        noise: median distance of neighbouring readings.
    """

    middle: float
    spread: float
    low: float
    high: float
    noise: float

    @classmethod
    def of(cls, readings: NDArray[np.float64]) -> Self | None:
        """Of ``(n,)`` readings; ``None`` where none is finite."""
        read = readings[np.isfinite(readings)]
        if not len(read):
            return None
        low, first, middle, third, high = np.quantile(read, [0.005, 0.25, 0.5, 0.75, 0.995]).tolist()
        return cls(middle, (third - first) / NORMAL_IQR, low, high, _noise(readings))


@dataclass(frozen=True)
class Expectation:
    """What a series looked like when it was learned.

    Attributes:
        channels: in order.
        step: seconds between rows; ``None`` without a clock.
        usual: by channel, where it had readings.
        columns: all of the source, whatever they were taken for; empty where they were not known.
    """

    channels: tuple[str, ...]
    step: float | None
    usual: dict[str, Usual]
    columns: tuple[str, ...] = ()

    @classmethod
    def of(cls, series: Series, columns: tuple[str, ...] = ()) -> Self:
        """Learn from a series, and the columns of its source."""
        channels = zip(series.channels, series.values.T, strict=True)
        usual = {name: found for name, values in channels if (found := Usual.of(values)) is not None}
        return cls(series.channels, _seconds(series.step), usual, columns)

    @classmethod
    def of_detector(cls, detector: Detector) -> Self:
        """What a detector knows of the series it learned from; for model files that came without more."""
        scaling = detector.scaling_
        usual = {
            name: Usual(centre, scale, centre - 4 * scale, centre + 4 * scale, 0.0)
            for name, centre, scale in zip(
                detector.channels_, scaling.centre.tolist(), scaling.scale.tolist(), strict=True
            )
        }
        return cls(tuple(detector.channels_), _seconds(detector.step_), usual if scaling.kind == "standard" else {})

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """The other way."""
        usual = {name: Usual(**numbers) for name, numbers in plain["usual"].items()}
        return cls(tuple(plain["channels"]), plain["step"], usual, tuple(plain.get("columns", ())))

    def check(
        self, series: Series, settings: Contract, columns: tuple[str, ...] = (), since: datetime | None = None
    ) -> Checked:
        """Compare a series with what was learned.

        Args:
            series: as read, with context before ``since``.
            settings: the job's.
            columns: all of the source, whatever they were taken for.
            since: from where on rows are new, with a zone; ``None``: all are.
        """
        breaches = [*self._columns(series, settings, columns)]
        refused = any(one.kind is Kind.MISSING_COLUMN for one in breaches)
        refused |= settings.new_columns == "refuse" and any(one.kind is Kind.NEW_COLUMN for one in breaches)
        if settings.new_columns == "ignore":
            breaches = [one for one in breaches if one.kind is not Kind.NEW_COLUMN]
        series, wrong_step = self._stepped(self._chosen(series))
        breaches += wrong_step
        new = _row_of(series, since)
        series, impossible = _possible(series, settings, new)
        units = [*self._units(series, new)] if settings.units and not wrong_step else []
        breaches += [*impossible, *units]
        return Checked(series, tuple(breaches), refused or bool(wrong_step or units))

    # --- one concern each ----------------------------------------------------------------------------------------

    def _columns(self, series: Series, settings: Contract, columns: tuple[str, ...]) -> Iterator[Breach]:
        for name in self.channels:
            if name in series.channels:
                continue
            if name in columns:
                yield Breach(Kind.EMPTY_COLUMN, name, f"column '{name}' holds no number in this stretch")
            else:
                yield Breach(Kind.MISSING_COLUMN, name, f"column '{name}' was learned and is missing now")
        known = {*self.channels, *(self.columns or columns)}
        for name in dict.fromkeys((*series.channels, *columns)):
            if name not in known or (name in series.channels and name not in self.channels):
                yield Breach(Kind.NEW_COLUMN, name, f"column '{name}' is new and was not learned")

    def _chosen(self, series: Series) -> Series:
        """The learned channels in their order; NaN for those that are not there."""
        if series.channels == self.channels:
            return series
        place = {name: j for j, name in enumerate(series.channels)}
        empty = np.full(len(series), np.nan)
        values = [series.values[:, place[name]] if name in place else empty for name in self.channels]
        return replace(series, values=np.column_stack(values), channels=self.channels)

    def _stepped(self, series: Series) -> tuple[Series, list[Breach]]:
        """On the learned grid, where rows are only missing; a breach where they come at another pace."""
        step = _seconds(series.step)
        if step is None or self.step is None or step == self.step:
            return series, []
        times = round(step / self.step)
        few = int(series.observed.any(axis=1).sum()) < LEAST
        if few and times > 1 and np.isclose(step, times * self.step, rtol=1e-9):
            return _laid(series, times), []
        sentence = f"rows come every {_in_words(step)} now; every {_in_words(self.step)} was learned"
        return series, [Breach(Kind.STEP, None, sentence)]

    def _units(self, series: Series, new: int) -> Iterator[Breach]:
        for name, readings in zip(self.channels, series.values[new:].T, strict=True):
            usual = self.usual.get(name)
            if usual is None:
                continue
            conversion = _conversion(readings, usual)
            if conversion is not None:
                yield Breach(
                    Kind.UNIT,
                    name,
                    f"column '{name}' reads {conversion} what was learned (about {_median(readings):.4g} now, "
                    f"{usual.middle:.4g} before): its unit has probably changed",
                )


def _conversion(readings: NDArray[np.float64], usual: Usual) -> str | None:
    """The conversion of units that explains readings all of which lie far outside; ``None``: none does."""
    width = max(usual.high - usual.low, 1e-6 * abs(usual.middle))
    near = (readings >= usual.low - width) & (readings <= usual.high + width)
    strange = readings[
        1 + int(np.flatnonzero(near)[-1]) if near.any() else 0 :
    ]  # all that came after the last usual one
    read = strange[np.isfinite(strange)]
    if len(read) < LEAST or not width:
        return None
    noise = _noise(strange)
    fitting = {}
    for name, (factor, offset) in CONVERSIONS.items():
        back = (read - offset) / factor
        inside = (back >= usual.low - width / 4) & (back <= usual.high + width / 4)
        alike = not usual.noise or usual.noise / ALIKE <= noise / factor <= usual.noise * ALIKE
        if inside.mean() >= 0.95 and alike:
            fitting[name] = abs(float(np.median(back)) - usual.middle)
    return min(fitting, key=lambda name: fitting[name]) if fitting else None


def _possible(series: Series, settings: Contract, new: int) -> tuple[Series, list[Breach]]:
    """Readings outside of the job's ranges taken as not observed."""
    values, breaches = series.values, []
    for name, (lowest, highest) in settings.ranges.items():
        if name not in series.channels:
            continue
        j = series.channels.index(name)
        wrong = (values[:, j] < lowest) | (values[:, j] > highest)
        if not wrong.any():
            continue
        values = values.copy() if values is series.values else values
        count, first = int(wrong[new:].sum()), int(np.argmax(wrong[new:]))
        if count:
            example = series.values[new + first, j]
            values_said = "one reading" if count == 1 else f"{count} readings"
            breaches.append(
                Breach(
                    Kind.RANGE,
                    name,
                    f"column '{name}' has {values_said} outside of {lowest:g} to {highest:g}, such as {example:g}: "
                    "taken as not observed",
                )
            )
        values[wrong, j] = np.nan
    return (series if values is series.values else replace(series, values=values)), breaches


def _laid(series: Series, times: int) -> Series:
    """The same rows on a grid so many times finer."""
    assert series.step is not None
    step = series.step / times
    values = np.full(((len(series) - 1) * times + 1, len(series.channels)), np.nan)
    values[::times] = series.values
    return replace(series, times=series.times[0] + step * np.arange(len(values)), values=values, step=step, labels=None)


def _row_of(series: Series, since: datetime | None) -> int:
    if since is None or not series.has_clock:
        return 0
    return int(np.searchsorted(series.times, np.datetime64(since.astimezone(UTC).replace(tzinfo=None), "ns")))


def _seconds(step: np.timedelta64 | None) -> float | None:
    return None if step is None else float(step / np.timedelta64(1, "ns")) / 1e9


def _noise(readings: NDArray[np.float64]) -> float:
    apart = np.abs(np.diff(readings))
    apart = apart[np.isfinite(apart)]
    return float(np.median(apart)) if len(apart) else 0.0


def _median(readings: NDArray[np.float64]) -> float:
    return float(np.nanmedian(readings))


def _in_words(seconds: float) -> str:
    return duration(round(seconds * 1e9))
