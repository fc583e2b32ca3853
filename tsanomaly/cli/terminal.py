"""What people see: messages and progress on stderr, so that stdout carries results alone."""

from __future__ import annotations

import io
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

if TYPE_CHECKING:
    from tsanomaly import Progress as Step

WIDTH_WITHOUT_TERMINAL = 140
"""Columns of a table that goes to a file or a pipe; rich would take 80 and cut names."""


def messages() -> Console:
    """The console for everything that is no result."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else WIDTH_WITHOUT_TERMINAL)


def printable(text: str) -> str:
    """``text`` with control characters spelt out: a name in a file must not drive the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Watch:
    """A progress bar on a terminal, silence elsewhere. Its methods are the callbacks of reader and detector."""

    def __init__(self, subject: str) -> None:
        console = messages()
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._subject = printable(subject)
        self._task = self._progress.add_task(self._subject, total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, stage: str) -> None:
        """A stage whose length is not known."""
        self._progress.update(self._task, description=f"{self._subject}: {printable(stage)}", total=None)

    def reading(self, share: float) -> None:
        """The reader's callback."""
        self._progress.update(self._task, description=f"{self._subject}: reading", completed=share, total=1.0)

    def detecting(self, step: Step) -> None:
        """The detector's callback."""
        loss = "" if step.loss is None else f", error {step.loss:.4f}"
        description = f"{self._subject}: {step.stage}{loss}"
        self._progress.update(self._task, description=description, completed=step.done, total=step.total)

    def counting(self, what: str, done: int, total: int) -> None:
        """So many of so many things."""
        description = f"{self._subject}: {printable(what)} ({done} of {total})"
        self._progress.update(self._task, description=description, completed=done, total=total)


def answers() -> Console:
    """The console for results: stdout."""
    return Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, highlight=False)


def as_plain_text(block: RenderableType) -> str:
    """What :func:`answers` would print, for a file: no colours."""
    console = Console(width=WIDTH_WITHOUT_TERMINAL, file=io.StringIO(), highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(block)
    return captured.get()


def say(sentence: str) -> None:
    """A remark to the person, on stderr."""
    messages().print(printable(sentence), markup=False, highlight=False, soft_wrap=True)


def complain(sentence: str) -> None:
    """An error to the person, on stderr."""
    text = Text.assemble(("error: ", "bold red"), printable(sentence))
    messages().print(text, soft_wrap=True)
