"""One run, from its folder to its result: ``python worker.py FOLDER``. What it meets, it writes into the folder."""

from __future__ import annotations

import sys
import time
import traceback
from pathlib import Path

from runs import Request, Result, Run, State

import tsanomaly
from tsanomaly.errors import TsAnomalyError


class Reporter:
    """Writes progress, at most some times a second."""

    def __init__(self, run: Run, every: float = 0.2) -> None:
        self.run = run
        self.every = every
        self.stage = ""
        self.since = self.told = 0.0

    def __call__(self, progress: tsanomaly.Progress) -> None:
        self.tell(progress.stage, progress.done, progress.total)

    def tell(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Where things stand."""
        now = time.time()
        if stage != self.stage:
            self.stage, self.since, self.told = stage, now, 0.0
        if now - self.told >= self.every:
            self.told = now
            self.run.write("progress", {"stage": stage, "done": done, "total": total, "since": self.since})


def work(run: Run) -> Result:
    """Read, learn, score."""
    request, reporter = run.request, Reporter(run)
    reporter.tell("reading")
    reading = run.read(lambda share: reporter.tell("reading", int(100 * share), 100))
    series = reading[request.series] if request.series is not None else reading.one()
    reporter.tell("preparing")
    detector = tsanomaly.load(run.model) if request.trained else learned(request, series, reporter)
    scores = detector.scores(series, on_progress=reporter)
    reporter.tell("saving")
    return Result(series, scores, detector, reading.diagnosis)


def learned(request: Request, series: tsanomaly.Series, reporter: Reporter) -> tsanomaly.Detector:
    """A detector fitted on the series."""
    training = tsanomaly.Training(steps=request.steps) if request.steps else None
    detector = tsanomaly.Detector(budget=request.budget, window=request.window, training=training)
    return detector.fit(series, on_progress=reporter)


def main(folder: Path) -> None:
    """Work, and say how it ended, whatever happens."""
    run = Run(folder)
    try:
        run.keep(work(run))
        run.end(State.DONE)
    except TsAnomalyError as error:
        run.end(State.FAILED, str(error))
    except MemoryError:
        run.end(State.FAILED, "There was not enough memory; give fewer rows or channels, or a machine with more.")
    except Exception:  # the last edge: a page that waits for ever would be worse
        traceback.print_exc()
        run.end(State.FAILED, f"Something went wrong inside tsanomaly; the details are in {folder / 'log.txt'}.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
