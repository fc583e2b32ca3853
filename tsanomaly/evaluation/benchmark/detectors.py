"""What can be run on the benchmark, by name: the detector, variations of it, and what it must beat."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tsanomaly.detection.grouping import group
from tsanomaly.detection.thresholds import Budget, Grouping
from tsanomaly.errors import ConfigurationError
from tsanomaly.evaluation.baselines import moving_variance, random_scores, squared_differences
from tsanomaly.evaluation.vus import sliding_window
from tsanomaly.series import Series

DEFAULT, LINEAR, NO_TRUST = "default", "linear", "no-trust"


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a contender says about a series of ``n`` rows.

    Attributes:
        scores: ``(n,)`` higher is more unusual, NaN where not judged.
        flags: ``(n,)`` true where it raises an alarm at its default threshold.
        events: alarms, as a person would count them.
        fit_seconds, score_seconds: wall-clock time.
    """

    scores: NDArray[np.float64]
    flags: NDArray[np.bool_]
    events: int
    fit_seconds: float
    score_seconds: float


class Contender(Protocol):
    """Anything that can be run on the benchmark. It is sent to another process, so it must be picklable."""

    def judge(self, series: Series, reference: int, seed: int) -> Judgement:
        """Score a series without labels.

        Args:
            series: all of it; a contender may learn from all of it.
            reference: rows at its start that are meant to learn from.
            seed: of everything random.
        """
        ...


@dataclass(frozen=True)
class Learned:
    """A :class:`tsanomaly.Detector` with some parameters set, the others at their defaults.

    Attributes:
        parameters: the detector's, and ``steps`` of its training.
        vouched: whether somebody vouches for the reference rows; otherwise they are only where it learns early.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    vouched: bool = True

    def judge(self, series: Series, reference: int, seed: int) -> Judgement:
        from tsanomaly.detection.detector import Detector
        from tsanomaly.detection.training import Training

        trusted = reference if self.vouched else min((reference + 0.5) / len(series), 1 - 1e-9)
        parameters = {"reference": trusted, "random_state": seed, **self.parameters}
        training = Training(steps=parameters.pop("steps")) if "steps" in parameters else None
        detector = Detector(**parameters, training=training)
        begun = time.perf_counter()
        detector.fit(series)
        fitted = time.perf_counter()
        scores = detector.scores(series)
        scored = time.perf_counter()
        events = detector.events(series, scores)
        flags = np.zeros(len(series), bool)
        for event in events:
            flags[event.start_row : event.end_row] = True
        return Judgement(scores.total, flags, len(events), fitted - begun, scored - fitted)


@dataclass(frozen=True)
class Baseline:
    """Scores by a formula, with the detector's default rule for the threshold.

    Attributes:
        score: of ``(n, c)`` values, a window in rows and a seed, the scores ``(n,)``.
    """

    score: Callable[[NDArray[np.float64], int, int], NDArray[np.float64]]

    def judge(self, series: Series, reference: int, seed: int) -> Judgement:
        begun = time.perf_counter()
        window = sliding_window(series.values)
        scores = self.score(series.values, window, seed)
        scored = time.perf_counter()
        grouping = Grouping(series.rows_per_week, merge_gap=max(1, window // 2))
        threshold = Budget().fit(scores, grouping)
        flags = np.nan_to_num(scores, nan=-np.inf) > threshold.value
        return Judgement(scores, flags, len(group(flags, grouping.merge_gap)), 0.0, scored - begun)


def _moving_variance(values: NDArray[np.float64], window: int, seed: int) -> NDArray[np.float64]:
    return moving_variance(values, window)


def _squared_differences(values: NDArray[np.float64], window: int, seed: int) -> NDArray[np.float64]:
    return squared_differences(values, window)


def _random(values: NDArray[np.float64], window: int, seed: int) -> NDArray[np.float64]:
    return random_scores(values, seed)


BASELINES: dict[str, Contender] = {
    "moving-variance": Baseline(_moving_variance),
    "squared-differences": Baseline(_squared_differences),
    "random": Baseline(_random),
}

ALONE = {"neighbours": False, "novelty": False}
"""What the models themselves say, and no comparison with other times."""

ABLATIONS: dict[str, Mapping[str, Any]] = {
    "one-window": {"scales": (1,), "early_scales": (), **ALONE},
    "models-alone": ALONE,
    "linear-alone": {"model": "linear", **ALONE},
    "no-neighbours": {"neighbours": False},
    "no-novelty": {"novelty": False},
    "no-early-scales": {"early_scales": ()},
    "longer-windows": {"scales": (1, 4)},
    "one-layer": {"layers": (0.1,)},
    "wide-bottleneck": {"layers": (0.5, 0.25)},
    "denoising": {"denoising": 0.1},
    "robust-scaling": {"scaling": "robust"},
    "half-the-steps": {"steps": 150},
    "twice-the-steps": {"steps": 600},
    NO_TRUST: {},
}
"""The default detector with one ingredient left out or exchanged: name and parameters."""

CONTENDERS: dict[str, Contender] = {
    DEFAULT: Learned(),
    LINEAR: Learned({"model": "linear", "twin": False}),
    **BASELINES,
    **{
        name: Learned({"twin": False, **parameters}, vouched=name != NO_TRUST) for name, parameters in ABLATIONS.items()
    },
}


def contender_named(name: str) -> Contender:
    """The contender of that name.

    Raises:
        ConfigurationError: there is none.
    """
    if name not in CONTENDERS:
        raise ConfigurationError(f"detector is '{name}'; expected one of {', '.join(CONTENDERS)}")
    return CONTENDERS[name]


def with_ablations(chosen: str) -> list[str]:
    """The names to run for ``--ablate``: the ablation, or ``all`` of them, between the default and what it must beat.

    Raises:
        ConfigurationError: no ablation has that name.
    """
    if chosen != "all" and chosen not in ABLATIONS:
        raise ConfigurationError(f"ablation is '{chosen}'; expected all, or one of {', '.join(ABLATIONS)}")
    return [DEFAULT, *(ABLATIONS if chosen == "all" else [chosen]), LINEAR, *BASELINES]
