"""Texts and numbers that mean instants: which notation they are in, and the instants themselves.

Names of notations, as the diagnosis reports them and ``time_format`` accepts them::

    ISO 8601      2024-01-31T13:05:00.25+01:00, 2024/01/31 13:05, 2024-01-31
    day first     31.01.2024 13:05, 31/01/24 1:05 PM
    month first   01/31/2024 13:05
    month by name 31-Jan-2024 13:05, Jan 31, 2024, Wed, 31 Jan 2024 13:05:00 GMT
    compact       20240131, 20240131T130500
    epoch s, epoch ms, epoch us, epoch ns    seconds and fractions since 1970-01-01 UTC
    excel days    45322.545 (days since 1899-12-30)

Anything with a ``%`` is a ``strptime`` pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tsanomaly.errors import ConfigurationError

TIME = (
    r"(?:[T ,]\s*(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9})\d*)?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?"
)
WEEKDAY = r"(?:[A-Za-z]{2,9}\.?,? )?"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = r"(?P<name>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))[A-Za-z]*\.?"

PATTERNS = {
    "ISO 8601": r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + TIME,
    "day or month first": r"(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?:(?P<y>\d{4})|(?P<yy>\d{2}))" + TIME,
    "month by name": WEEKDAY + r"(?P<d>\d{1,2})[- /.]*" + MONTH + r"[- /,.]*(?:(?P<y>\d{4})|(?P<yy>\d{2}))" + TIME,
    "month by name, before the day": WEEKDAY + MONTH + r" ?(?P<d>\d{1,2})(?:st|nd|rd|th)?,? (?P<y>\d{4})" + TIME,
    "compact": r"(?P<y>[12]\d{3})(?P<m>[01]\d)(?P<d>[0-3]\d)"
    r"(?:[T ]?(?P<H>[0-2]\d):?(?P<M>[0-5]\d):?(?P<S>[0-5]\d)?(?:\.(?P<f>\d{1,9}))?(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?)?",
}
DAY_FIRST, MONTH_FIRST = "day first", "month first"
EPOCHS = {"epoch s": 10**9, "epoch ms": 10**6, "epoch us": 10**3, "epoch ns": 1}
EXCEL = "excel days"
EXCEL_ZERO = np.datetime64("1899-12-30", "ns").astype(np.int64)
DAY = 86_400 * 10**9
NOTATIONS = ("ISO 8601", DAY_FIRST, MONTH_FIRST, "month by name", "compact", *EPOCHS, EXCEL)

NAT = np.iinfo(np.int64).min
FIRST_YEAR, LAST_YEAR = 1678, 2261
"""Whole years that 64-bit nanoseconds can hold."""

_COMPILED = {name: re.compile(rf"\s*{pattern}\s*") for name, pattern in PATTERNS.items()}


@dataclass(frozen=True)
class Stamps:
    """Instants read from one column.

    Attributes:
        local: ``(n,)`` int64 nanoseconds since 1970 as written on the clock; ``NAT`` where unreadable.
        offset: ``(n,)`` float64 minutes east of UTC, NaN where none was written.
        notation: see the module; empty where the column's type leaves nothing to find.
        outside: ``(n,)`` bool, a readable date that 64-bit nanoseconds cannot hold.
        unsure: day and month could be either way round; what was taken is a custom, not a proof.
    """

    local: NDArray[np.int64]
    offset: NDArray[np.float64]
    notation: str
    outside: NDArray[np.bool_]
    unsure: bool = False

    @property
    def readable(self) -> NDArray[np.bool_]:
        """``(n,)`` true where there is an instant."""
        return np.asarray(self.local != NAT)

    def at(self, places: slice | NDArray[np.int64]) -> Stamps:
        """Those at ``places``."""
        return replace(self, local=self.local[places], offset=self.offset[places], outside=self.outside[places])


def looks_like_time(text: str) -> bool:
    """Whether one cell is written as a date or an instant; plain numbers are not, epochs included."""
    candidates = (name for name in PATTERNS if name != "compact" or not text.strip().isdigit())
    return any(_COMPILED[name].fullmatch(text) for name in candidates)


def notation_of(samples: list[str]) -> str | None:
    """The pattern that most of ``samples`` match, if nine in ten do."""
    if not samples:
        return None
    shares = {name: sum(map(bool, map(p.fullmatch, samples))) / len(samples) for name, p in _COMPILED.items()}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= 0.9 else None


def read_texts(texts: pa.ChunkedArray, notation: str | None = None) -> Stamps:
    """Read a column of text.

    Args:
        texts: ``(n,)`` strings.
        notation: a name from the module or a ``strptime`` pattern; ``None``: found from the values.

    Raises:
        ConfigurationError: ``notation`` is unknown.
    """
    if notation is not None and "%" in notation:
        return _read_strptime(texts, notation)
    if notation is not None and notation not in NOTATIONS:
        raise ConfigurationError(
            f"time_format {notation!r} is not known; give a strptime pattern such as '%d.%m.%Y %H:%M' "
            f"or one of: {', '.join(NOTATIONS)}"
        )
    if notation in EPOCHS or notation == EXCEL:
        return read_numbers(pd.to_numeric(texts.to_pandas(), errors="coerce").to_numpy(), notation)
    fast = _read_plain_iso(texts) if notation in (None, "ISO 8601") else None
    if fast is not None:
        return fast
    return _read_pattern(texts, notation)


def read_numbers(numbers: NDArray[Any], notation: str | None = None) -> Stamps:
    """Read a column of epochs, ``(n,)`` integers or floats; without a ``notation`` the size tells the unit."""
    notation = notation or epoch_of(numbers)
    seen = np.isfinite(numbers)
    factor = DAY if notation == EXCEL else EPOCHS[notation]
    zero = int(EXCEL_ZERO) if notation == EXCEL else 0
    limit = (2**63 - 1 - abs(zero)) / factor
    outside = seen & (np.abs(np.where(seen, numbers, 0).astype(np.float64)) >= limit * (1 - 1e-12))
    local = np.full(len(numbers), NAT)
    usable = seen & ~outside
    kept = numbers[usable]
    if kept.dtype.kind in "iu":
        local[usable] = kept.astype(np.int64) * factor + zero
    else:
        whole = np.floor(kept)
        # a float's seconds are good to a tenth of a microsecond: round the rest there
        fraction = np.rint((kept - whole) * factor / 1000).astype(np.int64) * 1000
        local[usable] = whole.astype(np.int64) * factor + fraction + zero
    offset = np.full(len(numbers), np.nan if notation == EXCEL else 0.0)
    return Stamps(local, offset, notation, outside)


def epoch_of(numbers: NDArray[Any]) -> str:
    """The unit that puts the median of ``numbers`` nearest to our century."""
    size = float(np.median(np.abs(numbers[np.isfinite(numbers)].astype(np.float64))))
    return next((name for name, top in zip(EPOCHS, (1e11, 1e14, 1e17), strict=False) if size < top), "epoch ns")


def plausible_epochs(numbers: NDArray[Any]) -> bool:
    """Whether ``(n,)`` numbers are instants between 1990 and 2100 in some unit."""
    seen = numbers[np.isfinite(numbers)]
    if not len(seen):
        return False
    seconds = seen.astype(np.float64) * EPOCHS[epoch_of(seen)] / 1e9
    return bool(np.mean((seconds > 631_152_000) & (seconds < 4_102_444_800)) >= 0.9)


def _read_plain_iso(texts: pa.ChunkedArray) -> Stamps | None:
    """Arrow's own parser: ten times faster, and it refuses the whole column for one odd cell."""
    try:
        local = pc.cast(texts, pa.timestamp("ns"))
    except pa.ArrowInvalid:
        return None
    nanoseconds = pc.fill_null(pc.cast(local, pa.int64()), NAT).to_numpy()
    n = len(nanoseconds)
    return Stamps(nanoseconds, np.full(n, np.nan), "ISO 8601", np.zeros(n, dtype=np.bool_))


