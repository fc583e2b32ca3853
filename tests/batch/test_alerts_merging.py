"""What several held messages say as one."""

from datetime import UTC, datetime, timedelta

import pytest

from tsanomaly.batch.alerts.content import Content, Failure, Reason, SilentSeries, ToldEvent
from tsanomaly.batch.alerts.merging import merged

NIGHT, HOUR = datetime(2026, 3, 2, 22, tzinfo=UTC), timedelta(hours=1)


def event(id, reason, severity=50.0, hours=1, going_on=True, **more):
    end = NIGHT + hours * HOUR
    return ToldEvent(
        id=id, series=id, reason=reason, start=NIGHT, end=end, severity=severity, going_on=going_on, **more
    )


def new(id, severity=50.0, hours=1):
    return event(id, Reason.NEW, severity, hours)


def night(*contents):
    """Messages of an hour each, as fields."""
    return [Content(job="j", runs=(NIGHT + n * HOUR,), **fields) for n, fields in enumerate(contents)]


def test_one_message_stays_as_it_is():
    (content,) = night({"events": (new("a"),)})
    assert merged([content], 10) is content


def test_an_event_is_told_once_as_it_is_now_and_why_it_was_told_first():
    grown = event("a", Reason.GROWN, 70, 3, was=50)
    one = merged(night({"events": (new("a"),)}, {"events": (grown,)}), 10)
    assert one.events == (event("a", Reason.NEW, 70, 3),)
    earlier = event("a", Reason.GROWN, 60, 2, was=45)
    one = merged(night({"events": (earlier,)}, {"events": (grown,)}), 10)
    assert one.events == (event("a", Reason.GROWN, 70, 3, was=45),)
    assert one.runs == (NIGHT, NIGHT + HOUR)


def test_what_was_new_and_is_over_is_told_as_an_event_that_is_over():
    over = event("a", Reason.OVER, 50, 2, going_on=False)
    one = merged(night({"events": (new("a"),)}, {"over": (over,)}), 10)
    assert (one.events, one.over) == ((event("a", Reason.NEW, 50, 2, going_on=False),), ())


def test_what_was_new_and_was_withdrawn_is_not_told():
    gone = event("a", Reason.WITHDRAWN, going_on=False)
    one = merged(night({"events": (new("a"),)}, {"over": (gone,)}), 10)
    assert not one.says_something


def test_what_was_told_before_the_night_and_is_over_or_withdrawn_is_told_as_such():
    gone, over = event("a", Reason.WITHDRAWN, going_on=False), event("b", Reason.OVER, going_on=False)
    lasting = event("a", Reason.LASTING)
    one = merged(night({"events": (lasting,)}, {"over": (gone, over)}), 10)
    assert (one.events, one.over) == ((), (gone, over))


def test_an_event_that_comes_back_is_no_longer_over():
    over = event("a", Reason.OVER, going_on=False)
    one = merged(night({"over": (over,)}, {"events": (new("a", hours=3),)}), 10)
    assert (one.events, one.over) == ((new("a", hours=3),), ())


def test_the_worst_come_first_and_what_is_left_out_is_counted():
    contents = night(
        {"events": (new("a", 30), new("b", 20)), "more_events": 4, "held_back": 1, "budget": "6/day"},
        {"events": (new("c", 90), new("d", 10)), "held_back": 2, "budget": "6/day"},
    )
    one = merged(contents, 3)
    assert [told.id for told in one.events] == ["c", "a", "b"]
    assert (one.more_events, one.held_back) == (5, 3)


@pytest.mark.parametrize(
    ("said", "silent", "returned"),
    [
        (["silent"], ["s"], []),
        (["silent", "silent"], ["s"], []),
        (["silent", "returned"], [], ["s"]),
        (["returned", "silent"], ["s"], []),
        (["silent", "returned", "silent"], ["s"], []),
    ],
)
def test_of_silence_the_last_word_counts(said, silent, returned):
    words = {"silent": {"silent": (SilentSeries(series="s", until=NIGHT),)}, "returned": {"returned": ("s",)}}
    one = merged(night({"events": (new("a"),)}, *(words[word] for word in said)), 10)
    assert [told.series for told in one.silent] == silent
    assert list(one.returned) == returned


def test_of_failures_the_last_word_counts():
    failed, again = {"failure": Failure(outcome="crashed", message="x")}, {"recovered": "crashed"}
    one = merged(night(failed, again), 10)
    assert (one.failure, one.recovered) == (None, "crashed")
    one = merged(night(again, failed), 10)
    assert (one.failure.outcome, one.recovered) == ("crashed", None)
