"""An alert in words: plain text, because a name from a file must be no markup to whoever receives it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import numpy as np

from tsanomaly.batch.alerts.content import Content, Reason, ToldEvent
from tsanomaly.report.words import DIRECTIONS, clock, counted, lasting, percent, sentence, shown

FAINT = 0.05
"""Share of an event below which its channel is not named, unless it leads."""


def title(content: Content) -> str:
    """The most important thing, on one line."""
    if content.events:
        number = len(content.events) + content.more_events
        worst = f"severity {content.events[0].severity:.0f} of 100"
        said = f"an anomaly, {worst}" if number == 1 else f"{number:,} anomalies, the worst of {worst}"
    elif content.failure:
        said = content.failure.outcome
    elif content.silent:
        said = f"no data from {_counted_series(len(content.silent) + content.more_silent)}"
    elif content.recovered:
        said = f"runs again, after '{content.recovered}'"
    elif content.returned:
        said = f"data again from {_counted_series(len(content.returned) + content.more_returned)}"
    else:
        number = len(content.over) + content.more_over
        said = "an anomaly is over" if number == 1 else f"{number:,} anomalies are over"
    return f"{name(content.job)}: {said}"


def text(content: Content, link_base: str | None, key: str) -> str:
    """The whole message.

    Args:
        content: what to say.
        link_base: the dashboard's address; ``None``: without links.
        key: the message's own, by which a receiver knows one that it already has.
    """
    parts = [_run(content), *_failure(content), *_events(content, link_base), *_over(content), *_silence(content)]
    return "\n\n".join([*parts, f"alert {key[:12]}"])


def name(given: str, most: int = 60) -> str:
    """A name, or another text, that calls nobody: where ``@`` would notify people, a sign that looks the same."""
    return shown(given, most).replace("@", "＠")


def link(job: str, event_id: str, link_base: str) -> str:
    """The dashboard's page of an event."""
    return f"{link_base}/investigate?{urlencode({'job': job, 'event': event_id})}"


def _run(content: Content) -> str:
    times = [_clock(at, content.zone) for at in content.runs]
    when = f"Run of {times[0]}" if len(times) == 1 else f"{len(times):,} runs, {times[0]} to {times[-1]}"
    return f"{when} ({content.zone})"


def _failure(content: Content) -> Iterable[str]:
    if content.failure:
        yield sentence(f"{content.failure.outcome}: {_line(content.failure.message)}")
    if content.recovered:
        yield f"It runs again; before, the outcome was: {content.recovered}."


def _events(content: Content, link_base: str | None) -> Iterable[str]:
    for number, event in enumerate(content.events, start=1):
        lines = [
            f"{number}. {name(event.series)}: severity {event.severity:.0f} of 100, {_extent(event, content.zone)}"
        ]
        if event.reason == Reason.GROWN:
            lines.append(
                f"   it has grown: severity was {event.was:.0f}" if event.was is not None else "   it has grown"
            )
        if event.reason == Reason.LASTING:
            lines.append("   it was told before, and lasts")
        if why := _why(event):
            lines.append(f"   {why}")
        if link_base:
            lines.append(f"   {link(content.job, event.id, link_base)}")
        yield "\n".join(lines)
    if content.more_events:
        yield f"And {content.more_events:,} more."
    if content.held_back:
        verb = "was" if content.held_back == 1 else "were"
        yield f"{counted(content.held_back, 'event')} {verb} held back by the budget of {content.budget}."


def _why(event: ToldEvent) -> str:
    """``level: pressure 71 %, below expected; flow 20 %, above expected``."""
    broke = "; ".join(
        f"{name(channel.name)} {percent(channel.share)}, {DIRECTIONS.get(channel.direction, name(channel.direction))}"
        for place, channel in enumerate(event.channels)
        if place == 0 or channel.share >= FAINT
    )
    return f"{name(event.kind)}: {broke}" if event.kind else broke


def _extent(event: ToldEvent, zone: str) -> str:
    length = lasting(np.timedelta64(event.end - event.start))
    start = _clock(event.start, zone)
    return f"since {start}, for {length} so far" if event.going_on else f"{start}, for {length}"


def _over(content: Content) -> Iterable[str]:
    lines = [
        f"- {name(event.series)}: {'withdrawn' if event.reason == Reason.WITHDRAWN else 'over'}; "
        f"{_extent(event, content.zone)}, severity {event.severity:.0f}"
        for event in content.over
    ]
    if content.more_over:
        lines.append(f"- and {content.more_over:,} more")
    if lines:
        yield "\n".join(["No longer going on:", *lines])


def _silence(content: Content) -> Iterable[str]:
    at = content.runs[-1]
    if content.silent:
        lines = [
            f"- {name(one.series)}: nothing newer than {_clock(one.until, content.zone)}, "
            f"{lasting(np.timedelta64(max(at - one.until, timedelta(0))))} ago"
            for one in content.silent
        ]
        yield _listed("No data arrive:", lines, content.more_silent)
    if content.returned:
        yield _listed("Data arrive again:", [f"- {name(one)}" for one in content.returned], content.more_returned)


def _listed(head: str, lines: Sequence[str], more: int) -> str:
    return "\n".join([head, *lines, *([f"- and {more:,} more"] if more else [])])


def _clock(at: datetime, zone: str) -> str:
    return clock(at.astimezone(ZoneInfo(zone)).replace(microsecond=0).isoformat())


def _counted_series(number: int) -> str:
    return "one series" if number == 1 else f"{number:,} series"


def _line(message: str) -> str:
    return name(re.sub(r"\s+", " ", message), 300)
