"""A first sketch of a figure as HTML, which a browser draws at once: plotly is to be fetched and started first.

It knows the figures of :mod:`tsanomaly.report.figures`. Lines lie where plotly will draw them, so that nothing moves
when it takes over: a figure's height is known in pixels, its width is stretched, and axes are ranged as plotly ranges
them. The picture is an image, in which nothing runs and which loads nothing; titles are text above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

WIDE = 1000
"""Steps across the picture: a line is drawn by its lowest and its highest value in each."""

FINE = 4
"""Steps in a pixel of its height."""

FREE = 0.05
"""Share of an axis that plotly leaves free at each end, beyond lines and markers."""

SAFE = 1e304
"""Readings beyond this have no place on an axis."""

SEE_THROUGH = 0.7
"""Opacity that plotly gives markers of several sizes."""

LINE_HEIGHT = 1.33
"""Of the pages' font, in its size."""

Json = Mapping[str, Any]

Extreme = tuple[float, float]
"""A value that an axis is to show, and the pixels to be left free beyond it."""


def html(figure: go.Figure) -> str:
    """The figure as a box of its height and of any width; empty, where something in it is not known here."""
    layout = figure.layout.to_plotly_json()
    traces = [trace.to_plotly_json() for trace in figure.data]
    if not _is_known(layout, traces):
        return ""
    height, margin = layout["height"], layout["margin"]
    areas = areas_of(layout, traces)
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDE} {FINE * height}' preserveAspectRatio='none'>"
        "<style>path,use{vector-effect:non-scaling-stroke}path{stroke-miterlimit:2}</style>"
        f"{''.join(_drawn(layout, traces, areas))}</svg>"
    )
    for sign in "%#<>":
        svg = svg.replace(sign, f"%{ord(sign):02X}")
    notes = "".join(_note(note, layout, areas) for note in layout.get("annotations", ()))
    return (
        f'<div class="ts-sketch" aria-hidden="true" style="height:{height}px">'
        f'<img alt="" decoding="sync" src="data:image/svg+xml,{escape(svg)}" style="left:{margin["l"]}px;'
        f'width:calc(100% - {margin["l"] + margin["r"]}px)">{notes}</div>'
    )


def _is_known(layout: Json, traces: Sequence[Json]) -> bool:
    """Whether it is made of what is drawn here: lines and markers over numbers, shading, levels and texts."""
    x = layout.get("xaxis", {})
    first, last = x.get("range") or (0, 0)
    return (
        bool(traces)
        and {"height", "margin"} <= layout.keys()
        and x.get("type") in ("date", "linear")
        and isinstance(first, int | float)
        and isinstance(last, int | float)
        and first < last
        and all(layout.get(f"yaxis{axis[1:]}", {}).get("type", "linear") == "linear" for axis in _axes(layout))
        and all(_is_known_trace(trace) for trace in traces)
        and all(_is_known_shape(shape) for shape in layout.get("shapes", ()))
        and all(not note["showarrow"] and note["yanchor"] == "bottom" for note in layout.get("annotations", ()))
    )


def _is_known_trace(trace: Json) -> bool:
    return (
        trace["type"] == "scatter"
        and trace.get("mode") in ("lines", "markers")
        and trace.get("fill") in (None, "toself")
        and all(np.asarray(trace.get(way)).dtype.kind in "fiu" for way in "xy")
    )


def _is_known_shape(shape: Json) -> bool:
    lies = (shape["type"], shape["xref"], shape["yref"].rstrip("0123456789"))
    return lies == ("rect", "x", "paper") or (lies == ("line", "paper", "y") and abs(shape["y0"]) < SAFE)


# --- axes ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Area:
    """Where a y axis lies, in pixels from the figure's top, and what it shows at its two ends."""

    top: float
    length: float
    low: float
    high: float

    def at(self, values: Any) -> Any:
        """Values as steps from the figure's top."""
        return FINE * (self.top + self.length * ((self.high - values) / (self.high - self.low)))


def areas_of(layout: Json, traces: Sequence[Json]) -> dict[str, Area]:
    """The y axes, by plotly's names of them: ``y``, ``y2`` and on."""
    return {axis: _area(axis, layout, traces) for axis in _axes(layout)}


def _axes(layout: Json) -> list[str]:
    return [name.replace("axis", "") for name in layout if name.startswith("yaxis")]


