"""Verdicts that change what is shown and what is learned from next time. Pure: nothing here stores anything.

A verdict in force says of the event it was given to:

    true           shown, and its rows stay out of training
    false alarm    held back, until its score has grown past the bar that the verdict set
    maintenance    held back, as is whatever else lies in its span, and its rows stay out of training
    unclear        shown, marked as looked at
    new normal     held back; the model is to learn from T on, and until it has, events of the series like this
                   one are held back as well

and of others: **a false alarm raises the bar for events like it**, in any series, not for all. An event counts as like
it from a likeness of ``ALIKE`` on; its weight ``w`` is the likeness times that of the channels alone, and

    bar = threshold + w · headroom · (score - threshold of the false alarm),    headroom = 1 + 0.25 · alike, at most 2

with ``alike`` the number of false alarms that are like the event, at most four of them counted; of several false alarms
the highest bar holds. So an event that stands more than twice as far above the threshold as every false alarm like it
is always shown, an event like none keeps its threshold, and where a true event is at least as much like it, the bar
stays where it was.

What is held back is not deleted: each :class:`Ruling` says why, and undoing a verdict is removing it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from tsanomaly.detection.events import Event, Events
from tsanomaly.detection.similarity import ALIKE, Fingerprint, channel_likenesses, likenesses
from tsanomaly.detection.verdicts import (
    Feedback,
    Judgement,
    Moment,
    Occurrence,
    Span,
    SpanSet,
    Verdict,
    row_at,
    said,
)
from tsanomaly.errors import DataError
from tsanomaly.series import Series

__all__ = [
    "Feedback",
    "JudgedEvents",
    "Judgement",
    "Moment",
    "Occurrence",
    "Preview",
    "Ruling",
    "Span",
    "Verdict",
    "apply",
    "for_training",
    "judge",
    "preview",
    "preview_undo",
]

HEADROOM = 0.25
"""How much above a false alarm's own height the bar is set, for each false alarm that is alike."""

MOST_HEADROOM = 2.0
"""The bar's height above the threshold is at most so many times that of the highest false alarm like the event."""

AT_ONCE = 1000
"""Events compared with all judged ones at once, so that memory stays small."""

INSIDE = 0.5
"""Share of an event that must lie in maintenance to be held back."""


@dataclass(frozen=True)
class Ruling:
    """What feedback makes of one event.

    Attributes:
        occurrence: the event.
        shown: whether it is; otherwise it is held back, and ``reason`` says why.
        reason: in words; empty where feedback has nothing to say.
        bar: the score that an event like this must exceed; the threshold, where no false alarm is like it.
        verdict: given to this very event.
        like: the judged event that ``reason`` speaks of.
        likeness: to it, 0 to 1.
    """

    occurrence: Occurrence
    shown: bool
    reason: str
    bar: float
    verdict: Verdict | None = None
    like: Verdict | None = None
    likeness: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {
            "shown": self.shown,
            "reason": self.reason,
            "bar": round(self.bar, 6) if np.isfinite(self.bar) else None,
            "judgement": None if self.verdict is None else str(self.verdict.judgement),
            "verdict": None if self.verdict is None else self.verdict.id,
            "like": None if self.like is None else self.like.id,
            "likeness": round(self.likeness, 4),
        }


@dataclass(frozen=True, eq=False)
class JudgedEvents:
    """A series' events under feedback.

    Attributes:
        events: as the detector found them.
        rulings: one for each, in the same order.
    """

    events: Events
    rulings: tuple[Ruling, ...]

    @property
    def shown(self) -> tuple[Event, ...]:
        """Events that pass, by rank."""
        return tuple(event for event, ruling in zip(self.events, self.rulings, strict=True) if ruling.shown)

    @property
    def held_back(self) -> tuple[Event, ...]:
        """Events that do not, by rank; the rulings say why."""
        return tuple(event for event, ruling in zip(self.events, self.rulings, strict=True) if not ruling.shown)

    def ruling(self, event: Event) -> Ruling:
        """What was made of an event."""
        return self.rulings[event.rank - 1]

    def to_dict(self) -> dict[str, Any]:
        """:meth:`Events.to_dict` with each event's ruling under ``feedback``."""
        plain = self.events.to_dict()
        for event, ruling in zip(plain["events"], self.rulings, strict=True):
            event["feedback"] = ruling.to_dict()
        return plain


