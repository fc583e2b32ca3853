"""Documents that run: every ``python`` block is executed, and what it prints is compared with what the document shows.

A block's output is shown in a ``text`` block right after it; a block without one must print nothing. All blocks of a
document share one namespace, top to bottom, as a reader would type them.

Command lines are those of ``sh`` blocks and of ``cron`` blocks, a schedule of five fields before each.
"""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_EXAMPLE = re.compile(
    r"^```python\n(?P<code>.*?)^```$"
    r"(?:\n+^```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
_SHELL = re.compile(r"^```(?P<kind>sh|cron)\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)
_SCHEDULE = re.compile(r"^(?:[\d*/,-]+\s+){5}")


@dataclass(frozen=True)
class Example:
    """One ``python`` block.

    Attributes:
        code: the block's lines.
        line: the line of the document that the code starts on, counted from 1.
        output: what the document says it prints; empty where it shows nothing.
    """

    code: str
    line: int
    output: str


def examples(text: str) -> list[Example]:
    """The ``python`` blocks of a Markdown text, in order."""
    return [
        Example(match["code"], text.count("\n", 0, match.start("code")) + 1, match["output"] or "")
        for match in _EXAMPLE.finditer(text)
    ]


def command_lines(text: str) -> list[str]:
    """The command lines of a Markdown text, in order, without comments; after ``\\`` a line goes on in the next."""
    found = []
    for block in _SHELL.finditer(text):
        for line in block["lines"].replace("\\\n", " ").splitlines():
            command = re.sub(r"(^|\s)#.*", "", line).strip()
            if block["kind"] == "cron" and command:
                command, schedules = _SCHEDULE.subn("", command)
                assert schedules, f"'{line}' has no schedule"
            if command:
                found.append(command)
    return found


def run(path: Path) -> int:
    """Execute a document's examples.

    Returns:
        How many there were, so that a test can see that some were found.

    Raises:
        AssertionError: an example prints something else than the document shows; it names the file and the line.
    """
    found = examples(path.read_text(encoding="utf-8"))
    namespace: dict[str, Any] = {"__name__": path.stem}
    for example in found:
        code = compile("\n" * (example.line - 1) + example.code, str(path), "exec")  # errors point into the document
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
        assert printed.getvalue() == example.output, (
            f"{path}:{example.line} prints\n{printed.getvalue()}but the document shows\n{example.output}"
        )
    return len(found)
