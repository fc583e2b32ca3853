"""What the self-test found: what was caught, whether the detector can be used at all, and whether it beats its twin."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsanomaly.evaluation.injection import Injection, Kind
from tsanomaly.evaluation.verdict import Standing, TwinVerdict, sign_test

Z = 2.326
"""One-sided 1 % of the normal distribution: how often an innocent detector would be refused, or a random one pass."""


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
        stood_out: ``(m,)`` bool: a row there scores above all but one in twenty calm stretches of the same length.
        rank: ``(m,)`` the chance that a row of the stretch outscores a calm row, ties counting half: its AUC.
    """

    caught: NDArray[np.bool_]
    stood_out: NDArray[np.bool_]
    rank: NDArray[np.float64]

    @property
    def quality(self) -> float:
        """Mean AUC, free of any threshold: 1 is perfect, 0.5 random."""
        return float(self.rank.mean())

    def counted(self, some: NDArray[np.bool_] | slice = slice(None)) -> tuple[int, int]:
        """How many of some anomalies were caught, and how many stood out."""
        return int(self.caught[some].sum()), int(self.stood_out[some].sum())


@dataclass(frozen=True)
class Rate:
    """What became of the anomalies of one kind at one strength; the twin's numbers are ``None`` without one."""

    kind: Kind
    strength: float
    injected: int
    caught: int
    stood_out: int
    twin_caught: int | None
    twin_stood_out: int | None

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return asdict(self) | {"kind": self.kind.value}


@dataclass(frozen=True, eq=False)
class SelfTest:
    """The result of :func:`self_test`.

    Attributes:
        series: its name.
        threshold: the value in force.
        window: rows in the detector's (base) window.
        injections: the ``m`` anomalies, grouped by place: all strengths of the first, then of the second.
        strengths: of each place, ascending.
        detector: its findings.
        twin: the linear twin's; ``None`` without one.
        outcome: whether the detector passed, or why not.
    """

    series: str
    threshold: float
    window: int
    injections: tuple[Injection, ...]
    strengths: tuple[float, ...]
    detector: Findings
    twin: Findings | None
    outcome: Outcome

    @property
    def places(self) -> int:
        """Places that anomalies were put in, each once at every strength."""
        return len(self.injections) // len(self.strengths)

    @property
    def reason(self) -> str | None:
        """Why this detector must not be used, with figures and a remedy; ``None`` where it passed."""
        if self.outcome is Outcome.PASSED:
            return None
        what, remedy = self.outcome.value.split("; ")
        if self.outcome is not Outcome.CONSTANT:
            what += (
                f" (AUC {self.detector.quality:.2f} over {self.places} places; random scores have 0.50, "
                f"at least {needed_auc(self.places):.2f} is needed)"
            )
        return f"{what}; {remedy}"

    @property
    def refusal(self) -> str | None:
        """:attr:`reason` as a sentence that names the series; ``None`` where the detector passed."""
        return None if self.reason is None else f"the detector is refused on series '{self.series}': {self.reason}"

    @property
    def twin_verdict(self) -> TwinVerdict:
        """Whether the autoencoder beats its linear twin: at each place the one to which more strengths stood out wins.

        Strengths at one place are not independent, so a place counts once in the sign test.
        """
        if self.reason is not None:
            return TwinVerdict(Standing.REFUSED, reason=self.reason)
        if self.twin is None:
            return TwinVerdict(Standing.UNKNOWN, reason="this detector carries none")
        ahead = self._by_place(self.detector.stood_out) - self._by_place(self.twin.stood_out)
        p = sign_test(int((ahead > 0).sum()), int((ahead < 0).sum()))
        return TwinVerdict.of(self.detector.counted()[1], self.twin.counted()[1], len(self.injections), p)

    @property
    def rates(self) -> tuple[Rate, ...]:
        """By kind and strength, in the order of :class:`Kind`."""
        kinds = np.array([injection.kind for injection in self.injections])
        strengths = np.array([injection.strength for injection in self.injections])
        rates = []
        for kind in (kind for kind in Kind if kind in kinds):
            for strength in self.strengths:
                here = (kinds == kind) & (strengths == strength)
                own = self.detector.counted(here)
                twin = (None, None) if self.twin is None else self.twin.counted(here)
                rates.append(Rate(kind, strength, int(here.sum()), *own, *twin))
        return tuple(rates)

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        caught, stood_out = self.detector.counted()
        return {
            "series": self.series,
            "outcome": self.outcome.name.lower(),
            "refusal": self.refusal,
            "verdict": None if self.twin is None else self.twin_verdict.sentence,
            "threshold": round(self.threshold, 6) if np.isfinite(self.threshold) else None,
            "window": self.window,
            "places": self.places,
            "injected": len(self.injections),
            "caught": caught,
            "stood_out": stood_out,
            "auc": round(self.detector.quality, 4),
            "twin": self._twin_to_dict(),
            "rates": [rate.to_dict() for rate in self.rates],
        }

    def _twin_to_dict(self) -> dict[str, Any] | None:
        if self.twin is None:
            return None
        caught, stood_out = self.twin.counted()
        verdict = self.twin_verdict
        return {
            "caught": caught,
            "stood_out": stood_out,
            "auc": round(self.twin.quality, 4),
            "standing": verdict.standing.name.lower(),
            "p": None if verdict.p is None else round(verdict.p, 6),
        }

    def _by_place(self, flags: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.asarray(flags.reshape(self.places, -1).sum(axis=1))


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
