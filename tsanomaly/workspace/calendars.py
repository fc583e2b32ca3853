"""Calendars of known maintenance, as ``.ics`` files: read, put together, written, and unrolled into spans of time.

Reading and unrolling are icalendar's and recurring_ical_events'; zones and summer time are the zones' own. Files come
from anywhere, and a rule of recurrence is a small program: an interval of 0, or the 30th of February every day, keeps a
computer busy for ever. So :data:`RULES` says which rules are understood; any other is refused by name when the file is
read. A file's own definitions of zones hold such rules as well: they are not read, a zone is known by its name.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import icalendar
import recurring_ical_events

from tsanomaly.detection.verdicts import Span
from tsanomaly.errors import ConfigurationError, DataError

LARGEST = 4 * 2**20
"""Bytes of a file."""

MOST_ENTRIES = 5_000
"""Entries of a calendar."""

MOST_RECURRING = 500
"""Of them, those that recur."""

MOST_SPANS = 20_000
"""Spans unrolled at once."""

LONGEST = timedelta(days=20 * 366)
"""Time that may be unrolled at once."""

RULES = {
    "DAILY": frozenset(("BYDAY", "BYMONTH")),
    "WEEKLY": frozenset(("BYDAY", "BYMONTH")),
    "MONTHLY": frozenset(("BYDAY", "BYMONTHDAY", "BYMONTH")),
    "YEARLY": frozenset(("BYDAY", "BYMONTHDAY", "BYMONTH")),
}
"""How often an entry may recur, and what may narrow it down: each of these comes round within a few years, so that
looking for the next one ends."""

_ALWAYS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_OWN_ZONES = re.compile(r"^BEGIN:VTIMEZONE\s*$.*?^END:VTIMEZONE\s*$", re.DOTALL | re.MULTILINE | re.IGNORECASE)

_A_DAY = {"DAILY": 1.0, "WEEKLY": 1 / 7, "MONTHLY": 1 / 28, "YEARLY": 1 / 28}
"""Occurrences a day, for each weekday named, at most."""

_LONGEST_MONTHS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


@dataclass(frozen=True)
class Entry:
    """One entry of a calendar, as it is listed.

    Attributes:
        uid: what the file calls it.
        summary: its title.
        start, end: of the first occurrence, half open, in UTC.
        rule: how it recurs, in the file's notation such as ``FREQ=WEEKLY;BYDAY=SU``; empty: it does not.
        zone: whose clock it goes by; empty: UTC, or as written.
    """

    uid: str
    summary: str
    start: datetime
    end: datetime
    rule: str
    zone: str


@dataclass(frozen=True)
class Calendar:
    """A calendar; combining makes another one.

    Attributes:
        text: in the notation of ``.ics`` files.
        zone: of entries that name none, and of whole days.
    """

    text: str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tsanomaly//EN\r\nEND:VCALENDAR\r\n"
    zone: str = "UTC"

    @classmethod
    def read(cls, content: bytes | str, name: str = "the calendar", zone: str = "UTC") -> Self:
        """A calendar from the content of an ``.ics`` file.

        Args:
            name: of the file, for messages.
            zone: of entries that name none, and of whole days: an IANA name.

        Raises:
            DataError: it is no calendar, too large, or holds what cannot be unrolled safely.
            ConfigurationError: there is no such zone.
        """
        name = name[:80]
        _zone(zone)
        if len(content) > LARGEST:
            raise DataError(f"'{name}' has {len(content):,} bytes; a calendar may have {LARGEST:,}")
        try:
            text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
            parsed = icalendar.Calendar.from_ical(_OWN_ZONES.sub("", text))
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            raise DataError(
                f"'{name}' is no calendar; expected an .ics file that begins with BEGIN:VCALENDAR"
            ) from None
        _check(parsed, name)
        return cls(_write(parsed.walk("VEVENT")), zone)

    @classmethod
    def once(cls, summary: str, start: datetime, end: datetime) -> Self:
        """A calendar with one entry.

        Raises:
            ConfigurationError: a time without a zone, or an end before the start.
        """
        if start.tzinfo is None or end.tzinfo is None or end <= start:
            raise ConfigurationError(
                f"an entry from {start} to {end}; expected times with zones, the end after the start"
            )
        return cls(_write([_event(summary, start.astimezone(UTC), end.astimezone(UTC))]))

    @classmethod
    def weekly(
        cls, summary: str, days: Sequence[str], at: time, lasting: timedelta, zone: str, since: date | None = None
    ) -> Self:
        """A calendar with one entry that comes back every week, on the clock of a zone.

        Args:
            days: ``MO`` to ``SU``.
            at: the time of day it begins.
            since: the first day it may begin; ``None``: 1 January 2000.

        Raises:
            ConfigurationError: a day or a zone that there is not, no day, or no duration.
        """
        unknown = [day for day in days if day not in _DAYS]
        if unknown or not days:
            raise ConfigurationError(
                f"days of the week are {', '.join(days)[:40]}; expected some of {', '.join(_DAYS)}"
            )
        if not timedelta(0) < lasting <= timedelta(days=7):
            raise ConfigurationError(f"a weekly entry lasts {lasting}; expected more than nothing and at most a week")
        first = since or date(2000, 1, 1)
        first += timedelta(days=min((_DAYS.index(day) - first.weekday()) % 7 for day in days))
        start = datetime.combine(first, at, _zone(zone))
        event = _event(summary, start, None)
        event.add("duration", lasting)
        event.add("rrule", {"freq": "weekly", "byday": list(days)})
        return cls(_write([event]))

    def to_ics(self) -> str:
        """The content of an ``.ics`` file."""
        return self.text

    def plus(self, other: Calendar) -> Calendar:
        """This calendar and another one; of entries with the same ``uid`` the other's."""
        replaced = {entry.uid for entry in other.entries}
        kept = [event for event in self._parsed.walk("VEVENT") if str(event.get("UID", "")) not in replaced]
        return Calendar(_write([*kept, *other._parsed.walk("VEVENT")]), self.zone)

    def without(self, uid: str) -> Calendar:
        """This calendar without an entry."""
        kept = [event for event in self._parsed.walk("VEVENT") if str(event.get("UID", "")) != uid]
        return Calendar(_write(kept), self.zone)

    def to_entries(self) -> dict[str, dict[str, str]]:
        """Each entry by its uid, in plain types ready for JSON, to be stored by itself; see :meth:`from_entries`."""
        by_uid: dict[str, list[Any]] = {}
        for event in self._parsed.walk("VEVENT"):
            by_uid.setdefault(str(event.get("UID", "")), []).append(event)
        return {uid: {"ics": _write(events), "zone": self.zone} for uid, events in by_uid.items()}

    @classmethod
    def from_entries(cls, entries: Iterable[Mapping[str, str]]) -> Calendar:
        """One calendar of stored entries.

        Raises:
            DataError: one of them is none.
        """
        calendar: Calendar = cls()
        for entry in entries:
            part = cls.read(entry.get("ics", ""), "a stored entry", entry.get("zone", "UTC"))
            calendar = Calendar(calendar.text, part.zone).plus(part)
        return calendar

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """What is in it, by start."""
        events = [event for event in self._parsed.walk("VEVENT") if "RECURRENCE-ID" not in event]
        return tuple(sorted((self._entry(event) for event in events), key=lambda entry: (entry.start, entry.uid)))

    def spans(self, start: datetime, end: datetime) -> tuple[Span, ...]:
        """The occurrences that reach into a stretch of time, in UTC, by start.

        Raises:
            ConfigurationError: the stretch is turned around, longer than 20 years, or in times without a zone.
            DataError: there are too many.
        """
        if start.tzinfo is None or end.tzinfo is None or not timedelta(0) <= end - start <= LONGEST:
            raise ConfigurationError(
                f"a calendar is asked from {start} to {end}; expected times with zones, the end after the start, "
                "and no more than 20 years between"
            )
        lasting = {str(e.get("UID", "")): e.get("DURATION").dt for e in self._parsed.walk("VEVENT") if "DURATION" in e}
        expected = sum(_a_day(event) for event in self._parsed.walk("VEVENT")) * ((end - start).days + 1)
        if expected > MOST_SPANS:
            raise DataError(f"the calendar has more than {MOST_SPANS:,} occurrences in that time; ask for less")
        events = recurring_ical_events.of(self._parsed).between(start, end)
        found = [
            self._span(event, self._moment(event.start), lasting.get(str(event.get("UID", "")))) for event in events
        ]
        return tuple(sorted(found, key=lambda span: (span.start, span.end)))

    @cached_property
    def _parsed(self) -> Any:
        return icalendar.Calendar.from_ical(self.text)

    def _span(self, event: Any, first: datetime, exact: timedelta | None) -> Span:
        """A duration is exact; an end is on the clock, and falls back to it where the clock skips the start."""
        last = first + exact if exact is not None else self._moment(event.end)
        if last <= first:
            last = first + (event.end - event.start)
        return Span(first, last, str(event.get("SUMMARY", "")))

    def _entry(self, event: Any) -> Entry:
        first = self._moment(event.start)
        span = self._span(event, first, event.get("DURATION").dt if "DURATION" in event else None)
        rule = event.get("RRULE")
        zone = event["DTSTART"].params.get("TZID", "")
        written = rule.to_ical().decode() if rule is not None else ""
        return Entry(str(event.get("UID", "")), span.summary, first, span.end, written, str(zone))  # type: ignore[arg-type]

    def _moment(self, when: date | datetime) -> datetime:
        """In UTC; a day begins at midnight."""
        if not isinstance(when, datetime):
            when = datetime.combine(when, time())
        return (when if when.tzinfo else when.replace(tzinfo=_zone(self.zone))).astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(f"there is no zone '{name[:40]}'; expected a name such as Europe/Berlin") from None


