import pytest
from store_samples import NOW, claimed, event, scored

from tsanomaly.errors import ConfigurationError, ConflictError, WorkspaceError


def test_notes_are_on_an_event_a_job_or_a_series(workspace):
    workspace.commit(claimed(workspace), [scored(event(1, 2))], NOW)
    [found] = workspace.events.list()
    on_event = workspace.notes.add("=cmd <b>\u202e", author="ann", event_id=found.id, now=NOW)
    on_job = workspace.notes.add("on call: Bob", author="ann", job="pumps", now=NOW)
    on_series = workspace.notes.add("new sensor", author="bob", job="pumps", series="north", now=NOW)
    assert workspace.notes.list(event_id=found.id) == [on_event]
    assert workspace.notes.list(job="pumps") == [on_series, on_job]
    assert workspace.notes.list(series="north") == [on_series]
    assert (on_event.text, on_event.author, on_event.at, on_event.version) == ("=cmd <b>\u202e", "ann", NOW, 1)
    assert on_series.series == "north"


def test_an_edit_of_what_somebody_else_changed_meanwhile_is_refused(workspace):
    note = workspace.notes.add("one", author="ann", job="pumps")
    edited = workspace.notes.edit(note.id, "two", author="bob", seen_version=1, now=NOW)
    assert (edited.text, edited.author, edited.edited_at, edited.version) == ("two", "ann", NOW, 2)
    with pytest.raises(ConflictError, match="changed by somebody else meanwhile"):
        workspace.notes.edit(note.id, "three", author="ann", seen_version=1)
    with pytest.raises(ConflictError):
        workspace.notes.remove(note.id, author="ann", seen_version=1)
    workspace.notes.remove(note.id, author="ann", seen_version=2)
    assert workspace.notes.list() == []
    with pytest.raises(WorkspaceError, match="there is no note 1; perhaps somebody removed it"):
        workspace.notes.edit(note.id, "four", author="ann", seen_version=2)
    trail = workspace.audit.list(subject="pumps")[::-1]
    assert [(entry.author, entry.action, entry.before, entry.after) for entry in trail] == [
        ("ann", "add note", None, {"text": "one"}),
        ("bob", "edit note", {"text": "one"}, {"text": "two"}),
        ("ann", "remove note", {"text": "two"}, None),
    ]


@pytest.mark.parametrize("text", ["", " \n", "n" * 20_001])
def test_a_note_has_a_text_of_some_length(workspace, text):
    with pytest.raises(ConfigurationError, match="expected 1 to 20,000"):
        workspace.notes.add(text, author="ann", job="pumps")


@pytest.mark.parametrize("on", [{}, {"job": "pumps", "event_id": "x"}, {"series": "north"}])
def test_a_note_is_on_one_thing(workspace, on):
    with pytest.raises(ConfigurationError, match="a note is on an event, on a job, or on a series of a job"):
        workspace.notes.add("text", author="ann", **on)


def test_a_note_on_no_event_is_refused(workspace):
    with pytest.raises(WorkspaceError, match="there is no event 'nothing'"):
        workspace.notes.add("text", author="ann", event_id="nothing")
