"""Contenders for tests of the benchmark: quick, failing, dying, and one that will look anywhere for labels.

As a script, it lets the last one loose: ``python contenders.py open|hidden SCORES FILE...`` prints its VUS-PR by file.
"""

import csv
import gc
import gzip
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tsanomaly.errors import DataError
from tsanomaly.evaluation.benchmark import Judgement, Settings, Table, run


@dataclass(frozen=True)
class Distance:
    """Scores are distances from the median, and those above ``alarm`` are alarms."""

    alarm: float = 5.0

    def judge(self, series, reference, seed):
        scores = np.abs(series.values - np.nanmedian(series.values, axis=0)).mean(axis=1)
        flags = scores > self.alarm
        return Judgement(scores, flags, int(np.count_nonzero(np.diff(flags, prepend=False) & flags)), 1.5, 0.25)


class Reference:
    """Scores are 1 in the rows meant to learn from."""

    def judge(self, series, reference, seed):
        scores = (np.arange(len(series)) < reference).astype(float)
        return Judgement(scores, scores > 0, 1, 0.0, 0.0)


@dataclass(frozen=True)
class Stumbling:
    """Works, but on series of this many rows something goes wrong."""

    rows: int
    how: str

    def judge(self, series, reference, seed):
        if len(series) == self.rows:
            if self.how == "killed":
                os.kill(os.getpid(), 9)
            if self.how == "surprised":
                raise ZeroDivisionError("division by zero")
            if self.how == "silent":
                nothing = np.full(len(series), np.nan)
                return Judgement(nothing, np.isfinite(nothing), 0, 0.0, 0.0)
            raise DataError("this series is of no use")
        return Distance().judge(series, reference, seed)


class Prying:
    """Looks for a file with labels of the right length in every place that a program could know of by itself."""

    def judge(self, series, reference, seed):
        labels = series.labels
        for path in sorted(_files_heard_of()):
            found = _labels_in(path)
            if found is not None and len(found) == len(series):
                labels = found
        scores = np.zeros(len(series)) if labels is None else np.asarray(labels, float)
        return Judgement(scores, scores > 0, 0, 0.0, 0.0)


def _files_heard_of():
    texts = {*sys.argv, *os.environ.values(), str(Path.cwd())}
    texts |= {str(thing) for thing in gc.get_objects() if isinstance(thing, Path)}
    frame = sys._getframe()
    while frame is not None:
        for thing in (*frame.f_locals.values(), *gc.get_referents(*frame.f_locals.values())):
            texts |= {str(part) for part in (thing, *getattr(thing, "__dict__", {}).values()) if _names_a_place(part)}
        frame = frame.f_back
    texts |= {str(link.readlink()) for link in Path("/proc/self/fd").glob("*") if link.is_symlink()}
    for text in texts:
        place = Path(text)
        if place.exists():
            yield from (place if place.is_dir() else place.parent).glob("*.csv*")


def _names_a_place(thing):
    return isinstance(thing, (str, Path)) and "/" in str(thing) and len(str(thing)) < 500


def _labels_in(path):
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt") as file:
            rows = list(csv.DictReader(file))
        return [int(row["Label"]) for row in rows]
    except (OSError, ValueError, KeyError):
        return None


def main(mode, scores, *files):
    table = Path(scores).with_suffix(".csv")
    settings = Settings(workers=1, scores=Path(scores), labels_hidden=mode == "hidden")
    with Table(table) as results:
        for row in run([Path(file) for file in files], {"prying": Prying()}, results, settings):
            print(row.vus_pr, row.failure)


if __name__ == "__main__":
    main(*sys.argv[1:])
