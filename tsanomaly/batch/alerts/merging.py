"""Several messages that quiet hours held, as one: what was true in between and is over by now is not told as news."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tsanomaly.batch.alerts.content import Content, Reason, ToldEvent


def merged(contents: Sequence[Content], most: int) -> Content:
    """One message of several.

    Args:
        contents: of one job and channel, the earliest first.
        most: events, series and so on that are listed of each.
    """
    if len(contents) == 1:
        return contents[0]
    events, over = _events(contents)
    silent = {one.series: one for content in contents for one in content.silent}
    returned = dict.fromkeys(series for content in contents for series in content.returned)
    for series in returned:
        if _last_said(contents, series):
            silent.pop(series, None)
    came_back = [series for series in returned if series not in silent]
    last = next((content for content in reversed(contents) if content.failure or content.recovered), None)
    return contents[-1].model_copy(
        update={
            "runs": tuple(run for content in contents for run in content.runs),
            "events": tuple(events[:most]),
            "more_events": len(events[most:]) + sum(content.more_events for content in contents),
            "held_back": sum(content.held_back for content in contents),
            "over": tuple(over[:most]),
            "more_over": len(over[most:]) + sum(content.more_over for content in contents),
            "silent": tuple(silent.values())[:most],
            "more_silent": len(silent) - len(tuple(silent)[:most]) + sum(content.more_silent for content in contents),
            "returned": tuple(came_back[:most]),
            "more_returned": len(came_back[most:]) + sum(content.more_returned for content in contents),
            "failure": last.failure if last else None,
            "recovered": last.recovered if last else None,
        }
    )


def _events(contents: Iterable[Content]) -> tuple[list[ToldEvent], list[ToldEvent]]:
    """Events to be told, the most severe first, and those that ended which had been told before."""
    told: dict[str, ToldEvent] = {}
    over: dict[str, ToldEvent] = {}
    for content in contents:
        for event in content.events:
            first = told.get(event.id)
            over.pop(event.id, None)
            told[event.id] = event if first is None else event.model_copy(update=_as_first(first))
        for event in content.over:
            first = told.pop(event.id, None)
            if first is None:
                over[event.id] = event
            elif event.reason == Reason.OVER:
                told[event.id] = event.model_copy(update=_as_first(first))
            elif first.reason != Reason.NEW:
                over[event.id] = event  # withdrawn, and told before these messages
    return sorted(told.values(), key=lambda event: (-event.severity, event.start, event.id)), list(over.values())


def _as_first(first: ToldEvent) -> dict[str, object]:
    """Why it is told, seen from before the first of the messages."""
    return {"reason": first.reason, "was": first.was}


def _last_said(contents: Sequence[Content], series: str) -> bool:
    """Whether a series' data came back after it was last told as silent."""
    said = [series in content.returned for content in contents if _mentions(content, series)]
    return said[-1]


def _mentions(content: Content, series: str) -> bool:
    return series in content.returned or any(one.series == series for one in content.silent)
