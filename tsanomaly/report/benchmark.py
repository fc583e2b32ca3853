"""Results of a benchmark as figures, for the dashboard and the report alike, and as a page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

import plotly.graph_objects as go

from tsanomaly.evaluation.benchmark import HEADS, Group, Row, Summary, summarise
from tsanomaly.report.page import as_json, render
from tsanomaly.report.palette import BLUE, GREEN, LIGHT, ORANGE, SKY, VERMILLION, Palette
from tsanomaly.report.words import as_html

COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, SKY)

GROUPINGS = {"folder": "folder", "kind": "kind of anomaly", "channels": "number of channels", "source": "source"}
"""What files are grouped by, in words."""


def bars(
    summaries: Sequence[Summary], by: str = "source", palette: Palette = LIGHT, height: int | None = None
) -> go.Figure:
    """Mean VUS-PR by what files have in common, a bar a detector, with its 95 % interval.

    Args:
        summaries: of the detectors to compare.
        by: one of ``GROUPINGS``.
        height: in pixels.
    """
    names = sorted({group.name for summary in summaries for group in summary.groups[by]})
    figure = go.Figure()
    for place, summary in enumerate(summaries):
        groups = {group.name: group for group in summary.groups[by]}
        figure.add_trace(_bars(summary.detector, names, groups, COLOURS[place % len(COLOURS)], palette))
    grid = {"gridcolor": palette.grid, "zeroline": False}
    figure.update_layout(
        height=height or 90 + len(names) * (14 + 16 * len(summaries)),
        margin={"l": 8, "r": 12, "t": 36, "b": 36},
        barmode="group",
        bargap=0.3,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": palette.muted, "size": 12},
        xaxis={**grid, "range": [0, 1], "title": {"text": "mean VUS-PR"}, "fixedrange": True},
        yaxis={**grid, "automargin": True, "fixedrange": True, "type": "category", "autorange": "reversed"},
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"},
        showlegend=True,
        hoverlabel={"bgcolor": palette.paper, "bordercolor": palette.grid, "font": {"color": palette.text}},
    )
    return figure


def _bars(detector: str, names: list[str], groups: dict[str, Group], colour: str, palette: Palette) -> go.Bar:
    drawn = [groups[name] for name in names if name in groups]
    means = [group.means["vus_pr"] for group in drawn]
    return go.Bar(
        orientation="h",
        name=as_html(detector),
        y=[as_html(group.name) for group in drawn],
        x=means,
        marker={"color": colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "color": palette.muted,
            "thickness": 1,
            "width": 0,
            "array": [group.high - mean for group, mean in zip(drawn, means, strict=True)],
            "arrayminus": [mean - group.low for group, mean in zip(drawn, means, strict=True)],
        },
        customdata=[group.files for group in drawn],
        hovertemplate="%{y}: <b>%{x:.3f}</b> over %{customdata} files<extra>%{fullData.name}</extra>",
    )


def to_html(rows: Iterable[Row], written: datetime | None = None) -> str:
    """The page: means, groups, the sign test, and every file, the worst first.

    Args:
        rows: of one detector or several.
        written: the time stated on the page; ``None``: now.
    """
    given = list(rows)
    summaries = summarise(given)
    return render(
        "benchmark.html",
        written,
        summaries=summaries,
        rows=worst_first(given),
        pictures={name: as_json(bars(summaries, name)) for name in GROUPINGS},
        heads=HEADS,
        groupings=GROUPINGS,
    )


def worst_first(rows: Iterable[Row]) -> list[Row]:
    """Failures, then rows by VUS-PR, then what has none."""
    return sorted(rows, key=lambda row: (not row.failure, math.isnan(row.vus_pr), row.vus_pr))
