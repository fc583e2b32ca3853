import sqlite3
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from rivals import put_job, race
from sqlalchemy import create_engine, text
from store_samples import NOW, claimed, event, scored

from tsanomaly.detection.verdicts import Judgement
from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace import Workspace, schema
from tsanomaly.workspace.address import Address
from tsanomaly.workspace.database import Database
from tsanomaly.workspace.tables import metadata

EARLIER = Path(__file__).parent / "earlier"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path, monkeypatch):
    """The URL of a database without any table."""
    monkeypatch.setenv("TSANOMALY_DATA", str(tmp_path))
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'workspace.sqlite'}"


def restore(url, revision):
    """Fill an empty database with a workspace as an earlier version left it."""
    dump = (EARLIER / f"{revision}.sql").read_text(encoding="utf-8")
    address = Address.of(url)
    if address.is_sqlite:
        with sqlite3.connect(address.file) as connection:
            connection.executescript(dump)
        connection.close()
        return
    database = Database(address)
    with database.writing() as connection:
        schema.upgrade(connection, address, revision)
    database.close()
    plain = address.url.set(drivername="postgresql").render_as_string(hide_password=False)
    old = sqlite3.connect(":memory:")
    old.executescript(dump)
    with psycopg.connect(plain) as connection:
        for table in (table.name for table in metadata.sorted_tables):
            if old.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                for row in old.execute(f"SELECT * FROM {table}"):
                    marks = ", ".join(["%s"] * len(row))
                    values = [None if value is None else str(value) for value in row]
                    connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)
        for table in ("series", "runs", "event_history", "models", "score_parts", "outbox", "verdicts", "audit"):
            if old.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT 1 + max(id) FROM {table}))"
                )
    old.close()


@pytest.mark.parametrize("revision", schema.REVISIONS[:-1])
def test_a_workspace_of_every_earlier_revision_is_upgraded_with_all_that_is_in_it(empty_url, revision):
    restore(empty_url, revision)
    with pytest.raises(WorkspaceError) as refused:
        Workspace.open(empty_url)
    assert str(refused.value).endswith(
        f"is of the earlier revision {revision}; back it up and run: tsanomaly workspace upgrade"
    )
    assert Workspace.upgrade(empty_url) == (revision, schema.REVISIONS[-1])
    with Workspace.open(empty_url) as workspace:
        [found] = workspace.events.list()
        assert (found.id, found.series, found.severity, found.score) == ("a" * 16, "north", 50.0, 4.25)
        assert found.held_back == ""
        assert workspace.events.get("b" * 16).status == "withdrawn"
        seen = {"author": "ann", "seen_version": found.verdict_version}
        assert workspace.verdicts.give(found.id, Judgement.TRUE, **seen).verdict == Judgement.TRUE
        assert workspace.jobs.get("pumps").enabled
        assert workspace.runs.get(1).counts == {"rows": 10}
        assert workspace.models.current("pumps").version == 1
        workspace.commit(claimed(workspace), [scored(event(1, 2))], NOW)
        assert workspace.events.count() == 2


def test_every_earlier_revision_is_kept_in_the_tests():
    assert sorted(path.stem for path in EARLIER.glob("*.sql")) == list(schema.REVISIONS[:-1])


def test_the_migrations_make_the_tables_that_the_code_knows(empty_url):
    Workspace.open(empty_url).close()
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "version_table": schema.VERSION_TABLE}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    engine.dispose()


def test_the_revisions_are_those_of_the_migrations():
    folder = Path(schema.__file__).parent / "migrations"
    assert [step.revision for step in ScriptDirectory(str(folder)).walk_revisions()] == list(schema.REVISIONS[::-1])


def test_opening_makes_a_workspace_and_opening_it_again_changes_nothing(empty_url):
    with Workspace.open(empty_url) as workspace:
        workspace.jobs.put("pumps", "")
    with Workspace.open(empty_url) as workspace:
        assert [job.name for job in workspace.jobs.list()] == ["pumps"]
    assert Workspace.upgrade(empty_url) == (schema.REVISIONS[-1],) * 2


def test_without_leave_to_make_one_a_missing_workspace_is_refused(empty_url):
    with pytest.raises(WorkspaceError, match=r"there is no workspace at .* yet; run: tsanomaly workspace init$"):
        Workspace.open(empty_url, create=False)


def test_a_workspace_of_a_newer_version_is_refused(empty_url):
    Workspace.open(empty_url).close()
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '0999'"))
    engine.dispose()
    for use in (Workspace.open, Workspace.upgrade):
        with pytest.raises(WorkspaceError) as refused:
            use(empty_url)
        assert str(refused.value).endswith(
            f"is used by a newer tsanomaly (its revision is '0999', this one knows {schema.REVISIONS[-1]}); "
            "upgrade tsanomaly here"
        )


def test_a_database_of_something_else_is_left_alone(empty_url):
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE customers (id INTEGER)"))
    engine.dispose()
    with pytest.raises(WorkspaceError, match="holds tables of something else, such as 'customers'; give an empty"):
        Workspace.open(empty_url)


def test_an_upgrade_that_fails_leaves_the_workspace_as_it_was(empty_url, monkeypatch):
    restore(empty_url, "0001")
    address = Address.of(empty_url)
    database = Database(address)

    def fail(connection):
        schema.upgrade(connection, address)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), database.writing() as connection:
        fail(connection)
    with database.reading() as connection:
        assert schema.revision(connection, address) == "0001"
    database.close()
    assert Workspace.upgrade(empty_url)[0] == "0001"


def test_processes_that_make_the_same_workspace_at_once_make_one(empty_url):
    assert race(put_job, empty_url) == [None] * 4
    with Workspace.open(empty_url) as workspace:
        assert len(workspace.jobs.list()) == 4
