import sqlite3
import threading

import pandas as pd
import pytest
from store_samples import LEASE, NOW, at, claimed, content, event, scored

from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace import Workspace


@pytest.fixture
def filled(workspace, tmp_path):
    """A workspace with an event, scores and a model."""
    frame = pd.DataFrame({"series": "north", "time": [pd.Timestamp(at(h)) for h in range(10)], "score": 1.0})
    parts = workspace.scores.write("pumps", frame)
    workspace.commit(claimed(workspace), [scored(event(1, 2))], NOW, parts=parts)
    (tmp_path / "bundle").write_bytes(b"model")
    workspace.models.add("pumps", None, tmp_path / "bundle", {}, now=NOW)
    return workspace


def test_a_sound_workspace_has_no_faults(filled):
    found = filled.check()
    assert found.faults == ()
    assert (found.rows["events"], found.rows["runs"], found.rows["verdicts"]) == (1, 1, 0)
    assert (found.files, found.strays) == (2, 0)
    assert found.bytes > 10_000


def test_a_missing_file_and_an_unused_one_are_told(filled):
    [model] = filled.models.list()
    model.path.rename(model.path.with_name("other.safetensors"))
    found = filled.check()
    assert found.faults == (f"the file '{model.path.relative_to(filled.folder)}' is missing",)
    assert (found.files, found.strays) == (1, 1)


def test_a_damaged_file_is_told(tmp_path):
    path = tmp_path / "w.sqlite"
    with Workspace.open(path) as workspace:
        for hour in range(200):
            workspace.jobs.put(f"job {hour}", "x" * 2000)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 5000)
    with Workspace.open(path) as workspace:
        try:
            faults = workspace.check().faults
        except WorkspaceError as error:
            faults = [str(error)]
    assert any("is damaged" in fault for fault in faults)


def test_a_backup_is_a_workspace_with_all_of_it(filled, tmp_path):
    target = tmp_path / "backups" / "tuesday"
    if not filled.url.startswith("sqlite"):
        with pytest.raises(WorkspaceError) as refused:
            filled.back_up(target)
        assert str(refused.value) == (
            f"the workspace {filled.shown} is backed up with pg_dump; copy the folder {filled.folder} after it"
        )
        return
    filled.back_up(target)
    with Workspace.open(target / "workspace.sqlite") as copy:
        assert content(copy.url, without=()) == content(filled.url, without=())
        assert copy.check().faults == ()
        assert len(copy.scores.read("pumps")) == 10
        assert copy.models.current("pumps").path.read_bytes() == b"model"
    with pytest.raises(WorkspaceError, match="is there already; give the name of a folder that is not"):
        filled.back_up(target)
    assert [path.name for path in target.parent.iterdir()] == ["tuesday"]


def test_a_backup_while_runs_go_on_holds_one_moment(tmp_path):
    with Workspace.open(tmp_path / "w.sqlite") as workspace:
        run, done = claimed(workspace), threading.Event()

        def commit():
            for turn in range(40):
                found = [event(hour, hour + 0.5, 10.0 + turn) for hour in range(turn % 10)]
                workspace.commit(run, [scored(*found)], NOW + turn * LEASE)
            done.set()

        worker = threading.Thread(target=commit)
        worker.start()
        turn = 0
        while not done.is_set() or turn == 0:
            workspace.back_up(tmp_path / f"copy-{turn}")
            turn += 1
        worker.join()
    for number in range(turn):
        with Workspace.open(tmp_path / f"copy-{number}" / "workspace.sqlite") as copy:
            assert copy.check().faults == ()
            assert len({found.severity for found in copy.events.list()}) <= 1  # of one commit, and of no half of one


def test_a_backup_that_cannot_be_written_leaves_nothing(filled, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match=r"cannot be written|pg_dump"):
        filled.back_up(tmp_path / "file" / "copy")
    assert (tmp_path / "file").read_bytes() == b""
