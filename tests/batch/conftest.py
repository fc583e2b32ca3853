import pytest
from postgres import postgres_url, workspace, workspace_url  # noqa: F401
from receivers import receiver  # noqa: F401

from tsanomaly.workspace import Workspace


@pytest.fixture
def store(tmp_path):
    """An empty workspace on SQLite, for what does not depend on the database."""
    with Workspace.open(tmp_path / "workspace.db") as store:
        yield store
