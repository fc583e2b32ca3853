import pytest
from store_samples import NOW

from tsanomaly.errors import WorkspaceError


def test_jobs_are_put_listed_switched_and_removed(workspace):
    workspace.jobs.put("pumps", "a = 1", author="ann", now=NOW)
    workspace.jobs.put("fans", "b = 1", enabled=False)
    assert [job.name for job in workspace.jobs.list()] == ["fans", "pumps"]
    assert [job.name for job in workspace.jobs.list(enabled=True)] == ["pumps"]
    workspace.jobs.enable("fans")
    workspace.jobs.disable("pumps", author="bob")
    workspace.jobs.disable("pumps", author="bob")  # already: no entry in the trail
    assert [job.name for job in workspace.jobs.list(enabled=True)] == ["fans"]
    stored = workspace.jobs.get("pumps")
    assert (stored.toml, stored.enabled, stored.put_at) == ("a = 1", False, NOW)
    workspace.jobs.put("pumps", "a = 2", enabled=False)
    workspace.jobs.put("pumps", "a = 2", enabled=False)
    workspace.jobs.remove("pumps")
    trail = [(entry.author, entry.action) for entry in workspace.audit.list(subject="pumps")[::-1]]
    assert trail == [("ann", "put job"), ("bob", "disable job"), ("", "put job"), ("", "remove job")]


def test_a_job_that_is_not_there_is_named(workspace):
    for use in (workspace.jobs.get, workspace.jobs.enable, workspace.jobs.disable, workspace.jobs.remove):
        with pytest.raises(WorkspaceError) as refused:
            use("pumps")
        assert str(refused.value) == "there is no job 'pumps' in this workspace; tsanomaly jobs list names them"
