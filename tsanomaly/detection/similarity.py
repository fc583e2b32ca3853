"""How alike are two events? By a small vector of each, whatever the length of their series.

An event's :class:`Fingerprint` has five parts, and its likeness to another one is the weighted mean of the parts'
cosines:

    channels   which channels broke, how much and which way, each under a hash of its name
    kind       spike, level, …: one slot each
    shape      the leading channel's deviation from what was expected, over the event brought to 16 points
    duration   the event's length in base windows, in overlapping classes that each last four times as long
    code       how the autoencoder's latent code differs between what came and what was expected, seen through a
               fixed random projection; compared only where the same model made both

Names, not column numbers, stand for channels, so that events of series with other columns or another order compare.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tsanomaly.errors import DataError

WEIGHTS = {"channels": 0.4, "kind": 0.2, "shape": 0.2, "duration": 0.1, "code": 0.1}
"""Of each part in the likeness; where one part cannot be compared, the others keep their proportions."""

CHANNELS = 8
"""Channels kept of an event, those with the largest shares."""

SHAPE = 16
"""Points that an event's shape is brought to."""

DURATIONS = 7
"""Classes of duration: the middle one is a window, each is four times its neighbour."""

VECTORS = ("kind", "shape", "duration", "code")

CODE = 16
"""Numbers kept of the latent code."""

SIZES = {"shape": SHAPE, "duration": DURATIONS, "code": CODE}

ALIKE = 0.6
"""Likeness from which two events are called similar."""


