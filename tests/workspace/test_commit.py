from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_samples import LEASE, NOW, at, claimed, content, event, scored

from tsanomaly.detection.verdicts import Judgement
from tsanomaly.errors import ConfigurationError, LostRunError
from tsanomaly.workspace import AlertDraft, Change, EventStatus, Outcome, SeriesResult


def scores(hours, series="north", value=1.0):
    return pd.DataFrame({"series": series, "time": [pd.Timestamp(at(h)) for h in hours], "score": value})


def everything(workspace):
    """A result with all that can be in one."""
    parts = workspace.scores.write("pumps", scores(range(10)))
    alerts = [AlertDraft("pumps/north/1", "mail", {"events": 2})]
    result = scored(event(1, 2), event(4, 6, kind="spike"), alerts=alerts, state={"mean": 1.5})
    return [result, SeriesResult("south", Outcome.NOT_ENOUGH_DATA, "12 rows; a window needs 64")], parts


def test_what_a_run_found_is_stored(workspace):
    run = claimed(workspace)
    results, parts = everything(workspace)
    changes = workspace.commit(run, results, NOW, parts=parts)
    assert [change.change for change in changes] == [Change.FOUND, Change.FOUND]
    workspace.runs.finish(run, Outcome.SUCCEEDED, NOW, counts={"rows": 10})

    first, second = workspace.events.list(order="start")[::-1]
    assert (first.job, first.series, first.start, first.end) == ("pumps", "north", at(1), at(2))
    assert (second.kind, second.severity, second.status) == ("spike", 50.0, EventStatus.FOUND)
    assert first.start.tzinfo is UTC
    assert first.channels[0].name == "pressure"
    assert first.details == {}
    assert workspace.events.get(first.id).details == {"threshold": 3.0}  # no ranks or rows: they are the run's
    assert workspace.watermarks.get("pumps", "north") == at(10)
    assert workspace.watermarks.all("pumps") == {"north": at(10)}
    assert workspace.watermarks.arrivals("pumps") == {"north": NOW}
    assert workspace.watermarks.states("pumps") == {"north": {"mean": 1.5}, "south": None}
    assert [(o.series, o.outcome, o.events) for o in workspace.runs.series_outcomes(run)] == [
        ("north", Outcome.SUCCEEDED, 2),
        ("south", Outcome.NOT_ENOUGH_DATA, 0),
    ]
    assert [message.key for message in workspace.outbox.pending(NOW)] == ["pumps/north/1"]
    assert len(workspace.scores.read("pumps", "north")) == 10
    assert workspace.runs.get(run.id).counts == {"rows": 10}


def test_scoring_the_same_twice_leaves_the_store_byte_for_byte_the_same(workspace):
    results, parts = everything(workspace)
    workspace.commit(claimed(workspace, 12), results, NOW, parts=parts)
    once = content(workspace.url)
    again = claimed(workspace, 13)
    results, parts = everything(workspace)
    assert workspace.commit(again, results, NOW + timedelta(hours=1), parts=parts) == []
    assert content(workspace.url) == once
    assert workspace.commit(again, results, NOW + timedelta(hours=2), parts=parts) == []  # the same shard once more
    assert content(workspace.url) == once
    assert len(workspace.runs.series_outcomes(again)) == 2


def test_overlapping_ranges_with_late_rows_leave_one_row_an_event(workspace):
    run = claimed(workspace)
    workspace.commit(run, [scored(event(1, 2), event(7, 10))], NOW)
    [ongoing, early] = workspace.events.list(order="start")
    assert ongoing.ongoing
    assert not early.ongoing
    later = NOW + timedelta(hours=1)
    changes = workspace.commit(run, [scored(event(8, 12, 80.0), since=8, until=14)], later)
    assert [(change.event_id, change.change) for change in changes] == [(ongoing.id, Change.GROWN)]
    assert changes[0].before == {"end": at(10).isoformat(), "peak_time": at(7).isoformat(), "severity": 50.0} or (
        changes[0].before == {"end": at(10).isoformat(), "severity": 50.0, "peak_time": at(7).isoformat()}
    )
    [grown, untouched] = workspace.events.list(order="start")
    assert (grown.id, grown.start, grown.end, grown.severity, grown.ongoing) == (ongoing.id, at(7), at(12), 80.0, False)
    assert untouched == early
    assert (grown.found_at, grown.updated_at) == (NOW, later)
    assert [change.change for change in workspace.events.history(grown.id)] == [Change.FOUND, Change.GROWN]
    assert [change.event_id for change in workspace.events.changed_in(run)] == [early.id, ongoing.id, ongoing.id]


