"""Scoring one file, in a process that sees no labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tsanomaly.errors import DataError, TsAnomalyError
from tsanomaly.evaluation.benchmark.detectors import Contender
from tsanomaly.evaluation.benchmark.files import read_values
from tsanomaly.evaluation.benchmark.memory import forget_peak, peak_megabytes


@dataclass(frozen=True, eq=False)
class Job:
    """One file to score.

    Attributes:
        path: the file; its labels are not read, or not even in it.
        contender: what scores it.
        learning_rows: rows of the file meant to learn from; ``None``: a quarter.
        seed: of everything random.
    """

    path: Path
    contender: Contender
    learning_rows: int | None
    seed: int


@dataclass(frozen=True, eq=False)
class Scored:
    """What came of it.

    Attributes:
        scores: ``(n,)`` finite, one for each row of the file; a row not judged has the lowest of them.
        flags: ``(n,)`` true in alarms at the default threshold.
        events: alarms.
        window: for VUS.
        weeks: length of the series.
        channels: of the series.
        fit_seconds, score_seconds, peak_megabytes: what it took.
    """

    scores: NDArray[np.float64]
    flags: NDArray[np.bool_]
    events: int
    window: int
    weeks: float
    channels: int
    fit_seconds: float
    score_seconds: float
    peak_megabytes: float


@dataclass(frozen=True)
class Failure:
    """Why a file could not be scored, in one sentence."""

    reason: str


def score_file(job: Job) -> Scored | Failure:
    """Score a file; whatever goes wrong is said, so that it stops no other file."""
    try:
        return _score(job)
    except TsAnomalyError as error:
        return Failure(str(error))
    except MemoryError:
        return Failure("there is not enough memory for it")
    except Exception as error:
        return Failure(f"unexpected {type(error).__name__}: {error}")


def _score(job: Job) -> Scored:
    forget_peak()
    material = read_values(job.path)
    series = material.series
    judgement = job.contender.judge(series, material.reference(job.learning_rows), job.seed)
    return Scored(
        scores=_ranked(judgement.scores)[material.grid_row],
        flags=judgement.flags[material.grid_row],
        events=judgement.events,
        window=material.window,
        weeks=series.weeks,
        channels=len(series.channels),
        fit_seconds=judgement.fit_seconds,
        score_seconds=judgement.score_seconds,
        peak_megabytes=peak_megabytes(),
    )


def _ranked(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    judged = np.isfinite(scores)
    if not judged.any():
        raise DataError("not a single row was judged")
    return np.where(judged, scores, scores[judged].min()).astype(np.float64)
