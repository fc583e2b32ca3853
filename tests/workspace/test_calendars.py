"""Calendars keep their clock, come back as they were, and refuse what would never end."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.workspace.calendars import MOST_ENTRIES, Calendar

ONE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//other//EN
BEGIN:VEVENT
UID:1
SUMMARY:{summary}
DTSTART{start}
DTEND{end}
{more}
END:VEVENT
END:VCALENDAR
"""


MARS = ";TZID=Mars/Olympus:20260105T{:02}0000"


def ics(more="X-NOTHING:1", start=":20260105T080000Z", end=":20260105T100000Z", summary="Inspection"):
    return ONE.format(more=more, start=start, end=end, summary=summary)


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


def hours(spans):
    return [(span.start.hour + span.start.minute / 60, (span.end - span.start) / timedelta(hours=1)) for span in spans]


def test_a_weekly_window_keeps_the_time_of_its_zone_when_the_clocks_change():
    calendar = Calendar.weekly("Backup", ["SU"], time(4), timedelta(hours=2), "Europe/Berlin", date(2026, 3, 1))
    spans = calendar.spans(at(2026, 3, 20), at(2026, 4, 6))
    assert [span.start for span in spans] == [at(2026, 3, 22, 3), at(2026, 3, 29, 2), at(2026, 4, 5, 2)]
    assert {span.end - span.start for span in spans} == {timedelta(hours=2)}
    assert {span.summary for span in spans} == {"Backup"}


def test_a_window_over_the_change_of_clocks_lasts_as_long_as_it_says():
    # 02:30 does not exist on 29 March 2026 in Berlin, and comes twice on 25 October.
    calendar = Calendar.weekly("Backup", ["SU"], time(2, 30), timedelta(hours=1), "Europe/Berlin", date(2026, 3, 1))
    assert hours(calendar.spans(at(2026, 3, 29), at(2026, 3, 30))) == [(1.5, 1.0)]
    assert hours(calendar.spans(at(2026, 10, 25), at(2026, 10, 26))) == [(0.5, 1.0)]


def test_an_entry_from_one_to_four_on_the_clock_lasts_two_hours_in_spring_and_four_in_autumn():
    start, end = ";TZID=Europe/Berlin:20260322T010000", ";TZID=Europe/Berlin:20260322T040000"
    calendar = Calendar.read(ics("RRULE:FREQ=WEEKLY", start, end))
    assert hours(calendar.spans(at(2026, 3, 28), at(2026, 3, 30))) == [(0.0, 2.0)]
    assert hours(calendar.spans(at(2026, 10, 24), at(2026, 10, 26))) == [(23.0, 4.0)]


def test_an_entry_that_begins_in_the_hour_that_is_skipped_keeps_its_length():
    start, end = ";TZID=Europe/Berlin:20260322T023000", ";TZID=Europe/Berlin:20260322T033000"
    calendar = Calendar.read(ics("RRULE:FREQ=WEEKLY", start, end))
    assert hours(calendar.spans(at(2026, 3, 28), at(2026, 3, 30))) == [(1.5, 1.0)]


def test_whole_days_and_times_without_a_zone_are_those_of_the_zone_given():
    days = Calendar.read(ics(start=";VALUE=DATE:20260328", end=";VALUE=DATE:20260330"), zone="Europe/Berlin")
    [span] = days.spans(at(2026, 3, 1), at(2026, 4, 1))
    assert (span.start, span.end) == (at(2026, 3, 27, 23), at(2026, 3, 29, 22))
    floating = Calendar.read(ics(start=":20260105T080000", end=":20260105T100000"), zone="Asia/Tokyo")
    assert floating.entries[0].start == at(2026, 1, 4, 23)


def test_left_out_and_moved_occurrences_are():
    moved = "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20260107T080000Z\nDTSTART:20260107T120000Z\nDTEND:20260107T130000Z"
    text = ics("RRULE:FREQ=DAILY;COUNT=4\nEXDATE:20260106T080000Z").replace(
        "END:VEVENT\nEND:VCALENDAR", f"END:VEVENT\n{moved}\nEND:VEVENT\nEND:VCALENDAR"
    )
    calendar = Calendar.read(text)
    assert [span.start for span in calendar.spans(at(2026, 1, 1), at(2026, 2, 1))] == [
        at(2026, 1, 5, 8),
        at(2026, 1, 7, 12),
        at(2026, 1, 8, 8),
    ]
    assert len(calendar.entries) == 1


@pytest.mark.parametrize(
    "summary", ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "\u202egnp", "x" * 10_000, "a\\, b\\; c"]
)
def test_it_comes_back_as_it_was_and_hostile_titles_stay_text(summary):
    calendar = Calendar.read(ics("RRULE:FREQ=MONTHLY;BYDAY=-1FR", summary=summary).encode())
    assert Calendar.read(calendar.to_ics()) == calendar
    assert calendar.entries[0].summary == summary.replace("\\", "")
    assert Calendar.from_entries(calendar.to_entries().values()).entries == calendar.entries