@dataclass(frozen=True)
class Preview:
    """What a change of verdicts would do.

    Attributes:
        goes: shown now, and held back then.
        stays: shown now and then.
        returns: held back now, and shown then.
        sentence: the same in words, with what it means for the next training.
    """

    goes: tuple[Ruling, ...]
    stays: tuple[Ruling, ...]
    returns: tuple[Ruling, ...]
    sentence: str


def judge(
    occurrences: Sequence[Occurrence],
    feedback: Feedback,
    calendar: Iterable[Span] = (),
    *,
    learned_from: Mapping[str, Moment] | None = None,
) -> tuple[Ruling, ...]:
    """What feedback makes of events, one ruling for each, in their order.

    Args:
        occurrences: of one series or of many.
        feedback: the verdicts.
        calendar: spans of known maintenance; they hold for every series that has a clock.
        learned_from: by series, the first moment that its model learned from. A new normal is spent once the model
            learned from no earlier than that.
    """
    court = _Court(occurrences, feedback, tuple(calendar), learned_from or {})
    return tuple(court.rule(place) for place in range(len(occurrences)))


def apply(
    events: Events,
    feedback: Feedback,
    calendar: Iterable[Span] = (),
    *,
    fingerprints: Sequence[Fingerprint | None] | None = None,
    learned_from: Mapping[str, Moment] | None = None,
) -> JudgedEvents:
    """The events of a series under feedback.

    Args:
        fingerprints: of the events, such as those of :func:`tsanomaly.detection.explanation.explain_all`; without
            them verdicts reach only the events they were given to.
    """
    occurrences = Occurrence.all_of(events, fingerprints)
    return JudgedEvents(events, judge(occurrences, feedback, calendar, learned_from=learned_from))


def preview(
    occurrences: Sequence[Occurrence], feedback: Feedback, verdict: Verdict, calendar: Iterable[Span] = ()
) -> Preview:
    """What a verdict would change among past events, before it is given."""
    spans = tuple(calendar)
    before = judge(occurrences, feedback, spans)
    after = judge(occurrences, feedback.give(verdict), spans)
    return _compare(before, after, _then(verdict))


def preview_undo(
    occurrences: Sequence[Occurrence], feedback: Feedback, verdict_id: str, calendar: Iterable[Span] = ()
) -> Preview:
    """What undoing a verdict would change.

    Raises:
        ConfigurationError: there is none of that id.
    """
    spans = tuple(calendar)
    before = judge(occurrences, feedback, spans)
    after = judge(occurrences, feedback.undo(verdict_id), spans)
    return _compare(before, after, "What it kept out of training is learned from again, the next time a model learns.")


def for_training(series: Series, feedback: Feedback, calendar: Iterable[Span] = ()) -> Series:
    """What a model may learn from: without true events and maintenance, and from the last new normal on.

    Args:
        series: its rows before the new normal are cut off; those of true events and maintenance become NaN, which is
            never learned from.

    Raises:
        DataError: the new normal begins after the last row.
    """
    of_series = [verdict for verdict in feedback.in_force if verdict.series == series.name]
    left_out = (Judgement.TRUE, Judgement.MAINTENANCE)
    spans = [verdict.span for verdict in of_series if verdict.judgement in left_out]
    spans += [span for span in calendar if isinstance(span.start, datetime) == series.has_clock]
    values = series.values
    if spans:
        values = values.copy()
        for span in spans:
            values[row_at(series, span.start) : row_at(series, span.end)] = np.nan
    changes = [verdict.holds_from for verdict in of_series if verdict.judgement is Judgement.NEW_NORMAL]
    first = max((row_at(series, change) for change in changes), default=0)
    if first >= len(series):
        raise DataError(
            f"series '{series.name}' ends before its new normal begins; wait for more data, or undo that verdict"
        )
    return replace(series, values=values).between(first, len(series))


