"""What a run asks of a source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Wanted:
    """A stretch of time and some series.

    Attributes:
        since, until: half open, with a zone; ``None``: from the beginning, to the end.
        only: names of series; ``None``: all.
    """

    since: datetime | None = None
    until: datetime | None = None
    only: frozenset[str] | None = None

    SLACK = timedelta(days=1)
    """A clock without a zone is off by less than this: sources may leave out what lies farther away."""

    def bound(self, which: str) -> datetime:
        """``since`` or ``until`` as an instant, in UTC; far away where there is none."""
        given: datetime | None = getattr(self, which)
        if given is None:
            return datetime(1700 if which == "since" else 2250, 1, 1, tzinfo=UTC)
        return given.astimezone(UTC)
