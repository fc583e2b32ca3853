"""Jobs spread over processes; one that dies takes no other down with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import chdir, contextmanager, nullcontext
from multiprocessing import process
from pathlib import Path

from tsanomaly.evaluation.benchmark.scoring import Failure, Job, Scored, score_file

Outcome = tuple[Job, Scored | Failure]

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What BLAS and torch read when they are loaded: with several processes, one thread each is fastest."""

DIED = "the process that scored it died, most likely for want of memory"


def score_all(jobs: Iterable[Job], workers: int, folder: Path | None = None) -> Iterator[Outcome]:
    """Score files in ``workers`` processes, in the order in which they finish.

    Args:
        jobs: what to score.
        workers: how many at a time.
        folder: where the processes work; this process works there too until all is scored. ``None``: here.
    """
    waiting = deque(jobs)
    while waiting:
        lost = yield from _until_one_dies(waiting, workers, folder)
        for job in lost:  # one of them is to blame: each gets a process of its own
            if (yield from _until_one_dies(deque([job]), 1, folder)):
                yield job, Failure(DIED)


def _until_one_dies(waiting: deque[Job], workers: int, folder: Path | None) -> Generator[Outcome, None, list[Job]]:
    """Work ``waiting`` off; returns the jobs in hand when a process died, else none."""
    running: dict[Future[Scored | Failure], Job] = {}
    with _inherited(folder), _pool(workers) as pool:
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    future = pool.submit(score_file, waiting[0])
                    running[future] = waiting.popleft()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    outcome = future.result()
                    yield running.pop(future), outcome
        except BrokenProcessPool:
            return list(running.values())
    return []


def _pool(workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_settle)


def _settle() -> None:
    """End quietly with the parent: by Ctrl-C, or when it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _inherited(folder: Path | None) -> Iterator[None]:
    """Meanwhile, what a new process inherits: one thread, no arguments, and with ``folder`` no other place. The command
    line and the working folder of this process tell where labelled files are."""
    arguments, environment, begun_in = sys.argv, dict(os.environ), process.ORIGINAL_DIR  # type: ignore[attr-defined]
    os.environ.update(dict.fromkeys(THREADS, "1"))
    sys.argv = arguments[:1]
    try:
        with nullcontext() if folder is None else chdir(folder):
            if folder is not None:
                process.ORIGINAL_DIR = str(folder)  # type: ignore[attr-defined]  # handed on beside the working one
                for name in ("PWD", "OLDPWD"):
                    os.environ.pop(name, None)
            yield
    finally:
        sys.argv, process.ORIGINAL_DIR = arguments, begun_in  # type: ignore[attr-defined]
        os.environ.clear()
        os.environ.update(environment)