class _Court:
    """Rules on events one after the other under the same verdicts; likeness is worked out for all of them at once."""

    def __init__(
        self,
        events: Sequence[Occurrence],
        feedback: Feedback,
        calendar: Sequence[Span],
        learned_from: Mapping[str, Moment],
    ) -> None:
        self.events = events
        self.by_series: dict[str, list[Verdict]] = {}
        for verdict in feedback.in_force:
            self.by_series.setdefault(verdict.series, []).append(verdict)
        self.spans = {name: SpanSet([v.span for v in given]) for name, given in self.by_series.items()}
        self.calendar = calendar
        self.calendar_spans = SpanSet(calendar)
        alarms = [v for v in feedback.in_force if v.judgement is Judgement.FALSE_ALARM and v.score > v.threshold]
        self.alarms = _Likeness(events, alarms)
        self.truths = _Likeness(events, [v for v in feedback.in_force if v.judgement is Judgement.TRUE])
        unlearned = [
            verdict
            for verdict in feedback.in_force
            if verdict.judgement is Judgement.NEW_NORMAL
            and not (verdict.series in learned_from and learned_from[verdict.series] >= verdict.holds_from)  # type: ignore[operator]
        ]
        self.changes = _Likeness(events, unlearned)

    def rule(self, place: int) -> Ruling:
        """The first of these that applies: its own verdict, maintenance, a new normal, false alarms like it."""
        event = self.events[place]
        own = self._own(event)
        bar, like, likeness = self._bar(place, own)
        ruling = Ruling(event, True, "", bar, own, like, likeness)
        if own is not None:
            return _by_own(ruling, own)
        if (span := self._maintenance(event)) is not None:
            return replace(ruling, shown=False, reason=f"maintenance{_about(span)}")
        if (changed := self._new_normal(place)) is not None:
            since = said(changed.holds_from)
            reason = f"new normal from {since} on; the model has not learned it yet"
            return replace(ruling, shown=False, like=changed, reason=reason)
        if like is not None and like.judgement is Judgement.TRUE:
            return replace(ruling, reason=f"{likeness:.0%} like the true event of {said(like.start)}")
        if like is not None:
            return replace(ruling, shown=event.score > bar, reason=_raised(event, bar, like, likeness))
        return ruling

    def _own(self, event: Occurrence) -> Verdict | None:
        """The verdict given to this very event, the last of several."""
        given = self.by_series.get(event.series)
        if given is None:
            return None
        same = np.flatnonzero(self.spans[event.series].same(event.span))
        return given[same[-1]] if len(same) else None

    def _maintenance(self, event: Occurrence) -> Span | None:
        """The span that holds enough of an event: one judged maintenance, or one of the calendar."""
        given = self.by_series.get(event.series, [])
        if given:
            for place in np.flatnonzero(self.spans[event.series].holding(event.span) >= INSIDE):
                if given[place].judgement is Judgement.MAINTENANCE:
                    return given[place].span
        inside = np.flatnonzero(self.calendar_spans.holding(event.span) >= INSIDE)
        return self.calendar[inside[0]] if len(inside) else None

    def _new_normal(self, place: int) -> Verdict | None:
        event = self.events[place]
        for verdict, _, _ in self.changes.alike(place):
            if verdict.series == event.series and event.start >= verdict.holds_from:  # type: ignore[operator]
                return verdict
        return None

    def _bar(self, place: int, own: Verdict | None) -> tuple[float, Verdict | None, float]:
        """The score an event must exceed, and the judged event that says so."""
        threshold = self.events[place].threshold
        if own is not None and own.judgement is Judgement.FALSE_ALARM:
            return _height(threshold, own, 1.0, 1), own, 1.0
        alarms = self.alarms.alike(place)
        if not alarms:
            return threshold, None, 0.0
        truths = self.truths.alike(place)
        closest, truest = max(w for _, w, _ in alarms), max(truths, key=lambda t: t[1], default=None)
        if truest is not None and truest[1] >= closest:
            return threshold, truest[0], truest[2]
        bars = [_height(threshold, verdict, weight, len(alarms)) for verdict, weight, _ in alarms]
        highest = int(np.argmax(bars))
        return bars[highest], alarms[highest][0], alarms[highest][2]


