import sqlite3
from pathlib import Path

import pytest

from tsanomaly.workspace import Workspace, schema

EARLIER = Path(__file__).parents[1] / "workspace" / "earlier"


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TSANOMALY_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("TSANOMALY_WORKSPACE", raising=False)


def test_init_makes_a_workspace_in_the_user_s_folder_and_says_where(run, tmp_path):
    for _ in range(2):
        result = run("workspace", "init")
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.splitlines() == [
            f"workspace: {tmp_path}/data/workspace.sqlite",
            f"scores and models: {tmp_path}/data",
        ]
    assert (tmp_path / "data" / "workspace.sqlite").is_file()


def test_the_environment_or_an_option_names_another(run, tmp_path, monkeypatch):
    assert run("workspace", "init", "--workspace", "own.sqlite").exit_code == 0
    monkeypatch.setenv("TSANOMALY_WORKSPACE", f"sqlite:///{tmp_path}/team.sqlite")
    assert run("workspace", "init").exit_code == 0
    assert sorted(path.name for path in tmp_path.glob("*.sqlite")) == ["own.sqlite", "team.sqlite"]


def test_check_says_what_is_in_it(run, tmp_path):
    with Workspace.open(tmp_path / "w.sqlite") as workspace:
        workspace.jobs.put("pumps", "")
    result = run("workspace", "check", "--workspace", "w.sqlite")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = dict(line.strip().split(maxsplit=1) for line in result.stdout.splitlines())
    assert (rows["jobs"], rows["events"], rows["revision"]) == ("1", "0", schema.REVISIONS[-1])


def test_check_of_what_is_not_there_is_one_sentence(run, tmp_path):
    result = run("workspace", "check", "--workspace", "none.sqlite")
    assert (result.exit_code, result.stdout) == (7, "")
    assert result.stderr == (
        f"error: there is no workspace at {tmp_path}/none.sqlite yet; run: tsanomaly workspace init\n"
    )
    assert not (tmp_path / "none.sqlite").exists()


def test_check_of_one_with_a_fault_ends_with_the_status_of_workspaces(run, tmp_path):
    (tmp_path / "bundle").write_bytes(b"model")
    with Workspace.open(tmp_path / "w.sqlite") as workspace:
        workspace.models.add("pumps", None, tmp_path / "bundle", {})
        workspace.models.current("pumps").path.unlink()
    result = run("workspace", "check", "--workspace", "w.sqlite")
    assert result.exit_code == 7
    assert result.stderr.startswith("error: the file 'models/pumps/all/")
    assert result.stderr.endswith(".safetensors' is missing; restore a backup, or the file\n")
    assert len(result.stderr.splitlines()) == 1


def test_backup_copies_it_into_a_new_folder(run, tmp_path):
    Workspace.open(tmp_path / "w.sqlite").close()
    result = run("workspace", "backup", "copy", "--workspace", "w.sqlite")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "written: copy\n")
    assert run("workspace", "check", "--workspace", "copy/workspace.sqlite").exit_code == 0
    again = run("workspace", "backup", "copy", "--workspace", "w.sqlite")
    assert (again.exit_code, again.stderr) == (
        7,
        "error: 'copy' is there already; give the name of a folder that is not\n",
    )


def test_an_earlier_workspace_is_refused_until_it_is_upgraded(run, tmp_path):
    with sqlite3.connect(tmp_path / "w.sqlite") as connection:
        connection.executescript((EARLIER / "0001.sql").read_text(encoding="utf-8"))
    connection.close()
    refused = run("workspace", "check", "--workspace", "w.sqlite")
    assert refused.exit_code == 7
    assert refused.stderr == (
        f"error: the workspace {tmp_path}/w.sqlite is of the earlier revision 0001; back it up and run: tsanomaly "
        "workspace upgrade\n"
    )
    upgraded = run("workspace", "upgrade", "--workspace", "w.sqlite")
    assert (upgraded.exit_code, upgraded.stdout) == (0, f"upgraded from revision 0001 to {schema.REVISIONS[-1]}\n")
    again = run("workspace", "upgrade", "--workspace", "w.sqlite")
    assert again.stdout == f"up to date: revision {schema.REVISIONS[-1]}\n"
    assert "is missing" in run("workspace", "check", "--workspace", "w.sqlite").stderr  # only its file was kept


def test_a_locked_workspace_has_a_status_of_its_own(run, tmp_path, monkeypatch):
    monkeypatch.setattr(Workspace.upgrade.__func__, "__kwdefaults__", {"patience_s": 0.1})  # not 30 s
    Workspace.open(tmp_path / "w.sqlite").close()
    with sqlite3.connect(tmp_path / "w.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        result = run("workspace", "upgrade", "--workspace", "w.sqlite")
    other.close()
    assert result.exit_code == 8
    assert result.stderr == (
        f"error: the workspace {tmp_path}/w.sqlite is locked by another process that writes; try again\n"
    )


def test_a_bad_url_is_one_sentence(run):
    result = run("workspace", "init", "--workspace", "mysql://ann:hunter2@host/db")
    assert (result.exit_code, result.stdout) == (7, "")
    assert result.stderr.startswith("error: a workspace cannot be 'mysql://…'; give the path of a SQLite file")
    assert "hunter2" not in result.stderr