def _area(axis: str, layout: Json, traces: Sequence[Json]) -> Area:
    about, margin = layout[f"yaxis{axis[1:]}"], layout["margin"]
    inner = layout["height"] - margin["t"] - margin["b"]
    bottom, top = about["domain"]
    length = inner * (top - bottom)
    lows: list[Extreme] = []
    highs: list[Extreme] = []
    for trace in traces:
        if trace["yaxis"] == axis:
            for values, pad in _padded(trace):
                lows.append((float(values.min()), pad + FREE * length))
                highs.append((float(values.max()), pad + FREE * length))
    for shape in layout.get("shapes", ()):
        if shape["yref"] == axis:
            lows.append((shape["y0"], shape["line"]["width"] / 2))
            highs.append(lows[-1])
    for note in layout.get("annotations", ()):
        if note["yref"] == axis:
            lows.append((note["y"], 0.0))
            highs.append((note["y"], _height(note)))
    low, high = autorange(lows, highs, length, to_zero=about.get("rangemode") == "tozero")
    return Area(margin["t"] + inner * (1 - top), length, low, high)


def _padded(trace: Json) -> Iterator[tuple[NDArray[np.float64], float]]:
    """Readings that are left the same pixels of room: those of a line, or of markers of one size."""
    y = np.asarray(trace["y"], float)
    known = np.abs(y) < SAFE  # false for what was not read
    if trace["mode"] == "lines":
        if known.any():
            yield y[known], 0.0
        return
    sizes = np.broadcast_to(trace["marker"]["size"], y.shape)
    for size in np.unique(sizes[known]):
        yield y[known & (sizes == size)], max(3.0, float(size) / 1.6)


def autorange(
    lows: Sequence[Extreme], highs: Sequence[Extreme], length: float, *, to_zero: bool = False
) -> tuple[float, float]:
    """The range that plotly gives an axis on which values are to be seen with room beyond them.

    Args:
        lows, highs: what is to be seen towards either end.
        length: of the axis, in pixels.
        to_zero: whether the axis starts, or ends, at zero.
    """
    if not lows or not highs:
        return 0.0, 1.0
    least, most = min(value for value, _ in lows), max(value for value, _ in highs)
    if least == most and to_zero:
        if most == 0:
            return 0.0, 1.0
        end = most / (1 - min(0.5, max(pad for _, pad in (highs if most > 0 else lows)) / length))
        return min(0.0, end), max(0.0, end)
    if least == most:
        room = 1.0 if least - 1 < least else 1e-6 * abs(least)
        return least - room, most + room
    pairs = [(low, high) for low in lows for high in highs if high[0] > low[0]]
    bottom, top = max(pairs, key=lambda pair: _slope(pair[0], pair[1], length))
    if to_zero:
        bottom = (0.0, 0.0) if bottom[0] >= 0 else bottom
        top = (0.0, 0.0) if top[0] <= 0 else top
    slope = _slope(bottom, top, length)
    return bottom[0] - slope * bottom[1], top[0] + slope * top[1]


def _slope(low: Extreme, high: Extreme, length: float) -> float:
    """Of values over pixels, where room is left beyond both; an axis too short for that is not known here."""
    return (high[0] - low[0]) / max(length - low[1] - high[1], length / 10)


# --- what is drawn ---------------------------------------------------------------------------------------------------


def _drawn(layout: Json, traces: Sequence[Json], areas: Mapping[str, Area]) -> Iterator[str]:
    """Shading first, then the traces in their order, then the levels: what plotly puts below and above."""
    shapes = layout.get("shapes", ())
    yield from (_shading(shape, layout) for shape in shapes if shape["type"] == "rect")
    for number, trace in enumerate(traces):
        x, y = np.asarray(trace["x"], float), np.asarray(trace["y"], float)
        known = np.flatnonzero(np.isfinite(x) & (np.abs(y) < SAFE))
        across = _across(x[known], layout)
        down = np.rint(areas[trace["yaxis"]].at(y[known])).astype(int)
        if trace["mode"] == "markers":
            yield _dots(trace["marker"], across, down, known, f"t{number}")
        elif len(known):
            yield _line(trace, across, down, np.diff(known, prepend=-2) > 1)
    for shape in shapes:
        if shape["type"] == "line":
            at = areas[shape["yref"]].at(shape["y0"])
            yield f"<path d='M0 {at:.0f}h{WIDE}' fill='none' {_pen(shape['line'])}/>"


def _across(x: NDArray[np.float64], layout: Json) -> NDArray[np.int_]:
    """Places on the x axis as steps from its left end, what lies beyond it at the nearer end."""
    first, last = layout["xaxis"]["range"]
    steps: NDArray[np.int_] = np.rint(np.clip((x - first) / (last - first), 0, 1) * WIDE).astype(int)
    return steps


def _shading(shape: Json, layout: Json) -> str:
    """An event behind all subplots, with its edge."""
    margin = layout["margin"]
    left, right = _across(np.array([shape["x0"], shape["x1"]]), layout)
    top, bottom = FINE * margin["t"], FINE * (layout["height"] - margin["b"])
    return (
        f"<path d='M{left} {top}h{right - left}v{bottom - top}h{left - right}z' fill='{shape['fillcolor']}' "
        f"opacity='{shape['opacity']}' {_pen(shape['line'])}/>"
    )


