"""Names of jobs and series: what is allowed, and how a long one is looked up."""

from __future__ import annotations

import hashlib

from tsanomaly.errors import ConfigurationError
from tsanomaly.workspace.column_types import LONGEST_NAME, storable

DIGEST_BYTES = 16


def digest(text: str) -> str:
    """32 characters that stand for a text of any length."""
    return hashlib.blake2b(storable(text).encode("utf-8"), digest_size=DIGEST_BYTES).hexdigest()


def shard_of(series: str, shards: int) -> int:
    """Which of so many shards a series belongs to: the same on every machine, and a stretch of digests each.

    Scores written shard by shard are read back fastest: a series then lies in few files.
    """
    return int(digest(series), 16) * shards >> (8 * DIGEST_BYTES)


def short(text: str, what: str) -> str:
    """A name that fits an index.

    Raises:
        ConfigurationError: it is empty or too long.
    """
    if not text or len(text) > LONGEST_NAME:
        shown = f"'{text[:40]}…' of {len(text):,} characters" if text else "empty"
        raise ConfigurationError(f"{what} is {shown}; expected 1 to {LONGEST_NAME} characters")
    return storable(text)
