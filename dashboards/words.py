"""Times of stored events in the zone that the analyst chose, and other words of the workspace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import streamlit as st

from tsanomaly.report.words import lasting
from tsanomaly.workspace import StoredEvent

VERDICTS = {
    "true": "True",
    "false alarm": "False alarm",
    "maintenance": "Maintenance",
    "unclear": "Unclear",
    "new normal": "New normal",
}
"""As they are spoken of."""

DAY = "YYYY-MM-DD"
"""How fields for a day show it."""

ASKED = VERDICTS | {"true": "True anomaly"}
"""As buttons say them: there, a mere ``True`` makes one wonder what is true."""


def chosen_zone() -> str | None:
    """The zone that this session wants times in; ``None``: it has chosen none.

    The field that asks for it is the last on a page, and so knows nothing yet when a link with a zone is first drawn.
    """
    if "zone" in st.session_state:
        return st.session_state["zone"]
    asked = st.query_params.get("zone")
    return asked if asked in zones() else None


def zone() -> str:
    """Whose clock stored times are shown on."""
    return chosen_zone() or "UTC"


@cache
def zones() -> tuple[str, ...]:
    """All that may be chosen."""
    return tuple(sorted(available_timezones()))


def moment(when: datetime | None, *, seconds: bool = False, clock: str | None = None) -> str:
    """``3 Feb 2026, 05:00`` on the chosen clock, or another zone's; a dash where there is none."""
    if when is None:
        return "–"
    local = when.astimezone(ZoneInfo(clock or zone()))
    return f"{local.day} {local:%b %Y, %H:%M:%S}" if seconds else f"{local.day} {local:%b %Y, %H:%M}"


def length(event: StoredEvent) -> str:
    """How long it lasts, or has lasted so far."""
    said = span(event.end - event.start)
    return f"{said} so far" if event.ongoing else said


def span(delta: timedelta) -> str:
    """``3 h 20 min``."""
    return lasting(np.timedelta64(int(delta.total_seconds() * 1e6), "us").astype("timedelta64[ns]"))


def ago(when: datetime | None, now: datetime | None = None) -> str:
    """``5 min ago``, ``in 2 h``."""
    if when is None:
        return "never"
    delta = (now or datetime.now(UTC)) - when
    seconds = abs(delta.total_seconds())
    for size, name in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            number = round(seconds / size)
            said = f"{number} {name}{'s' * (name == 'day' and number != 1)}"
            return f"{said} ago" if delta >= timedelta(0) else f"in {said}"
    return "just now" if delta >= timedelta(0) else "in a moment"