def _event(summary: str, start: datetime, end: datetime | None) -> icalendar.Event:
    event = icalendar.Event()
    said = "\0".join(map(str, (summary, start, end)))
    event.add("uid", f"{hashlib.blake2s(said.encode(), digest_size=10).hexdigest()}@tsanomaly")
    event.add("summary", summary)
    event.add("dtstart", start)
    if end is not None:
        event.add("dtend", end)
    return event


def _write(events: Sequence[Any]) -> str:
    """A calendar of these events, with the zones they name; whatever else a file held is left behind."""
    calendar = icalendar.Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//tsanomaly//EN")
    for event in events:
        calendar.add_component(_plain(event))
    calendar.add_missing_timezones()
    return str(calendar.to_ical().decode())


_KEPT = ("UID", "SUMMARY", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")


def _plain(event: Any) -> icalendar.Event:
    """What matters of an event: when, how often, and what it is called."""
    plain = icalendar.Event()
    for name in _KEPT:
        if name in event:
            plain[name] = event[name]
    return plain


def _check(calendar: Any, name: str) -> None:
    """Refuse what is missing, broken, or would keep a computer busy."""
    events = calendar.walk("VEVENT")
    recurring = [event for event in events if "RRULE" in event or "RDATE" in event]
    if len(events) > MOST_ENTRIES or len(recurring) > MOST_RECURRING:
        raise DataError(
            f"'{name}' has {len(events):,} entries, {len(recurring):,} of them recurring; "
            f"at most {MOST_ENTRIES:,} and {MOST_RECURRING:,} are read"
        )
    for event in events:
        said = f"entry '{str(event.get('SUMMARY', event.get('UID', '')))[:60]}' of '{name}'"
        zones = {str(event[part].params.get("TZID", "")) for part in ("DTSTART", "DTEND") if part in event}
        try:
            start, end = event.start, event.end
            whole = isinstance(start, datetime) == isinstance(end, datetime) and start <= end and start.year < 9000
        except Exception:
            raise DataError(f"{said} has no time that can be read; mend it, or leave it out") from None
        if not whole:
            raise DataError(f"{said} ends before it starts, or lies too far off; mend it, or leave it out")
        if isinstance(start, datetime) and start.tzinfo is None and any(zones):
            raise DataError(
                f"{said} names the zone '{max(zones)[:40]}', which is not known; expected one like Europe/Berlin"
            )
        rules = event.get("RRULE", [])
        for rule in rules if isinstance(rules, list) else [rules]:
            if "EXRULE" in event or not _ends(rule, event.start):
                raise DataError(
                    f"{said} recurs by a rule that is not understood ({_in_words(rule)}); expected one by the day, "
                    "week, month or year, narrowed down by days or months that there are"
                )


def _in_words(rule: Any) -> str:
    try:
        return str(rule.to_ical().decode())[:80]
    except (AttributeError, ValueError, TypeError):
        return "it cannot be read"


def _a_day(event: Any) -> float:
    """How often an entry occurs each day, at most."""
    rule = event.get("RRULE")
    if rule is None:
        return 0.0
    return _A_DAY[str(rule["FREQ"][0]).upper()] * max(1, len(rule.get("BYDAY", [])), len(rule.get("BYMONTHDAY", [])))


def _ends(rule: Any, start: date) -> bool:
    """Whether a rule is one of ``RULES`` and comes round soon, so that looking for its next time ends."""
    if not isinstance(rule, icalendar.vRecur) or isinstance(rule, list):
        return False
    parts = {str(key).upper(): value for key, value in rule.items()}
    frequency = str(parts.get("FREQ", [""])[0]).upper()
    if frequency not in RULES or set(parts) - _ALWAYS - RULES[frequency] or start.year < 1970:
        return False
    interval = int(parts.get("INTERVAL", [1])[0])
    narrowed = set(parts) - _ALWAYS
    if not 1 <= interval <= 1000 or (interval > 1 and narrowed - ({"BYDAY"} if frequency == "WEEKLY" else set())):
        return False
    months = [int(month) for month in parts.get("BYMONTH", [])]
    days = [int(day) for day in parts.get("BYMONTHDAY", [])]
    weekdays = [str(day).upper() for day in parts.get("BYDAY", [])]
    if days and weekdays:
        return False
    possible = not days or any(
        0 < abs(day) <= _LONGEST_MONTHS.get(month, 31) for day, month in itertools.product(days, months or [1])
    )
    ordinal = {"MONTHLY": 4, "YEARLY": 4 if months else 52}.get(frequency, 0)
    return possible and all(_is_weekday(day, ordinal) for day in weekdays) and all(1 <= m <= 12 for m in months)


def _is_weekday(written: str, ordinal: int) -> bool:
    """``SU``, or where an ordinal makes sense ``2SU`` and ``-1SU``."""
    number = written[:-2]
    return written[-2:] in _DAYS and (not number or (number.lstrip("+-").isdigit() and 0 < abs(int(number)) <= ordinal))
