"""Plotly figures of a series and its events, for the dashboard and the report alike.

A figure stays under 1 MB however long the series is: :mod:`tsanomaly.report.thinning` chooses the rows, and all rows
of it share ``POINTS``. Times are drawn as the clock of the series' zone shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from tsanomaly.detection.bands import Band
from tsanomaly.detection.events import ChannelShare, Event, Events
from tsanomaly.detection.grouping import stretches
from tsanomaly.report.palette import LIGHT, Palette
from tsanomaly.report.thinning import lonely, rows_to_draw
from tsanomaly.report.words import DIRECTIONS, as_html, clock, percent
from tsanomaly.series import Series

FONT = '"Source Sans", "Source Sans Pro", "Segoe UI", Helvetica, Arial, sans-serif'

TITLE = 28
"""Pixels between two subplots, where the lower one's title stands."""

WITH_LEGEND = 50
"""Pixels above the first subplot where a legend stands beneath the figure's buttons."""

Edges = Callable[[NDArray[np.intp]], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Lower and upper edge of a band at some rows."""

PIECE = 200_000
"""Rows of a band that are worked out at a time."""

POINTS = 12_000
"""Rows drawn of all lines together, anomalous ones and gaps not counted: with them some 40,000 at worst, 0.9 MB."""

SHADED = 400
"""Events shaded at most, the most severe ones: each is a shape of its own in the page."""

TOLD = 1_000
"""Events told in full under the pointer, the most severe ones; the others by their ranks: words are most of a page."""

CHANNELS = 6
"""Channels drawn at most where the caller names none."""

CLOSE = 4
"""Channels drawn at most of one event, where the caller names none."""

FAINT = 0.05
"""Share of an event below which its channel is not drawn, unless it leads."""


def preview(series: Series, palette: Palette = LIGHT, height: int = 220) -> go.Figure:
    """The channels as they were read, before anything is judged."""
    nothing = np.empty(0, np.intp)
    channels = range(min(CHANNELS, len(series.channels)))
    stack = _Stack(series, (0, len(series)), nothing, [1.0] * len(channels), len(channels), palette, height)
    for place, channel in enumerate(channels):
        stack.title(place, as_html(series.channels[channel]))
        stack.line(place, series.values[:, channel], series.channels[channel], palette.actual)
    return stack.finish()


def overview(
    events: Events,
    *,
    channels: Sequence[int] | None = None,
    chosen: Event | None = None,
    rows: tuple[int, int] | None = None,
    palette: Palette = LIGHT,
    height: int | None = None,
) -> go.Figure:
    """The series with events shaded, and beneath it score and threshold on the same axis.

    Each event's peak is a marker on the score whose ``customdata`` is the event's rank, so that it can be clicked.

    Args:
        channels: which to draw, as columns of ``series.values``; ``None``: those that broke most, at most ``CHANNELS``.
        chosen: the event to stand out.
        rows: which to draw, half open; the fewer, the finer. ``None``: all.
        height: in pixels.
    """
    series = events.series
    rows = rows or (0, len(series))
    seen = [event for event in events if event.start_row < rows[1] and event.end_row > rows[0]]
    drawn = leading_channels(events) if channels is None else list(channels)
    heights = [*([1.0] * len(drawn)), 0.8]
    height = height or 130 + 90 * len(drawn)
    stack = _Stack(series, rows, _rows_of(seen, rows), heights, len(drawn) + 1, palette, height)
    for event in seen[:SHADED]:
        if event is not chosen:
            stack.shade(event, palette.event, opacity=_weight(event, events))
    if chosen is not None and chosen in seen:
        stack.shade(chosen, palette.chosen)
    for place, channel in enumerate(drawn):
        stack.title(place, as_html(series.channels[channel]))
        stack.line(place, series.values[:, channel], series.channels[channel], palette.actual)
    _score(stack, len(drawn), events)
    _peaks(stack, len(drawn), seen, events, chosen)
    return stack.finish()


def zoom(
    events: Events,
    event: Event,
    *,
    channels: Sequence[int] | None = None,
    around: float = 2.0,
    band: Band | None = None,
    palette: Palette = LIGHT,
    height: int | None = None,
) -> go.Figure:
    """One event: the channels that broke, as they were and as they were expected, and the score.

    Args:
        channels: which to draw, as columns of ``series.values``; ``None``: those that broke most.
        around: what is shown before and after it, in lengths of the event (an event of few rows counts as 30).
        band: where readings were to be expected, to be drawn behind them.
        height: in pixels.
    """
    series = events.series
    first, last = span_around(series, event, around)
    broke = _broke(event) if channels is None else [_share(series, event, channel) for channel in channels]
    anomalous = np.arange(event.start_row, event.end_row)
    heights = [*([1.0] * len(broke)), 0.6]
    height = height or 168 + 100 * len(broke)
    stack = _Stack(series, (first, last), anomalous, heights, 2 * len(broke) + 1, palette, height, WITH_LEGEND)
    for other in events[:SHADED]:
        if other is not event and other.start_row < last and other.end_row > first:
            stack.shade(other, palette.event)
    stack.shade(event, palette.chosen)
    for place, share in enumerate(broke):
        channel = series.channels.index(share.name)
        stack.title(place, f"{as_html(share.name)}: {percent(share.share)} of the event, {DIRECTIONS[share.direction]}")
        if band is not None:
            stack.band(place, partial(band.at, channel), legend=place == 0)
        expected = events.scores.expected[:, channel]
        stack.line(place, expected, "expected", palette.expected, dash="4px,3px", legend=place == 0)
        stack.line(place, series.values[:, channel], "actual", palette.actual, legend=place == 0)
    _score(stack, len(broke), events)
    return stack.finish()


def _broke(event: Event) -> list[ChannelShare]:
    return [share for share in event.channels if share is event.channels[0] or share.share >= FAINT][:CLOSE]


def _share(series: Series, event: Event, channel: int) -> ChannelShare:
    return next(share for share in event.channels if share.name == series.channels[channel])


def span_around(series: Series, event: Event, around: float) -> tuple[int, int]:
    """Rows of an event and what surrounds it, clipped to the series."""
    margin = int(around * max(30, event.end_row - event.start_row))
    return max(0, event.start_row - margin), min(len(series), event.end_row + margin)


def row_at(series: Series, x: str | float) -> int:
    """The row nearest to a place on a figure's axis, as plotly tells of it: a clock reading or a row number."""
    if not series.has_clock or series.step is None:
        return int(np.clip(round(float(x)), 0, len(series) - 1))
    stamp = pd.Timestamp(x)
    if series.zone is not None:
        stamp = stamp.tz_localize(series.zone, ambiguous=True, nonexistent="shift_forward").tz_convert(None)
    since = np.datetime64(stamp.as_unit("ns").value, "ns") - series.times[0].astype("datetime64[ns]")
    return int(np.clip(round(float(since / series.step)), 0, len(series) - 1))


def on_clock(series: Series, rows: NDArray[Any]) -> NDArray[np.float64]:
    """Rows as plotly's axis counts: milliseconds as the clock of the series' zone shows them, or row numbers."""
    if not series.has_clock:
        return rows.astype(np.float64)
    times = series.times[0].astype("datetime64[ns]") + rows * series.step
    if series.zone is not None:
        times = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(series.zone).tz_localize(None).to_numpy()
    return np.asarray(times.astype("datetime64[ns]").astype(np.int64) / 1e6, np.float64)


def _hover(event: Event) -> str:
    if event.rank > TOLD:
        return f"event {event.rank}"
    return (
        f"event {event.rank}, severity {event.severity:.0f}<br>{clock(event.peak_time)}<br>"
        f"{as_html(event.channels[0].name)} {DIRECTIONS[event.direction]}"
    )


def leading_channels(events: Events, most: int = CHANNELS, chosen: Event | None = None) -> list[int]:
    """Columns of the channels that lead events, the chosen one and then the most severe first; then the other ones."""
    column = {name: j for j, name in enumerate(events.series.channels)}
    ranked = events if chosen is None else (chosen, *events)
    leading = (column[event.channels[0].name] for event in ranked)
    return sorted(list(dict.fromkeys((*leading, *column.values())))[:most])


def _weight(event: Event, events: Events) -> float:
    """How much of the ink an event gets, so that a severe one stands out from hundreds of slight ones."""
    return 0.3 + 0.7 * max(event.severity, 0.0) / max(events[0].severity, 1.0)


def _rows_of(events: Sequence[Event], within: tuple[int, int]) -> NDArray[np.intp]:
    """All rows of some events that lie within a stretch."""
    first, last = within
    parts = [np.arange(max(first, event.start_row), min(last, event.end_row)) for event in events]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.intp)


