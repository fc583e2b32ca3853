"""The ranked events as a table: a click anywhere in a row chooses its event, and so do the arrow keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

import tsanomaly
from tsanomaly.report.words import ARROWS, DIRECTIONS, brief, clock, rarity, rows_lasting, shown

LISTED = 1000
"""Events listed at most, the most severe ones."""

HERE = Path(__file__).parent / "components"

_table = st.components.v2.component(
    "event_table",
    html='<div class="frame"><table role="grid"><thead></thead><tbody></tbody></table></div>',
    css=(HERE / "event_table.css").read_text(encoding="utf-8"),
    js=(HERE / "event_table.js").read_text(encoding="utf-8"),
)


def show(
    events: tsanomaly.Events,
    chosen: tsanomaly.Event,
    key: str,
    on_choice: Callable[[tsanomaly.Event], None],
    height: int = 330,
) -> None:
    """Draw it; ``on_choice`` is told the event whose row was clicked."""

    def picked() -> None:
        rank = st.session_state[key]["rank"]
        if isinstance(rank, int) and 1 <= rank <= len(events):
            on_choice(events[rank - 1])

    _table(
        data={"rows": [_row(events, event) for event in events[:LISTED]], "chosen": chosen.rank, "height": height},
        key=key,
        on_rank_change=picked,
    )


def _row(events: tsanomaly.Events, event: tsanomaly.Event) -> dict[str, Any]:
    leading = event.channels[0]
    return {
        "rank": event.rank,
        "severity": round(event.severity),
        "rarity": rarity(event.severity),
        "row": event.start_row,
        "start": brief(event.start, events.series),
        "clock": clock(event.start),
        "rows": event.end_row - event.start_row,
        "lasts": rows_lasting(events.series, event.end_row - event.start_row),
        "channel": f"{ARROWS[leading.direction]} {shown(leading.name, 40)}",
        "broke": f"{shown(leading.name, 200)}: {DIRECTIONS[leading.direction]}",
    }
