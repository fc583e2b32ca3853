"""Which revision a database has, and how an old one becomes today's.

To change the tables: change ``tables.py``, write the next file in ``migrations/versions``, add its name to
:data:`REVISIONS`, and keep a file of the revision before it in ``tests/workspace/earlier``.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace.address import Address

REVISIONS = ("0001", "0002", "0003")
"""All there were, oldest first; the last is what this version of tsanomaly writes."""

VERSION_TABLE = "tsanomaly_revision"

_LOCK = 7_264_301
"""Of PostgreSQL's advisory locks, the one held while tables change."""


def revision(connection: Connection, address: Address) -> str | None:
    """The revision a database is of; ``None`` for an empty one.

    Raises:
        WorkspaceError: the tables in it are not ours.
    """
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in names:
        if names:
            raise WorkspaceError(
                f"{address.shown} holds tables of something else, such as '{min(names)[:60]}'; give an empty database"
            )
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return found


def refuse_other(found: str | None, address: Address) -> None:
    """Raise unless a database is of today's revision.

    Raises:
        WorkspaceError: it is empty, older or newer.
    """
    if found == REVISIONS[-1]:
        return
    if found is None:
        raise WorkspaceError(f"there is no workspace at {address.shown} yet; run: tsanomaly workspace init")
    if found in REVISIONS:
        raise WorkspaceError(
            f"the workspace {address.shown} is of the earlier revision {found}; back it up and run: "
            "tsanomaly workspace upgrade"
        )
    raise WorkspaceError(
        f"the workspace {address.shown} is used by a newer tsanomaly (its revision is {found[:20]!r}, this one "
        f"knows {REVISIONS[-1]}); upgrade tsanomaly here"
    )


def upgrade(connection: Connection, address: Address, target: str = REVISIONS[-1]) -> tuple[str | None, str]:
    """Bring a database to a revision, inside the caller's transaction: all of it happens, or nothing.

    Returns:
        The revision before and after.

    Raises:
        WorkspaceError: it is newer than this version of tsanomaly.
    """
    if not address.is_sqlite:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    before = revision(connection, address)
    if before is not None and before not in REVISIONS:
        refuse_other(before, address)
    if before != target:
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, target)
    return before, target
