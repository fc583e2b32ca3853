"""Small files that commands read whole: labels and calendars."""

from __future__ import annotations

from pathlib import Path

from tsanomaly.errors import DataError


def content_of(file: Path, largest: int) -> bytes:
    """What is in a file.

    Raises:
        DataError: it cannot be read, or is too large.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(largest + 1)
    except OSError as error:
        raise DataError(f"'{file}' cannot be read: {error.strerror}") from None
    if len(content) > largest:
        raise DataError(f"'{file}' is larger than {largest:,} bytes; split it")
    return content
