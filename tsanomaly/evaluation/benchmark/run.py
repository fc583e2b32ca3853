"""Run contenders over files: score, then measure against the labels, one row a file.

Scoring happens in processes of its own, which read everything but the labels. This process alone reads labels:
as each file's scores arrive, or, with ``labels_hidden``, after the scores of all files are on disk. In that mode the
scoring processes work on copies without the label column, under numbers for names, and are never told where the
originals are.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tsanomaly.errors import DataError, OutputError, TsAnomalyError
from tsanomaly.evaluation.benchmark import files
from tsanomaly.evaluation.benchmark.detectors import Contender
from tsanomaly.evaluation.benchmark.results import Row, Table, failed
from tsanomaly.evaluation.benchmark.scoring import Failure, Job, Scored
from tsanomaly.evaluation.benchmark.workers import score_all
from tsanomaly.evaluation.ranges import intervals
from tsanomaly.evaluation.summary import evaluate_scores

OnRow = Callable[[Row, int, int], None]
"""Told each row, how many are done and how many there are."""


@dataclass(frozen=True)
class Settings:
    """How to run.

    Attributes:
        workers: processes.
        seed: of everything random.
        scores: folder for one ``.npy`` a file, float64 of one score for each row, a row not judged having the
            lowest; a folder for each contender in it where there are several. ``None``: scores are not kept.
        labels_hidden: labels are opened only after all scores are written.
    """

    workers: int = 1
    seed: int = 0
    scores: Path | None = None
    labels_hidden: bool = False


@dataclass(frozen=True)
class _Entry:
    """One row to fill."""

    file: Path
    detector: str
    contender: Contender
    scores: Path | None

    def job(self, seed: int) -> Job:
        return Job(self.file, self.contender, files.learning_rows(self.file.name), seed)


def run(
    paths: Sequence[Path],
    contenders: Mapping[str, Contender],
    table: Table,
    settings: Settings = Settings(),
    on_row: OnRow = lambda row, done, total: None,
) -> list[Row]:
    """The rows of all files and contenders; those that the table has already are not run again, unless they failed
    or their scores are asked for and not there.

    Raises:
        OutputError: a row or scores cannot be written.
    """
    entries = [
        _Entry(file.absolute(), name, contender, _place(file, name, len(contenders), settings.scores))
        for name, contender in contenders.items()
        for file in paths
    ]
    keys = [(entry.file.name, entry.detector, settings.seed) for entry in entries]
    todo = [entry for entry, key in zip(entries, keys, strict=True) if not _finished(table.rows.get(key), entry)]
    measured = _measured_at_the_end if settings.labels_hidden else _measured_at_once
    for done, row in enumerate(measured(todo, settings), start=len(entries) - len(todo) + 1):
        table.append(row)
        on_row(row, done, len(entries))
    return [table.rows[key] for key in keys]


def _place(file: Path, detector: str, contenders: int, folder: Path | None) -> Path | None:
    if folder is None:
        return None
    return (folder if contenders == 1 else folder / detector).absolute() / f"{files.stem(file.name)}.npy"


def _finished(row: Row | None, entry: _Entry) -> bool:
    return row is not None and not row.failure and (entry.scores is None or entry.scores.exists())


def _measured_at_once(entries: list[_Entry], settings: Settings) -> Iterator[Row]:
    of_job = {entry.job(settings.seed): entry for entry in entries}
    for job, outcome in score_all(of_job, settings.workers):
        entry = of_job[job]
        if entry.scores is not None and isinstance(outcome, Scored):
            write_scores(entry.scores, outcome.scores)
        yield measure(entry.file, entry.detector, settings.seed, outcome)


def _measured_at_the_end(entries: list[_Entry], settings: Settings) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="tsanomaly-") as scratch:
        folder = Path(scratch)
        copies = _copies_without_labels({entry.file for entry in entries}, folder / "values")
        outcomes: list[tuple[_Entry, Scored | Failure]] = []
        of_job: dict[Job, _Entry] = {}
        for entry in entries:
            copy = copies[entry.file]
            if isinstance(copy, Failure):
                outcomes.append((entry, copy))
            else:
                of_job[replace(entry.job(settings.seed), path=copy)] = entry
        for number, (job, outcome) in enumerate(score_all(of_job, settings.workers, folder)):
            entry = of_job[job]
            written = entry.scores or folder / "scores" / f"{number}.npy"
            if isinstance(outcome, Scored):
                write_scores(written, outcome.scores)
                outcome = replace(outcome, scores=np.load(written, mmap_mode="r", allow_pickle=False))
            outcomes.append((entry, outcome))
        for entry, outcome in outcomes:
            yield measure(entry.file, entry.detector, settings.seed, outcome)


def _copies_without_labels(originals: set[Path], folder: Path) -> dict[Path, Path | Failure]:
    folder.mkdir()
    copies: dict[Path, Path | Failure] = {}
    for number, original in enumerate(sorted(originals)):
        copy = folder / f"{number}.csv"
        try:
            files.copy_without_labels(original, copy)
            copies[original] = copy
        except TsAnomalyError as error:
            copies[original] = Failure(str(error))
    return copies


def measure(file: Path, detector: str, seed: int, outcome: Scored | Failure) -> Row:
    """Compare scores with the labels of their file. A file without an anomaly has no metrics, but alarms."""
    who = file.name, file.parent.resolve().name, detector, seed
    if isinstance(outcome, Failure):
        return failed(*who, outcome.reason)
    try:
        labels = files.read_labels(file)
        if len(labels) != len(outcome.scores):
            raise DataError(f"{file.name} has {len(labels)} labels for {len(outcome.scores)} scores; write it again")
        return _with_metrics(_facts(Row(*who), labels, outcome), labels, outcome)
    except TsAnomalyError as error:
        return failed(*who, str(error))


def _facts(row: Row, labels: NDArray[np.bool_], scored: Scored) -> Row:
    segments = intervals(labels)
    return replace(
        row,
        rows=len(labels),
        channels=scored.channels,
        anomalies=len(segments),
        longest_anomaly=int((segments[:, 1] - segments[:, 0]).max(initial=0)),
        flagged_per_week=scored.events / scored.weeks,
        labelled_per_week=len(segments) / scored.weeks,
        fit_seconds=scored.fit_seconds,
        score_seconds=scored.score_seconds,
        peak_megabytes=scored.peak_megabytes,
    )


def _with_metrics(row: Row, labels: NDArray[np.bool_], scored: Scored) -> Row:
    if not row.anomalies:
        return row
    metrics = evaluate_scores(labels, scored.scores, predicted=scored.flags, window=scored.window)
    assert metrics.flags is not None
    return replace(
        row,
        vus_pr=metrics.vus_pr,
        vus_roc=metrics.vus_roc,
        auc_pr=metrics.auc_pr,
        event_f1=metrics.flags.event.f1,
        affiliation_f1=metrics.flags.affiliation.f1,
    )


def write_scores(path: Path, scores: NDArray[np.float64]) -> None:
    """Write an ``.npy``, aside and renamed.

    Raises:
        OutputError: cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            np.save(file, scores, allow_pickle=False)
        aside.replace(path)
    except OSError as error:
        raise OutputError(f"'{path}' cannot be written: {error.strerror}; give another folder") from None
    finally:
        with suppress(OSError):  # where nothing could be written there is nothing to remove
            aside.unlink(missing_ok=True)
