"""Where a workspace lies: a URL, and the folder beside it. Passwords stay in the URL and out of every message."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from tsanomaly.errors import WorkspaceError

URL_VARIABLE = "TSANOMALY_WORKSPACE"
FOLDER_VARIABLE = "TSANOMALY_DATA"
FILE_NAME = "workspace.sqlite"

_KINDS = {"sqlite": "sqlite+pysqlite", "sqlite+pysqlite": "sqlite+pysqlite"} | dict.fromkeys(
    ("postgresql", "postgres", "postgresql+psycopg"), "postgresql+psycopg"
)


@dataclass(frozen=True)
class Address:
    """Attributes:
    url: for SQLAlchemy.
    folder: where Parquet scores and model files lie.
    """

    url: URL
    folder: Path

    @property
    def is_sqlite(self) -> bool:
        """Whether the workspace is a file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return Path(str(self.url.database))

    @property
    def shown(self) -> str:
        """For people: the file's path, or the URL without its password and without options, which may hold one."""
        return str(self.file) if self.is_sqlite else self.url.set(query={}).render_as_string()

    @classmethod
    def of(cls, url: str | os.PathLike[str] | None = None) -> Address:
        """Work out where the workspace is.

        Args:
            url: ``sqlite:///…``, ``postgresql+psycopg://…`` or the path of a file; ``None``: what
                ``TSANOMALY_WORKSPACE`` says, else a file in the user's data folder.

        Raises:
            WorkspaceError: it is no such URL.
        """
        given = os.fspath(url) if url is not None else os.environ.get(URL_VARIABLE) or str(user_folder() / FILE_NAME)
        parsed = _parse(given)
        if parsed.get_backend_name() == "sqlite":
            file = Path(str(parsed.database)).expanduser().absolute()
            return cls(parsed.set(database=str(file)), file.parent)
        return cls(parsed, Path(os.environ.get(FOLDER_VARIABLE) or user_folder()).absolute())


def user_folder() -> Path:
    """The user's data folder, as the system wants it; ``TSANOMALY_DATA`` sets another."""
    return Path(os.environ.get(FOLDER_VARIABLE) or platformdirs.user_data_path("tsanomaly"))


def _parse(given: str) -> URL:
    if given in ("", ":memory:"):
        raise WorkspaceError("the workspace must be kept in a file; give its path")
    if "://" not in given:
        return URL.create("sqlite+pysqlite", database=given)
    kind = given.partition("://")[0]
    if kind not in _KINDS:
        raise WorkspaceError(
            f"a workspace cannot be '{_name(kind)}://…'; give the path of a SQLite file, sqlite:///PATH or "
            "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
        )
    try:
        url = make_url(given).set(drivername=_KINDS[kind])
    except (ArgumentError, ValueError):  # its text may hold the password
        raise WorkspaceError(
            f"the workspace's URL ({kind}://…) cannot be understood; write it as "
            "postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE, with @ : / in a password as %40 %3A %2F"
        ) from None
    if not url.database or url.database == ":memory:":
        what = "file" if url.get_backend_name() == "sqlite" else "database"
        raise WorkspaceError(f"the workspace's URL ({kind}://…) names no {what}; add it at the end")
    return url


def _name(kind: str) -> str:
    """A scheme is shown only if it is one: a password may stand before a ``://`` by mistake."""
    return kind if len(kind) <= 24 and all(c.isalnum() or c in "+.-" for c in kind) else "?"
