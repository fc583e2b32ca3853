"""What there is to tell when a run has ended: a pure function of what the run changed and of what was told before."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tsanomaly.batch.alerts.content import (
    Body,
    Content,
    Failure,
    Memory,
    Reason,
    RememberedEvent,
    RememberedFailure,
    SilentSeries,
    ToldEvent,
)
from tsanomaly.batch.alerts.quiet_hours import held_until
from tsanomaly.batch.job import Alerts, Channel, Job
from tsanomaly.batch.logs import redacted
from tsanomaly.batch.schedule import LOOKS_BACK, times
from tsanomaly.detection.thresholds import Budget
from tsanomaly.workspace import AlertDraft, Change, EventChange, EventStatus, Outcome, Run, StoredEvent

GROWS = 10.0
"""Points of severity from which an event is told again: by their scale, ten times as rare as what was told."""

MISSED_RUNS = 3
"""Runs that find nothing new before a series counts as silent, where the job does not say how long that takes."""

_NO_FAILURE = frozenset((Outcome.SUCCEEDED, Outcome.FOUND_NOTHING, Outcome.NOT_ENOUGH_DATA, Outcome.CANCELLED))

_PERIODS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}  # days


@dataclass(frozen=True)
class Situation:
    """What is known when a run ends.

    Attributes:
        job, run: whose end it is.
        outcome, message: how it ended.
        changes: what the run did to events, all its attempts together, in order.
        events: as they are now, by id: those that changed, those that channels remember, and those they are part of.
        watermarks: of all series of the job.
        now: which matters to quiet hours alone. All else goes by the run's scheduled time, so that a run that was
            interrupted and repeated tells the same.
    """

    job: Job
    run: Run
    outcome: Outcome
    message: str
    changes: Sequence[EventChange]
    events: Mapping[str, StoredEvent]
    watermarks: Mapping[str, datetime]
    now: datetime

    @property
    def zone(self) -> str:
        """Whose clock people read."""
        return self.job.schedule.zone if self.job.schedule else "UTC"


def drafts(situation: Situation, memories: Mapping[str, Memory]) -> list[AlertDraft]:
    """One message a channel, or none where there is nothing to tell.

    Args:
        situation: what is known.
        memories: what was told before, by the channels' names; a channel that is not in it was told nothing.
    """
    alerts = situation.job.alerts
    made = []
    for channel in alerts.channels:
        before = memories.get(channel.label, Memory())
        content, memory = _told(situation, channel, before)
        if not content.says_something and memory == before:
            continue
        held = held_until(situation.now, alerts.quiet_hours_of(channel), situation.zone)
        body = Body(
            content=content if content.says_something else None,
            memory=memory,
            url_env=channel.url_env,
            link_base=alerts.link_base,
            plot=alerts.plot,
            most_events=alerts.most_events,
            held_until=held if content.says_something else None,
        )
        key = _digest(situation.job.name, channel.label, situation.run.scheduled_at.astimezone(UTC).isoformat())
        made.append(AlertDraft(key=key, channel=channel.label, body=body.to_json(), due_at=body.held_until))
    return made


def _told(situation: Situation, channel: Channel, memory: Memory) -> tuple[Content, Memory]:
    """What a channel is told, and what it knows then."""
    alerts, at = situation.job.alerts, situation.run.scheduled_at
    known = _as_merged(memory.events, situation.events)
    told, held_back = _within_budget(_events(situation, channel, known), alerts, memory.told, at)
    missed = len(held_back) + memory.held_back
    over = [event for event in _over(situation, known) if event.id not in {one.id for one in told}]
    silent, returned, silences = _silence(situation, memory.silent)
    failure, recovered, failing = _failure(situation, memory.failure)

    going_on = {id: event for id, event in known.items() if _goes_on(situation.events.get(id))}
    going_on |= {e.id: RememberedEvent(severity=e.severity, told=at) for e in told if e.going_on}
    going_on |= {e.id: RememberedEvent(severity=e.severity) for e in held_back if e.going_on and e.id not in going_on}
    most = alerts.most_events
    content = Content(
        job=situation.job.name,
        runs=(at,),
        zone=situation.zone,
        events=tuple(told[:most]),
        more_events=len(told[most:]),
        held_back=missed,
        budget=alerts.budget,
        over=tuple(over[:most]) if alerts.recovery else (),
        more_over=len(over[most:]) if alerts.recovery else 0,
        silent=tuple(silent[:most]),
        more_silent=len(silent[most:]),
        returned=tuple(returned[:most]) if alerts.recovery else (),
        more_returned=len(returned[most:]) if alerts.recovery else 0,
        failure=failure,
        recovered=recovered if alerts.recovery else None,
    )
    after = Memory(
        events=going_on,
        silent=silences,
        failure=failing,
        told=_counted(alerts, memory.told, at) + (at,) * (len(told) if alerts.budget else 0),
        held_back=0 if content.says_something else missed,
    )
    return content, after


# --- events ------------------------------------------------------------------------------------------------------


def _events(situation: Situation, channel: Channel, known: Mapping[str, RememberedEvent]) -> list[ToldEvent]:
    """New, grown and lasting ones, the most severe first."""
    changes: dict[str, list[EventChange]] = {id: [] for id in known}
    for change in situation.changes:
        changes.setdefault(change.event_id, []).append(change)
    told = []
    for id, done in changes.items():
        event = situation.events.get(id)
        if event is None or event.status != EventStatus.FOUND or event.held_back:
            continue
        reason, was = _reason(event, done, known.get(id), channel, situation)
        if reason is not None and event.severity >= channel.min_severity:
            told.append(ToldEvent.of(event, reason, was))
    return sorted(told, key=lambda event: (-event.severity, event.start, event.id))


def _reason(
    event: StoredEvent,
    changes: Sequence[EventChange],
    known: RememberedEvent | None,
    channel: Channel,
    situation: Situation,
) -> tuple[Reason | None, float | None]:
    """Why to tell an event, and the severity it was told with before."""
    if known is not None:
        if event.severity >= known.severity + GROWS:
            return Reason.GROWN, known.severity
        waited = None if known.told is None else situation.run.scheduled_at - known.told
        repeats = waited is not None and waited >= situation.job.alerts.repeat_after
        if repeats and event.verdict is None and event.ongoing:
            return Reason.LASTING, known.severity
        return None, None
    if event.ongoing or any(change.change in (Change.FOUND, Change.RETURNED) for change in changes):
        return Reason.NEW, None  # also one that a verdict, or the least severity, had kept from being told
    before = next((c.before["severity"] for c in changes if c.before and "severity" in c.before), None)
    if before is None:
        return None, None
    if before < channel.min_severity:
        return Reason.NEW, None  # too slight to be told until now
    return (Reason.GROWN, before) if event.severity >= before + GROWS else (None, None)


def _goes_on(event: StoredEvent | None) -> bool:
    return event is not None and event.status == EventStatus.FOUND and event.ongoing


def _as_merged(known: Mapping[str, RememberedEvent], events: Mapping[str, StoredEvent]) -> dict[str, RememberedEvent]:
    """What was told of an event that is part of another by now was told of the other."""
    result: dict[str, RememberedEvent] = {}
    for id, memory in known.items():
        seen = {id}
        while (event := events.get(id)) and event.status == EventStatus.MERGED and event.merged_into not in seen:
            id = str(event.merged_into)
            seen.add(id)
        other = result.get(id, memory)
        told = max((one.told for one in (memory, other) if one.told), default=None)
        result[id] = RememberedEvent(severity=max(memory.severity, other.severity), told=told)
    return result


def _over(situation: Situation, known: Mapping[str, RememberedEvent]) -> list[ToldEvent]:
    """Events that were going on when they were told, and are no longer; the last to end first."""
    over = []
    for id, memory in known.items():
        event = situation.events.get(id)
        if event is None or event.held_back or memory.told is None:
            continue
        if event.status == EventStatus.WITHDRAWN:
            over.append(ToldEvent.of(event, Reason.WITHDRAWN))
        elif event.status == EventStatus.FOUND and not event.ongoing:
            over.append(ToldEvent.of(event, Reason.OVER))
    return sorted(over, key=lambda event: (event.end, event.id), reverse=True)


def _within_budget(
    events: list[ToldEvent], alerts: Alerts, told: Iterable[datetime], at: datetime
) -> tuple[list[ToldEvent], list[ToldEvent]]:
    """As many of the most severe events as the budget has room for, and those it holds back."""
    if alerts.budget is None:
        return events, []
    allowed, _ = _budget(alerts.budget)
    room = max(0, allowed - len(_counted(alerts, told, at)))
    return events[:room], events[room:]


def _counted(alerts: Alerts, told: Iterable[datetime], at: datetime) -> tuple[datetime, ...]:
    """When events were told, as far as they still count."""
    if alerts.budget is None:
        return ()
    _, period = _budget(alerts.budget)
    return tuple(when for when in told if when > at - period)


def _budget(text: str) -> tuple[int, timedelta]:
    """Whole events, at least one, and the time they are for."""
    budget = Budget.parse(text)
    period = timedelta(days=_PERIODS[budget.per])
    return (int(budget.events), period) if budget.events >= 1 else (1, period / budget.events)


# --- silence -----------------------------------------------------------------------------------------------------


def _silence(situation: Situation, told: Mapping[str, float]) -> tuple[list[SilentSeries], list[str], dict[str, float]]:
    """Series to be told as silent, those that were and are no longer, and the silences that are known then.

    Silence is told once, and again whenever it has become twice as long: a series that was switched off for good is
    named ever more rarely.
    """
    at, alerts = situation.run.scheduled_at, situation.job.alerts
    latest = _silent_until(situation.job, at)
    silent, returned, known = [], [], {}
    for series, watermark in sorted(situation.watermarks.items()):
        digest = _digest(series)[:12]
        if latest is None or watermark > latest:
            if digest in told:
                returned.append(series)
            continue
        lasting = (at - watermark).total_seconds()
        known[digest] = told.get(digest, lasting)
        repeat = max(2 * known[digest], known[digest] + alerts.repeat_after.total_seconds())
        if digest not in told or lasting >= repeat:
            silent.append(SilentSeries(series=series, until=watermark))
            known[digest] = lasting
    return sorted(silent, key=lambda one: (one.until, one.series)), returned, known


def _silent_until(job: Job, at: datetime) -> datetime | None:
    """Series whose watermark is not later are silent at ``at``; ``None``: none is, whatever its watermark."""
    late = job.range.allowed_lateness
    if job.alerts.no_data_after is not None:
        return at - late - job.alerts.no_data_after
    if job.schedule is None:
        return None
    for span in LOOKS_BACK:
        # The run that set the watermark, and those that found nothing after it.
        runs = deque(times(job.schedule, at - span, at), maxlen=1 + MISSED_RUNS)
        if len(runs) > MISSED_RUNS:
            return runs[0] - late
    return None


# --- the run itself ----------------------------------------------------------------------------------------------


def _failure(
    situation: Situation, told: RememberedFailure | None
) -> tuple[Failure | None, str | None, RememberedFailure | None]:
    """A failure to be told, the outcome of earlier ones that are over, and the failure that is known then."""
    at, outcome = situation.run.scheduled_at, situation.outcome
    if outcome in _NO_FAILURE:
        if told is None or outcome == Outcome.CANCELLED:
            return None, None, told
        return None, told.outcome, None
    if told is not None and told.outcome == outcome and at - told.told < situation.job.alerts.repeat_after:
        return None, None, told
    failure = Failure(outcome=outcome, message=redacted(situation.message))
    return failure, None, RememberedFailure(outcome=outcome, told=at)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
