"""Verdicts change which stored events are shown: what the preview says, no more and no less."""

from collections import defaultdict

import pytest
from rivals import judge_while_running, race
from store_samples import NOW, at, claimed, like, scored

from tsanomaly.detection.feedback import judge, preview
from tsanomaly.detection.verdicts import Judgement
from tsanomaly.workspace.calendars import Calendar


@pytest.fixture
def found(workspace):
    """Two events that are alike, a third that stands far above them, and one of another kind; by start."""
    events = [like(1), like(3), like(5, score=9.0), like(7, channel="heat", kind=1)]
    workspace.commit(claimed(workspace), [scored(*events)], NOW)
    return workspace.events.list(order="start", details=True)[::-1]


def held(workspace):
    return [bool(e.held_back) for e in workspace.events.list(order="start")[::-1]]


def test_nothing_is_held_back_before_anybody_judged(workspace, found):
    assert held(workspace) == [False] * 4


def test_a_false_alarm_holds_back_itself_and_events_like_it_and_undoing_shows_them_again(workspace, found):
    said = preview(
        [e.occurrence for e in found],
        workspace.verdicts.feedback("pumps"),
        found[0].occurrence.judged(Judgement.FALSE_ALARM, NOW, author="ann"),
    )
    judged = workspace.verdicts.give(found[0].id, Judgement.FALSE_ALARM, author="ann", seen_version=0, now=NOW)
    assert judged.held_back == "judged a false alarm by ann on 2026-11-24"
    assert held(workspace) == [True, True, False, False]
    assert {ruling.occurrence.key for ruling in said.goes} == {e.id for e in workspace.events.list(held_back=True)}
    other = workspace.events.get(found[1].id)
    assert other.held_back.startswith("100% like the false alarm of 2026-11-24 01:00 UTC: such events now need a score")
    assert workspace.events.count(held_back=True) == 2
    assert [e.id for e in workspace.events.list(verdict="none", held_back=False, order="start")] == [
        found[3].id,
        found[2].id,
    ]
    workspace.verdicts.undo(found[0].id, author="bob", seen_version=1)
    assert held(workspace) == [False] * 4
    assert [(e.after["held back"], e.after["shown again"]) for e in workspace.audit.list()] == [(0, 2), (2, 0)]


def test_the_next_run_holds_back_what_is_like_a_false_alarm(workspace, found):
    workspace.verdicts.give(found[0].id, Judgement.FALSE_ALARM, author="ann", seen_version=0)
    run = claimed(workspace, 13)
    workspace.commit(run, [scored(like(12), like(14, score=9.0), since=11, until=20)], NOW)
    assert held(workspace) == [True, True, False, False, True, False]
    workspace.commit(run, [scored(like(12, score=9.5), like(14, score=9.0), since=11, until=20)], NOW)
    assert held(workspace)[4:] == [False, False]  # it has grown above the bar
    [change] = [c for c in workspace.events.changed_in(run) if c.change == "updated"]
    assert change.after == {"score": 9.5}


def test_verdicts_of_another_job_change_nothing_here(workspace, found):
    workspace.commit(claimed(workspace, job="fans"), [scored(like(1))], NOW)
    [other] = workspace.events.list(job="fans")
    workspace.verdicts.give(other.id, Judgement.FALSE_ALARM, author="ann", seen_version=0)
    assert workspace.events.count(job="pumps", held_back=True) == 0


def test_a_calendar_holds_back_and_a_verdict_on_another_event_does_not_undo_that(workspace):
    for uid, entry in Calendar.once("wash", at(0), at(2)).to_entries().items():
        workspace.calendars.put("plant", uid, entry)
    run = claimed(workspace)
    workspace.commit(run, [scored(like(1), like(5, channel="heat", kind=1))], NOW, calendars=["plant"])
    later, earlier = workspace.events.list(order="start")
    assert (earlier.held_back, later.held_back) == ("maintenance: wash", "")
    workspace.verdicts.give(later.id, Judgement.TRUE, author="ann", seen_version=0)
    assert workspace.events.get(earlier.id).held_back == "maintenance: wash"
    workspace.verdicts.give(earlier.id, Judgement.TRUE, author="ann", seen_version=0)
    assert workspace.events.get(earlier.id).held_back == ""


