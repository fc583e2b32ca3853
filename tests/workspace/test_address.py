import logging
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from postgres import administer, server
from sqlalchemy import make_url

from tsanomaly.errors import WorkspaceError, WorkspaceUnavailableError
from tsanomaly.workspace import Workspace
from tsanomaly.workspace.address import Address

SECRET = "hunter2/@:"
WRITTEN = "hunter2%2F%40%3A"


def refusal(*arguments, kind=WorkspaceError, **more):
    """The sentence with which opening is refused."""
    with pytest.raises(kind) as refused:
        Workspace.open(*arguments, **more)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    return sentence


def test_without_an_address_it_is_what_the_environment_says_or_the_user_s_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TSANOMALY_WORKSPACE", f"sqlite:///{tmp_path}/from-environment.sqlite")
    assert Address.of().file == tmp_path / "from-environment.sqlite"
    monkeypatch.delenv("TSANOMALY_WORKSPACE")
    monkeypatch.setenv("TSANOMALY_DATA", str(tmp_path / "data"))
    assert Address.of().file == tmp_path / "data" / "workspace.sqlite"
    monkeypatch.delenv("TSANOMALY_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    if sys.platform == "linux":
        with Workspace.open() as workspace:
            assert workspace.folder == tmp_path / "home" / "tsanomaly"
            assert (workspace.folder / "workspace.sqlite").is_file()


def test_a_path_is_a_sqlite_file_and_files_lie_beside_it(tmp_path):
    for given in (tmp_path / "w.sqlite", str(tmp_path / "w.sqlite"), f"sqlite:///{tmp_path}/w.sqlite"):
        with Workspace.open(given) as workspace:
            assert workspace.shown == str(tmp_path / "w.sqlite")
            assert workspace.folder == tmp_path


def test_a_workspace_travels_to_another_process_by_its_url(workspace):
    workspace.jobs.put("pumps", "")
    with pickle.loads(pickle.dumps(workspace)) as other:  # noqa: S301
        assert other.url == workspace.url
        assert len(other.jobs.list()) == 1


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            f"mysql://ann:{SECRET}@host/db",
            "a workspace cannot be 'mysql://…'; give the path of a SQLite file, sqlite:///PATH or "
            "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE",
        ),
        (
            "postgresql://ann:hunter2@host:port/db",
            "the workspace's URL (postgresql://…) cannot be understood; write it as postgresql+psycopg://"
            "USER:PASSWORD@HOST:PORT/DATABASE, with @ : / in a password as %40 %3A %2F",
        ),
        ("postgresql://ann:hunter2@host", "the workspace's URL (postgresql://…) names no database; add it at the end"),
        ("sqlite://", "the workspace's URL (sqlite://…) names no file; add it at the end"),
        ("", "the workspace must be kept in a file; give its path"),
        (":memory:", "the workspace must be kept in a file; give its path"),
        ("sqlite:///:memory:", "the workspace's URL (sqlite://…) names no file; add it at the end"),
    ],
)
def test_a_bad_url_is_one_sentence_without_the_password(url, sentence):
    assert refusal(url) == sentence


def test_a_folder_a_foreign_file_and_a_damaged_one_are_named(tmp_path):
    assert refusal(tmp_path) == f"the workspace {tmp_path} is a folder; give the path of a file in it"
    foreign = tmp_path / "notes.txt"
    foreign.write_text("not a database " * 100)
    assert refusal(foreign) == f"the workspace {foreign} is no SQLite file; give another path"
    below = foreign / "w.sqlite"
    assert refusal(below) == f"the workspace {below} cannot be made: File exists; give another path" or (
        "Not a directory" in refusal(below)
    )


def test_a_file_locked_by_another_writer_is_said_to_be(tmp_path):
    path = tmp_path / "w.sqlite"
    Workspace.open(path).close()
    with sqlite3.connect(path, isolation_level=None) as other, Workspace.open(path, patience_s=0.1) as workspace:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(WorkspaceUnavailableError) as refused:
            workspace.jobs.put("pumps", "")
        assert str(refused.value) == f"the workspace {path} is locked by another process that writes; try again"
        assert workspace.jobs.list() == []  # readers do not wait
        other.execute("ROLLBACK")
        workspace.jobs.put("pumps", "")
    other.close()


