import pytest
from stored import NOW

from tsanomaly.errors import WorkspaceError


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
