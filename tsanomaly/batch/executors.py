"""Who does the work: this process, processes on this machine, or a Dask cluster, all behind one standard interface.

Whatever the executor, :func:`work_off` gives each piece of work a result or a verdict:

- a piece whose worker died is tried again, at first beside the others, then alone;
- a piece that kills its worker even alone is split in two, and the halves in two, until the one at fault stands alone
  and is named; all others get their results;
- pieces may therefore run twice, and must do no harm when they do.

Deliberately not done: judging what a piece returns. An exception that a piece raises is raised here as well.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tsanomaly.batch.job import Executor as Wish
from tsanomaly.errors import ConfigurationError

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What BLAS and torch read when they are loaded: with several processes, one thread each is fastest."""

AHEAD = 2
"""Pieces handed to each worker at a time: one in work, one waiting, so that none idles while results are stored."""

CONNECT_S = 10
"""How long to wait for a cluster's scheduler."""

LOOK_UP_S = 0.2
"""How often the caller is asked whether to go on while no piece ends."""

Piece = TypeVar("Piece")
Result = TypeVar("Result")


@dataclass
class Crew:
    """An executor, how wide it is, and how to get another when its workers died.

    Attributes:
        executor: takes the pieces.
        width: workers.
        deaths: exceptions that mean that a worker died, not that a piece failed.
        replacement: another executor like this one; ``None``: this one replaces its dead itself.
        retries: of a piece whose worker died, before it is split.
    """

    executor: Executor
    width: int = 1
    deaths: tuple[type[BaseException], ...] = (BrokenExecutor,)
    replacement: Callable[[], Executor] | None = None
    retries: int = 2

    def renew(self) -> None:
        """Replace an executor whose workers died."""
        if self.replacement is not None:
            self.executor.shutdown(wait=False, cancel_futures=True)
            self.executor = self.replacement()


@contextmanager
def crew_of(wish: Wish) -> Iterator[Crew]:
    """The workers a job asks for, for as long as the context lasts.

    Raises:
        ConfigurationError: Dask is asked for and not installed, or the cluster cannot be reached.
    """
    if wish.kind == "dask":
        with _dask(wish) as crew:
            yield crew
        return
    if wish.kind == "processes":
        width = wish.workers or os.cpu_count() or 1
        crew = Crew(_pool(width), width, replacement=lambda: _pool(width), retries=wish.retries)
    else:
        crew = Crew(ThreadPoolExecutor(1, "scoring"))  # beside it, this thread reads ahead and stores results
    try:
        yield crew
    finally:
        crew.executor.shutdown(wait=True, cancel_futures=True)


def work_off(
    crew: Crew,
    function: Callable[[Piece], Result],
    pieces: Iterable[Piece],
    halves: Callable[[Piece], tuple[Piece, Piece] | None],
    go_on: Callable[[], bool] = lambda: True,
) -> Iterator[tuple[Piece, Result | None]]:
    """Results in the order in which they come, each with its piece; ``None`` for a piece that kills its worker.

    Args:
        crew: who works.
        function: importable by name where workers are other processes.
        pieces: taken one by one as workers get free, so that they need not all be in memory.
        halves: a piece in two; ``None``: it cannot be split.
        go_on: asked now and then; after ``False`` nothing more is handed out, and what is not done is left undone.
    """
    yield from _Work(crew, function, pieces, halves, go_on).results()


@dataclass
class _Tried(Generic[Piece]):
    piece: Piece
    tries: int = 0


class _Work(Generic[Piece, Result]):
    def __init__(
        self,
        crew: Crew,
        function: Callable[[Piece], Result],
        pieces: Iterable[Piece],
        halves: Callable[[Piece], tuple[Piece, Piece] | None],
        go_on: Callable[[], bool],
    ) -> None:
        self.crew, self.function, self.halves, self.go_on = crew, function, halves, go_on
        self.fresh = iter(pieces)
        self.suspects: deque[_Tried[Piece]] = deque()  # each was in work when a worker died: tried alone
        self.running: dict[Future[Result], _Tried[Piece]] = {}

    def results(self) -> Iterator[tuple[Piece, Result | None]]:
        try:
            while self.go_on():
                self._hand_out()
                if not self.running:
                    return
                lost = []
                for future in wait(self.running, timeout=LOOK_UP_S, return_when=FIRST_COMPLETED).done:
                    tried = self.running.pop(future)
                    try:
                        result = future.result()
                    except self.crew.deaths:
                        lost.append(tried)
                    else:
                        yield tried.piece, result
                if lost:
                    yield from self._bury(lost)
        finally:
            for future in self.running:
                future.cancel()

    def _hand_out(self) -> None:
        if self.suspects:
            if not self.running:
                self._submit(self.suspects.popleft())
            return
        while len(self.running) < AHEAD * self.crew.width:
            try:
                self._submit(_Tried(next(self.fresh)))
            except StopIteration:
                return

    def _submit(self, tried: _Tried[Piece]) -> None:
        try:
            future = self.crew.executor.submit(self.function, tried.piece)
        except self.crew.deaths:  # died between two pieces
            self.crew.renew()
            future = self.crew.executor.submit(self.function, tried.piece)
        self.running[future] = tried

    def _bury(self, lost: list[_Tried[Piece]]) -> Iterator[tuple[Piece, None]]:
        """Find out who is to blame for a worker's death; give the others another try."""
        if self.crew.replacement is not None:  # a broken pool takes all that was in work along
            lost += self.running.values()
            self.running.clear()
            self.crew.renew()
            if len(lost) > 1:
                self.suspects.extend(lost)
                return
        for tried in lost:
            tried.tries += 1
            parts = self.halves(tried.piece)
            if self.crew.replacement is not None and tried.tries <= self.crew.retries:
                self.suspects.appendleft(tried)
            elif parts is None:
                yield tried.piece, None
            else:  # the halves are known to hold the culprit: no more retries than it takes to find it
                self.suspects.extendleft(_Tried(part, self.crew.retries) for part in reversed(parts))


# --- processes on this machine -----------------------------------------------------------------------------------


def _pool(width: int) -> Executor:
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    return _Pool(width, mp_context=context, initializer=_settle)


class _Pool(ProcessPoolExecutor):
    """A pool whose processes inherit one thread for BLAS and torch, whenever they are started."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        with _inherited():
            return super().submit(fn, *args, **kwargs)


def _settle() -> None:
    """Leave signals to the parent, and end with it when it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _inherited() -> Iterator[None]:
    """Meanwhile, what a new process inherits: one thread, and no arguments."""
    arguments, environment = sys.argv, {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    sys.argv = arguments[:1]
    try:
        yield
    finally:
        sys.argv = arguments
        for name, value in environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


# --- a Dask cluster ----------------------------------------------------------------------------------------------


@contextmanager
def _dask(wish: Wish) -> Iterator[Crew]:
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise ConfigurationError(
            "the executor is dask, which is not installed here; run: pip install 'tsanomaly[cluster]'"
        ) from None
    try:
        client = Client(wish.address, timeout=CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise ConfigurationError(
            f"the Dask scheduler at {wish.address} cannot be reached ({type(error).__name__}); check that it runs"
        ) from None
    with client:
        width = max(1, sum(client.nthreads().values()))  # type: ignore[no-untyped-call]
        # The scheduler itself retries what a dead worker had in hand, up to its own limit; then it says KilledWorker.
        executor = client.get_executor(pure=False)  # type: ignore[no-untyped-call]
        yield Crew(executor, width, (BrokenExecutor, KilledWorker))