def _read_strptime(texts: pa.ChunkedArray, pattern: str) -> Stamps:
    n = len(texts)
    try:
        stamps = pd.to_datetime(texts.to_pandas(), format=pattern, errors="coerce", utc=True)
    except ValueError as error:
        raise ConfigurationError(f"time_format {pattern!r} is no strptime pattern: {error}") from None
    instants = stamps.dt.as_unit("ns").astype("int64").to_numpy()
    offset = np.full(n, 0.0 if "%z" in pattern or "%Z" in pattern else np.nan)
    return Stamps(instants, offset, pattern, np.zeros(n, dtype=np.bool_))


def _read_pattern(texts: pa.ChunkedArray, notation: str | None) -> Stamps:
    name = _pattern_for(texts, notation)
    parts = [_fields(chunk, PATTERNS[name]) for chunk in texts.chunks if len(chunk)]
    unsure = False
    if name == "day or month first":
        notation, unsure = (notation, False) if notation else _day_or_month_first(parts)
        order = ("a", "b") if notation == DAY_FIRST else ("b", "a")
        for part in parts:
            part["d"], part["m"] = part[order[0]], part[order[1]]
    assembled = [_assembled(part) for part in parts] or [(np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_))]
    local, offset, outside = (np.concatenate(column) for column in zip(*assembled, strict=True))
    return Stamps(local, offset, notation or name.partition(",")[0], outside, unsure)


def _pattern_for(texts: pa.ChunkedArray, notation: str | None) -> str:
    if notation in (DAY_FIRST, MONTH_FIRST):
        return "day or month first"
    candidates = [name for name in PATTERNS if notation is None or name.startswith(notation)]
    matching = {
        name: pc.sum(pc.match_substring_regex(texts, rf"^\s*{PATTERNS[name]}\s*$")).as_py() for name in candidates
    }
    return max(candidates, key=lambda name: matching[name] or 0)