def _pen(line: Json) -> str:
    dash = line.get("dash", "solid")
    dashes = f" stroke-dasharray='{dash}'" if dash.endswith("px") else ""
    return f"stroke='{line['color']}' stroke-width='{line['width']}'{dashes}"


def _line(trace: Json, across: NDArray[np.int_], down: NDArray[np.int_], after_gap: NDArray[np.bool_]) -> str:
    filled = trace.get("fill") == "toself"
    kept, begins = thinned(across, down, after_gap, closed=filled)
    look = f"fill='{trace['fillcolor']}'" if filled else f"fill='none' {_pen(trace['line'])}"
    return f"<path d='{_path(across[kept], down[kept], begins)}' {look}/>"


def thinned(
    across: NDArray[np.int_], down: NDArray[np.int_], after_gap: NDArray[np.bool_], *, closed: bool = False
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The points by which a line is drawn: in each step that it passes, the highest and the lowest, as they come.

    Args:
        across, down: the line's points, in steps; at least one.
        after_gap: which of them follow upon a gap; the first one always does.
        closed: whether its parts are areas, each by itself: then a gap counts within a step, too.

    Returns:
        Which points, and whether each of them begins a part.
    """
    moves = np.diff(across, prepend=-1) != 0
    starts = np.flatnonzero(moves | after_gap if closed else moves)
    stops = np.append(starts[1:], len(across))
    order = np.lexsort((down, np.repeat(starts, stops - starts)))
    least, most = order[starts], order[stops - 1]
    most = np.where(down[least] == down[most], least, most)
    kept = np.unique(np.concatenate([least, most]))
    begins = np.zeros(len(kept), bool)
    begins[np.searchsorted(kept, starts)] = after_gap[starts]
    return kept, begins


def _path(across: NDArray[np.int_], down: NDArray[np.int_], begins: NDArray[np.bool_]) -> str:
    """A line's points as SVG writes them: each part from where it begins, and on by differences."""
    starts = np.flatnonzero(begins)
    parts = []
    for start, stop in zip(starts, [*starts[1:], len(across)], strict=True):
        steps = np.column_stack([np.diff(across[start:stop]), np.diff(down[start:stop])]).ravel()
        on = " ".join(map(str, steps.tolist())).replace(" -", "-")
        parts.append(f"M{across[start]} {down[start]}" + (f"l{on}" if on else ""))
    return "".join(parts)


def _dots(marker: Json, across: NDArray[np.int_], down: NDArray[np.int_], known: NDArray[np.intp], name: str) -> str:
    """Markers as strokes of no length with round ends: those keep their form however wide the picture is."""
    edge = marker.get("line", {"width": 0})
    several = np.ndim(marker["size"]) > 0
    sizes = np.asarray(marker["size"])[known] if several else np.full(len(known), marker["size"])
    drawn = []
    for number, size in enumerate(np.unique(sizes)):
        spots = np.unique(np.column_stack([across, down])[sizes == size], axis=0)
        d = "".join(f"M{x} {y}h0" for x, y in spots.tolist())
        around = f"stroke='{edge.get('color')}' stroke-width='{size + edge['width']:g}'"
        inside = f"stroke='{marker['color']}' stroke-width='{size - edge['width']:g}'"
        drawn.append(f"<defs><path id='{name}-{number}' d='{d}' stroke-linecap='round'/></defs>")
        drawn += [f"<use href='#{name}-{number}' {pen}/>" for pen in (around, inside)[edge["width"] == 0 :]]
    return f"<g opacity='{SEE_THROUGH if several else 1}'>{''.join(drawn)}</g>"


# --- texts -----------------------------------------------------------------------------------------------------------


def _height(note: Json) -> float:
    """Pixels that a text takes with what plotly leaves around it."""
    return float(round(LINE_HEIGHT * note["font"]["size"]) + 2 * (1 + note.get("borderpad", 1)))


def _note(note: Json, layout: Json, areas: Mapping[str, Area]) -> str:
    """A text above its place. Plotly's text is markup, so it is taken apart and written as text again."""
    margin = layout["margin"]
    inner = layout["height"] - margin["t"] - margin["b"]
    paper = note["yref"] == "paper"
    down = margin["t"] + inner * (1 - note["y"]) if paper else areas[note["yref"]].at(note["y"]) / FINE
    side, room = ("right", margin["r"]) if note["xanchor"] == "right" else ("left", margin["l"])
    font = note["font"]
    top = round(down - _height(note))
    return (
        f'<span style="{side}:{room}px;top:{top}px;padding:{1 + note.get("borderpad", 1)}px;'
        f'font-size:{font["size"]}px;color:{font["color"]};background:{note.get("bgcolor", "none")}">'
        f"{escape(unescape(note['text']))}</span>"
    )
