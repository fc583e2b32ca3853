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
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from tsanomaly.errors import DataError

if TYPE_CHECKING:
    from scipy import sparse

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
    return float(likenesses([a], [b])[0, 0])


def likenesses(some: Sequence[Fingerprint], others: Sequence[Fingerprint]) -> NDArray[np.float64]:
    """``(m, k)`` likeness of each of some events to each of others."""
    total, weights = np.zeros((len(some), len(others))), np.zeros((len(some), len(others)))
    for part, weight in WEIGHTS.items():
        cosine = _channel_cosines(some, others) if part == "channels" else _cosines(some, others, part)
        known = np.isfinite(cosine)
        total[known] += weight * cosine[known]
        weights[known] += weight
    return np.clip(np.divide(total, weights, out=np.zeros_like(total), where=weights > 0), 0.0, 1.0)


def channel_likenesses(some: Sequence[Fingerprint], others: Sequence[Fingerprint]) -> NDArray[np.float64]:
    """``(m, k)`` likeness of the channels alone, 0 to 1: whether the same channels broke the same way."""
    return np.clip(np.nan_to_num(_channel_cosines(some, others)), 0.0, 1.0)


def most_similar(
    fingerprint: Fingerprint, others: Sequence[Fingerprint], least: float = ALIKE, most: int = 10
) -> list[tuple[int, float]]:
    """Places and likenesses of the events most like one, the most alike first; none below ``least``."""
    likeness = likenesses([fingerprint], others)[0]
    order = np.argsort(-likeness, kind="stable")[:most]
    return [(int(place), float(likeness[place])) for place in order if likeness[place] >= least]


def _cosines(some: Sequence[Fingerprint], others: Sequence[Fingerprint], part: str) -> NDArray[np.float64]:
    """``(m, k)``, NaN where one of the two has no such part, or none that can be compared."""
    size = max((len(getattr(mark, part)) for mark in (*some, *others)), default=0)
    a, b = _directions(some, part, size), _directions(others, part, size)
    cosines = a @ b.T
    cosines[~a.any(axis=1)] = np.nan
    cosines[:, ~b.any(axis=1)] = np.nan
    if part == "code":
        models = np.array([mark.model for mark in some]), np.array([mark.model for mark in others])
        cosines[models[0][:, None] != models[1]] = np.nan
    return np.asarray(cosines)


def _directions(marks: Sequence[Fingerprint], part: str, size: int) -> NDArray[np.float64]:
    """``(m, numbers)`` a part of each, of length 1; 0 where there is none."""
    nothing = (0.0,) * size
    rows = np.array([getattr(mark, part) or nothing for mark in marks], np.float64).reshape(len(marks), size)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0))


def _channel_cosines(some: Sequence[Fingerprint], others: Sequence[Fingerprint]) -> NDArray[np.float64]:
    """``(m, k)``, NaN where one of the two has no share in any channel."""
    names = {name for mark in others for name, _, _ in mark.channels}
    place = {name: 2 * k for k, name in enumerate(sorted(names))}
    (a, a_length), (b, b_length) = (_sides(marks, place) for marks in (some, others))
    length = a_length[:, None] * b_length
    if not names:
        return np.full(length.shape, np.nan)
    return np.asarray(np.divide((a @ b.T).toarray(), length, out=np.full(length.shape, np.nan), where=length > 0))


def _sides(marks: Sequence[Fingerprint], place: Mapping[str, int]) -> tuple[sparse.csr_array, NDArray[np.float64]]:
    """Shares above and below by channel, ``(m, 2 * channels)``, of the channels that have a place; and the length of
    each with all its channels."""
    from scipy import sparse  # a page or a command that compares nothing need not wait for it

    rows, columns, shares, lengths = [], [], [], []
    for row, mark in enumerate(marks):
        lengths.append(math.hypot(*(share for channel in mark.channels for share in channel[1:])))
        for name, above, below in mark.channels:
            if name in place:
                rows += [row, row]
                columns += [place[name], place[name] + 1]
                shares += [above, below]
    shape = (len(marks), 2 * len(place))
    return sparse.csr_array((shares, (rows, columns)), shape=shape, dtype=np.float64), np.array(lengths, np.float64)
