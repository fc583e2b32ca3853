"""Where results go: stdout, or a file that is never half-written."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tsanomaly.errors import OutputError


def deliver(text: str, output: Path | None) -> None:
    """Write to stdout, or to a file where one is given.

    Raises:
        OutputError: as :func:`write_aside`.
    """
    if output is None:
        sys.stdout.write(text)
    else:
        write_aside(output, text)


def write_aside(path: Path, text: str) -> None:
    """Write a file aside and rename it: a reader sees the old one or the new one, never half of it.

    Raises:
        OutputError: the folder does not exist or cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            aside.write_text(text, encoding="utf-8", newline="")
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"'{path}' cannot be written: {reason}; give another path") from None
