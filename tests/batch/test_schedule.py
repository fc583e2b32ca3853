"""Schedules across changes of clocks, leap days and a machine's clock that steps back, beside a slow twin."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tsanomaly.batch.job import Schedule
from tsanomaly.batch.schedule import due, latest_time, next_time, times

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

CHANGES = {
    "Europe/Berlin": [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)],
    "America/Sao_Paulo": [datetime(2018, 11, 4, 3, tzinfo=UTC), datetime(2019, 2, 17, 2, tzinfo=UTC)],
    "Australia/Lord_Howe": [datetime(2026, 10, 3, 15, 30, tzinfo=UTC), datetime(2026, 4, 4, 15, tzinfo=UTC)],
    "UTC": [datetime(2024, 2, 29, tzinfo=UTC)],
}
"""When clocks change (in Sao Paulo at midnight, on Lord Howe by half an hour); in UTC, without any, a leap day."""


# --- the slow twin: look at every minute ----------------------------------------------------------------------------


def numbers(field, lowest, highest):
    """The values that one field of a cron expression stands for."""
    found = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (lowest, None, highest) if span == "*" else span.partition("-")
        last = last or (highest if step else first)
        found |= set(range(int(first), int(last) + 1, int(step or 1)))
    return found


def matches(cron, clock):
    minute, hour, day, month, weekday = cron.split()
    on_day = clock.day in numbers(day, 1, 31)
    on_weekday = clock.isoweekday() % 7 in {number % 7 for number in numbers(weekday, 0, 7)}
    both = day.startswith("*") or weekday.startswith("*")
    return (
        clock.minute in numbers(minute, 0, 59)
        and clock.hour in numbers(hour, 0, 23)
        and clock.month in numbers(month, 1, 12)
        and (on_day and on_weekday if both else on_day or on_weekday)
    )


def naive_times(cron, zone, after, until):
    """Walk minute by minute and look at the clock on the wall."""
    zone = ZoneInfo(zone)
    fixed = not cron.split()[0].startswith("*") and not cron.split()[1].startswith("*")
    moment = after.replace(second=0, microsecond=0)
    before = (moment - MINUTE).astimezone(zone).replace(tzinfo=None)
    seen = {(moment - back * MINUTE).astimezone(zone).replace(tzinfo=None) for back in range(1, 240)}
    while moment <= until:
        clock = moment.astimezone(zone).replace(tzinfo=None)
        shown = [clock]
        if fixed:
            skipped = [before + i * MINUTE for i in range(1, (clock - before) // MINUTE)]
            shown = skipped + ([] if clock in seen else [clock])
        if moment > after and any(matches(cron, one) for one in shown):
            yield moment
        seen.add(clock)
        before, moment = clock, moment + MINUTE


# --- what schedules there are ---------------------------------------------------------------------------------------


def field(lowest, highest, *, wild=True):
    number = st.integers(lowest, highest)
    several = st.lists(number, min_size=1, max_size=3).map(lambda found: ",".join(map(str, sorted(set(found)))))
    span = st.tuples(number, number).map(lambda two: f"{min(two)}-{max(two)}")
    choices = [several, span]
    if wild:
        choices += [st.just("*"), st.sampled_from([2, 5, 7, 15]).map("*/{}".format)]
    return st.one_of(choices)


near_the_change = st.sampled_from(["0", "1", "2", "3", "23", "0,1,2,3", "1-3", "22-23", "*", "*/2", "*/3"])
days = st.sampled_from(["*", "*", "*", "29", "1,4,17,25,29", "*/2", "28-31"])
weekdays = st.sampled_from(["*", "*", "*", "0", "7", "6,0", "1-5", "*/2"])
months = st.sampled_from(["*", "*", "2", "2-4", "3,4,10,11", "*/2"])
crons = st.builds("{} {} {} {} {}".format, field(0, 59), near_the_change | field(0, 23), days, months, weekdays)
zones_and_changes = st.sampled_from([(zone, change) for zone, found in CHANGES.items() for change in found])


@settings(max_examples=60, deadline=None)
@given(crons, zones_and_changes, st.integers(-26 * 60, 6 * 60), st.integers(0, 59))
@example("30 2 * * *", ("Europe/Berlin", CHANGES["Europe/Berlin"][0]), -600, 0)
@example("30 2 * * *", ("Europe/Berlin", CHANGES["Europe/Berlin"][1]), -40, 0)  # asked between its two passes
@example("30 2 * * *", ("Europe/Berlin", CHANGES["Europe/Berlin"][1]), 10, 0)
@example("0,30 2,3 * * *", ("Europe/Berlin", CHANGES["Europe/Berlin"][0]), -600, 0)
@example("0 0 * * *", ("America/Sao_Paulo", CHANGES["America/Sao_Paulo"][0]), -600, 0)
@example("*/30 0 * * *", ("America/Sao_Paulo", CHANGES["America/Sao_Paulo"][0]), -600, 0)
@example("*/30 * * * 0", ("America/Sao_Paulo", CHANGES["America/Sao_Paulo"][0]), -600, 0)
@example("30 23 * * *", ("America/Sao_Paulo", CHANGES["America/Sao_Paulo"][1]), -600, 0)
@example("15 2 * * *", ("Australia/Lord_Howe", CHANGES["Australia/Lord_Howe"][0]), -600, 0)
def test_times_are_those_of_a_walk_through_every_minute(cron, where, start, second):
    zone, change = where
    after = change + timedelta(minutes=start, seconds=second)
    until = after + 32 * HOUR
    found = list(times(Schedule(cron=cron, zone=zone), after, until))
    assert found == list(naive_times(cron, zone, after, until))


@settings(max_examples=60, deadline=None)
@given(crons, zones_and_changes, st.lists(st.integers(-90, 400), min_size=5, max_size=20), st.booleans())
@example("* * * 2 *", ("Europe/Berlin", CHANGES["Europe/Berlin"][1]), [1, -3, 60, 2] * 5, False)  # dense and long ago
@example("* * 29 2 0", ("Europe/Berlin", CHANGES["Europe/Berlin"][1]), [1, -3, 60, 2] * 5, False)  # hardly ever
def test_nothing_is_run_twice_or_lost_however_the_clock_jumps(cron, where, jumps, each):
    zone, change = where
    schedule = Schedule(cron=cron, zone=zone, catch_up="each" if each else "latest")
    begin = now = change - 20 * HOUR
    last, ran, seen = begin, [], begin
    for jump in jumps:  # the machine's clock, forward and back
        now += timedelta(minutes=jump)
        seen = max(seen, now)
        for moment in due(schedule, last, now):
            assert moment <= now
            ran.append(moment)
            last = moment
    missed = list(times(schedule, begin, seen))
    assert ran == sorted(set(ran))
    assert set(ran) <= set(missed)
    assert ran == missed if each else ran[-1:] == missed[-1:]


@settings(max_examples=40, deadline=None)
@given(crons, zones_and_changes, st.integers(-2000, 2000))
def test_latest_and_next_lie_on_either_side_of_now(cron, where, minutes):
    zone, change = where
    schedule, now = Schedule(cron=cron, zone=zone), change + timedelta(minutes=minutes)
    latest, following = latest_time(schedule, now), next_time(schedule, now)
    assert latest is None or latest <= now
    assert following is None or following > now
    if latest is not None:
        assert next_time(schedule, latest) == following
        assert next_time(schedule, latest - MINUTE) == latest


# --- known days -----------------------------------------------------------------------------------------------------


def clocks(cron, zone, after, until):
    found = times(Schedule(cron=cron, zone=zone), after, until)
    return [moment.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M%z") for moment in found]


def test_a_fixed_time_is_due_once_on_the_days_when_clocks_change():
    spring = datetime(2026, 3, 28, tzinfo=UTC)
    assert clocks("30 2 * * *", "Europe/Berlin", spring, spring + 3 * DAY) == [
        "03-28 02:30+0100",
        "03-29 03:00+0200",
        "03-30 02:30+0200",
    ]
    autumn = datetime(2026, 10, 24, tzinfo=UTC)
    assert clocks("30 2 * * *", "Europe/Berlin", autumn, autumn + 3 * DAY) == [
        "10-24 02:30+0200",
        "10-25 02:30+0200",
        "10-26 02:30+0100",
    ]


def test_midnight_that_does_not_exist_is_one_o_clock():
    before = datetime(2018, 11, 3, 12, tzinfo=UTC)
    assert clocks("0 0 * * *", "America/Sao_Paulo", before, before + 2 * DAY) == [
        "11-04 01:00-0200",
        "11-05 00:00-0200",
    ]


def test_every_quarter_of_an_hour_stays_so_in_both_passes():
    change = CHANGES["Europe/Berlin"][1]
    found = list(times(Schedule(cron="*/15 * * * *", zone="Europe/Berlin"), change - 2 * HOUR, change + 2 * HOUR))
    assert {late - early for early, late in pairwise(found)} == {15 * MINUTE}


def test_the_leap_day_comes_every_four_years():
    found = times(Schedule(cron="0 6 29 2 *"), datetime(2019, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC))
    assert [moment.year for moment in found] == [2020, 2024, 2028]
    assert latest_time(Schedule(cron="0 6 29 2 *"), datetime(2027, 6, 1, tzinfo=UTC)).year == 2024


def test_after_a_standstill_the_latest_or_each_is_due():
    last, now = datetime(2026, 5, 1, 3, tzinfo=UTC), datetime(2026, 5, 4, 12, tzinfo=UTC)
    missed = [datetime(2026, 5, day, 3, tzinfo=UTC) for day in (2, 3, 4)]
    assert due(Schedule(cron="0 3 * * *", catch_up="each"), last, now) == missed
    assert due(Schedule(cron="0 3 * * *"), last, now) == missed[-1:]
    assert due(Schedule(cron="0 3 * * *"), missed[-1], now) == []


def test_a_new_job_starts_with_the_latest_time():
    now = datetime(2026, 5, 4, 12, tzinfo=UTC)
    for catch_up in ("latest", "each"):
        assert due(Schedule(cron="0 3 * * *", catch_up=catch_up), None, now) == [datetime(2026, 5, 4, 3, tzinfo=UTC)]


@pytest.mark.parametrize("cron", ["0 0 30 2 *", "0 0 31 4,6 *"])
def test_a_day_that_never_comes_is_never_due(cron):
    with pytest.raises(ValueError, match="cron"):
        Schedule(cron=cron)


def test_a_year_of_minutes_after_a_standstill_is_no_year_of_work():
    last, now = datetime(2025, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    each = due(Schedule(cron="* * * * *", catch_up="each"), last, now)
    assert each[0] == last + MINUTE
    assert len(each) == 1000
    assert due(Schedule(cron="* * * * *"), last, now) == [now]