def test_calendars_are_put_together_and_taken_apart_by_uid():
    backup = Calendar.weekly("Backup", ["MO", "TH"], time(1), timedelta(hours=1), "UTC")
    visit = Calendar.once("Visit", at(2026, 1, 5, 9), at(2026, 1, 5, 12))
    both = backup.plus(visit)
    assert [entry.summary for entry in both.entries] == ["Backup", "Visit"]
    assert both.plus(visit) == both
    assert both.without(visit.entries[0].uid).entries == backup.entries
    assert [span.summary for span in both.spans(at(2026, 1, 5), at(2026, 1, 6))] == ["Backup", "Visit"]


def test_a_span_that_began_before_the_time_asked_for_is_there():
    calendar = Calendar.once("Visit", at(2026, 1, 5, 9), at(2026, 1, 9))
    assert len(calendar.spans(at(2026, 1, 7), at(2026, 1, 8))) == 1
    assert calendar.spans(at(2026, 1, 9), at(2026, 1, 10)) == ()


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=SECONDLY",
        "FREQ=HOURLY",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYDAY=9MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
        "FREQ=MONTHLY;INTERVAL=2;BYMONTH=2",
        "FREQ=DAILY;BYSECOND=1",
        "FREQ=NEVER",
        "nonsense",
    ],
)
def test_a_rule_that_might_never_end_is_refused_with_the_entry_s_name(rule):
    with pytest.raises(
        DataError, match=r"^entry 'Inspection' of 'plant.ics' recurs by a rule that is not understood \("
    ):
        Calendar.read(ics(f"RRULE:{rule}"), "plant.ics")


def test_a_file_s_own_zones_are_not_run():
    zone = "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0900\n"
    zone += "TZOFFSETTO:+0900\nRRULE:FREQ=SECONDLY\nEND:STANDARD\nEND:VTIMEZONE\n"
    start, end = ";TZID=Europe/Berlin:20260105T080000", ";TZID=Europe/Berlin:20260105T090000"
    text = ics(start=start, end=end).replace("BEGIN:VEVENT", f"{zone}BEGIN:VEVENT")
    assert Calendar.read(text).entries[0].start == at(2026, 1, 5, 7)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe", "'plant.ics' is no calendar; expected an .ics file that begins with BEGIN:VCALENDAR"),
        ("time,flow\n", "'plant.ics' is no calendar"),
        ("BEGIN:VCALENDAR\n" * 5000, "'plant.ics' is no calendar"),
        (ics(start=":never"), "entry 'Inspection' of 'plant.ics' has no time that can be read"),
        (ics(end=":20250101T000000Z"), "entry 'Inspection' of 'plant.ics' ends before it starts"),
        (ics(start=MARS.format(8), end=MARS.format(9)), "names the zone 'Mars/Olympus', which is not known"),
        (ics() + "x" * 5 * 2**20, "a calendar may have 4,194,304"),
    ],
)
def test_what_is_no_calendar_is_refused_in_one_sentence(content, sentence):
    with pytest.raises(DataError) as raised:
        Calendar.read(content, "plant.ics")
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_more_entries_than_fit_are_refused():
    event = ics()[ics().index("BEGIN:VEVENT") : ics().index("END:VCALENDAR")]
    text = ics().replace("END:VCALENDAR", event * MOST_ENTRIES + "END:VCALENDAR")
    with pytest.raises(DataError, match="has 5,001 entries, 0 of them recurring; at most 5,000 and 500 are read"):
        Calendar.read(text)


def test_more_occurrences_than_fit_are_refused_before_they_are_made():
    event = ics("RRULE:FREQ=DAILY")[ics().index("BEGIN:VEVENT") :].replace("END:VCALENDAR\n", "")
    text = ics().replace("END:VCALENDAR", event * 100 + "END:VCALENDAR")
    with pytest.raises(DataError, match="more than 20,000 occurrences in that time; ask for less"):
        Calendar.read(text).spans(at(2026, 1, 1), at(2030, 1, 1))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Calendar.weekly("x", ["XX"], time(1), timedelta(hours=1), "UTC"), "expected some of MO, TU, WE"),
        (lambda: Calendar.weekly("x", ["MO"], time(1), timedelta(0), "UTC"), "expected more than nothing"),
        (lambda: Calendar.weekly("x", ["MO"], time(1), timedelta(hours=1), "Mars"), "there is no zone 'Mars'"),
        (lambda: Calendar.once("x", at(2026, 1, 2), at(2026, 1, 1)), "the end after the start"),
        (lambda: Calendar.once("x", datetime(2026, 1, 1), at(2026, 1, 2)), "expected times with zones"),
        (lambda: Calendar().spans(at(2026, 1, 1), at(2060, 1, 1)), "no more than 20 years between"),
    ],
)
def test_a_wrong_setting_is_named(make, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        make()
