"""What an alert says, and what it remembers: the body of a row in the outbox, as plain types. No secret is in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from tsanomaly.workspace import StoredEvent

CHANNELS = 3
"""Channels named of one event."""


class Reason(StrEnum):
    """Why an event is told."""

    NEW = "new"  # for the first time
    GROWN = "grown"  # much more severe than when it was told
    LASTING = "lasting"  # told long ago, and still going on
    OVER = "over"  # it was going on when it was told, and has ended
    WITHDRAWN = "withdrawn"  # data that came late show that it was none


class Part(BaseModel):
    """Rows stay in the outbox across upgrades: what is not known is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class BrokenChannel(Part):
    """A channel of the series, and its part in an event, as in :class:`tsanomaly.detection.events.ChannelShare`."""

    name: str
    share: float
    direction: str


class ToldEvent(Part):
    """An event as it was when it was told.

    Attributes:
        start, end: half open.
        going_on: it reaches the end of what was scored.
        was: the severity told before.
    """

    id: str
    series: str
    reason: Reason
    start: datetime
    end: datetime
    severity: float
    kind: str | None = None
    channels: tuple[BrokenChannel, ...] = ()
    going_on: bool = False
    was: float | None = None

    @classmethod
    def of(cls, event: StoredEvent, reason: Reason, was: float | None = None) -> Self:
        """An event of the workspace."""
        return cls(
            id=event.id,
            series=event.series,
            reason=reason,
            start=event.start,
            end=event.end,
            severity=event.severity,
            kind=event.kind,
            channels=tuple(BrokenChannel(**vars(channel)) for channel in event.channels[:CHANNELS]),
            going_on=event.ongoing,
            was=was,
        )


class SilentSeries(Part):
    """A series that no data arrive from; ``until`` is how far it was scored."""

    series: str
    until: datetime


class Failure(Part):
    """A run that did not score what it should."""

    outcome: str
    message: str


class Content(Part):
    """What one message says.

    Attributes:
        job, runs: whose, and the scheduled times it tells of; several where quiet hours held some.
        zone: whose clock times are shown on.
        events, more_events: the most severe ones, and how many more there are.
        held_back, budget: events that the alert budget held back since the last message.
        over, more_over: events that have ended, or were withdrawn.
        silent, more_silent: series that have become silent, or still are after long.
        returned, more_returned: series that were silent, and are no longer.
        failure: of the run.
        recovered: the outcome of the failing runs before this one, which did not fail.
    """

    job: str
    runs: tuple[datetime, ...]
    zone: str = "UTC"
    events: tuple[ToldEvent, ...] = ()
    more_events: int = 0
    held_back: int = 0
    budget: str | None = None
    over: tuple[ToldEvent, ...] = ()
    more_over: int = 0
    silent: tuple[SilentSeries, ...] = ()
    more_silent: int = 0
    returned: tuple[str, ...] = ()
    more_returned: int = 0
    failure: Failure | None = None
    recovered: str | None = None

    @property
    def says_something(self) -> bool:
        """Whether there is a reason to send it; that events were held back is none."""
        return bool(self.events or self.over or self.silent or self.returned or self.failure or self.recovered)


class RememberedEvent(Part):
    """An event that is going on; ``told`` is when, ``None``: the budget held it back."""

    severity: float
    told: datetime | None = None


class RememberedFailure(Part):
    """A failure that was told."""

    outcome: str
    told: datetime


class Memory(Part):
    """What a channel has been told, as it must be known to say only what is new.

    Attributes:
        events: that are going on, by their id.
        silent: series, by their digest, and how many seconds of silence were told.
        failure: the last one told that is not over.
        told: when events were told, as far back as the budget counts.
        held_back: events since the last message.
    """

    events: dict[str, RememberedEvent] = {}
    silent: dict[str, float] = {}
    failure: RememberedFailure | None = None
    told: tuple[datetime, ...] = ()
    held_back: int = 0


class Body(Part):
    """A row of the outbox.

    Attributes:
        content: what it says; ``None`` where only the memory changed, and nothing is sent.
        memory: after it.
        url_env: the environment variable with the receiver's address.
        link_base: the dashboard's address.
        plot: whether a picture goes along.
        most_events: listed in one message.
        held_until: the end of the quiet hours that held it.
    """

    content: Content | None
    memory: Memory = Memory()
    url_env: str
    link_base: str | None = None
    plot: bool = True
    most_events: int = 10
    held_until: datetime | None = None

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self | None:
        """What :meth:`to_json` gave; ``None``: it is something else, such as a later version's."""
        try:
            return cls.model_validate(dict(stored))
        except ValidationError:
            return None

    def to_json(self) -> dict[str, Any]:
        """Plain types, ready for JSON; what is as usual is left out."""
        return self.model_dump(mode="json", exclude_defaults=True) | {"content": self._content()}

    def _content(self) -> dict[str, Any] | None:
        return None if self.content is None else self.content.model_dump(mode="json", exclude_defaults=True)
