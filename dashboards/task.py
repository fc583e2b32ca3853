"""Work in a process of its own, by a folder that anyone may look into. No Streamlit here.

A folder is all there is to a task: a page that is reloaded, a second tab, or another server on the same machine reads
the same files::

    process.json      the worker's process
    progress.json     renewed while it works
    outcome.json      written last: done, failed or cancelled, and a sentence
    log.txt           what the process printed
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tsanomaly.errors import TsAnomalyError

if TYPE_CHECKING:
    from tsanomaly import Progress

WORKER = Path(__file__).with_name("worker.py")

TOLD_EVERY = 0.2
"""Seconds between two words of progress."""


class State(StrEnum):
    """How far a task is."""

    PREPARED = "prepared"  # nothing was started
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # the message says why, in one sentence
    CANCELLED = "cancelled"
    LOST = "lost"  # its process ended without a word: killed, out of memory, or the machine went down


@dataclass(frozen=True)
class Status:
    """Where a task stands; ``seconds_left`` is of the current stage, ``None`` while unknown."""

    state: State
    message: str = ""
    stage: str = ""
    done: int = 0
    total: int = 0
    elapsed: float = 0.0
    seconds_left: float | None = None


class Task:
    """One piece of work, by its folder."""

    kind: str
    """What the worker is told to do with the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stage = ""
        self._since = self._told = 0.0

    # --- seen from outside -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin, in a process that outlives the page and the server."""
        with (self.folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(WORKER), self.kind, str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
            )
        self._is_done_by(process.pid)
        threading.Thread(target=process.wait, daemon=True).start()  # or it would stay a zombie when it ends

    def status(self) -> Status:
        """Where it stands."""
        if outcome := self.read_json("outcome"):
            return Status(State(outcome["state"]), outcome["message"])
        process = self.read_json("process")
        if not process:
            return Status(State.PREPARED)
        if not _alive(process):
            if outcome := self.read_json("outcome"):  # it may have ended between the two looks
                return Status(State(outcome["state"]), outcome["message"])
            return Status(State.LOST, "It ended without a result: it was stopped from outside or out of memory.")
        started = {"stage": "starting", "done": 0, "total": 0, "since": process["started"]}
        progress = self.read_json("progress") or started
        done, total = progress["done"], progress["total"]
        spent = time.time() - progress["since"]
        left = spent * (total - done) / done if done and spent > 0.5 else None
        elapsed = time.time() - process["started"]
        return Status(State.RUNNING, "", progress["stage"], done, total, elapsed, left)

    @property
    def changes(self) -> bool:
        """Whether it changes what is shared."""
        return False

    def cancel(self) -> None:
        """Stop it now. A result that is there already stays."""
        if self.status().state is State.RUNNING:
            self.end(State.CANCELLED, "Cancelled; nothing was kept.")
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(self.read_json("process")["pid"]).kill()

    # --- seen from the worker ----------------------------------------------------------------------------------------

    def carry_out(self, work: Callable[[], None]) -> None:
        """Do the work in this process, and say how it ended, whatever happens."""
        self._is_done_by(os.getpid())
        try:
            work()
            self.end(State.DONE)
        except TsAnomalyError as error:
            self.end(State.FAILED, str(error))
        except MemoryError:
            self.end(State.FAILED, "There was not enough memory; give fewer rows or channels, or a machine with more.")
        except Exception:  # the last edge: a page that waits for ever would be worse
            traceback.print_exc()
            details = self.folder / "log.txt"
            self.end(State.FAILED, f"Something went wrong inside tsanomaly; the details are in {details}.")

    def tell(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Where things stand, written down some times a second."""
        now = time.time()
        if stage != self._stage:
            self._stage, self._since, self._told = stage, now, 0.0
        if now - self._told >= TOLD_EVERY:
            self._told = now
            self.write("progress", {"stage": stage, "done": done, "total": total, "since": self._since})

    def on_progress(self, progress: Progress) -> None:
        """:meth:`tell`, as a detector calls it."""
        self.tell(progress.stage, progress.done, progress.total)

    def end(self, state: State, message: str = "") -> None:
        """Say how it ended; the first word stands."""
        try:
            (self.folder / "ended").touch(exist_ok=False)
        except FileExistsError:
            return
        self.write("outcome", {"state": state, "message": message})

    def _is_done_by(self, pid: int) -> None:
        self.write("process", {"pid": pid, "created": _created(pid), "started": time.time()})

    # --- files -------------------------------------------------------------------------------------------------------

    def write(self, name: str, content: dict[str, Any]) -> None:
        """A JSON file, written aside and renamed: a reader sees the old one or the new one."""
        aside = self.folder / f".{name}.{os.getpid()}.{threading.get_ident()}"
        aside.write_text(json.dumps(content))
        aside.replace(self.folder / f"{name}.json")

    def read_json(self, name: str) -> dict[str, Any]:
        """A file that :meth:`write` wrote; empty where there is none."""
        try:
            content: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text())
        except FileNotFoundError:
            return {}
        return content


def _alive(process: dict[str, Any]) -> bool:
    return process["created"] is not None and _created(process["pid"]) == process["created"]


def _created(pid: int) -> float | None:
    """When that process began, which with its number names it for good; ``None`` where it ended."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None
