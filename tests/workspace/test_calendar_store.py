import pytest
from store_samples import NOW, at

from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace.calendars import Calendar


def test_the_occurrences_of_some_calendars_are_told(workspace):
    for name, hour in (("plant", 1), ("plant", 30), ("office", 2)):
        calendar = Calendar.once(f"{name} {hour}", at(hour), at(hour + 1))
        for uid, entry in calendar.to_entries().items():
            workspace.calendars.put(name, uid, entry)
    told = workspace.calendars.spans(["plant", "office"], at(0), at(24))
    assert [(span.start, span.end, span.summary) for span in told] == [
        (at(1), at(2), "plant 1"),
        (at(2), at(3), "office 2"),
    ]
    assert workspace.calendars.spans([], at(0), at(24)) == ()
    assert workspace.calendars.spans(["none"], at(0), at(24)) == ()


def test_entries_are_put_replaced_and_removed(workspace):
    workspace.calendars.put("plant", "u1", {"summary": "wash"}, author="ann", now=NOW)
    workspace.calendars.put("plant", "u" * 3000, {"summary": "inventory"})
    workspace.calendars.put("office", "u1", {"summary": "party"})
    workspace.calendars.put("plant", "u1", {"summary": "wash twice"}, author="bob", now=NOW)
    workspace.calendars.put("plant", "u1", {"summary": "wash twice"}, author="eve")  # the same: nothing happens
    assert [(e.uid[:2], e.entry["summary"]) for e in workspace.calendars.list("plant")] == [
        ("u1", "wash twice"),
        ("uu", "inventory"),
    ]
    assert [entry.calendar for entry in workspace.calendars.list()] == ["office", "plant", "plant"]
    workspace.calendars.remove("plant", "u1", author="bob")
    assert len(workspace.calendars.list("plant")) == 1
    with pytest.raises(WorkspaceError, match="calendar 'plant' has no entry 'u1'"):
        workspace.calendars.remove("plant", "u1")
    trail = [(e.author, e.action, e.before) for e in workspace.audit.list(subject="plant", limit=10) if e.author][::-1]
    assert trail == [
        ("ann", "put calendar entry", None),
        ("bob", "put calendar entry", {"summary": "wash"}),
        ("bob", "remove calendar entry", {"summary": "wash twice"}),
    ]
