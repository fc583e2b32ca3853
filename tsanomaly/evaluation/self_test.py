"""The self-test: what would this detector catch in this very series, without a single label?

Anomalies of known kinds and strengths are put into calm stretches of copies of the series; the detector, as it is,
scores the copies. Many anomalies share a copy, far enough apart not to meet in a window, so that the whole test takes
a few scorings. The same anomalies at every strength sit in the same places, and the linear twin sees the same copies.

Two questions are kept apart: what is caught at the threshold in force, and what stands out from the calm rest. The
second is free of how a threshold was chosen, so that it alone is fair to the twin, whose scores have another scale.

Choosing and judging detectors by injected anomalies follows Goswami et al., 'Unsupervised model selection for
time-series anomaly detection' (ICLR 2023), section 4.2; what is departed from: kinds and sizes are this module's own,
and nothing is chosen by it, it only reports and refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import cycle
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.evaluation.findings import Findings, SelfTest, outcome_of
from tsanomaly.evaluation.injection import Injection, Kind, inject, local_variation, rows_long
from tsanomaly.evaluation.places import Calm, Place, calm_starts, lay_out
from tsanomaly.series import Series, estimate_period

if TYPE_CHECKING:
    from tsanomaly.detection.scores import Scores
    from tsanomaly.detection.training import OnProgress

STRENGTHS = (4.0, 8.0, 16.0)
"""From what hides in a channel's own variation, among some thousand rows, to what a person sees at a glance."""

REPEATS = 8
"""Places for each kind: with six kinds or more an AUC of 0.60 is enough to be told from random."""

LEAST_PLACES = 7
"""With fewer, a detector would need an AUC beyond 0.75 to be told from random."""

GAP = 4
"""Windows between two anomalies in a copy: what a detector's longest window may span without seeing both."""

FALSE_ALARMS = 0.05
"""Share of calm stretches that reach the height from which an anomaly is said to stand out."""

STAGE = "testing on injected anomalies"


class Scorer(Protocol):
    """What the self-test asks of a detector; :class:`tsanomaly.Detector` is one."""

    @property
    def threshold_(self) -> Any:
        """With ``value``: rows that score strictly above are flagged."""

    @property
    def window_(self) -> int:
        """Rows in its (base) window."""

    def scores(self, X: Series) -> Scores:
        """Scores of every row, higher is more unusual, NaN where not judged."""


