"""What the self-test found: what was caught, whether the detector can be used at all, and whether it beats its twin."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import comb, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsanomaly.evaluation.injection import Injection, Kind

Z = 2.326
"""One-sided 1 % of the normal distribution: how often an innocent detector would be refused, or a random one pass."""

DECIDED = 0.05
"""Below this p the verdict on the twin takes a side."""


class Outcome(Enum):
    """What the self-test came to; the text says what to do about it."""

    PASSED = "injected anomalies score higher than the calm rest"
    CONSTANT = "every row scores the same; train on data that varies, or for more steps"
    INVERTED = "injected anomalies score lower than the calm rest; turn the scores around, or train again"
    RANDOM = (
        "injected anomalies score no higher than chance would have it; "
        "train on more rows or for more steps, or choose another window"
    )


@dataclass(frozen=True, eq=False)
class Findings:
    """How one detector did on ``m`` injected anomalies.

    Attributes:
        caught: ``(m,)`` bool: a row in the stretch, or within half a window of it, was flagged that was not before.
        rank: ``(m,)`` the chance that a row of the stretch outscores a calm row, ties counting half: its AUC.
    """

    caught: NDArray[np.bool_]
    rank: NDArray[np.float64]

    @property
    def quality(self) -> float:
        """Mean AUC, free of any threshold: 1 is perfect, 0.5 random."""
        return float(self.rank.mean())


@dataclass(frozen=True)
class Rate:
    """What was caught of one kind at one strength; ``twin_caught`` is ``None`` without a twin."""

    kind: Kind
    strength: float
    injected: int
    caught: int
    twin_caught: int | None

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"kind": self.kind.value}


@dataclass(frozen=True, eq=False)
class SelfTest:
    """The result of :func:`self_test`.

    Attributes:
        series: its name.
        threshold: the value in force.
        injections: the ``m`` anomalies, grouped by place: all strengths of the first, then of the second.
        strengths: of each place, ascending.
        detector: its findings.
        twin: the linear twin's; ``None`` without one.
        outcome: whether the detector passed, or why not.
        scorings: how often the series was scored, all detectors together.
    """

    series: str
    threshold: float
    injections: tuple[Injection, ...]
    strengths: tuple[float, ...]
    detector: Findings
    twin: Findings | None
    outcome: Outcome
    scorings: int

    @property
    def places(self) -> int:
        """Places that anomalies were put in, each once at every strength."""
        return len(self.injections) // len(self.strengths)

    @property
    def refusal(self) -> str | None:
        """Why this detector must not be used, in one sentence; ``None`` where it passed."""
        if self.outcome is Outcome.PASSED:
            return None
        figure = (
            ""
            if self.outcome is Outcome.CONSTANT
            else (
                f" (AUC {self.detector.quality:.2f} over {self.places} places; random scores have 0.50, "
                f"at least {needed_auc(self.places):.2f} is needed)"
            )
        )
        reason, remedy = self.outcome.value.split("; ")
        return f"the detector is refused on series '{self.series}': {reason}{figure}; {remedy}"

    @property
    def p_value(self) -> float | None:
        """Of the paired sign test against the twin, two-sided: at each place the one that caught more wins.

        Strengths at one place are not independent, so a place counts once. ``None`` without a twin.
        """
        if self.twin is None:
            return None
        ahead = self._by_place(self.detector.caught) - self._by_place(self.twin.caught)
        return sign_test(int((ahead > 0).sum()), int((ahead < 0).sum()))

    @property
    def verdict(self) -> str | None:
        """In one line whether the autoencoder beats its linear twin on this series; ``None`` without a twin."""
        p = self.p_value
        if self.twin is None or p is None:
            return None
        own, twin = int(self.detector.caught.sum()), int(self.twin.caught.sum())
        word = "equals" if p >= DECIDED else "beats" if own > twin else "does not beat"
        shown = f"p = {p:.2g}" if p >= 0.001 else "p < 0.001"
        return (
            f"the autoencoder {word} its linear twin on this series "
            f"({own} of {len(self.injections)} injected anomalies caught, twin {twin}; {shown})"
        )

    @property
    def rates(self) -> tuple[Rate, ...]:
        """What was caught, by kind and strength, in the order of :class:`Kind`."""
        kinds = np.array([injection.kind for injection in self.injections])
        strengths = np.array([injection.strength for injection in self.injections])
        rates = []
        for kind in (kind for kind in Kind if kind in kinds):
            for strength in self.strengths:
                here = (kinds == kind) & (strengths == strength)
                twin = None if self.twin is None else int(self.twin.caught[here].sum())
                rates.append(Rate(kind, strength, int(here.sum()), int(self.detector.caught[here].sum()), twin))
        return tuple(rates)

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        p = self.p_value
        return {
            "series": self.series,
            "outcome": self.outcome.name.lower(),
            "refusal": self.refusal,
            "verdict": self.verdict,
            "threshold": round(self.threshold, 6) if np.isfinite(self.threshold) else None,
            "injected": len(self.injections),
            "places": self.places,
            "caught": int(self.detector.caught.sum()),
            "auc": round(self.detector.quality, 4),
            "twin": None
            if self.twin is None
            else {
                "caught": int(self.twin.caught.sum()),
                "auc": round(self.twin.quality, 4),
                "p": p,
            },
            "rates": [rate.to_dict() for rate in self.rates],
        }

    def _by_place(self, caught: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.asarray(caught.reshape(self.places, -1).sum(axis=1))


def outcome_of(findings: Findings, places: int, *, constant: bool) -> Outcome:
    """Whether findings at so many places show a detector that can be used.

    Args:
        constant: every row scored the same, before and after.
    """
    if constant:
        return Outcome.CONSTANT
    if findings.quality < 1 - needed_auc(places):
        return Outcome.INVERTED
    return Outcome.PASSED if findings.quality > needed_auc(places) else Outcome.RANDOM


def needed_auc(places: int) -> float:
    """The AUC that a detector must exceed.

    A score that ignores the anomalies ranks a row uniformly in 0 to 1. However smooth it is, the mean rank at a place
    then has a variance of at most 1/12, and the mean over places of 1/12 divided by their number.
    """
    return 0.5 + Z * sqrt(1 / (12 * places))


def sign_test(wins: int, losses: int) -> float:
    """Exact two-sided p of the sign test, ties left out: as many or fewer of the rarer side in fair throws, doubled."""
    throws = wins + losses
    tail = sum(comb(throws, k) for k in range(min(wins, losses) + 1))
    return float(min(1.0, 2 * tail / 2**throws))
