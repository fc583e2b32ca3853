"""On which line of a TOML text a key stands: ``tomllib`` tells only what it means.

The text is cut into statements, the shortest runs of lines that are TOML by themselves (a statement over several lines
is none before its last). A key stands where the first statement begins that makes it part of the whole.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_left
from typing import Any

Path = tuple[str | int, ...]


class Lines:
    """Lines of a valid TOML text."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines(keepends=True)
        self.ends = self._statement_ends()
        self.known: dict[int, dict[str, Any]] = {}

    def of(self, path: Path) -> int:
        """The line, from 1, on which ``path`` first appears; of its nearest part that is there, where it is missing."""
        while path:
            first = bisect_left(range(len(self.ends)), True, key=lambda count: _has(self._until(count), path))
            if first < len(self.ends):
                return self._first_line(first)
            path = path[:-1]
        return 1

    def _statement_ends(self) -> list[int]:
        ends, start = [], 0
        for end in range(1, len(self.lines) + 1):
            try:
                tomllib.loads("".join(self.lines[start:end]))
            except tomllib.TOMLDecodeError:
                continue
            ends.append(end)
            start = end
        return ends

    def _until(self, count: int) -> dict[str, Any]:
        """The text as it stands after the statement ``count``, counted from 0."""
        if count not in self.known:
            self.known[count] = tomllib.loads("".join(self.lines[: self.ends[count]]))
        return self.known[count]

    def _first_line(self, count: int) -> int:
        return 1 + (self.ends[count - 1] if count else 0)


def _has(value: Any, path: Path) -> bool:
    for part in path:
        if isinstance(value, dict):
            if part not in value:
                return False
        elif not (isinstance(value, list) and isinstance(part, int) and part < len(value)):
            return False
        value = value[part]
    return True
