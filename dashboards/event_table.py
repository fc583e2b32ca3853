"""Events as a table that stays quick at thousands of them: filter, order, arrow keys, and ticks for bulk verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import streamlit as st

import tsanomaly
from tsanomaly.report.words import ARROWS, DIRECTIONS, brief, clock, rarity, rows_lasting, shown

HERE = Path(__file__).parent / "components"
LISTED = 5000
"""Events listed at most, the first in their order."""

_table = st.components.v2.component(
    "event_table",
    html="""<div class="events"><div class="search"><input type="search" placeholder="Filter: words of any column"
      aria-label="Filter"><span class="count"></span></div><div class="frame"><table role="grid"><thead></thead>
      <tbody></tbody></table></div></div>""",
    css=(HERE / "event_table.css").read_text(encoding="utf-8"),
    js=(HERE / "event_table.js").read_text(encoding="utf-8"),
)

SEVERITY = {
    "head": "Severity",
    "bar": True,
    "says": "0 to 100; each 10 points are ten times rarer in the data learned from",
}


@dataclass(frozen=True)
class Rows:
    """What the table shows.

    Attributes:
        columns: ``head``, and where they apply ``says``, ``bar``, ``number``, ``wide``.
        rows: ``id``, ``cells`` (``text``, and where they differ ``by`` to order and ``title`` to explain), ``quiet``.
    """

    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]]

    @cached_property
    def packed(self) -> dict[str, Any]:
        """As the browser gets it: a column tells each of its different cells once, and which of them a row has."""
        columns = []
        for place, column in enumerate(self.columns):
            cells: dict[tuple[Any, ...], int] = {}
            at = [cells.setdefault(tuple(row["cells"][place].items()), len(cells)) for row in self.rows]
            columns.append({**column, "cells": [dict(cell) for cell in cells], "at": at})
        quiet = [at for at, row in enumerate(self.rows) if row.get("quiet")]
        return {"columns": columns, "ids": [row["id"] for row in self.rows], "quiet": quiet}


def show(
    table: Rows,
    chosen: str | None,
    key: str,
    on_choice: Callable[[str], None],
    *,
    height: int = 330,
    many: bool = False,
) -> list[str]:
    """Draw it; ``on_choice`` is told the id of a row that was clicked. Returns the ids ticked, where ``many``."""
    known = {row["id"] for row in table.rows}

    def picked() -> None:
        picked_id = st.session_state[key]["chosen"]
        if picked_id in known:
            on_choice(picked_id)

    found = _table(
        data={**table.packed, "chosen": chosen, "height": height, "many": many},
        key=key,
        on_chosen_change=picked,
        on_marked_change=lambda: None,
    )
    marked = found.get("marked") or []
    return [each for each in marked if each in known] if many else []


def of_run(events: tsanomaly.Events) -> Rows:
    """The ranked events of one series; a row's id is its rank."""
    columns = [
        {"head": "#", "number": True},
        SEVERITY,
        {"head": "Start"},
        {"head": "Lasts"},
        {"head": "What broke", "wide": True},
    ]
    return Rows(columns, [_row(events, event) for event in events[:LISTED]])


def _row(events: tsanomaly.Events, event: tsanomaly.Event) -> dict[str, Any]:
    leading, rows = event.channels[0], event.end_row - event.start_row
    return {
        "id": str(event.rank),
        "cells": [
            {"text": str(event.rank), "by": event.rank},
            severity(event.severity),
            {"text": brief(event.start, events.series), "by": event.start_row, "title": clock(event.start)},
            {"text": rows_lasting(events.series, rows), "by": rows},
            {
                "text": f"{ARROWS[leading.direction]} {shown(leading.name, 40)}",
                "title": f"{shown(leading.name, 200)}: {DIRECTIONS[leading.direction]}",
            },
        ],
    }


def severity(value: float) -> dict[str, Any]:
    """A cell with a bar."""
    return {"text": f"{value:.0f}", "by": round(value, 1), "title": rarity(value)}