def test_an_event_that_is_gone_is_withdrawn_and_comes_back_as_itself(workspace):
    run = claimed(workspace)
    for found, status, change in (
        ([event(1, 2)], EventStatus.FOUND, Change.FOUND),
        ([], EventStatus.WITHDRAWN, Change.WITHDRAWN),
        ([event(1, 2)], EventStatus.FOUND, Change.RETURNED),
    ):
        [done] = workspace.commit(run, [scored(*found)], NOW)
        [stored] = workspace.events.list(status=None)
        assert (stored.status, done.change, done.event_id) == (status, change, stored.id)
        assert workspace.events.count() == (status == EventStatus.FOUND)


def test_a_judged_event_is_not_withdrawn(workspace):
    run = claimed(workspace)
    [found] = workspace.commit(run, [scored(event(1, 2))], NOW)
    workspace.verdicts.give(found.event_id, Judgement.TRUE, author="ann", seen_version=0)
    assert workspace.commit(run, [scored()], NOW) == []
    assert workspace.events.get(found.event_id).status == EventStatus.FOUND


def test_events_that_are_found_as_one_are_merged(workspace):
    run = claimed(workspace)
    workspace.commit(run, [scored(event(1, 4), event(5, 6))], NOW)
    workspace.commit(run, [scored(event(1, 6))], NOW)
    [merged, kept] = sorted(workspace.events.list(status=None), key=lambda e: e.status, reverse=True)
    assert (merged.status, merged.merged_into) == (EventStatus.MERGED, kept.id)
    assert (kept.start, kept.end) == (at(1), at(6))


def test_series_and_jobs_do_not_touch_each_other(workspace):
    run, other = claimed(workspace), claimed(workspace, job="fans")
    workspace.commit(run, [scored(event(1, 2)), scored(event(1, 2), series="south")], NOW)
    workspace.commit(other, [scored(event(1, 2))], NOW)
    workspace.commit(run, [scored()], NOW)
    assert [(e.job, e.series) for e in workspace.events.list(order="series")] == [("fans", "north"), ("pumps", "south")]


def test_event_ids_are_the_same_in_every_workspace_and_never_twice_in_one(workspace):
    run = claimed(workspace)
    [first] = workspace.commit(run, [scored(event(1, 6))], NOW)
    workspace.commit(run, [scored(event(3, 6))], NOW)  # begins later now, so its first start is free again
    changes = workspace.commit(run, [scored(event(1, 2), event(3, 6))], NOW)
    assert first.event_id == "6dc0d64e2466411c"
    assert [change.change for change in changes] == [Change.FOUND]
    assert changes[0].event_id != first.event_id
    assert workspace.events.count() == 2


def test_a_watermark_never_moves_back(workspace):
    run = claimed(workspace)
    workspace.commit(run, [scored(until=10)], NOW)
    workspace.commit(run, [scored(until=5)], NOW + LEASE)
    assert workspace.watermarks.get("pumps", "north") == at(10)
    assert workspace.watermarks.arrivals("pumps") == {"north": NOW}


def test_a_result_that_judged_nothing_touches_no_event(workspace):
    run = claimed(workspace)
    workspace.commit(run, [scored(event(1, 2))], NOW)
    workspace.commit(run, [SeriesResult("north", Outcome.SOURCE_UNREACHABLE, "timed out after 30 s")], NOW)
    assert workspace.events.count() == 1
    [outcome] = workspace.runs.series_outcomes(run)
    assert (outcome.outcome, outcome.message) == (Outcome.SOURCE_UNREACHABLE, "timed out after 30 s")


