"""The heat map of channel and time: when each channel was how unusual, however many there are and however long."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from tsanomaly.detection.events import Event, Events
from tsanomaly.report.figures import FONT, on_clock, span_around
from tsanomaly.report.palette import LIGHT, Palette
from tsanomaly.report.words import as_html
from tsanomaly.series import Series

HOTTEST = 100.0
"""Times its usual error from which a channel has the last colour of the heat map."""

HOT_CHANNELS = 40
"""Channels of a heat map at most: with more, their names cannot be read."""

HOT_BINS = 600
"""Bins of time in a heat map at most: more than a laptop's screen tells apart."""


def heat_map(
    events: Events,
    *,
    chosen: Event | None = None,
    around: float | None = None,
    palette: Palette = LIGHT,
    height: int | None = None,
) -> go.Figure:
    """How unusual each channel is over time: a row a channel, a column a bin of time, the bin's most unusual reading.

    Colours count tens, from a channel's usual error (see :class:`tsanomaly.detection.scores.Scores`) to ``HOTTEST``
    times it. What was not judged stays empty.

    Args:
        chosen: the event to be framed.
        around: what is shown before and after the chosen one, as in :func:`zoom`; ``None``: the whole series.
        height: in pixels.
    """
    series = events.series
    rows = (0, len(series)) if chosen is None or around is None else span_around(series, chosen, around)
    columns = _hottest(events, rows, chosen)
    edges, heat = _binned(events.scores.by_channel, columns, rows)
    names = [as_html(series.channels[j], 24) for j in columns]
    figure = go.Figure(
        go.Heatmap(
            x=np.maximum.accumulate(on_clock(series, edges)),  # a clock set back must not turn the columns around
            y=np.arange(len(columns)),
            z=np.log10(np.clip(heat, 1, HOTTEST)),
            customdata=heat,
            zmin=0,
            zmax=float(np.log10(HOTTEST)),
            colorscale=[[k / (len(palette.heat) - 1), colour] for k, colour in enumerate(palette.heat)],
            colorbar={
                "title": {"text": "times the usual error", "side": "right", "font": {"size": 11}},
                "tickvals": [0, 1, 2],
                "ticktext": ["1", "10", "100"],
                "thickness": 10,
                "outlinewidth": 0,
            },
            hoverongaps=False,
            hovertemplate="%{y}: %{customdata:.3~g} times the usual error<extra></extra>",
        )
    )
    quiet = {"showgrid": False, "zeroline": False, "linecolor": palette.grid}
    labels = {"tickmode": "array", "tickvals": list(range(len(columns))), "ticktext": names, "automargin": True}
    figure.update_layout(
        xaxis={
            **quiet,
            "type": "date" if series.has_clock else "linear",
            "range": on_clock(series, np.array(rows)).tolist(),
        },
        yaxis={**quiet, **labels, "autorange": "reversed", "fixedrange": True},
        height=height or 96 + 22 * max(3, len(columns)),
        margin={"l": 8, "r": 8, "t": 24, "b": 42},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": palette.muted, "activecolor": palette.text},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": palette.muted, "size": 12, "family": FONT},
        hoverlabel={"bgcolor": palette.paper, "bordercolor": palette.grid, "font": {"color": palette.text}},
        shapes=[] if chosen is None else [_frame(series, chosen, palette)],
    )
    return figure


def _hottest(events: Events, rows: tuple[int, int], chosen: Event | None) -> list[int]:
    """Columns of the channels that were most unusual, in the series' order; all where there are no more than fit."""
    channels = len(events.series.channels)
    if channels <= HOT_CHANNELS:
        return list(range(channels))
    span = rows if chosen is None else (chosen.start_row, chosen.end_row)
    highest = np.nan_to_num(events.scores.by_channel[slice(*span)]).max(axis=0)
    return sorted(np.argsort(-highest, kind="stable")[:HOT_CHANNELS].tolist())


def _binned(
    ratios: NDArray[np.float32], columns: list[int], rows: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Edges of at most ``HOT_BINS`` bins of time, ``(b + 1,)``, and in each the largest error of a channel in units of
    its usual one, ``(c, b)``; NaN where nothing was judged."""
    first, last = rows
    bins = max(1, min(HOT_BINS, last - first))
    edges = first + np.unique(np.linspace(0, last - first, bins + 1).astype(np.intp))
    heat = np.empty((len(columns), len(edges) - 1), np.float32)
    for place, j in enumerate(columns):
        part = np.where(np.isfinite(ratios[first:last, j]), ratios[first:last, j], -1)
        heat[place] = np.maximum.reduceat(part, edges[:-1] - first)
    return edges, np.where(heat < 0, np.nan, np.sqrt(np.maximum(heat, 0)))


def _frame(series: Series, event: Event, palette: Palette) -> dict[str, Any]:
    x0, x1 = on_clock(series, np.array([event.start_row, event.end_row]))
    edge = {"color": palette.text, "width": 1.5}
    return {"type": "rect", "xref": "x", "x0": x0, "x1": x1, "yref": "paper", "y0": 0, "y1": 1, "line": edge}
