import html

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsanomaly.report import words


def minutes(number):
    return np.timedelta64(round(number * 60e9), "ns")


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (minutes(5), "5 min"),
        (minutes(200), "3 h 20 min"),
        (minutes(24 * 60), "1 day"),
        (minutes(50 * 60), "2 days 2 h"),
        (minutes(24 * 60 + 1), "1 day"),
        (minutes(0.025), "1 s 500 ms"),
        (np.timedelta64(250, "ns"), "250 ns"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(span, text):
    assert words.lasting(span) == text


@pytest.mark.parametrize(
    ("when", "text"),
    [
        ("2014-02-03T05:00:00", "3 Feb 2014, 05:00"),
        ("2014-02-03T05:00:07+01:00", "3 Feb 2014, 05:00:07"),
        ("2014-02-03T05:00:07.250000", "3 Feb 2014, 05:00:07.25"),
        (1512, "row 1,512"),
    ],
)
def test_a_moment_is_said_as_people_write_it(when, text):
    assert words.clock(when) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (0.001, "under 1 %"), (0.5, "50 %"), (0.9999, "over 99 %"), (1, "100 %")]
)
def test_a_share_never_rounds_to_nothing_or_to_all(share, text):
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("severity", "text"),
    [
        (0, "ordinary rows score as high"),
        (10, "one row in 10 scores as high"),
        (23.4, "one row in 220 scores as high"),
        (60, "one row in 1,000,000 scores as high"),
        (100, "one row in 10,000,000,000 scores as high"),
    ],
)
def test_a_severity_is_said_in_rows(severity, text):
    assert words.rarity(severity) == text


def test_a_message_becomes_a_sentence():
    assert words.sentence("the time is used up") == "The time is used up."
    assert words.sentence("Done!") == "Done!"


def test_the_year_is_left_out_where_the_series_is_too_short_to_need_it(make_events):
    week, year = make_events([(100, 110)]), make_events([(100, 110)], step=np.timedelta64(6 * 3600 * 10**9, "ns"))
    assert words.brief(week[0].start, week.series) == "29 Mar, 04:20"
    assert words.brief(year[0].start, year.series) == "22 Apr 2026, 20:00"
    rows = make_events([(100, 110)], step=None)
    assert words.brief(rows[0].start, rows.series) == "row 100"


@given(st.text(max_size=200))
def test_a_name_becomes_one_line_of_harmless_text(name):
    shown = words.shown(name)
    assert len(shown) <= 60
    assert not any(letter in shown for letter in "\n\r\t\0\u202e\u200f\u2028")
    escaped = words.as_html(name)
    assert not set(escaped) & set("<>\"'")
    assert html.unescape(escaped) == shown


def test_headline_names_how_many_and_how_long(make_events):
    events = make_events([(100, 110), (500, 501)], rows=2016)
    assert words.headline(events) == "2 events in 7 days"
    assert words.worst(events) == "The most severe, 89 of 100, is at 29 Mar 2026, 04:20: pressure below expected."
    assert words.headline(make_events([], rows=2016)) == "No events in 7 days"
    assert words.worst(make_events([])) == ""


def test_times_are_said_on_the_clock_of_the_zone(make_events):
    events = make_events([(100, 110)], zone="Europe/Berlin")
    assert words.clock(events[0].start) == "29 Mar 2026, 06:20"  # summer time began that night
    assert words.zone_of(events.series) == "times in Europe/Berlin"


def test_what_was_not_judged_is_said(make_events):
    assert words.not_judged(make_events([])) == "All 2,000 rows were judged."
    said = words.not_judged(make_events([], gaps=[(10, 30)]))
    assert said == "20 rows (1 %) could not be judged: values are missing there."


def test_an_event_says_which_channels_broke_and_how(make_events):
    assert words.why(make_events([(5, 9)])[0]) == "pressure 80 %, below expected; flow 20 %, above and below expected"


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("pump.csv.gz", "pump"),
        ("../../etc/passwd", "etc-passwd"),
        ("a b<i>.parquet", "a-b-i"),
        (".csv", "series"),
        ("", "series"),
    ],
)
def test_files_made_from_a_name_are_named_safely(name, stem):
    assert words.stem(name) == stem
