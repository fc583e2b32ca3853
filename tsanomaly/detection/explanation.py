"""What is there to say of an event: its kind in words, what was expected, the smallest repair, what it is like.

The dashboard, the report and alerts all ask here. Which channels broke, and which way, an :class:`Event` says itself;
each further answer has a station of its own:

    kind           :mod:`tsanomaly.detection.kinds`
    band           :mod:`tsanomaly.detection.bands`
    repair         :mod:`tsanomaly.detection.repairs`
    fingerprint    :mod:`tsanomaly.detection.similarity`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from tsanomaly.detection.bands import Band, expected_band
from tsanomaly.detection.codes import latent_code
from tsanomaly.detection.events import Event, Events
from tsanomaly.detection.kinds import Course, EventKind, Grounds
from tsanomaly.detection.repairs import Repair, smallest_repair
from tsanomaly.detection.similarity import Fingerprint, channel_parts, duration_class, rounded, shape_of
from tsanomaly.errors import DataError
from tsanomaly.series.spans import lasting

if TYPE_CHECKING:
    from tsanomaly.detection.detector import Detector

__all__ = ["Band", "EventKind", "Explanation", "Fingerprint", "Repair", "expected_band", "explain", "explain_all"]

WINDOW = 100
"""Rows that a duration is measured in where no detector says how long its window is."""

_KINDS = tuple(EventKind)

_WORDS = {
    EventKind.SPIKE: "{channel} jumps {way} for {long}",
    EventKind.LEVEL: "{channel} stays {way} its usual level for {long}",
    EventKind.TREND: "{channel} drifts {way} its usual course over {long}",
    EventKind.VARIANCE: "{channel} is much noisier than usual for {long}",
    EventKind.FREQUENCY: "{channel} swings faster or slower than usual for {long}",
    EventKind.FLAT_LINE: "{channel} stands still for {long}",
    EventKind.BROKEN_CORRELATION: "{channel} no longer goes with the other channels for {long}",
    EventKind.PATTERN: "{channel} runs otherwise than expected for {long}",
}

_WAYS = {
    EventKind.SPIKE: {"above": "up", "below": "down", "both": "up and down"},
    EventKind.LEVEL: {"above": "above", "below": "below", "both": "off"},
    EventKind.TREND: {"above": "above", "below": "below", "both": "away from"},
}


@dataclass(frozen=True)
class Explanation:
    """What is there to say of one event.

    Attributes:
        rank: of the event among those it was explained with.
        kind: what it looks like.
        sentence: the same in words, names of channels as they are in the file: make them harmless before showing.
        fingerprint: for likeness to other events; store it with the event.
        repair: the smallest found; ``None`` where it was not asked for or not possible.
    """

    rank: int
    kind: EventKind
    sentence: str
    fingerprint: Fingerprint
    repair: Repair | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {
            "rank": self.rank,
            "kind": str(self.kind),
            "sentence": self.sentence,
            "fingerprint": self.fingerprint.to_dict(),
            "repair": None if self.repair is None else self.repair.to_dict(),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What :meth:`to_dict` wrote.

        Raises:
            DataError: it is something else.
        """
        try:
            repair = plain.get("repair")
            return cls(
                int(plain["rank"]),
                EventKind(plain["kind"]),
                str(plain["sentence"]),
                Fingerprint.from_dict(plain["fingerprint"]),
                None if repair is None else Repair.from_dict(repair),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError("this is no explanation of an event; expected what Explanation.to_dict wrote") from None


def explain(events: Events, event: Event, detector: Detector | None = None, *, repair: bool = True) -> Explanation:
    """What is there to say of one event.

    Args:
        detector: the one that found it; without it there is no repair and no latent code.
        repair: whether to look for the smallest repair, which scores a stretch around the event a dozen times.
    """
    return _explain(Grounds(events), event, detector, repair)


def explain_all(
    events: Events, detector: Detector | None = None, *, repairs: int = 0, most: int | None = None
) -> tuple[Explanation, ...]:
    """What is there to say of each event, in their order.

    Args:
        detector: as for :func:`explain`.
        repairs: for how many events, from the most severe on, to look for the smallest repair.
        most: how many events to explain, from the most severe on; ``None``: all.
    """
    grounds = Grounds(events)
    return tuple(_explain(grounds, event, detector, place < repairs) for place, event in enumerate(events[:most]))


def _explain(grounds: Grounds, event: Event, detector: Detector | None, repair: bool) -> Explanation:
    events = grounds.events
    course = grounds.course_of(event)
    code, model = latent_code(events, event, detector) if detector is not None else ((), "")
    window = detector.window_ if detector is not None else WINDOW
    fingerprint = Fingerprint(
        channel_parts([(share.name, share.share, share.direction) for share in event.channels]),
        rounded([float(course.kind is kind) for kind in _KINDS]),
        shape_of(course.deviation),
        duration_class((course.stop - course.start) / window),
        code,
        model,
    )
    return Explanation(
        event.rank,
        course.kind,
        _sentence(events, event, course),
        fingerprint,
        smallest_repair(events, event, detector) if repair and detector is not None else None,
    )


def _sentence(events: Events, event: Event, course: Course) -> str:
    channel = events.series.channels[course.column]
    name = channel if len(channel) <= 60 else channel[:59] + "…"
    rows, step = course.stop - course.start, events.series.step
    long = f"{rows:,} row{'' if rows == 1 else 's'}" if step is None else lasting(step * rows)
    way = _WAYS.get(course.kind, {}).get(event.direction, "")
    return _WORDS[course.kind].format(channel=f"'{name}'", way=way, long=long)
