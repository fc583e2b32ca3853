"""Pieces of work for the tests of executors: other processes import them by name."""

import os
import signal
import time
from pathlib import Path


def halves(piece):
    middle = len(piece) // 2
    return (piece[:middle], piece[middle:]) if middle else None


def squares(piece):
    """The squares of some numbers; a negative one kills the worker."""
    for number in piece:
        if number < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return [number * number for number in piece]


def dies_once(piece):
    """Kills its worker the first time, wherever it runs: the path says whether it has."""
    path, number = piece
    if number == 3 and not Path(path).exists():
        Path(path).write_text("died", encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def threads(piece):
    import torch

    return torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]


def slow(piece):
    time.sleep(0.05)
    return piece


def fails(piece):
    raise ZeroDivisionError("one of the pieces")
