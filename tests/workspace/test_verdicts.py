import pytest
from rivals import judge, race
from store_samples import NOW, at, claimed, content, event, scored

from tsanomaly.detection.verdicts import Judgement
from tsanomaly.errors import ConflictError, WorkspaceError


@pytest.fixture
def found(workspace):
    """One event that nobody judged."""
    workspace.commit(claimed(workspace), [scored(event(1, 2, threshold=3.0))], NOW)
    return workspace.events.list()[0]


def test_a_verdict_is_given_with_note_author_and_time(workspace, found):
    judged = workspace.verdicts.give(
        found.id, Judgement.FALSE_ALARM, author="ann", seen_version=0, note="a valve was tested", now=NOW
    )
    assert (judged.verdict, judged.verdict_version) == (Judgement.FALSE_ALARM, 1)
    [verdict] = workspace.verdicts.list(job="pumps", series="north")
    assert (verdict.event_id, verdict.author, verdict.note, verdict.at) == (found.id, "ann", "a valve was tested", NOW)
    assert verdict.in_force
    assert workspace.verdicts.list(judgement=Judgement.TRUE) == []
    assert workspace.verdicts.list(job="fans") == []
    assert workspace.events.count(verdict=Judgement.FALSE_ALARM) == 1
    assert workspace.events.count(verdict="none") == 0


def test_feedback_sees_the_event_as_it_was_when_it_was_judged(workspace, found):
    workspace.verdicts.give(found.id, Judgement.NEW_NORMAL, author="ann", seen_version=0, since=at(1.5), now=NOW)
    workspace.commit(claimed(workspace, 13), [scored(event(1, 4, 90.0))], NOW)
    [verdict] = workspace.verdicts.feedback("pumps").verdicts
    assert (verdict.series, verdict.start, verdict.end, verdict.since) == ("north", at(1), at(2), at(1.5))
    assert (verdict.score, verdict.threshold, verdict.author) == (4.2, 3.0, "ann")
    assert workspace.verdicts.feedback("fans").verdicts == ()


def test_a_verdict_on_what_somebody_else_judged_meanwhile_is_refused(workspace, found):
    workspace.verdicts.give(found.id, Judgement.TRUE, author="ann", seen_version=0)
    before = content(workspace.url)
    with pytest.raises(ConflictError) as refused:
        workspace.verdicts.give(found.id, Judgement.FALSE_ALARM, author="bob", seen_version=0)
    assert str(refused.value) == (
        f"event '{found.id}' was judged by somebody else meanwhile and is judged 'true' by ann; load it again and "
        "decide again"
    )
    with pytest.raises(ConflictError):
        workspace.verdicts.undo(found.id, author="bob", seen_version=0)
    assert content(workspace.url) == before
    assert workspace.verdicts.give(found.id, Judgement.UNCLEAR, author="bob", seen_version=1).verdict_version == 2


def test_undoing_brings_back_the_verdict_before(workspace, found):
    for version, judgement in enumerate((Judgement.UNCLEAR, Judgement.TRUE)):
        workspace.verdicts.give(found.id, judgement, author="ann", seen_version=version)
    assert workspace.verdicts.undo(found.id, author="bob", seen_version=2).verdict == Judgement.UNCLEAR
    assert [v.judgement for v in workspace.verdicts.list()] == [Judgement.UNCLEAR]
    assert workspace.verdicts.undo(found.id, author="bob", seen_version=3).verdict is None
    assert workspace.verdicts.list() == []
    with pytest.raises(WorkspaceError, match="has no verdict to undo"):
        workspace.verdicts.undo(found.id, author="bob", seen_version=4)
    history = workspace.verdicts.history(found.id)
    assert [(v.judgement, v.undone_by, v.in_force) for v in history] == [
        (Judgement.UNCLEAR, "bob", False),
        (Judgement.TRUE, "bob", False),
    ]
    trail = workspace.audit.list(subject=found.id)[::-1]
    assert [(entry.author, entry.action, entry.before["verdict"], entry.after["verdict"]) for entry in trail] == [
        ("ann", "give verdict", None, "unclear"),
        ("ann", "give verdict", "unclear", "true"),
        ("bob", "undo verdict", "true", "unclear"),
        ("bob", "undo verdict", "unclear", None),
    ]


def test_an_event_that_grows_does_not_put_its_judge_off(workspace, found):
    workspace.commit(claimed(workspace, 13), [scored(event(1, 4, 90.0))], NOW)
    assert workspace.verdicts.give(found.id, Judgement.TRUE, author="ann", seen_version=0).end == at(4)


def test_a_verdict_on_no_event_is_refused(workspace):
    with pytest.raises(WorkspaceError, match="there is no event 'nothing' in this workspace"):
        workspace.verdicts.give("nothing", Judgement.TRUE, author="ann", seen_version=0)


def test_of_four_analysts_at_once_nobody_s_verdict_is_overwritten_unseen(workspace, workspace_url, found):
    race(judge, workspace_url, found.id, 5)
    assert workspace.events.get(found.id).verdict_version == 20
    given = sorted((v.author, v.note) for v in workspace.verdicts.history(found.id))
    assert given == [(f"analyst {place}", str(turn)) for place in range(4) for turn in range(5)]
    assert len(workspace.audit.list(subject=found.id)) == 20
