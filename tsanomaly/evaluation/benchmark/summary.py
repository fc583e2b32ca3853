"""What the rows of a benchmark say together. A failed file counts 0; one without anomalies has no part in a mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tsanomaly.evaluation.benchmark.detectors import LINEAR
from tsanomaly.evaluation.benchmark.files import source_of
from tsanomaly.evaluation.benchmark.results import METRICS, Row

POINT_ROWS = 10
"""Longest labelled segment, in rows, of a series whose anomalies are points."""

RESAMPLES = 10_000
COVERED = 0.95


@dataclass(frozen=True)
class Group:
    """Means over some files of one detector.

    Attributes:
        name: what the files have in common; empty for all.
        files: with an anomaly, failed ones included.
        means: by metric (:data:`METRICS`).
        low, high: of the mean VUS-PR, a 95 % interval by the bootstrap: percentiles of the means of 10,000
            samples of the files, drawn with replacement (Efron, 1979).
    """

    name: str
    files: int
    means: dict[str, float]
    low: float
    high: float


@dataclass(frozen=True)
class Duel:
    """The paired sign test between two detectors on the same files, by VUS-PR.

    Attributes:
        wins, losses, ties: files on which the first is better, worse, equal.
        p_value: two-sided, exact binomial, ties left out; 1 where there is nothing but ties.
    """

    wins: int
    losses: int
    ties: int
    p_value: float


@dataclass(frozen=True)
class Summary:
    """One detector on all files.

    Attributes:
        detector: its name.
        overall: all files.
        source_mean: mean over sources of their mean VUS-PR.
        groups: by ``folder``, ``kind``, ``channels`` and ``source``.
        flagged_per_week, labelled_per_week: medians over files.
        fit_seconds, score_seconds, total_seconds: medians over files; total is both together.
        peak_megabytes: the highest.
        against_linear: against the linear twin; ``None`` where it was not run, and for itself.
        failures: files that could not be scored, and why.
    """

    detector: str
    overall: Group
    source_mean: float
    groups: dict[str, list[Group]]
    flagged_per_week: float
    labelled_per_week: float
    fit_seconds: float
    score_seconds: float
    total_seconds: float
    peak_megabytes: float
    against_linear: Duel | None
    failures: dict[str, str]


def kind_of(row: Row) -> str:
    """``point`` where every labelled segment has at most ``POINT_ROWS`` rows, else ``sequence``; empty if unknown."""
    if not row.anomalies:
        return ""
    return "point" if row.longest_anomaly <= POINT_ROWS else "sequence"


def channels_of(row: Row) -> str:
    """How many channels, roughly; empty if unknown."""
    for most, name in ((0, ""), (1, "1 channel"), (10, "2 to 10 channels"), (30, "11 to 30 channels")):
        if row.channels <= most:
            return name
    return "more than 30 channels"


GROUPINGS: dict[str, Callable[[Row], str]] = {
    "folder": lambda row: row.folder,
    "kind": kind_of,
    "channels": channels_of,
    "source": lambda row: source_of(row.file),
}


def summarise(rows: Iterable[Row]) -> list[Summary]:
    """One summary a detector, in the order in which they first appear. Several seeds of it count as further files."""
    by_detector: dict[str, list[Row]] = {}
    for row in rows:
        by_detector.setdefault(row.detector, []).append(row)
    twin = by_detector.get(LINEAR, [])
    return [_summary(name, rows, [] if name == LINEAR else twin) for name, rows in by_detector.items()]


def _summary(detector: str, rows: list[Row], twin: list[Row]) -> Summary:
    groups = {name: _grouped(rows, by) for name, by in GROUPINGS.items()}
    return Summary(
        detector=detector,
        overall=_group("", rows),
        source_mean=_mean([group.means["vus_pr"] for group in groups["source"]]),
        groups=groups,
        flagged_per_week=_median([row.flagged_per_week for row in rows]),
        labelled_per_week=_median([row.labelled_per_week for row in rows]),
        fit_seconds=_median([row.fit_seconds for row in rows]),
        score_seconds=_median([row.score_seconds for row in rows]),
        total_seconds=_median([row.fit_seconds + row.score_seconds for row in rows]),
        peak_megabytes=float(_finite([row.peak_megabytes for row in rows]).max(initial=0.0)),
        against_linear=duel(rows, twin) if twin else None,
        failures={row.file: row.failure for row in rows if row.failure},
    )


def _grouped(rows: list[Row], by: Callable[[Row], str]) -> list[Group]:
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(by(row), []).append(row)
    groups = (_group(name, parts[name]) for name in sorted(parts) if name)
    return [group for group in groups if group.files]


def _group(name: str, rows: list[Row]) -> Group:
    measured = [row for row in rows if not math.isnan(row.vus_pr)]
    means = {metric: _mean([getattr(row, metric) for row in measured]) for metric in METRICS}
    low, high = bootstrap([row.vus_pr for row in measured])
    return Group(name, len(measured), means, low, high)


def bootstrap(numbers: Sequence[float]) -> tuple[float, float]:
    """The interval of the mean of ``numbers`` as in :class:`Group`; NaN for fewer than two. Always the same."""
    if len(numbers) < 2:
        return math.nan, math.nan
    given = np.asarray(numbers)
    drawn = np.random.default_rng(0).integers(len(given), size=(RESAMPLES, len(given)))
    tail = (1 - COVERED) / 2
    low, high = np.quantile(given[drawn].mean(axis=1), [tail, 1 - tail])
    return float(low), float(high)


def duel(rows: Iterable[Row], others: Iterable[Row]) -> Duel:
    """The sign test over files (and seeds) that both have."""
    from scipy.stats import binomtest

    theirs = {(row.file, row.seed): row.vus_pr for row in others}
    gains = np.array([row.vus_pr - theirs[key] for row in rows if (key := (row.file, row.seed)) in theirs])
    wins, losses, ties = (int(np.count_nonzero(sign)) for sign in (gains > 0, gains < 0, gains == 0))
    p_value = float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
    return Duel(wins, losses, ties, p_value)


def _finite(numbers: Sequence[float]) -> NDArray[np.float64]:
    given = np.asarray(numbers, dtype=np.float64)
    return given[np.isfinite(given)]


def _mean(numbers: Sequence[float]) -> float:
    finite = _finite(numbers)
    return float(finite.mean()) if len(finite) else math.nan


def _median(numbers: Sequence[float]) -> float:
    finite = _finite(numbers)
    return float(np.median(finite)) if len(finite) else math.nan