READER = """
import os, sys
from tsanomaly.errors import TsAnomalyError
from tsanomaly.workspace import Workspace
Workspace.open(sys.argv[2]).close()  # loads all that the user below could not read
os.setuid(65534)
try:
    with Workspace.open(sys.argv[1]) as workspace:
        workspace.jobs.put("pumps", "")
except TsAnomalyError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_workspace_that_may_not_be_written_is_said_to_be(tmp_path):
    folder = Path("/var/tmp/tsanomaly-read-only-test")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    try:
        path = folder / "w.sqlite"
        Workspace.open(path).close()
        said = subprocess.run([sys.executable, "-c", READER, path, tmp_path / "own"], capture_output=True, text=True)
        assert said.stdout == (
            f"the workspace {path} cannot be written; ask for the right to write to the file and its folder\n"
        ), said.stderr
        missing = folder / "missing" / "w.sqlite"
        said = subprocess.run([sys.executable, "-c", READER, missing, tmp_path / "own"], capture_output=True, text=True)
        assert said.stdout == f"the workspace {missing} cannot be made: Permission denied; give another path\n"
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def users():
    """Users of the server with a password: one who may do all in its own database, and one who may only read."""
    data = Path(next(iter(administer("SHOW data_directory")))[0])
    rules = data / "pg_hba.conf"
    if "TSANOMALY_TEST_POSTGRES" in os.environ or not rules.is_file():
        pytest.skip("the server's rules for passwords are not ours to change")
    before = rules.read_text()
    rules.write_text("local all ann,reader scram-sha-256\n" + before)
    administer("SELECT pg_reload_conf()")
    for name in ("ann", "reader"):
        administer(f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'")
    administer("ALTER ROLE reader SET default_transaction_read_only = on")
    yield
    rules.write_text(before)
    administer("SELECT pg_reload_conf()")


def as_user(url, name, password=WRITTEN):
    return url.replace("postgresql+psycopg://postgres@", f"postgresql+psycopg://{name}:{password}@").replace(
        "postgresql+psycopg://postgres:@", f"postgresql+psycopg://{name}:{password}@"
    )


def test_a_wrong_password_is_one_sentence_and_reaches_no_log(postgres_url, users, caplog):
    caplog.set_level(logging.DEBUG)
    url = as_user(postgres_url, "ann", "WRONG-hunter3")
    sentence = refusal(url)
    shown = f"postgresql+psycopg://ann:***@/{make_url(url).database}"
    assert sentence == f"the workspace {shown} refuses the user 'ann' or the password; check both"
    assert "hunter3" not in caplog.text


def test_a_password_is_never_shown(postgres_url, users, caplog):
    caplog.set_level(logging.DEBUG)
    administer(f"ALTER DATABASE {make_url(postgres_url).database} OWNER TO ann")
    with Workspace.open(as_user(postgres_url, "ann")) as workspace:
        assert SECRET in make_url(workspace.url).password
        assert "hunter2" not in repr(workspace) + workspace.shown + str(vars(workspace)) + caplog.text
    options = postgres_url + "&password=hunter2"
    assert "hunter2" not in Address.of(options).shown


def test_a_user_who_may_only_read_is_named(postgres_url, users):
    Workspace.open(postgres_url).close()
    with psycopg.connect(make_url(postgres_url).set(drivername="postgresql").render_as_string(False)) as connection:
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    with Workspace.open(as_user(postgres_url, "reader")) as workspace:
        assert workspace.jobs.list() == []
        with pytest.raises(WorkspaceError, match="cannot be written; grant the user 'reader' the right to"):
            workspace.jobs.put("pumps", "")


def test_a_database_that_is_not_there_is_named(postgres_url):
    url = make_url(postgres_url).set(database="nowhere").render_as_string(hide_password=False)
    assert refusal(url).endswith("does not exist on the server; create the database 'nowhere'")


def test_a_server_that_is_not_there_is_said_to_be():
    sentence = refusal("postgresql://ann:hunter2@127.0.0.1:9/db", kind=WorkspaceUnavailableError, patience_s=2)
    assert sentence == (
        "the workspace postgresql+psycopg://ann:***@127.0.0.1:9/db cannot be reached at 127.0.0.1; check that the "
        "server runs, try again"
    )


def test_a_connection_that_the_server_cut_is_made_again(postgres_url):
    with Workspace.open(postgres_url) as workspace:
        workspace.jobs.put("pumps", "")
        administer(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
            f"'{make_url(postgres_url).database}' AND pid <> pg_backend_pid()"
        )
        assert len(workspace.jobs.list()) == 1


def test_a_row_held_by_somebody_else_for_too_long_is_said_to_be(postgres_url):
    plain = make_url(postgres_url).set(drivername="postgresql").render_as_string(False)
    with Workspace.open(postgres_url, patience_s=1) as workspace:
        workspace.jobs.put("pumps", "")
        with psycopg.connect(plain) as other:
            other.execute("SELECT * FROM jobs FOR UPDATE")
            with pytest.raises(WorkspaceUnavailableError, match="is locked by another process that writes; try again"):
                workspace.jobs.disable("pumps")


def test_the_server_is_real():
    assert "PostgreSQL" in next(iter(administer("SELECT version()")))[0]
    assert server().get_backend_name() == "postgresql"
