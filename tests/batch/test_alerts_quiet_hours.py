"""Quiet hours beside a slow twin that looks at every quarter of an hour, through changes of clocks."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly.batch.alerts.quiet_hours import held_until
from tsanomaly.batch.job import QuietHours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
QUARTER = timedelta(minutes=15)


def nightly(start="22:00", end="07:00", **settings):
    return QuietHours(start=time.fromisoformat(start), end=time.fromisoformat(end), **settings)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-02T21:59", None),
        ("2026-03-02T22:00", "2026-03-03T07:00"),
        ("2026-03-03T06:59", "2026-03-03T07:00"),
        ("2026-03-03T07:00", None),
        ("2026-03-28T23:00", "2026-03-29T07:00"),  # a short night
        ("2026-10-24T23:00", "2026-10-25T07:00"),  # a long one
    ],
)
def test_a_night_in_berlin(now, until):
    zone = ZoneInfo("Europe/Berlin")
    held = held_until(datetime.fromisoformat(now).replace(tzinfo=zone), [nightly()], "Europe/Berlin")
    assert held == (None if until is None else datetime.fromisoformat(until).replace(tzinfo=zone))
    assert held is None or held.tzinfo == UTC


def test_a_night_that_begins_on_one_of_its_days_ends_on_the_next():
    friday = [nightly(days=("fri",))]
    assert held_until(datetime(2026, 3, 7, 3, tzinfo=UTC), friday, "UTC") == datetime(2026, 3, 7, 7, tzinfo=UTC)
    assert held_until(datetime(2026, 3, 6, 3, tzinfo=UTC), friday, "UTC") is None


def test_stretches_that_follow_each_other_are_one():
    hours = [nightly("22:00", "00:00"), nightly("00:00", "05:00"), nightly("04:00", "08:00")]
    assert held_until(datetime(2026, 3, 2, 23, tzinfo=UTC), hours, "UTC") == datetime(2026, 3, 3, 8, tzinfo=UTC)


def test_who_is_always_quiet_hears_once_a_week():
    now = datetime(2026, 3, 2, 23, tzinfo=UTC)
    assert held_until(now, [nightly("08:00", "08:00")], "UTC") == now + timedelta(days=7)


def is_quiet(moment, hours, zone):
    """The twin: by the clock's face. Right wherever no change of clocks is near."""
    here = moment.astimezone(ZoneInfo(zone))
    for quiet in hours:
        today = DAYS[here.weekday()] in quiet.days
        yesterday = DAYS[(here - timedelta(days=1)).weekday()] in quiet.days
        face = here.time()
        if quiet.start < quiet.end:
            found = today and quiet.start <= face < quiet.end
        else:
            found = (today and face >= quiet.start) or (yesterday and face < quiet.end)
        if found:
            return True
    return False


quarters = st.builds(lambda n: time(n // 4, 15 * (n % 4)), st.integers(0, 95))
stretches = st.builds(
    lambda start, end, days: QuietHours(start=start, end=end, days=tuple(days)),
    quarters,
    quarters,
    st.sets(st.sampled_from(DAYS), min_size=1),
)


@settings(deadline=None, max_examples=60)
@given(
    hours=st.lists(stretches, min_size=1, max_size=3),
    quarter=st.integers(0, 4 * 24 * 28 - 1),
    zone=st.sampled_from(["UTC", "Asia/Kolkata", "America/Sao_Paulo"]),
)
def test_it_is_the_first_quarter_that_is_not_quiet(hours, quarter, zone):
    now = datetime(2026, 2, 1, tzinfo=UTC) + quarter * QUARTER  # no clock changes there in 2026
    moment = now
    while is_quiet(moment, hours, zone) and moment - now < timedelta(days=7):
        moment += QUARTER
    assert held_until(now, hours, zone) == (None if moment == now else moment)
