"""Swim lanes: events of many series above each other on one clock, so that what happens together is seen together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import plotly.graph_objects as go

from tsanomaly.report.figures import FONT
from tsanomaly.report.palette import LIGHT, Palette
from tsanomaly.report.words import as_html

LANES = 30
"""Lanes drawn at most, those with the most severe events."""

LANE = 26
"""Pixels of a lane."""

TOOLS = 30
"""Pixels above the lanes where the figure's tools appear: over a mark they would keep clicks from it."""

SEVERE = 40.0
"""Severity from which a mark has its full size and ink."""


@dataclass(frozen=True)
class Mark:
    """One event.

    Attributes:
        key: whatever the caller knows it by; it comes back when the mark is clicked.
        lane: the name of its lane.
        start, end: half open, with a zone.
        severity: 0 to 100.
        said: what is told of it when the mouse is over it.
    """

    key: str
    lane: str
    start: datetime
    end: datetime
    severity: float
    said: str


def lanes_of(marks: Sequence[Mark]) -> list[str]:
    """The names of the lanes that are drawn, the one with the most severe event first."""
    worst: dict[str, float] = {}
    for mark in marks:
        worst[mark.lane] = max(mark.severity, worst.get(mark.lane, 0.0))
    return sorted(worst, key=lambda lane: (-worst[lane], lane))[:LANES]


def swim_lanes(
    marks: Sequence[Mark], since: datetime, until: datetime, zone: str, *, palette: Palette = LIGHT
) -> go.Figure:
    """The lanes, from ``since`` to ``until`` on the clock of a zone.

    Each event is a bar as long as it lasts, and a mark at its start, larger and darker the more severe; the mark's
    ``customdata`` is the event's key, so that it can be clicked.
    """
    clock = ZoneInfo(zone)
    lanes = lanes_of(marks)
    place = {lane: i for i, lane in enumerate(lanes)}
    drawn = sorted((mark for mark in marks if mark.lane in place), key=lambda mark: mark.severity)

    def at(when: datetime) -> float:
        return when.astimezone(clock).replace(tzinfo=UTC).timestamp() * 1000

    lies = np.array([place[mark.lane] for mark in drawn], float)
    begins = np.array([at(mark.start) for mark in drawn])
    ends = np.array([at(mark.end) for mark in drawn])
    gaps = np.full(len(drawn), np.nan)
    weight = np.clip([mark.severity / SEVERE for mark in drawn], 0, 1)
    figure = go.Figure(
        [
            go.Scatter(
                x=np.column_stack([begins, ends, gaps]).ravel(),
                y=np.column_stack([lies, lies, gaps]).ravel(),
                mode="lines",
                line={"color": palette.threshold, "width": 5},
                opacity=0.4,
                hoverinfo="skip",
                showlegend=False,
            ),
            go.Scatter(
                x=begins,
                y=lies,
                mode="markers",
                name="events",
                customdata=[mark.key for mark in drawn],
                hovertext=[as_html(mark.said, 200) for mark in drawn],
                hovertemplate="%{hovertext}<extra></extra>",
                marker={
                    "color": palette.threshold,
                    "size": 7 + 9 * weight,
                    "opacity": 0.45 + 0.55 * weight,
                    "line": {"color": palette.paper, "width": 1},
                },
                selected={"marker": {"opacity": 1}},
                unselected={"marker": {"opacity": 0.8}},
                cliponaxis=False,
                showlegend=False,
            ),
        ]
    )
    line = {"gridcolor": palette.grid, "zeroline": False, "linecolor": palette.grid}
    figure.update_layout(
        height=48 + TOOLS + LANE * max(2, len(lanes)),
        margin={"l": 8, "r": 12, "t": TOOLS, "b": 32},
        xaxis={**line, "type": "date", "range": [at(since), at(until)]},
        yaxis={
            **line,
            "tickmode": "array",
            "tickvals": list(range(len(lanes))),
            "ticktext": [as_html(lane, 34) for lane in lanes],
            "range": [len(lanes) - 0.4, -0.6],
            "fixedrange": True,
            "automargin": True,
        },
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": palette.muted, "size": 12, "family": FONT},
        hovermode="closest",
        hoverlabel={"bgcolor": palette.paper, "bordercolor": palette.grid, "font": {"color": palette.text}},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": palette.muted, "activecolor": palette.text},
        dragmode="zoom",
    )
    return figure