def self_test(
    detector: Scorer,
    series: Series,
    *,
    twin: Scorer | None = None,
    seed: int = 0,
    kinds: Sequence[Kind] | None = None,
    strengths: Sequence[float] = STRENGTHS,
    repeats: int = REPEATS,
    threshold: float | None = None,
    on_progress: OnProgress | None = None,
) -> SelfTest:
    """Put anomalies into copies of the series and see which the detector catches at its present threshold.

    Args:
        detector: fitted; it stays as it is.
        series: one it can score, usually the one it learned from.
        twin: a second detector to compare with; ``None``: the detector's own ``twin_``, where it has one.
        seed: of places, channels, directions and noise; the same seed gives the same copies.
        kinds: ``None``: all, but for a broken correlation where fewer than two channels vary.
        strengths: see :class:`Kind`; each place is used once with each.
        repeats: places for each kind.
        threshold: what the detector must exceed to catch; ``None``: its own ``threshold_``.
        on_progress: told before each scoring; returning ``False`` cancels.

    Raises:
        ConfigurationError: an unknown or impossible kind, no strength, or too few places to tell anything.
        DataError: the series never changes, is too short, or has no calm stretch that was read and judged.
        CancelledError: ``on_progress`` answered ``False``.
    """
    from tsanomaly.detection.training import report

    rng = np.random.default_rng(seed)
    units = local_variation(series.values, estimate_period(series.values))
    if not np.isfinite(units).any():
        raise DataError(
            f"series '{series.name}' never changes; the self-test sizes anomalies by how much a channel usually "
            "varies: give data in which something happens"
        )
    chosen = _kinds(series, units, kinds)
    levels = _levels(strengths)
    places = _count(chosen, repeats)
    twin = getattr(detector, "twin_", None) if twin is None else twin
    scorers = [detector] if twin is None else [detector, twin]
    threshold = float(detector.threshold_.value) if threshold is None else threshold
    thresholds = [threshold] if twin is None else [threshold, float(twin.threshold_.value)]
    window = int(detector.window_)
    room = max(rows_long(kind, strength, window) for kind in chosen for strength in levels)
    _check_length(series, room, window)

    report(on_progress, STAGE, 0, len(scorers))
    before = [scorer.scores(series).total for scorer in scorers]
    starts = calm_starts(before, series.observed & np.isfinite(units), room, window // 2)
    if not starts.any():
        raise DataError(
            f"series '{series.name}' has no stretch of {room} rows that was read and judged; "
            "the self-test needs some: fill its gaps or choose a shorter window"
        )
    calm = Calm(np.asarray(starts.any(axis=1)), room, window // 2)
    examiners = [_Examiner(s, t, b, calm) for s, t, b in zip(scorers, thresholds, before, strict=True)]
    sheets = _fill(lay_out(starts, places, room + GAP * window, rng), chosen, levels, window, rng)

    scorings = len(scorers) * (1 + len(sheets) * len(levels))
    done = len(scorers)
    for sheet in sheets:
        for injections in zip(*sheet, strict=True):  # every place of the sheet, at one strength
            copy = inject(series, injections, units)
            for examiner in examiners:
                report(on_progress, STAGE, done, scorings)
                examiner.look(copy, injections)
                done += 1
    report(on_progress, STAGE, done, scorings)

    injected = tuple(injection for sheet in sheets for place in sheet for injection in place)
    findings = [examiner.findings(injected) for examiner in examiners]
    return SelfTest(
        series=series.name,
        threshold=threshold,
        window=window,
        injections=injected,
        strengths=levels,
        detector=findings[0],
        twin=findings[1] if len(findings) > 1 else None,
        outcome=outcome_of(findings[0], places, constant=examiners[0].constant),
    )


class _Examiner:
    """One detector under test: what it said before, and what it makes of the anomalies."""

    def __init__(self, scorer: Scorer, threshold: float, before: NDArray[np.float64], calm: Calm) -> None:
        self._scorer = scorer
        self._threshold = threshold
        self._flagged = before > threshold
        self._margin = calm.margin
        self._calm = np.sort(before[calm.rows & np.isfinite(before)])
        self._height = cache(lambda length: calm.height(before, length, 1 - FALSE_ALARMS))
        self._lowest, self._highest = float(np.nanmin(before)), float(np.nanmax(before))
        self._caught: dict[Injection, bool] = {}
        self._stood_out: dict[Injection, bool] = {}
        self._rank: dict[Injection, float] = {}

    def look(self, copy: Series, injections: Sequence[Injection]) -> None:
        """Score a copy and note how the anomalies in it fared."""
        after = self._scorer.scores(copy).total
        self._lowest = min(self._lowest, float(np.nanmin(after)))
        self._highest = max(self._highest, float(np.nanmax(after)))
        new = (after > self._threshold) & ~self._flagged
        for injection in injections:
            zone = slice(max(0, injection.start - self._margin), injection.stop + self._margin)
            self._caught[injection] = bool(new[zone].any())
            self._stood_out[injection] = bool((after[zone] > self._height(injection.stop - injection.start)).any())
            self._rank[injection] = self._rank_of(after[injection.start : injection.stop])

    @property
    def constant(self) -> bool:
        """Whether no row ever scored differently, but for rounding."""
        return bool(np.isclose(self._lowest, self._highest, rtol=1e-9, atol=0.0))

    def findings(self, injections: Sequence[Injection]) -> Findings:
        """What was noted, in the order asked for."""
        noted = (self._caught, self._stood_out, self._rank)
        return Findings(*(np.array([notes[injection] for injection in injections]) for notes in noted))

    def _rank_of(self, scores: NDArray[np.float64]) -> float:
        """The chance that one of ``scores`` outranks a calm row; a row not judged outranks none."""
        scores = np.nan_to_num(scores, nan=-np.inf)
        below = np.searchsorted(self._calm, scores)
        not_above = np.searchsorted(self._calm, scores, side="right")
        return float((below + not_above).mean()) / (2 * len(self._calm))


def _kinds(series: Series, units: NDArray[np.float64], kinds: Sequence[Kind] | None) -> list[Kind]:
    several = int(np.isfinite(units).sum()) > 1
    if kinds is None:
        return [kind for kind in Kind if several or kind is not Kind.BROKEN_CORRELATION]
    known = [kind.value for kind in Kind]
    for kind in kinds:
        if kind not in known:
            raise ConfigurationError(f"the self-test knows no '{kind}'; expected one of {', '.join(known)}")
    if Kind.BROKEN_CORRELATION in kinds and not several:
        raise ConfigurationError(
            f"series '{series.name}' has fewer than two channels that vary; leave out the {Kind.BROKEN_CORRELATION}"
        )
    return [Kind(kind) for kind in dict.fromkeys(kinds)]


def _levels(strengths: Sequence[float]) -> tuple[float, ...]:
    if not strengths:
        raise ConfigurationError("the self-test needs at least one strength, such as 4")
    return tuple(sorted({float(strength) for strength in strengths}))


def _count(kinds: Sequence[Kind], repeats: int) -> int:
    places = repeats * len(kinds)
    if places < LEAST_PLACES:
        raise ConfigurationError(
            f"{repeats} repeats of {len(kinds)} kinds of anomaly make {places} places; the self-test needs at least "
            f"{LEAST_PLACES} to tell a detector from random: give more repeats"
        )
    return places


def _check_length(series: Series, room: int, window: int) -> None:
    least = max(3 * room, room + window + 1)
    if len(series) < least:
        raise DataError(
            f"series '{series.name}' has {len(series)} rows; a self-test with windows of {window} rows and anomalies "
            f"of up to {room} needs at least {least}: give a longer series, or lower strengths"
        )


def _fill(
    sheets: list[list[Place]], kinds: list[Kind], levels: Sequence[float], window: int, rng: np.random.Generator
) -> list[list[tuple[Injection, ...]]]:
    """Give every place a kind, in turn, and one anomaly a strength: ``[sheet][place][strength]``."""
    turn = cycle(kinds)
    return [[_at(place, next(turn), levels, window, rng) for place in sheet] for sheet in sheets]


def _at(
    place: Place, kind: Kind, levels: Sequence[float], window: int, rng: np.random.Generator
) -> tuple[Injection, ...]:
    sign, seed = int(rng.choice((-1, 1))), int(rng.integers(2**63))
    return tuple(
        Injection(kind, level, place.channel, place.start, place.start + rows_long(kind, level, window), sign, seed)
        for level in levels
    )
