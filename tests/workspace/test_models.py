import pytest
from store_samples import NOW

from tsanomaly.errors import WorkspaceError


@pytest.fixture
def bundle(tmp_path):
    """A file that could be a model's, of some content."""

    def write(content):
        path = tmp_path / "bundle.safetensors"
        path.write_bytes(content)
        return path

    return write


def test_versions_are_counted_and_the_last_is_in_use(workspace, bundle):
    assert workspace.models.current("pumps") is None
    assert workspace.models.add("pumps", None, bundle(b"one"), {"rows": 100}, now=NOW) == 1
    assert workspace.models.add("pumps", None, bundle(b"two"), {"rows": 200}) == 2
    current = workspace.models.current("pumps")
    assert (current.version, current.about, current.path.read_bytes()) == (2, {"rows": 200}, b"two")
    assert [(m.version, m.active) for m in workspace.models.list("pumps")] == [(2, True), (1, False)]
    assert workspace.models.list("pumps")[1].added_at == NOW


def test_the_same_file_again_is_the_same_version(workspace, bundle):
    for _ in range(2):
        assert workspace.models.add("pumps", "north", bundle(b"one"), {}) == 1
    assert len(list((workspace.folder / "models").rglob("*.*"))) == 1


def test_an_earlier_version_is_brought_back(workspace, bundle):
    for content in (b"one", b"two"):
        workspace.models.add("pumps", None, bundle(content), {})
    workspace.models.activate("pumps", 1, author="ann")
    assert workspace.models.current("pumps").path.read_bytes() == b"one"
    assert workspace.models.path("pumps", 2).read_bytes() == b"two"
    [entry] = workspace.audit.list(subject="pumps")
    assert (entry.author, entry.before, entry.after) == ("ann", {"version": 2}, {"version": 1})
    workspace.models.activate("pumps", 1, author="ann")
    assert len(workspace.audit.list()) == 1
    with pytest.raises(WorkspaceError, match="job 'pumps' has no model of version 3"):
        workspace.models.activate("pumps", 3)
    with pytest.raises(WorkspaceError, match="job 'pumps' has no model of version 3"):
        workspace.models.path("pumps", 3)


def test_a_version_may_wait_to_be_used(workspace, bundle):
    workspace.models.add("pumps", None, bundle(b"one"), {})
    workspace.models.add("pumps", None, bundle(b"two"), {}, activate=False)
    assert workspace.models.current("pumps").version == 1


def test_each_series_has_versions_of_its_own_beside_the_shared_ones(workspace, bundle):
    workspace.models.add("pumps", None, bundle(b"shared"), {})
    for series in ("north", "south", "n" * 10_000):
        workspace.models.add("pumps", series, bundle(series.encode()), {})
    workspace.models.add("pumps", "north", bundle(b"again"), {})
    current = workspace.models.all_current("pumps")
    assert {series: model.version for series, model in current.items()} == {
        None: 1,
        "north": 2,
        "south": 1,
        "n" * 10_000: 1,
    }
    assert [m.version for m in workspace.models.list("pumps", "north")] == [2, 1]
    assert workspace.models.current("fans") is None
