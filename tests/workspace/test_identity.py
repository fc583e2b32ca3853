from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from naive_identity import rescored

from tsanomaly.workspace.identity import Known, Stretch, reconcile

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
HOURS = 24
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # of a machine that does much else


def at(hour):
    return MIDNIGHT + timedelta(hours=hour)


def hour(moment):
    return round((moment - MIDNIGHT) / timedelta(hours=1))


def stretch(start, end, severity=50.0, peak=None):
    return Stretch(at(start), at(end), at(start if peak is None else peak), severity)


def known(name, start, end, **more):
    return Known(
        name,
        stretch(start, end, **{k: v for k, v in more.items() if k in ("severity", "peak")}),
        **{k: v for k, v in more.items() if k in ("standing", "judged")},
    )


def disjoint(low, high):
    """Stretches of whole hours that do not overlap, as (start, end, severity, peak)."""

    @st.composite
    def build(draw):
        cuts = sorted(draw(st.sets(st.integers(low, high), max_size=10)))
        spans = list(zip(cuts[::2], cuts[1::2], strict=False))
        return [(a, b, draw(st.sampled_from([10.0, 50.0, 90.0])), draw(st.integers(a, b - 1))) for a, b in spans]

    return build()


@st.composite
def scorings(draw):
    """Stretches scored one after the other, each with what was found, and which events somebody judges after it."""
    rounds = []
    for _ in range(draw(st.integers(1, 4))):
        since = draw(st.integers(0, HOURS - 1))
        until = draw(st.integers(since + 1, HOURS))
        rounds.append((since, until, draw(disjoint(since, until)), draw(st.sets(st.integers(0, 5), max_size=2))))
    return rounds


class Store:
    """Known events of one series, changed as the store changes its rows."""

    def __init__(self):
        self.events = {}

    def score(self, since, until, found):
        plan = reconcile(list(self.events.values()), [stretch(*f) for f in found], at(since), at(until))
        for event, now in plan.kept:
            self.events[event.id] = Known(event.id, now, True, event.judged)
        for event, _ in plan.merged:
            self.events[event.id] = Known(event.id, event.at, False, event.judged)
        for event in plan.withdrawn:
            self.events[event.id] = Known(event.id, event.at, False, event.judged)
        for now in plan.new:
            name = f"e{len(self.events)}"
            self.events[name] = Known(name, now)
        return plan

    def judge(self, places):
        for place, event in enumerate(sorted(self.standing, key=lambda e: e.at.start)):
            if place in places:
                self.events[event.id] = Known(event.id, event.at, True, True)

    @property
    def standing(self):
        return [event for event in self.events.values() if event.standing]

    def spans(self):
        return sorted((hour(e.at.start), hour(e.at.end)) for e in self.standing)


@PATIENT
@given(scorings())
def test_standing_events_are_those_of_the_slow_twin_and_never_overlap(rounds):
    store = Store()
    for since, until, found, judged in rounds:
        before = [(hour(e.at.start), hour(e.at.end), e.judged) for e in store.standing]
        store.score(since, until, found)
        assert store.spans() == rescored(before, [(a, b) for a, b, *_ in found], since, until)
        assert all(end <= start for (_, end), (start, _) in pairwise(store.spans()))
        store.judge(judged)


@PATIENT
@given(scorings())
def test_scoring_the_same_stretch_twice_changes_nothing(rounds):
    store = Store()
    for since, until, found, judged in rounds:
        store.score(since, until, found)
        once = dict(store.events)
        plan = store.score(since, until, found)
        assert (plan.new, plan.merged, plan.withdrawn) == ((), (), ())
        assert store.events == once
        store.judge(judged)


@PATIENT
@given(scorings())
def test_what_lies_outside_the_stretch_is_not_touched(rounds):
    store = Store()
    for since, until, found, judged in rounds:
        beyond = {e.id: e for e in store.standing if e.at.end < at(since) or e.at.start > at(until)}
        store.score(since, until, found)
        assert {name: store.events[name] for name in beyond} == beyond
        store.judge(judged)