@dataclass(frozen=True)
class Fingerprint:
    """What an event looks like, in a few numbers that travel as JSON.

    Attributes:
        channels: of each, the largest share first: a hash of its name, its share above and below what was expected.
        kind: one number for each kind.
        shape: ``(16,)`` from -1 to 1.
        duration: ``(7,)`` not below 0.
        code: ``(16,)``, or empty where no autoencoder was at hand.
        model: which model the code comes from; empty without one.
    """

    channels: tuple[tuple[str, float, float], ...]
    kind: tuple[float, ...]
    shape: tuple[float, ...]
    duration: tuple[float, ...]
    code: tuple[float, ...] = ()
    model: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        vectors = {part: list(getattr(self, part)) for part in VECTORS}
        return {"channels": [list(channel) for channel in self.channels], **vectors, "model": self.model}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What :meth:`to_dict` wrote.

        Raises:
            DataError: it is something else.
        """
        try:
            channels = tuple((str(name), float(above), float(below)) for name, above, below in plain["channels"])
            parts = {part: tuple(float(number) for number in plain[part]) for part in VECTORS}
            model = plain["model"]
        except (KeyError, TypeError, ValueError):
            raise DataError("this is no fingerprint of an event; expected what Fingerprint.to_dict wrote") from None
        whole = all(len(parts[part]) == size for part, size in SIZES.items() if parts[part] or part != "code")
        numbers = [number for part in (*parts.values(), *(channel[1:] for channel in channels)) for number in part]
        if not whole or len(channels) > CHANNELS or not isinstance(model, str) or not np.isfinite(numbers).all():
            raise DataError("this fingerprint is damaged or of another version; compute it anew from the event")
        return cls(channels, **parts, model=model)


def rounded(numbers: Iterable[float]) -> tuple[float, ...]:
    """To four digits: enough for a likeness, and short as JSON."""
    return tuple(round(float(number), 4) + 0.0 for number in numbers)


def channel_parts(shares: Sequence[tuple[str, float, str]]) -> tuple[tuple[str, float, float], ...]:
    """The part ``channels`` of (name, share, direction)."""
    parts: dict[str, NDArray[np.float64]] = {}
    for name, share, direction in shares:
        digest = hashlib.blake2s(name.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
        sides = {"above": (share, 0.0), "below": (0.0, share)}.get(direction, (share / 2, share / 2))
        parts[digest] = parts.get(digest, np.zeros(2)) + sides  # columns may share a name
    largest = sorted(parts.items(), key=lambda part: -part[1].sum())[:CHANNELS]
    return tuple((digest, *rounded(sides)) for digest, sides in largest)  # type: ignore[misc]


def shape_of(deviation: NDArray[np.float64]) -> tuple[float, ...]:
    """The part ``shape`` of a deviation ``(m,)``, NaN where not judged: its course, whatever its size and length."""
    seen = np.flatnonzero(np.isfinite(deviation))
    if not len(seen):
        return (0.0,) * SHAPE
    at = np.linspace(0, len(deviation) - 1, SHAPE)
    filled = np.interp(np.arange(len(deviation)), seen, deviation[seen])
    edges = np.linspace(0, len(deviation), SHAPE + 1)
    bins = [filled[int(a) : max(int(a) + 1, int(b))] for a, b in itertools.pairwise(edges)]
    course = np.array([part.mean() for part in bins]) if len(deviation) > SHAPE else np.interp(at, seen, filled[seen])
    largest = np.abs(course).max()
    return rounded(course / largest if largest > 0 else course)


def duration_class(windows: float) -> tuple[float, ...]:
    """The part ``duration`` of an event that lasts so many base windows."""
    place = np.clip(DURATIONS // 2 + np.log(max(windows, 1e-9)) / np.log(4), 0, DURATIONS - 1)
    return rounded(np.maximum(0.0, 1 - np.abs(np.arange(DURATIONS) - place)))


def code_difference(actual: NDArray[np.floating], expected: NDArray[np.floating]) -> tuple[float, ...]:
    """The part ``code`` of two latent codes ``(k,)``."""
    difference = np.asarray(actual, np.float64) - expected
    size = float(np.linalg.norm(difference))
    if not size > 0 or not np.isfinite(size):
        return ()
    projection = np.random.default_rng(len(difference)).normal(size=(CODE, len(difference)))
    seen = projection @ (difference / size)
    return rounded(seen / np.linalg.norm(seen))


def similarity(a: Fingerprint, b: Fingerprint) -> float:
    """How alike two events are, 0 to 1; 1 for the same fingerprint."""
    return float(similarities(a, [b])[0])


def similarities(fingerprint: Fingerprint, others: Sequence[Fingerprint]) -> NDArray[np.float64]:
    """``(k,)`` likeness of one event to each of several."""
    total, weights = np.zeros(len(others)), np.zeros(len(others))
    for part, weight in WEIGHTS.items():
        cosine = _cosines(fingerprint, others, part)
        known = np.isfinite(cosine)
        total[known] += weight * cosine[known]
        weights[known] += weight
    return np.clip(np.divide(total, weights, out=np.zeros(len(others)), where=weights > 0), 0.0, 1.0)


def channel_likeness(fingerprint: Fingerprint, others: Sequence[Fingerprint]) -> NDArray[np.float64]:
    """``(k,)`` likeness of the channels alone, 0 to 1: whether the same channels broke the same way."""
    return np.clip(np.nan_to_num(_cosines(fingerprint, others, "channels")), 0.0, 1.0)


def most_similar(
    fingerprint: Fingerprint, others: Sequence[Fingerprint], least: float = ALIKE, most: int = 10
) -> list[tuple[int, float]]:
    """Places and likenesses of the events most like one, the most alike first; none below ``least``."""
    likeness = similarities(fingerprint, others)
    order = np.argsort(-likeness, kind="stable")[:most]
    return [(int(place), float(likeness[place])) for place in order if likeness[place] >= least]


def _cosines(fingerprint: Fingerprint, others: Sequence[Fingerprint], part: str) -> NDArray[np.float64]:
    """``(k,)``, NaN where one of the two has no such part."""
    if part == "channels":
        return _channel_cosines(fingerprint, others)
    own = np.asarray(getattr(fingerprint, part))
    comparable = [
        place
        for place, other in enumerate(others)
        if len(getattr(other, part)) == len(own) and (part != "code" or other.model == fingerprint.model)
    ]
    cosines = np.full(len(others), np.nan)
    if len(own) and comparable:
        theirs = np.array([getattr(others[place], part) for place in comparable])  # (k, numbers)
        size = np.linalg.norm(own) * np.linalg.norm(theirs, axis=1)
        cosines[comparable] = np.divide(theirs @ own, size, out=np.full(len(theirs), np.nan), where=size > 0)
    return cosines


def _channel_cosines(fingerprint: Fingerprint, others: Sequence[Fingerprint]) -> NDArray[np.float64]:
    own = {name: (above, below) for name, above, below in fingerprint.channels}
    products, sizes = np.zeros(len(others)), np.zeros(len(others))
    for place, other in enumerate(others):
        for name, above, below in other.channels:
            mine = own.get(name, (0.0, 0.0))
            products[place] += mine[0] * above + mine[1] * below
            sizes[place] += above * above + below * below
    size = np.sqrt(sizes * sum(above * above + below * below for above, below in own.values()))
    return np.asarray(np.divide(products, size, out=np.full(len(others), np.nan), where=size > 0))