def _fields(texts: pa.Array, pattern: str) -> dict[str, NDArray[Any]]:
    """Named groups as numbers, ``-1`` where absent; ``zone`` as minutes, NaN where absent."""
    groups = pc.extract_regex(texts, rf"^\s*{pattern}\s*$")
    found: dict[str, NDArray[Any]] = {}
    for index in range(groups.type.num_fields):
        key = groups.type.field(index).name
        column = pc.struct_field(groups, [index])
        if key == "f":
            column = pc.utf8_rpad(pc.if_else(pc.equal(column, ""), None, column), 9, "0")
        if key in ("name", "half", "zone"):
            found[key] = _looked_up(column, _TABLES[key])
        else:
            numbers = pc.cast(pc.if_else(pc.equal(column, ""), None, column), pa.int32())
            found[key] = pc.fill_null(numbers, -1).to_numpy(zero_copy_only=False)
    return found


def _looked_up(texts: pa.Array, value: Any) -> NDArray[np.float64]:
    coded = pc.dictionary_encode(texts)
    table = np.array([value(text) if text else np.nan for text in coded.dictionary.to_pylist()] + [np.nan])
    return np.asarray(table[pc.fill_null(coded.indices, len(table) - 1).to_numpy(zero_copy_only=False)])


def _minutes(zone: str) -> float:
    if zone in ("Z", "UTC", "GMT"):
        return 0.0
    digits = zone[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return float(-minutes if zone[0] == "-" else minutes)


_TABLES = {
    "name": lambda text: MONTHS.index(text.lower()) + 1,
    "half": lambda text: 12.0 if text.lower() == "p" else 0.0,
    "zone": _minutes,
}


def _day_or_month_first(parts: list[dict[str, NDArray[Any]]]) -> tuple[str, bool]:
    """From all values: a number above 12 is a day; failing that, the reading whose days advance in order."""
    a, b = (np.concatenate([part[key] for part in parts]) for key in ("a", "b"))
    y = np.concatenate([_years(part) for part in parts])
    days_first, days_second = int((a > 12).sum()), int((b > 12).sum())
    if days_first != days_second:
        return (DAY_FIRST, False) if days_first > days_second else (MONTH_FIRST, False)
    whole = a > 0
    year, first, second = y[whole], a[whole].astype(np.int64), b[whole].astype(np.int64)
    disorder = {}
    for name, day, month in ((DAY_FIRST, first, second), (MONTH_FIRST, second, first)):
        jumps = np.diff(year * 372 + month * 31 + day)
        disorder[name] = int((jumps < 0).sum()), int(np.abs(jumps).sum())
    if disorder[DAY_FIRST] != disorder[MONTH_FIRST]:
        return min(disorder, key=lambda name: disorder[name]), False
    return DAY_FIRST, bool((first != second).any())


def _years(fields: dict[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Four digits as they are; two as POSIX has them: 69 to 99 are of the last century."""
    year = fields["y"].astype(np.int64)
    short = fields.get("yy", np.full(len(year), -1)).astype(np.int64)
    return np.where(short >= 0, short + np.where(short < 69, 2000, 1900), year)


def _assembled(fields: dict[str, NDArray[Any]]) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Local nanoseconds, offset in minutes, and which dates are real but cannot be held, ``(n,)`` each."""
    year = _years(fields)
    month = np.nan_to_num(fields["m"] if "m" in fields else fields["name"], nan=-1).astype(np.int64)
    day = fields["d"].astype(np.int64)
    hour, minute, second, fraction = (np.maximum(fields[key], 0).astype(np.int64) for key in ("H", "M", "S", "f"))
    half = fields.get("half", np.full(len(year), np.nan))
    twelve = np.isfinite(half)
    valid = ~twelve | ((hour >= 1) & (hour <= 12))
    hour = np.where(twelve, hour % 12 + np.nan_to_num(half).astype(np.int64), hour)
    valid &= (month >= 1) & (month <= 12) & (day >= 1) & (minute < 60) & (second <= 60)
    valid &= (hour < 24) | ((hour == 24) & (minute == 0) & (second == 0))  # ISO 8601 lets a day end at 24:00
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (np.where(valid, day, 1) - 1)
    valid &= days.astype("datetime64[M]") == months  # no 30 February
    outside = valid & ((year < FIRST_YEAR) | (year > LAST_YEAR))
    valid &= ~outside
    seconds = (hour * 60 + minute) * 60 + second
    local = np.where(valid, days.astype(np.int64), 0) * DAY + seconds * 10**9 + fraction
    return np.where(valid, local, NAT), fields["zone"].astype(np.float64), outside