@PATIENT
@given(scorings())
def test_a_judged_event_is_never_withdrawn_and_a_merged_one_names_a_standing_one(rounds):
    store = Store()
    for since, until, found, judged in rounds:
        plan = store.score(since, until, found)
        assert not any(event.judged for event in plan.withdrawn)
        assert {into for _, into in plan.merged} <= {event.id for event in store.standing}
        store.judge(judged)


@PATIENT
@given(disjoint(0, HOURS), st.sets(st.integers(1, HOURS - 1), max_size=3))
def test_scored_at_once_or_piece_by_piece_the_events_are_the_same(found, cuts):
    """An event that a cut goes through is found in two pieces, which are one event again."""
    apart = [f for a, f in enumerate(found) if a == 0 or found[a - 1][1] < f[0]]  # a detector's events do not touch
    whole, pieces = Store(), Store()
    whole.score(0, HOURS, apart)
    edges = [0, *sorted(cuts), HOURS]
    for since, until in pairwise(edges):
        parts = [(max(a, since), min(b, until)) for a, b, *_ in apart if a < until and b > since]
        pieces.score(since, until, [(a, b, 50.0, a) for a, b in parts])
    assert pieces.spans() == whole.spans()
    assert len(pieces.events) == len(whole.events)


def test_an_event_found_again_longer_is_the_same_one():
    plan = reconcile([known("a", 2, 4)], [stretch(3, 6, 70.0)], at(3), at(10))
    assert [(event.id, now.start, now.end, now.severity) for event, now in plan.kept] == [("a", at(2), at(6), 70.0)]


def test_an_event_that_goes_on_where_the_last_stretch_ended_is_the_same_one():
    plan = reconcile([known("a", 2, 4)], [stretch(4, 6)], at(4), at(10))
    assert [(event.id, now.end) for event, now in plan.kept] == [("a", at(6))]


def test_a_peak_outside_the_stretch_stays_where_it_is_the_higher_one():
    found = [stretch(3, 6, 40.0)]
    [(_, now)] = reconcile([known("a", 2, 4, severity=60.0)], found, at(3), at(10)).kept
    assert (now.severity, now.peak) == (60.0, at(2))
    [(_, now)] = reconcile([known("a", 2, 4, severity=60.0, peak=3)], found, at(3), at(10)).kept
    assert (now.severity, now.peak) == (40.0, at(3))  # that peak was judged anew


def test_two_events_that_are_found_as_one_are_one_and_the_judged_one_stays():
    events = [known("a", 1, 4), known("b", 5, 6, judged=True)]
    plan = reconcile(events, [stretch(2, 6)], at(0), at(10))
    assert [event.id for event, _ in plan.kept] == ["b"]
    assert [(event.id, into) for event, into in plan.merged] == [("a", "b")]


def test_an_event_that_is_found_as_two_goes_on_as_the_longer():
    plan = reconcile([known("a", 1, 6)], [stretch(1, 2), stretch(3, 6)], at(0), at(10))
    assert [(event.id, now.start) for event, now in plan.kept] == [("a", at(3))]
    assert [now.start for now in plan.new] == [at(1)]


def test_an_event_not_found_again_is_withdrawn_unless_somebody_judged_it():
    events = [known("a", 1, 2), known("b", 4, 5, judged=True), known("c", 8, 12), known("d", 20, 22)]
    plan = reconcile(events, [], at(0), at(10))
    assert [event.id for event in plan.withdrawn] == ["a"]
    assert (plan.kept, plan.new, plan.merged) == ((), (), ())


def test_a_withdrawn_event_that_is_found_again_comes_back():
    plan = reconcile([known("a", 1, 3, standing=False)], [stretch(2, 3)], at(0), at(10))
    assert [event.id for event, _ in plan.kept] == ["a"]
