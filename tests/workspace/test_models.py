import os
import subprocess
import sys
from datetime import timedelta

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


def files(workspace):
    return sorted(path.read_bytes() for path in (workspace.folder / "models").rglob("*.*"))


def versions(workspace, series=None):
    return [(m.version, m.active) for m in workspace.models.list("pumps", series)]


def test_earlier_versions_are_forgotten_with_their_files_but_for_the_latest(workspace, bundle):
    for series in (None, "north"):
        for n in range(6):
            workspace.models.add("pumps", series, bundle(f"{series} {n}".encode()), {})
    workspace.models.add("fans", None, bundle(b"other"), {})
    assert workspace.models.prune("pumps", 2) == 6
    assert [m.version for m in workspace.models.list("pumps")] == [6, 5, 4, 6, 5, 4]
    assert files(workspace) == sorted([b"other", *(f"{s} {n}".encode() for s in (None, "north") for n in (3, 4, 5))])
    assert workspace.models.prune("pumps", 2) == 0
    assert workspace.models.add("pumps", None, bundle(b"next"), {}) == 7
    assert workspace.check().faults == ()
    assert workspace.check().strays == 0


def test_the_version_in_use_is_never_forgotten_nor_those_that_wait_to_be_used(workspace, bundle):
    for n in range(6):
        workspace.models.add("pumps", None, bundle(b"%d" % n), {}, activate=n == 0)
    assert workspace.models.prune("pumps", 2) == 3
    assert versions(workspace) == [(6, False), (5, False), (1, True)]
    assert workspace.models.current("pumps").path.read_bytes() == b"0"


def test_a_file_stays_while_another_version_has_the_same_bytes(workspace, bundle):
    for content in (b"one", b"two", b"one"):
        workspace.models.add("pumps", None, bundle(content), {})
    workspace.models.activate("pumps", 2)
    assert workspace.models.prune("pumps", 1) == 1  # the first; the third has its bytes
    assert versions(workspace) == [(3, False), (2, True)]
    assert files(workspace) == [b"one", b"two"]
    assert workspace.models.path("pumps", 3).read_bytes() == b"one"


KILLED = """
import os, pathlib, sys
from tsanomaly.workspace import Workspace
with Workspace.open(sys.argv[1]) as workspace:
    pathlib.Path.unlink = lambda *_, **__: os._exit(9)
    workspace.models.prune("pumps", 1)
"""


def test_a_process_that_dies_between_the_rows_and_the_files_leaves_nothing_dangling(workspace, workspace_url, bundle):
    for n in range(4):
        workspace.models.add("pumps", None, bundle(b"%d" % n), {})
    assert subprocess.run([sys.executable, "-c", KILLED, workspace_url], check=False).returncode == 9
    checked = workspace.check()
    assert (checked.faults, checked.strays, checked.rows["models"]) == ((), 2, 2)
    assert workspace.models.sweep("pumps") == 0  # young: a version may be about to name it
    assert workspace.models.sweep("pumps", timedelta(0)) == 2
    assert files(workspace) == [b"2", b"3"]
    assert workspace.check().strays == 0


def test_only_files_that_are_old_are_swept(workspace, bundle):
    workspace.models.add("pumps", None, bundle(b"one"), {})
    folder = workspace.models.current("pumps").path.parent
    for name, age in (("old.part", 3 * 86400), ("young.part", 0)):
        path = folder / name
        path.write_bytes(b"half")
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    assert workspace.models.sweep("pumps") == 1
    assert files(workspace) == [b"half", b"one"]


def test_what_another_removes_meanwhile_and_what_is_no_file_do_not_end_a_sweep(workspace, bundle):
    workspace.models.add("pumps", None, bundle(b"one"), {})
    folder = workspace.models.current("pumps").path.parent
    scores = workspace.folder / "scores" / "job=pumps" / "day=2026-11-24"
    for place in (folder, scores):
        (place / "a folder").mkdir(parents=True)
        (place / "gone").symlink_to(place / "removed meanwhile")
        (place / "stray").write_bytes(b"half")
    assert workspace.models.sweep("pumps", timedelta(0)) == 1
    assert workspace.scores.sweep(timedelta(0), "pumps") == 1
    assert files(workspace) == [b"one"]
