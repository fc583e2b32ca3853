"""A label, and how labels' times and names are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tsanomaly.detection.verdicts import Judgement, Moment
from tsanomaly.errors import DataError

FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""What a cell must not begin with, or a spreadsheet runs it; the apostrophe is how it is kept from that."""


@dataclass(frozen=True)
class Label:
    """A stretch of a series that somebody or something judged.

    Attributes:
        series: its name; empty where the format has none.
        start, end: half open; aware times, or row numbers of a series without a clock.
        judgement: what it was.
        note, author: in words.
        channels: which broke; empty: all, or not said.
    """

    series: str
    start: Moment
    end: Moment
    judgement: Judgement = Judgement.TRUE
    note: str = ""
    author: str = ""
    channels: tuple[str, ...] = ()


def judged(text: str) -> tuple[Judgement, str]:
    """A judgement and a note of another tool's label: what is no judgement of ours is a true anomaly of that name."""
    known = {str(judgement): judgement for judgement in Judgement}
    return (known[text.strip().lower()], "") if text.strip().lower() in known else (Judgement.TRUE, text)


def as_text(moment: Moment) -> str:
    """``2026-03-28T18:10:00+00:00``, or the row."""
    return moment.astimezone(UTC).isoformat() if isinstance(moment, datetime) else str(moment)


def moment(written: object, zone: str | None = None) -> Moment:
    """A time of any of the formats: ISO 8601, seconds or milliseconds since 1970, or a row.

    Whole numbers below a hundred million are rows, those below a hundred thousand million seconds.

    Args:
        zone: of times that name none; ``None``: UTC.

    Raises:
        DataError: it is no time.
    """
    if isinstance(written, str):
        written = written.strip()
        try:
            written = float(written) if "." in written else int(written)
        except ValueError:
            return _iso(str(written), zone)
    if isinstance(written, bool) or not isinstance(written, int | float) or not 0 <= written < 1e14:
        raise DataError(f"'{str(written)[:40]}' is no time; expected one such as 2026-03-28T18:10:00Z")
    if isinstance(written, int) and written < 1e8:
        return written
    seconds = written if written < 1e11 else written / 1000
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=round(seconds * 1e6))


def _iso(written: str, zone: str | None) -> datetime:
    try:
        when = datetime.fromisoformat(written)
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC if zone is None else ZoneInfo(zone))
        return when.astimezone(UTC)
    except (ValueError, OverflowError):
        raise DataError(f"'{written[:40]}' is no time; expected one such as 2026-03-28T18:10:00Z") from None


def guarded(text: str) -> str:
    """For a cell: an apostrophe before what a spreadsheet would run; :func:`unguarded` takes it away again."""
    return f"'{text}" if text.startswith(FORMULA) else text


def unguarded(cell: str) -> str:
    """What :func:`guarded` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell
