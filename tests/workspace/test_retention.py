"""Old events are forgotten, and nothing that comes after notices."""

from datetime import timedelta

import pytest
from rivals import race, write_notes
from sqlalchemy import text
from store_samples import NOW, at, claimed, content, event, scored

from tsanomaly.detection.verdicts import Judgement
from tsanomaly.errors import WorkspaceError

HOUR = timedelta(hours=1)


@pytest.fixture
def found(workspace):
    """Five events of one series, and one of another that fell behind; ids by start."""
    run = claimed(workspace)
    north = scored(*(event(hour, hour + 1, kind="spike") for hour in (1, 3, 5, 7, 9)))
    workspace.commit(run, [north, scored(event(2, 4), series="south", until=4.5)], NOW)
    return {(e.series, e.start): e.id for e in workspace.events.list()}


def standing(workspace, **which):
    return sorted((e.start - at(0)) // HOUR for e in workspace.events.list(series="north", status=None, **which))


def test_what_ended_before_is_forgotten_with_its_history(workspace, workspace_url, found):
    assert workspace.events.prune("pumps", at(6.5)) == 4
    assert standing(workspace) == [7, 9]
    assert {row.split(",")[1].strip(" '") for row in content(workspace_url)["event_history"]} == {
        found["north", at(7)],
        found["north", at(9)],
    }
    with pytest.raises(WorkspaceError, match="there is no event"):
        workspace.events.get(found["north", at(1)])
    assert workspace.events.prune("pumps", at(6.5)) == 0
    assert workspace.events.prune("fans", at(100)) == 0
    assert workspace.check().faults == ()


def test_the_end_counts_and_one_that_lasts_stays(workspace, found):
    assert workspace.events.prune("pumps", at(4)) == 1  # that of the south ends at 4, and so does the second
    assert standing(workspace) == [3, 5, 7, 9]


@pytest.mark.parametrize("judgement", list(Judgement))
def test_what_somebody_judged_stays_also_where_they_took_it_back(workspace, found, judgement):
    judged, undone = found["north", at(1)], found["north", at(3)]
    workspace.verdicts.give(judged, judgement, author="ann", seen_version=0, now=NOW)
    workspace.verdicts.give(undone, judgement, author="ann", seen_version=0, now=NOW)
    workspace.verdicts.undo(undone, author="ann", seen_version=1, now=NOW)
    feedback, trail = workspace.verdicts.feedback("pumps"), workspace.audit.list()
    workspace.events.prune("pumps", at(8.5))
    assert standing(workspace) == [1, 3, 9]
    assert workspace.verdicts.feedback("pumps") == feedback
    assert [v.judgement for v in workspace.verdicts.history(undone)] == [judgement]
    assert workspace.audit.list() == trail


def test_what_has_a_note_stays_until_the_note_is_removed(workspace, found):
    note = workspace.notes.add("the valve was open", author="ann", event_id=found["north", at(1)])
    workspace.events.prune("pumps", at(4))
    assert standing(workspace)[0] == 1
    workspace.notes.remove(note.id, author="ann", seen_version=1)
    workspace.events.prune("pumps", at(4))
    assert standing(workspace)[0] == 3
    assert [entry.action for entry in workspace.audit.list()] == ["remove note", "add note"]


def test_a_merged_event_goes_with_the_one_it_is_part_of_unless_that_is_needed(workspace, found):
    run = claimed(workspace, 13)
    workspace.commit(run, [scored(event(1, 6), event(7, 8), event(9, 10))], NOW)  # three are one now
    merged = [e for e in workspace.events.list(status=None) if e.merged_into]
    assert {e.merged_into for e in merged} == {found["north", at(1)]}
    workspace.notes.add("look", author="ann", event_id=merged[0].id)
    assert workspace.events.prune("pumps", at(7)) == 2  # the other merged one, and that of the south
    kept = {e.id for e in workspace.events.list(series="north", status=None)}
    assert {merged[0].id, found["north", at(1)]} <= kept
    assert merged[1].id not in kept


def test_what_a_run_may_score_again_stays_so_that_a_late_row_finds_it(workspace, found):
    assert workspace.events.prune("pumps", at(1000), late=4 * HOUR) == 2  # the south fell behind
    assert standing(workspace) == [5, 7, 9]
    assert [e.id for e in workspace.events.list(series="south")] == [found["south", at(2)]]
    changes = workspace.commit(claimed(workspace, 13), [scored(event(5, 7), since=6, until=12)], NOW)
    assert [(c.event_id, c.change) for c in changes if c.change in ("found", "grown")] == [
        (found["north", at(5)], "grown")
    ]


def test_a_stretch_scored_again_on_purpose_gives_forgotten_events_their_old_names(workspace, found):
    workspace.events.prune("pumps", at(4))
    again = scored(event(1, 2, kind="spike"), until=2.5)
    [change] = workspace.commit(claimed(workspace, 13), [again], NOW)
    assert (change.event_id, change.change) == (found["north", at(1)], "found")


def test_a_note_and_forgetting_at_once_leave_a_note_with_its_event_or_neither(workspace, workspace_url, found):
    ids = [found["north", at(hour)] for hour in (1, 3, 5, 7)]
    answers = race(write_notes, workspace_url, ids, at(9), rivals=3)
    assert all(isinstance(answer, list) for answer in answers), answers
    noted = {note for written in answers for note in written}
    assert noted == {note.event_id for note in workspace.notes.list()}
    assert noted <= {e.id for e in workspace.events.list()}
    assert workspace.check().faults == ()


def test_thousands_are_forgotten_at_once(workspace, workspace_url):
    run = claimed(workspace)
    workspace.commit(run, [scored(*(event(2 * n, 2 * n + 1) for n in range(3_000)), until=7_000)], NOW)
    assert workspace.events.prune("pumps", at(5_000)) == 2_500
    with workspace._database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM event_history")).scalar_one() == 500