def test_a_new_normal_holds_back_until_the_model_has_learned_it(workspace, found):
    workspace.verdicts.give(found[0].id, Judgement.NEW_NORMAL, author="ann", seen_version=0, since=at(1))
    assert held(workspace) == [True, True, True, False]
    run = claimed(workspace, 13)
    workspace.commit(run, [scored(like(12), since=11, until=13, learned_from=at(-100))], NOW)
    assert held(workspace)[-1]
    workspace.commit(run, [scored(like(14), since=13.5, until=20, learned_from=at(1))], NOW)
    assert not held(workspace)[-1]


def test_a_thousand_events_are_ruled_on_by_one_verdict(workspace):
    run = claimed(workspace)
    workspace.commit(run, [scored(*(like(2 * hour) for hour in range(1000)), until=3000)], NOW)
    first = workspace.events.list(order="start", limit=1)[0]
    workspace.verdicts.give(first.id, Judgement.FALSE_ALARM, author="ann", seen_version=0)
    assert workspace.events.count(held_back=True) == 1000


def test_a_verdict_given_and_undone_leaves_what_a_calendar_holds_back_as_the_preview_says(workspace):
    plan = Calendar.once("wash", at(0), at(2))
    for uid, entry in plan.to_entries().items():
        workspace.calendars.put("plant", uid, entry)
    workspace.commit(claimed(workspace), [scored(like(1), like(5), like(7))], NOW, calendars=["plant"])
    found = workspace.events.list(order="start", details=True)[::-1]
    assert held(workspace) == [True, False, False]
    said = preview(
        [e.occurrence for e in found],
        workspace.verdicts.feedback("pumps"),
        found[1].occurrence.judged(Judgement.FALSE_ALARM, NOW, author="ann"),
        workspace.calendars.spans(["plant"], at(0), at(24)),
    )
    workspace.verdicts.give(found[1].id, Judgement.FALSE_ALARM, author="ann", seen_version=0, calendars=["plant"])
    assert {ruling.occurrence.key for ruling in said.goes} == {found[1].id, found[2].id}
    assert held(workspace) == [True, True, True]
    assert workspace.events.get(found[0].id).held_back == "maintenance: wash"
    workspace.verdicts.undo(found[1].id, author="ann", seen_version=1, calendars=["plant"])
    assert held(workspace) == [True, False, False]
    judged = workspace.verdicts.give(found[0].id, Judgement.TRUE, author="ann", seen_version=0, calendars=["plant"])
    assert judged.held_back == ""
    undone = workspace.verdicts.undo(found[0].id, author="ann", seen_version=1, calendars=["plant"])
    assert undone.held_back == "maintenance: wash"


def test_verdicts_given_and_undone_while_a_run_stores_the_same_events_are_all_kept_and_in_force(
    workspace, workspace_url
):
    workspace.commit(claimed(workspace), [scored(*(like(2 * n + 1) for n in range(6)), until=20)], NOW)
    ids = [e.id for e in workspace.events.list()]
    _, *analysts = race(judge_while_running, workspace_url, ids, NOW, rivals=3)
    acts = [act for done in analysts for act in done]
    assert len(acts) == 48

    trail, given = defaultdict(list), defaultdict(list)
    for entry in workspace.audit.list(limit=1000)[::-1]:
        trail[entry.subject].append(entry)
    for event_id in ids:
        found, history = workspace.events.get(event_id), workspace.verdicts.history(event_id)
        given[event_id] = [(v.author, v.note) for v in history]
        entries = trail[event_id]
        assert found.verdict_version == len(entries)
        assert found.verdict == next((v.judgement for v in history if v.in_force), None)
        # Every step in the trail begins where the one before it ended.
        verdicts = [None, *(entry.after["verdict"] for entry in entries)]
        assert [entry.before["verdict"] for entry in entries] == verdicts[:-1]
        assert verdicts[-1] == found.verdict
    assert sorted((e, who, note) for e, who, what, note in acts if what == "gave") == sorted(
        (event_id, who, note) for event_id, notes in given.items() for who, note in notes
    )
    assert sorted((e, who, what) for e, who, what, _ in acts) == sorted(
        (entry.subject, entry.author, entry.action.replace("give verdict", "gave").replace("undo verdict", "undid"))
        for entries in trail.values()
        for entry in entries
    )

    standing = workspace.events.list(limit=None, details=True)
    rulings = judge([e.occurrence for e in standing], workspace.verdicts.feedback("pumps"))
    assert [e.held_back for e in standing] == ["" if r.shown else r.reason for r in rulings]