def test_a_run_that_was_taken_over_stores_nothing(workspace):
    lost = claimed(workspace)
    taken = workspace.runs.claim("pumps", at(12), "host-2", LEASE, NOW + 2 * LEASE)
    before = content(workspace.url, without=())
    results, parts = everything(workspace)
    with pytest.raises(LostRunError, match="no longer held by host-1"):
        workspace.commit(lost, results, NOW, parts=parts)
    with pytest.raises(LostRunError):
        workspace.runs.finish(lost, Outcome.SUCCEEDED, NOW)
    assert content(workspace.url, without=()) == before
    workspace.commit(taken, results, NOW, parts=parts)
    assert workspace.events.count() == 2


@pytest.mark.parametrize(
    "broken",
    [
        {"severity": float("nan")},
        {"threshold": float("inf")},
        {"end": at(1)},
        {"start": datetime(2026, 11, 24, 1)},
        {"explanation": {"of": object()}},
    ],
)
def test_a_result_that_cannot_be_stored_leaves_nothing(workspace, broken):
    run = claimed(workspace)
    before = content(workspace.url)
    with pytest.raises(ConfigurationError):
        workspace.commit(run, [scored(series="south"), scored(event(1, 2) | broken)], NOW)
    assert content(workspace.url) == before


def test_a_series_twice_in_one_commit_is_refused(workspace):
    run = claimed(workspace)
    with pytest.raises(ConfigurationError, match="a series is among the results twice; give one result for each"):
        workspace.commit(run, [scored(), scored(event(1, 2))], NOW)
    assert workspace.events.count() == 0


def test_hostile_names_come_back_as_they_were(workspace):
    names = [
        "=cmd()",
        "<script>",
        "\u202eright to left",
        "n" * 10_000,
        "n" * 9_999 + "m",
        "a'; DROP TABLE events; --",
        "",
    ]
    run = claimed(workspace, job="j" * 200)
    workspace.commit(run, [scored(event(1, 2), series=name, until=5) for name in names], NOW)
    assert set(workspace.watermarks.all("j" * 200)) == set(names)
    for name in names:
        assert [e.series for e in workspace.events.list(series=name)] == [name]


def test_a_name_that_no_database_holds_is_stored_as_near_as_can_be(workspace):
    run = claimed(workspace)
    channel = {"name": "a\x00b", "share": 1.0, "direction": "above"}
    workspace.commit(run, [scored(event(1, 2, channels=[channel]), series="nul \x00 and half \ud800")], NOW)
    [stored] = workspace.events.list()
    assert stored.series == "nul \ufffd and half ?"
    assert stored.channels[0].name == "a\x00b"
    assert workspace.events.count(series="nul \x00 and half \ud800") == 1


def test_an_event_of_many_channels_shows_the_leading_ones_in_lists_and_all_alone(workspace):
    channels = [{"name": f"c{i}", "share": 0.05, "direction": "above"} for i in range(20)]
    workspace.commit(claimed(workspace), [scored(event(1, 2, channels=channels))], NOW)
    [listed] = workspace.events.list()
    assert [c.name for c in listed.channels] == [f"c{i}" for i in range(8)]
    alone = workspace.events.get(listed.id)
    assert [c.name for c in alone.channels] == [f"c{i}" for i in range(20)]
    assert alone.details == {"threshold": 3.0}


NUMBERS = count()


@st.composite
def rounds(draw):
    since = draw(st.integers(0, 22))
    until = draw(st.integers(since + 1, 24))
    cuts = sorted(draw(st.sets(st.integers(since, until), max_size=6)))
    found = [event(a, b, draw(st.sampled_from([10.0, 50.0]))) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    return scored(*found, series=draw(st.sampled_from(["north", "south"])), since=since, until=until)


@settings(
    max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(st.lists(rounds(), min_size=1, max_size=4))
def test_whatever_was_scored_before_the_same_again_changes_nothing(workspace, results):
    run = claimed(workspace, job=f"job {next(NUMBERS)}")
    for result in results:
        workspace.commit(run, [result], NOW)
        once = content(workspace.url)
        assert workspace.commit(run, [replace(result)], NOW + LEASE) == []
        assert content(workspace.url) == once