class _Likeness:
    """How much events are like judged ones."""

    def __init__(self, events: Sequence[Occurrence], verdicts: Sequence[Verdict]) -> None:
        self.verdicts = [verdict for verdict in verdicts if verdict.fingerprint is not None]
        marks = [verdict.fingerprint for verdict in self.verdicts if verdict.fingerprint is not None]
        marked = [place for place, event in enumerate(events) if event.fingerprint is not None]
        self.found: dict[int, list[tuple[Verdict, float, float]]] = {}
        for first in range(0, len(marked) if marks else 0, AT_ONCE):
            places = marked[first : first + AT_ONCE]
            prints = [mark for place in places if (mark := events[place].fingerprint) is not None]
            likeness = likenesses(prints, marks)  # (events, verdicts)
            weight = likeness * channel_likenesses(prints, marks)
            for row, column in np.argwhere(likeness >= ALIKE):
                alike = (self.verdicts[column], float(weight[row, column]), float(likeness[row, column]))
                self.found.setdefault(places[row], []).append(alike)

    def alike(self, place: int) -> list[tuple[Verdict, float, float]]:
        """Verdicts on events like the one at a place, each with its weight and its likeness."""
        return self.found.get(place, [])


def _height(threshold: float, alarm: Verdict, weight: float, alike: int) -> float:
    headroom = min(MOST_HEADROOM, 1 + HEADROOM * alike)
    return threshold + weight * headroom * max(0.0, alarm.score - alarm.threshold)


def _by_own(ruling: Ruling, own: Verdict) -> Ruling:
    who = f" by {own.author}" if own.author else ""
    when = f"{own.at:%Y-%m-%d}"
    match own.judgement:
        case Judgement.TRUE | Judgement.UNCLEAR:
            return replace(ruling, reason=f"judged {own.judgement}{who} on {when}")
        case Judgement.FALSE_ALARM if ruling.occurrence.score > ruling.bar:
            grown = f"from {own.score:.3g} to {ruling.occurrence.score:.3g}"
            return replace(ruling, reason=f"judged a false alarm{who} on {when}; its score has since grown {grown}")
        case Judgement.FALSE_ALARM:
            return replace(ruling, shown=False, reason=f"judged a false alarm{who} on {when}")
        case Judgement.MAINTENANCE:
            return replace(ruling, shown=False, reason=f"judged maintenance{who} on {when}")
        case Judgement.NEW_NORMAL:
            since = said(own.holds_from)
            return replace(ruling, shown=False, reason=f"judged the new normal (from {since} on){who} on {when}")


def _raised(event: Occurrence, bar: float, like: Verdict, likeness: float) -> str:
    where = "" if like.series == event.series else f" in {like.series[:60]}"
    has = "has" if event.score > bar else "has only"
    return (
        f"{likeness:.0%} like the false alarm of {said(like.start)}{where}: such events now need a score above "
        f"{bar:.3g} instead of {event.threshold:.3g}, and this one {has} {event.score:.3g}"
    )


def _compare(before: Sequence[Ruling], after: Sequence[Ruling], then: str) -> Preview:
    pairs = list(zip(before, after, strict=True))
    goes = tuple(now for was, now in pairs if was.shown and not now.shown)
    stays = tuple(now for was, now in pairs if was.shown and now.shown)
    returns = tuple(now for was, now in pairs if not was.shown and now.shown)
    said = [f"Of {_counted(len(goes) + len(stays))} shown, {len(goes)} would go and {len(stays)} would stay."]
    if not goes:
        said = ["No event would be hidden."]
    if returns:
        said.append(f"{_counted(len(returns)).capitalize()} held back would be shown again.")
    return Preview(goes, stays, returns, " ".join([*said, then]).strip())


def _then(verdict: Verdict) -> str:
    match verdict.judgement:
        case Judgement.TRUE:
            return "Its rows stay out of training."
        case Judgement.MAINTENANCE:
            return "Its rows stay out of training, and whatever else lies in that span is held back."
        case Judgement.FALSE_ALARM:
            return "Events like it need a higher score from now on; all others keep their threshold."
        case Judgement.NEW_NORMAL:
            return f"The model is to learn anew, from {said(verdict.holds_from)} on; what came before is forgotten."
        case Judgement.UNCLEAR:
            return "It stays in training."


def _about(span: Span) -> str:
    return f": {span.summary[:80]}" if span.summary else f" from {said(span.start)} to {said(span.end)}"


def _counted(number: int) -> str:
    return f"{number:,} event{'' if number == 1 else 's'}"
