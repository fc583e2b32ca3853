"""Files beside the database: written aside, renamed after their content, seen once the database names them."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace.names import digest


def folder_name(name: str) -> str:
    """A name for a folder that says whose it is, is safe on any system, and is no other name's."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", name).strip("-")[:40]
    return plain if plain == name else f"{plain}-{digest(name)[:10]}".lstrip("-")


def content_of(path: Path) -> str:
    """What a file of this content is called when it is kept."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def is_old(path: Path, age: timedelta) -> bool:
    """Whether a file was last written so long ago; not, if another process removed it meanwhile."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(about.st_mode) and time.time() - about.st_mtime >= age.total_seconds()


def keep(folder: Path, suffix: str, write: Callable[[Path], object]) -> Path:
    """A file that is whole or not there, called by its content: the same content again is the same file.

    Args:
        write: called with the path to write to.

    Returns:
        Where it is.

    Raises:
        WorkspaceError: the folder cannot be written.
    """
    aside = folder / f".{os.getpid()}-{secrets.token_hex(6)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            write(aside)
            with aside.open("rb") as file:
                os.fsync(file.fileno())  # a database that names it must not outlive it in a power cut
            return aside.replace(folder / f"{content_of(aside)}{suffix}")
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise WorkspaceError(f"'{folder}' cannot be written, beside the workspace: {reason}; mend that") from None
