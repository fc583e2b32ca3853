"""Verdicts change what they should, by as much as they say, and nothing else; undoing one leaves no trace."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_events import made_events

from tsanomaly.detection.feedback import apply, for_training, judge, preview, preview_undo
from tsanomaly.detection.similarity import Fingerprint, channel_parts, duration_class, rounded, shape_of
from tsanomaly.detection.verdicts import Feedback, Judgement, Occurrence, Span, Verdict, instant, row_at
from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.series import Series

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = datetime(2026, 6, 1, 9, tzinfo=UTC)


def mark(channel="flow", kind=0, way="above"):
    return Fingerprint(
        channel_parts([(channel, 1.0, way)]),
        rounded(np.eye(8)[kind]),
        shape_of(np.array([1.0, 2.0, 1.0])),
        duration_class(1.0),
    )


def at(hour, score=2.0, lasting=2, fingerprint=None, series="pump", threshold=1.0):
    """An event so many hours after the start."""
    start = START + hour * HOUR
    return Occurrence(series, start, start + lasting * HOUR, score, threshold, fingerprint or mark())


def given_to(event, judgement=Judgement.FALSE_ALARM, minutes=0, **more):
    return event.judged(judgement, LATER + timedelta(minutes=minutes), **more)


def shown(events, feedback, calendar=(), **more):
    return [ruling.shown for ruling in judge(events, feedback, calendar, **more)]


# --- false alarms ---------------------------------------------------------------------------------------------------


def test_without_verdicts_everything_is_shown_at_its_threshold():
    [ruling] = judge([at(0)], Feedback())
    assert (ruling.shown, ruling.bar, ruling.reason, ruling.verdict) == (True, 1.0, "", None)


def test_a_false_alarm_holds_back_events_like_it_up_to_the_bar_and_no_further():
    alarm = at(0, score=3.0)
    feedback = Feedback().give(given_to(alarm))
    events = [at(100, score=3.4), at(200, score=3.6), at(300, score=3.4, fingerprint=mark("heat", 1, "below"))]
    low, high, other = judge(events, feedback)
    assert (low.shown, low.bar) == (False, pytest.approx(1 + 1.25 * 2))
    assert (high.shown, high.bar) == (True, pytest.approx(3.5))
    assert (other.shown, other.bar, other.like) == (True, 1.0, None)
    assert low.reason == (
        "100% like the false alarm of 2026-03-01 00:00 UTC: such events now need a score above 3.5 instead of 1, "
        "and this one has only 3.4"
    )


def test_the_weight_is_the_likeness_times_that_of_the_channels():
    mixed = Fingerprint(
        channel_parts([("flow", 0.6, "above"), ("heat", 0.4, "above")]), mark().kind, mark().shape, mark().duration
    )
    [ruling] = judge([at(100, fingerprint=mixed)], Feedback().give(given_to(at(0, score=3.0))))
    channels = 0.6 / np.hypot(0.6, 0.4)
    likeness = (0.4 * channels + 0.5) / 0.9
    assert ruling.likeness == pytest.approx(likeness, abs=1e-4)
    assert ruling.bar == pytest.approx(1 + likeness * channels * 1.25 * 2, abs=1e-3)


def test_it_reaches_other_series_by_name():
    [ruling] = judge([at(100, series="pump 2")], Feedback().give(given_to(at(0, score=3.0))))
    assert not ruling.shown
    assert "of 2026-03-01 00:00 UTC in pump:" in ruling.reason


@settings(deadline=None)
@given(st.lists(st.floats(1.01, 9), min_size=1, max_size=8), st.floats(1.01, 100))
def test_what_stands_twice_as_high_as_every_false_alarm_is_always_shown(heights, score):
    feedback = Feedback()
    for k, height in enumerate(heights):
        feedback = feedback.give(given_to(at(10 * k, score=height)))
    [ruling] = judge([at(1000, score=score)], feedback)
    assert 1 <= ruling.bar <= 1 + 2 * (max(heights) - 1) + 1e-9
    assert ruling.shown == (score > ruling.bar)


@settings(deadline=None)
@given(st.lists(st.floats(1.01, 9), min_size=2, max_size=6))
def test_one_false_alarm_more_never_lowers_a_bar(heights):
    feedback, before = Feedback(), 1.0
    for k, height in enumerate(heights):
        feedback = feedback.give(given_to(at(10 * k, score=height)))
        [ruling] = judge([at(1000)], feedback)
        assert ruling.bar >= before
        before = ruling.bar


def test_a_true_event_at_least_as_much_like_it_keeps_the_bar_where_it_was():
    feedback = Feedback().give(given_to(at(0, score=3.0))).give(given_to(at(50), Judgement.TRUE))
    [ruling] = judge([at(100)], feedback)
    assert (ruling.shown, ruling.bar) == (True, 1.0)
    assert ruling.reason == "100% like the true event of 2026-03-03 02:00 UTC"
    assert ruling.like.judgement is Judgement.TRUE


def test_an_event_judged_a_false_alarm_comes_back_when_it_has_grown():
    event = at(0, score=3.0)
    feedback = Feedback().give(given_to(event, author="Ada"))
    same, grown = judge([event, replace(event, score=4.0, end=event.end + HOUR)], feedback)
    assert (same.shown, same.reason) == (False, "judged a false alarm by Ada on 2026-06-01")
    assert (grown.shown, grown.reason) == (
        True,
        "judged a false alarm by Ada on 2026-06-01; its score has since grown from 3 to 4",
    )


def test_without_a_fingerprint_a_verdict_reaches_its_own_event_alone():
    plain = replace(at(0, score=3.0), fingerprint=None)
    feedback = Feedback().give(given_to(plain))
    assert shown([plain, at(100)], feedback) == [False, True]
    assert shown([replace(at(100), fingerprint=None)], Feedback().give(given_to(at(0)))) == [True]


# --- other verdicts, and calendars ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("judgement", "is_shown", "reason"),
    [
        (Judgement.TRUE, True, "judged true on 2026-06-01"),
        (Judgement.UNCLEAR, True, "judged unclear on 2026-06-01"),
        (Judgement.MAINTENANCE, False, "judged maintenance on 2026-06-01"),
        (Judgement.NEW_NORMAL, False, "judged the new normal (from 2026-03-01 00:00 UTC on) on 2026-06-01"),
    ],
)
def test_each_verdict_says_what_it_does_to_its_own_event(judgement, is_shown, reason):
    [ruling] = judge([at(0)], Feedback().give(given_to(at(0), judgement)))
    assert (ruling.shown, ruling.reason, ruling.verdict.judgement) == (is_shown, reason, judgement)


def test_maintenance_holds_back_what_lies_in_it_and_not_what_merely_touches_it():
    calendar = [Span(START + 10 * HOUR, START + 20 * HOUR, "Inspection")]
    inside, half, touching = judge([at(12), at(19), at(19, lasting=3)], Feedback(), calendar)
    assert (inside.shown, inside.reason) == (False, "maintenance: Inspection")
    assert not half.shown
    assert touching.shown


def test_a_maintenance_verdict_covers_its_span_in_its_own_series():
    feedback = Feedback().give(given_to(at(0, lasting=48), Judgement.MAINTENANCE))
    assert shown([at(20), at(20, series="other"), at(60)], feedback) == [False, True, True]


def test_a_new_normal_holds_back_what_is_like_it_from_then_on_until_it_is_learned():
    change = at(10)
    feedback = Feedback().give(given_to(change, Judgement.NEW_NORMAL))
    events = [at(5), at(30), at(30, fingerprint=mark("heat", 3, "below")), at(30, series="other")]
    assert shown(events, feedback) == [True, False, True, True]
    assert shown(events, feedback, learned_from={"pump": START}) == [True, False, True, True]
    assert shown(events, feedback, learned_from={"pump": change.start}) == [True] * 4


def test_series_without_a_clock_go_by_rows_and_no_calendar():
    event = Occurrence("array", 100, 110, 3.0, 1.0, mark())
    feedback = Feedback().give(given_to(event))
    later = replace(event, start=500, end=510)
    assert shown([event, later], feedback, [Span(START, START + HOUR)]) == [False, False]
    assert "like the false alarm of row 100" in judge([later], feedback)[0].reason


# --- lists of verdicts ------------------------------------------------------------------------------------------------


def test_the_verdict_given_last_is_in_force_and_undoing_it_brings_back_the_one_before():
    event = at(0)
    first, second = given_to(event, Judgement.TRUE), given_to(event, Judgement.FALSE_ALARM, minutes=5)
    feedback = Feedback().give(first).give(second)
    assert feedback.in_force == (second,)
    assert feedback.undo(second.id) == Feedback().give(first)
    assert Feedback().give(second).give(first).in_force == (second,)
    with pytest.raises(ConfigurationError, match=r"there is no verdict 'x' to undo"):
        feedback.undo("x")


def test_the_same_verdict_twice_is_one():
    verdict = given_to(at(0))
    assert len(Feedback().give(verdict).give(verdict)) == 1


verdicts = st.builds(
    lambda event, judgement, minutes, note: given_to(event, judgement, minutes, note=note, author=note[:3]),
    st.builds(
        at,
        st.integers(0, 50),
        st.floats(0, 9),
        st.integers(0, 30),
        st.sampled_from([mark(), mark("=heat", 3, "below")]),
        st.sampled_from(["pump", "=cmd", "\u202e<b>"]),
    ),
    st.sampled_from(Judgement),
    st.integers(0, 5),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=9),
)


@settings(deadline=None)
@given(st.lists(verdicts, max_size=6).map(tuple))
def test_lists_come_back_from_json_as_they_were(given_verdicts):
    feedback = Feedback(given_verdicts)
    again = Feedback.from_json(feedback.to_json())
    assert [v.id for v in again.verdicts] == [v.id for v in feedback.verdicts]
    assert again.to_dict() == feedback.to_dict()


@settings(deadline=None)
@given(st.lists(verdicts, max_size=6).map(tuple), verdicts)
def test_giving_and_undoing_changes_nothing(given_verdicts, verdict):
    feedback = Feedback(given_verdicts)
    if verdict not in given_verdicts:
        assert feedback.give(verdict).undo(verdict.id) == feedback


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "[" * 99_999, '{"format": 2, "verdicts": []}', '{"format": 1, "verdicts": [1]}']
)
def test_what_is_no_list_of_verdicts_is_refused(text):
    with pytest.raises(DataError, match=r"expected what|it is not JSON"):
        Feedback.from_json(text)


def test_a_time_needs_its_zone_and_an_end_its_start():
    with pytest.raises(ConfigurationError, match=r"start of a verdict is .*; expected a time with its zone"):
        Verdict(Judgement.TRUE, "pump", datetime(2026, 3, 1), START, LATER)
    with pytest.raises(ConfigurationError, match="expected its end after its start"):
        Verdict(Judgement.TRUE, "pump", START + HOUR, START, LATER)


# --- before and after -------------------------------------------------------------------------------------------------


def test_a_preview_says_what_would_go_and_what_would_stay_and_changes_nothing():
    alarm, like, other = at(0, score=3.0), at(100), at(200, fingerprint=mark("heat", 3, "below"))
    events = [alarm, like, other]
    feedback = Feedback()
    looked = preview(events, feedback, given_to(alarm))
    assert [ruling.occurrence for ruling in looked.goes] == [alarm, like]
    assert [ruling.occurrence for ruling in looked.stays] == [other]
    assert looked.sentence == (
        "Of 3 events shown, 2 would go and 1 would stay. "
        "Events like it need a higher score from now on; all others keep their threshold."
    )
    assert shown(events, feedback) == [True] * 3


def test_a_preview_of_undoing_says_what_would_return():
    alarm, like = at(0, score=3.0), at(100)
    verdict = given_to(alarm)
    looked = preview_undo([alarm, like], Feedback().give(verdict), verdict.id)
    assert [ruling.occurrence for ruling in looked.returns] == [alarm, like]
    assert "2 events held back would be shown again." in looked.sentence


@settings(deadline=None)
@given(st.lists(verdicts, max_size=4).map(tuple), verdicts, st.lists(st.builds(at, st.integers(0, 80)), max_size=5))
def test_a_preview_agrees_with_what_then_happens(given_verdicts, verdict, events):
    feedback = Feedback(given_verdicts)
    looked = preview(events, feedback, verdict)
    before, after = shown(events, feedback), shown(events, feedback.give(verdict))
    assert len(looked.goes) == sum(b and not a for b, a in zip(before, after, strict=True))
    assert len(looked.stays) == sum(b and a for b, a in zip(before, after, strict=True))
    assert len(looked.returns) == sum(a and not b for b, a in zip(before, after, strict=True))


# --- events of a detector, and what it learns from next time --------------------------------------------------------


def hourly(rows=500):
    times = np.datetime64("2026-03-01", "ns") + np.arange(rows) * np.timedelta64(3600 * 10**9, "ns")
    return Series(
        times, np.arange(rows, dtype=float)[:, None], ("flow",), np.timedelta64(3600 * 10**9, "ns"), None, None, "pump"
    )


def test_events_held_back_stay_visible_as_such():
    events = made_events([(300, 310), (900, 910), (1500, 1510)])
    marks = [mark(), mark(), mark("heat", 3, "below")]
    verdict = given_to(Occurrence.all_of(events, marks)[0])
    judged = apply(events, Feedback().give(verdict), fingerprints=marks)
    assert judged.shown == (events[2],)
    assert judged.held_back == (events[0], events[1])
    assert judged.ruling(events[1]).like == verdict
    plain = json.loads(json.dumps(judged.to_dict(), allow_nan=False))
    assert [event["feedback"]["shown"] for event in plain["events"]] == [False, False, True]
    assert plain["events"][0]["feedback"]["verdict"] == verdict.id


def test_rows_and_instants_are_each_other_s_inverse_beyond_the_end_too():
    series = hourly()
    assert [row_at(series, instant(series, row)) for row in (0, 1, 499, 500)] == [0, 1, 499, 500]
    assert instant(series, 24) == START + timedelta(days=1)
    plain = Series(np.arange(5), np.zeros((5, 1)), ("a",))
    assert [row_at(plain, instant(plain, row)) for row in (0, 4, 5)] == [0, 4, 5]


def test_true_events_and_maintenance_stay_out_of_training_and_false_alarms_do_not():
    feedback = Feedback().give(given_to(at(10), Judgement.TRUE)).give(given_to(at(20), Judgement.MAINTENANCE))
    feedback = feedback.give(given_to(at(30))).give(given_to(at(40, series="other"), Judgement.TRUE))
    series = hourly()
    learned = for_training(series, feedback, [Span(START + 50 * HOUR, START + 53 * HOUR)])
    assert np.flatnonzero(np.isnan(learned.values[:, 0])).tolist() == [10, 11, 20, 21, 50, 51, 52]
    assert np.isfinite(series.values).all()


def test_a_new_normal_cuts_off_what_came_before():
    feedback = Feedback().give(given_to(at(100), Judgement.NEW_NORMAL))
    assert for_training(hourly(), feedback).values[0, 0] == 100
    later = Feedback().give(given_to(at(100), Judgement.NEW_NORMAL, since=START + 120 * HOUR))
    learned = for_training(hourly(), later)
    assert (learned.values[0, 0], len(learned), len(learned.times)) == (120, 380, 380)
    beyond = Feedback().give(given_to(at(600), Judgement.NEW_NORMAL))
    with pytest.raises(DataError, match="series 'pump' ends before its new normal begins; wait for more data"):
        for_training(hourly(), beyond)


def test_without_verdicts_a_series_is_learned_from_as_it_is():
    series = hourly()
    assert for_training(series, Feedback()).values is series.values or np.array_equal(
        for_training(series, Feedback()).values, series.values
    )