def _score(stack: _Stack, place: int, events: Events) -> None:
    palette = stack.palette
    stack.title(place, "anomaly score")
    stack.from_zero.add(place)
    stack.line(place, events.scores.total, "score", palette.score, hover=False)
    value = events.threshold.value
    if not np.isfinite(value):
        return
    stack.level(place, float(value), "threshold")


def _peaks(stack: _Stack, place: int, seen: Sequence[Event], events: Events, chosen: Event | None) -> None:
    seen = [event for event in seen if stack.rows[0] <= event.peak_row < stack.rows[1]]
    if not seen:
        return
    palette = stack.palette
    rows = np.array([event.peak_row for event in seen])
    stack.add(
        place,
        x=stack.x(rows),
        y=np.array([event.score for event in seen]),
        mode="markers",
        name="events",
        showlegend=False,
        customdata=np.array([event.rank for event in seen]),
        hovertext=[_hover(event) for event in seen],
        hovertemplate="%{hovertext}<extra></extra>",
        marker={
            "color": palette.threshold,
            "size": [13 if event is chosen else round(4 + 5 * _weight(event, events), 1) for event in seen],
            "line": {"color": palette.paper, "width": 1.5},
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        cliponaxis=False,
    )


class _Stack:
    """Subplots above each other on one x axis, drawn from the same rows of a series."""

    def __init__(
        self,
        series: Series,
        rows: tuple[int, int],
        anomalous: NDArray[np.intp],
        heights: Sequence[float],
        lines: int,
        palette: Palette,
        height: int,
        top: int = 24,
    ) -> None:
        self.height = height
        self.margin = {"l": 52, "r": 12, "t": top, "b": 36 if series.has_clock else 44}
        self.series = series
        self.rows = rows
        self.anomalous = anomalous
        self.most = max(400, POINTS // lines)
        self.palette = palette
        self.figure = go.Figure()
        self.layout: dict[str, Any] = {}
        self.notes: list[dict[str, Any]] = []
        self.shapes: list[dict[str, Any]] = []
        self.from_zero: set[int] = set()
        self.heights = np.asarray(heights) / np.sum(heights)

    def x(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Rows as plotly's axis counts."""
        return on_clock(self.series, rows)

    def line(
        self,
        place: int,
        values: NDArray[Any],
        name: str,
        colour: str,
        *,
        dash: str = "solid",
        hover: bool = True,
        legend: bool = False,
    ) -> None:
        """A channel or score, ``(n,)`` of the whole series; gaps stay gaps."""
        first, last = self.rows
        part = values[first:last]
        picked = rows_to_draw(part, self.anomalous - first, self.most)
        y = part[picked].astype(np.float64)
        x = self.x(picked + first)
        told = {"hovertemplate": "%{fullData.name} <b>%{y:.5~g}</b><extra></extra>"} if hover else {"hoverinfo": "skip"}
        style = {"color": colour, "width": 1.4, "dash": dash}
        self.add(place, x=x, y=y, mode="lines", name=as_html(name), line=style, showlegend=legend, **told)
        dots = lonely(y)
        if len(dots):
            dot = {"color": colour, "size": 3}
            self.add(place, x=x[dots], y=y[dots], mode="markers", marker=dot, showlegend=False, hoverinfo="skip")

    def band(self, place: int, edges: Edges, *, legend: bool = False) -> None:
        """The area between two lines, worked out a piece at a time; gaps stay gaps."""
        ends = np.linspace(*self.rows, 2 + (self.rows[1] - self.rows[0]) // PIECE).astype(np.intp)
        most = max(4, max(100, self.most // 4) // (len(ends) - 1))
        nothing = np.empty(0, np.intp)
        parts = (np.arange(first, last) for first, last in pairwise(ends))
        rows = np.unique(np.concatenate([part[rows_to_draw(e, nothing, most)] for part in parts for e in edges(part)]))
        lower, upper = edges(rows)
        known = np.isfinite(lower) & np.isfinite(upper)
        x: list[NDArray[np.float64]] = []
        y: list[NDArray[np.float64]] = []
        gap = np.array([np.nan])
        for start, stop in stretches(known):
            part = slice(start, stop)
            x += [self.x(np.concatenate([rows[part], rows[part][::-1]])), gap]
            y += [np.concatenate([upper[part], lower[part][::-1]]), gap]
        if not x:
            return
        look = {"mode": "lines", "fill": "toself", "fillcolor": self.palette.band, "line": {"width": 0}}
        about = {"name": "expected range", "showlegend": legend, "hoverinfo": "skip"}
        self.add(place, x=np.concatenate(x), y=np.concatenate(y), **look, **about)

    def add(self, place: int, **trace: Any) -> None:
        """A trace in one of the subplots."""
        self.figure.add_trace(go.Scatter(xaxis="x", yaxis=_axis(place), **trace))

    def title(self, place: int, text: str) -> None:
        """What a subplot shows, above its left corner. ``text`` is plotly's markup: escape names."""
        self.notes.append(
            {
                "text": text,
                "x": 0,
                "y": self._domain(place)[1],
                "xref": "paper",
                "yref": "paper",
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 12, "color": self.palette.muted},
            }
        )

    def level(self, place: int, value: float, name: str) -> None:
        """A horizontal line with its name at the right."""
        colour = self.palette.threshold
        axis = _axis(place)
        self.shapes.append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "yref": axis,
                "y0": value,
                "y1": value,
                "line": {"color": colour, "width": 1.2, "dash": "6px,4px"},
            }
        )
        self.notes.append(
            {
                "text": f"{name} {value:.3g}",
                "x": 1,
                "y": value,
                "xref": "paper",
                "yref": axis,
                "xanchor": "right",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 11, "color": colour},
                "bgcolor": self.palette.paper,
                "borderpad": 0,
            }
        )

    def shade(self, event: Event, colour: str, opacity: float = 1.0) -> None:
        """An event behind all subplots; its edge keeps a short one visible."""
        x0, x1 = self.x(np.array([event.start_row, event.end_row]))
        self.shapes.append(
            {
                "type": "rect",
                "xref": "x",
                "x0": x0,
                "x1": x1,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "layer": "below",
                "fillcolor": colour,
                "opacity": round(opacity, 2),
                "line": {"color": colour, "width": 1},
            }
        )

    def finish(self) -> go.Figure:
        """The figure with its axes."""
        palette = self.palette
        line = {"gridcolor": palette.grid, "zeroline": False, "linecolor": palette.grid, "fixedrange": False}
        last = len(self.heights) - 1
        for place in range(len(self.heights)):
            self.layout[f"yaxis{place + 1 if place else ''}"] = {
                **line,
                "domain": self._domain(place),
                "nticks": 4,
                "rangemode": "tozero" if place in self.from_zero else "normal",
                "automargin": False,
                "exponentformat": "SI",
            }
        x0, x1 = self.x(np.array([self.rows[0], max(self.rows[0] + 1, self.rows[1] - 1)]))
        self.figure.update_layout(
            **self.layout,
            xaxis={
                **line,
                "anchor": _axis(last),
                "range": [x0, x1],
                "showgrid": False,
                "type": "date" if self.series.has_clock else "linear",
                "title": None if self.series.has_clock else {"text": "row", "font": {"size": 12}},
            },
            height=self.height,
            margin=self.margin,
            modebar={"bgcolor": "rgba(0,0,0,0)", "color": palette.muted, "activecolor": palette.text},
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            font={"color": palette.muted, "size": 12, "family": FONT},
            hovermode="closest",
            hoverlabel={"bgcolor": palette.paper, "bordercolor": palette.grid, "font": {"color": palette.text}},
            showlegend=True,
            legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
            dragmode="zoom",
            annotations=self.notes,
            shapes=self.shapes,
        )
        return self.figure

    def _domain(self, place: int) -> tuple[float, float]:
        """Bottom and top of a subplot; the first is at the top, and each leaves room for its title."""
        space = TITLE / max(1, self.height - self.margin["t"] - self.margin["b"])
        room = 1 - space * (len(self.heights) - 1)
        top = 1 - float(self.heights[:place].sum()) * room - place * space
        return max(0.0, top - float(self.heights[place]) * room), top


def _axis(place: int) -> str:
    return f"y{place + 1 if place else ''}"
