"""Holding a run: a heartbeat from a thread of its own, for as long as the work takes."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from tsanomaly.errors import WorkspaceUnavailableError
from tsanomaly.workspace import Run, Workspace

LEASE = timedelta(minutes=2)
"""How long a run is its owner's without a heartbeat: a dead owner's run is taken over after so long."""

BEATS = 4
"""Heartbeats in a lease: three may fail, as when the database restarts, before the run is lost."""

Clock = Callable[[], datetime]


def now() -> datetime:
    """The machine's clock, UTC."""
    return datetime.now(UTC)


def owner() -> str:
    """A name for this process that no other has, on any machine."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


class Lease:
    """Prolongs a run's lease until the context ends; then the run is still held.

    Args:
        workspace: where the run is kept.
        run: claimed by us.
        lease: how long it is held without a heartbeat.
        clock: what heartbeats say.
    """

    def __init__(self, workspace: Workspace, run: Run, lease: timedelta = LEASE, clock: Clock = now) -> None:
        self._workspace, self._run, self._lease, self._clock = workspace, run, lease, clock
        self._ended, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease of {run.job}", daemon=True)

    @property
    def lost(self) -> bool:
        """Whether somebody else has the run by now: nothing more can be stored, so stop."""
        return self._lost.is_set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def release(self) -> None:
        """Let others take the run over at once: it will not be finished here."""
        self._ended.set()
        self._thread.join()
        self._workspace.runs.heartbeat(self._run, self._clock(), timedelta(0))

    def _beat(self) -> None:
        while not self._ended.wait(self._lease.total_seconds() / BEATS):
            try:
                if not self._workspace.runs.heartbeat(self._run, self._clock(), self._lease):
                    self._lost.set()
                    return
            except WorkspaceUnavailableError:
                continue  # nothing is stored without the fence of the run, so that waiting does no harm
