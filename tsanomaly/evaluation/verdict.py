"""Whether the autoencoder beats its linear twin on a series, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import comb
from typing import Any

DECIDED = 0.05
"""Below this p the verdict takes a side."""


class Standing(Enum):
    """How the autoencoder stands against its linear twin; the text is what is said of it."""

    BETTER = (
        "On this series the autoencoder finds {own} of {injected} injected anomalies, its linear twin {twin}: "
        "the autoencoder is worth it"
    )
    EVEN = (
        "On this series the autoencoder is not measurably better than its linear twin: it finds {own} of {injected} "
        "injected anomalies, the twin {twin}"
    )
    WORSE = (
        "On this series the linear twin is better than the autoencoder: it finds {twin} of {injected} "
        "injected anomalies, the autoencoder {own}"
    )
    REFUSED = "The detector is not to be trusted on this series: {reason}"
    UNKNOWN = "Whether the autoencoder beats its linear twin cannot be told: {reason}"


@dataclass(frozen=True)
class TwinVerdict:
    """The outcome of the comparison.

    Attributes:
        standing: who is better, if anyone.
        injected: anomalies that were put in; 0 where the test could not be made.
        found, twin_found: how many of them stood out to each, at equally many false alarms.
        p: of the two-sided sign test over places; ``None`` where the test could not be made.
        reason: of a refusal, or why nothing can be told; otherwise empty.
    """

    standing: Standing
    injected: int = 0
    found: int = 0
    twin_found: int = 0
    p: float | None = None
    reason: str = ""

    @classmethod
    def of(cls, found: int, twin_found: int, injected: int, p: float) -> TwinVerdict:
        """Take a side where the sign test does."""
        side = Standing.BETTER if found > twin_found else Standing.WORSE
        standing = side if p < DECIDED and found != twin_found else Standing.EVEN
        return cls(standing, injected, found, twin_found, p)

    @property
    def sentence(self) -> str:
        """What a report, a dashboard and a command say; without a full stop."""
        own, twin = (f"{100 * count / max(1, self.injected):.0f} %" for count in (self.found, self.twin_found))
        return self.standing.value.format(own=own, twin=twin, injected=self.injected, reason=self.reason)

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {
            "standing": self.standing.name.lower(),
            "sentence": self.sentence,
            "injected": self.injected,
            "found": self.found,
            "twin_found": self.twin_found,
            "p": None if self.p is None else round(self.p, 6),
        }


def sign_test(wins: int, losses: int) -> float:
    """Exact two-sided p of the sign test, ties left out: as many or fewer of the rarer side in fair throws, doubled."""
    throws = wins + losses
    tail = sum(comb(throws, k) for k in range(min(wins, losses) + 1))
    return float(min(1.0, 2 * tail / 2**throws))
