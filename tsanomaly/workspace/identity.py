"""Which event is which: what a scoring of a stretch found, against what was known of the series before. No SQL here.

Scoring a stretch again says anew what lies in it, and nothing of what lies outside. So, for one series:

- An event found where a known one lies is that one, and takes its new extent and severity.
- A known event that lies at the stretch's edge or reaches out of it keeps what lies outside, and whatever is found
  touching it belongs to it.
- Several known events under one found are one from now on: one stays, the others are merged into it.
- A known event inside the stretch that was not found again is withdrawn, unless a person gave a verdict on it.
- A withdrawn or merged event that is found again comes back as itself.

Standing events of a series therefore never overlap, and reconciling the same findings twice changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Stretch:
    """An event's extent and peak.

    Attributes:
        start, end: half open.
        peak: when the score is highest.
        severity: 0 to 100.
        body: whatever else belongs to this peak; carried along.
    """

    start: datetime
    end: datetime
    peak: datetime
    severity: float
    body: Any = field(default=None, hash=False)  # plain types, such as dictionaries

    def touches(self, other: Stretch) -> bool:
        """Whether they overlap, or one begins where the other ends."""
        return self.start <= other.end and other.start <= self.end

    def common(self, other: Stretch) -> timedelta:
        """How much of one lies in the other; zero if they only touch."""
        return max(min(self.end, other.end) - max(self.start, other.start), timedelta(0))


@dataclass(frozen=True)
class Known:
    """An event that the store has.

    Attributes:
        id: its name in the store.
        at: where it is.
        standing: neither withdrawn nor merged.
        judged: a person gave a verdict on it.
    """

    id: str
    at: Stretch
    standing: bool = True
    judged: bool = False


@dataclass(frozen=True)
class Plan:
    """What becomes of the events of a series.

    Attributes:
        kept: known events found again, with what they are now.
        new: found for the first time.
        merged: known events, each with the id of the one it is now part of.
        withdrawn: known events not found again.
    """

    kept: tuple[tuple[Known, Stretch], ...] = ()
    new: tuple[Stretch, ...] = ()
    merged: tuple[tuple[Known, str], ...] = ()
    withdrawn: tuple[Known, ...] = ()


def reconcile(known: Sequence[Known], found: Iterable[Stretch], since: datetime, until: datetime) -> Plan:
    """Work out which event is which.

    Args:
        known: events of one series that touch the stretch; others do no harm.
        found: events of a scoring of ``[since, until)``; those that touch are one.
    """
    standing = [event for event in known if event.standing]
    reaching_out = [e for e in standing if (e.at.start < since or e.at.end > until) and _in(e.at, since, until)]
    groups = [_Group.of(parts, since, until) for parts in _connected(found, reaching_out)]
    inside = [event for event in standing if since <= event.at.start and event.at.end <= until]

    kept: dict[int, Known] = {}
    taken: set[str] = set()
    for candidates in ([*reaching_out, *inside], [event for event in known if not event.standing]):
        for event, place in _by_likeness(candidates, groups):
            if place not in kept and event.id not in taken:
                kept[place] = event
                taken.add(event.id)

    merged, withdrawn = [], []
    for event in [*reaching_out, *inside]:
        if event.id in taken:
            continue
        over = [(groups[place].at.common(event.at), -place) for place in _near(event, groups)]
        if over:
            merged.append((event, kept[-max(over)[1]].id))
        elif since <= event.at.start and event.at.end <= until and not event.judged:
            withdrawn.append(event)
    return Plan(
        tuple((kept[place], group.at) for place, group in enumerate(groups) if place in kept),
        tuple(group.at for place, group in enumerate(groups) if place not in kept),
        tuple(merged),
        tuple(withdrawn),
    )


@dataclass(frozen=True)
class _Group:
    """Found events that are one, with the known ones that hold them together from outside."""

    at: Stretch
    outer: tuple[Known, ...]

    def holds(self, event: Known) -> bool:
        """Whether an event may be this one."""
        return event in self.outer or bool(self.at.common(event.at))

    @classmethod
    def of(cls, parts: tuple[list[Stretch], list[Known]], since: datetime, until: datetime) -> _Group:
        found, outer = parts
        starts = [s.start for s in found] + [e.at.start for e in outer if e.at.start < since]
        ends = [s.end for s in found] + [e.at.end for e in outer if e.at.end > until]
        # A peak inside the stretch was judged anew, so it no longer counts.
        peaks = [*found, *(e.at for e in outer if not since <= e.at.peak < until)]
        peak = max(peaks, key=lambda s: (s.severity, -s.peak.timestamp()))
        return cls(Stretch(min(starts), max(ends), peak.peak, peak.severity, peak.body), tuple(outer))


def _in(at: Stretch, since: datetime, until: datetime) -> bool:
    return at.start <= until and at.end >= since


def _connected(found: Iterable[Stretch], outer: Sequence[Known]) -> list[tuple[list[Stretch], list[Known]]]:
    """Found events, those together that touch each other, or the same event that reaches out of the stretch."""
    groups: list[tuple[list[Stretch], list[Known]]] = []
    for stretch in sorted(found, key=lambda s: (s.start, s.end)):
        parts, holding = [stretch], [event for event in outer if event.at.touches(stretch)]
        # In the order of time, so of those before only the last can belong to this one.
        while groups and (
            any(event in groups[-1][1] for event in holding) or any(s.touches(stretch) for s in groups[-1][0])
        ):
            more, others = groups.pop()
            parts, holding = [*more, *parts], [*others, *(event for event in holding if event not in others)]
        groups.append((parts, holding))
    return groups


def _by_likeness(candidates: Sequence[Known], groups: Sequence[_Group]) -> list[tuple[Known, int]]:
    """Pairs that may be the same event, the likeliest first."""
    pairs = []
    for event in candidates:
        for place in _near(event, groups):
            common = groups[place].at.common(event.at)
            rank = (not common, not event.judged, -common, event.at.start, event.id, place)
            pairs.append((rank, event, place))
    return [(event, place) for _, event, place in sorted(pairs, key=lambda pair: pair[0])]


def _near(event: Known, groups: Sequence[_Group]) -> Iterator[int]:
    """Places of the groups that an event may be; groups are in the order of time and do not overlap."""
    first = bisect_left(groups, event.at.start, key=lambda group: group.at.end)
    for place in range(first, len(groups)):
        if groups[place].at.start > event.at.end:
            break
        if groups[place].holds(event):
            yield place
