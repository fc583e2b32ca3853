"""Files beside the database: written aside, renamed, and looked at only once the database names them."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace.names import digest


def folder_name(name: str) -> str:
    """A name for a folder that says whose it is, is safe on any system, and is no other name's."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:40]
    return plain if plain == name else f"{plain}-{digest(name)[:10]}".lstrip("-")


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Where to write what becomes ``path`` when the block ends well, and is gone when it does not.

    Raises:
        WorkspaceError: the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise WorkspaceError(
            f"'{path}' cannot be written beside the workspace: {error.strerror or error}; make room or ask for leave"
        ) from None


def content_digest(path: Path) -> str:
    """32 characters that stand for a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
