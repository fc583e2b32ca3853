"""How well the channels blamed for an anomaly match those that caused it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from tsanomaly.errors import ConfigurationError, DataError


def hit_rate(ranked: Sequence[int], truth: Collection[int], percent: int = 100) -> float:
    """HitRate@P%: the share of true causes among the first ``floor(P% * len(truth))`` channels ranked.

    Source: Su et al., "OmniAnomaly", KDD 2019, with P of 100 or 150.

    Args:
        ranked: channels from the most to the least blamed; may stop early.
        truth: the channels at fault.
        percent: P.

    Raises:
        DataError: no true cause, or a channel ranked twice.
        ConfigurationError: ``percent`` below 100.
    """
    causes = set(truth)
    return len(causes.intersection(_top(ranked, causes, percent))) / len(causes)


def ndcg(ranked: Sequence[int], truth: Collection[int], percent: int = 100) -> float:
    """NDCG@P%: hits among the first ``floor(P% * len(truth))`` channels, each over ``log2(rank + 1)``, over the best.

    Source: Järvelin & Kekäläinen, TOIS 2002, as Tuli et al., "TranAD", VLDB 2022, use it. Departure:
    their code rounds P% of the causes to the nearest number; floor is OmniAnomaly's, and the same at P of 100.
    Arguments and errors as for :func:`hit_rate`.
    """
    causes = set(truth)
    gains = np.array([channel in causes for channel in _top(ranked, causes, percent)], dtype=np.float64)
    discount = 1 / np.log2(np.arange(max(len(gains), len(causes))) + 2)
    return float(gains @ discount[: len(gains)] / discount[: len(causes)].sum())


def _top(ranked: Sequence[int], causes: set[int], percent: int) -> Sequence[int]:
    if not causes:
        raise DataError("no channel is named as the cause, so a ranking cannot be judged; leave this anomaly out")
    if len(set(ranked)) != len(ranked):
        raise DataError("a channel is ranked more than once; give each channel one place")
    if percent < 100:
        raise ConfigurationError(f"the share of ranks looked at is {percent} %; give 100 or more, such as 150")
    return ranked[: percent * len(causes) // 100]
