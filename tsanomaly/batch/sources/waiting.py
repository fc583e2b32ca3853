"""Waiting no longer than agreed for what another thread reads: a mount that hangs answers no signal."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any, TypeVar

from tsanomaly.errors import SourceTimeoutError

T = TypeVar("T")

AHEAD = 2
"""Pieces read ahead of their use."""


def waited(read: Callable[[Callable[[], object]], Generator[T]], timeout: timedelta, name: str) -> Iterator[T]:
    """The pieces that ``read`` gives, from a thread of its own.

    A thread that hangs cannot be stopped: it is left behind, as a daemon, and what it reads is dropped.

    Args:
        read: started in the thread with a function to call as a sign of life, where a piece takes long.
        timeout: longest wait for a piece or a sign of life.
        name: of the source, for the message.

    Raises:
        SourceTimeoutError: a piece took longer.
        Exception: whatever ``read`` raised.
    """
    pieces: queue.Queue[tuple[str, Any]] = queue.Queue(AHEAD)
    gone = threading.Event()

    def hand_over(kind: str, what: Any) -> bool:
        while not gone.is_set():
            try:
                pieces.put((kind, what), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            with closing(read(lambda: hand_over("alive", None))) as found:
                for piece in found:
                    if not hand_over("piece", piece):
                        return
        except BaseException as error:  # it belongs to the thread that waits
            hand_over("error", error)
        else:
            hand_over("end", None)

    threading.Thread(target=work, name=f"reading {name}", daemon=True).start()
    try:
        while True:
            try:
                kind, what = pieces.get(timeout=timeout.total_seconds())
            except queue.Empty:
                raise SourceTimeoutError(
                    f"{name} gave nothing for {timeout.total_seconds():g} s; look whether it hangs, or raise "
                    "source.timeout"
                ) from None
            if kind == "error":
                raise what
            if kind == "end":
                return
            if kind == "piece":
                yield what
    finally:
        gone.set()
