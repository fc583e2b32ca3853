"""A first sketch of a figure as HTML, which a browser draws at once: plotly is to be fetched and started first.

It knows the figures of :mod:`tsanomaly.report.figures` and :mod:`tsanomaly.report.lanes`. Lines lie where plotly will
draw them, so that nothing moves when it takes over: a figure's height is known in pixels, its width is stretched, and
axes are ranged as plotly ranges them. The picture is an image, in which nothing runs and which loads nothing; titles
and times are text over it, and names of lanes are text beside it, for which the browser leaves the room they need. What
plotly alone knows is left to it: the numbers on an axis, and the times on one that is too short for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from tsanomaly.report.ticks import LONG, clock_ticks

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
        "<style>path,use{vector-effect:non-scaling-stroke}path{stroke-miterlimit:2}"
        f"@media(max-width:{LONG - 1}px){{.tick{{display:none}}}}</style>"
        f"{''.join(_drawn(layout, traces, areas))}</svg>"
    )
    for sign in "%#<>":
        svg = svg.replace(sign, f"%{ord(sign):02X}")
    labels, over = "".join(_labels(layout, areas)), "".join(_over(layout, areas))
    return (
        f'<div class="ts-sketch" aria-hidden="true" style="height:{height}px;padding-right:{margin["r"]}px">'
        f'<div style="min-width:{margin["l"]}px">{labels}</div>'
        f'<div><img alt="" decoding="sync" src="data:image/svg+xml,{escape(svg)}">{over}</div></div>'
    )


def _is_known(layout: Json, traces: Sequence[Json]) -> bool:
    """Whether it is made of what is drawn here: lines and markers over numbers, shading, levels and texts."""
    x = layout.get("xaxis", {})
    first, last = x.get("range") or (0, 0)
    return (
        bool(traces)
        and {"height", "margin", "font"} <= layout.keys()
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


def _axis(trace: Json) -> str:
    return str(trace.get("yaxis", "y"))


def _area(axis: str, layout: Json, traces: Sequence[Json]) -> Area:
    about, margin = layout[f"yaxis{axis[1:]}"], layout["margin"]
    inner = layout["height"] - margin["t"] - margin["b"]
    bottom, top = about.get("domain", (0, 1))
    length = inner * (top - bottom)
    if "range" in about:
        return Area(margin["t"] + inner * (1 - top), length, *about["range"])
    lows: list[Extreme] = []
    highs: list[Extreme] = []
    for trace in traces:
        if _axis(trace) == axis:
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
    """Shading and grid first, then the traces in their order, then the levels: what plotly puts below and above."""
    shapes = layout.get("shapes", ())
    yield from (_shading(shape, layout) for shape in shapes if shape["type"] == "rect")
    yield from _grid(layout, areas)
    first, last = layout["xaxis"]["range"]
    for number, trace in enumerate(traces):
        x, y = np.asarray(trace["x"], float), np.asarray(trace["y"], float)
        dots = trace["mode"] == "markers"
        lies = (x >= first) & (x <= last) if dots else np.isfinite(x)
        known = np.flatnonzero(lies & (np.abs(y) < SAFE))
        across, down = _across(x[known], layout), np.rint(areas[_axis(trace)].at(y[known])).astype(int)
        if dots:
            yield from _dots(trace["marker"], across.round(1), down, known, f"t{number}")
        elif len(known):
            yield _line(trace, np.rint(across).astype(int), down, np.diff(known, prepend=-2) > 1)
    for shape in shapes:
        if shape["type"] == "line":
            at = areas[shape["yref"]].at(shape["y0"])
            yield f"<path d='M0 {at:.0f}h{WIDE}' fill='none' {_pen(shape['line'])}/>"


def _across(x: Any, layout: Json) -> NDArray[np.float64]:
    """Places on the x axis as steps from its left end, what lies beyond it at the nearer end."""
    first, last = layout["xaxis"]["range"]
    return np.asarray(np.clip((x - first) / (last - first), 0, 1) * WIDE)


def _shading(shape: Json, layout: Json) -> str:
    """An event behind all subplots, with its edge."""
    margin = layout["margin"]
    left, right = (round(float(_across(shape[end], layout))) for end in ("x0", "x1"))
    top, bottom = FINE * margin["t"], FINE * (layout["height"] - margin["b"])
    return (
        f"<path d='M{left} {top}h{right - left}v{bottom - top}h{left - right}z' fill='{shape['fillcolor']}' "
        f"opacity='{shape['opacity']}' {_pen(shape['line'])}/>"
    )


def _grid(layout: Json, areas: Mapping[str, Area]) -> Iterator[str]:
    """A line for each tick that is known, where its axis has such lines."""
    x, top = layout["xaxis"], FINE * layout["margin"]["t"]
    if _has_grid(x):
        down = FINE * (layout["height"] - layout["margin"]["b"]) - top
        for place, _ in _times(layout):
            at = f"class='tick' d='M{_across(place, layout):.1f} {top}v{down}' shape-rendering='crispEdges'"
            yield f"<path {at} {_pen({'color': x['gridcolor'], 'width': 1})}/>"
    for axis, area in areas.items():
        about = layout[f"yaxis{axis[1:]}"]
        if _has_grid(about):
            for place, _ in _named(about):
                at = FINE * (area.at(place) // FINE + 0.5)  # amid a pixel: sharp
                yield f"<path d='M0 {at:g}h{WIDE}' {_pen({'color': about['gridcolor'], 'width': 1})}/>"


def _has_grid(axis: Json) -> bool:
    return "gridcolor" in axis and axis.get("showgrid", True)


def _times(layout: Json) -> list[tuple[float, str]]:
    """The ticks of the x axis; those of other axes than times are known to plotly alone."""
    axis = layout["xaxis"]
    return clock_ticks(*axis["range"]) if axis["type"] == "date" else []


def _named(about: Json) -> Sequence[tuple[float, str]]:
    """The ticks of a y axis that the figure names itself; numbers are known to plotly alone."""
    return list(zip(about["tickvals"], about["ticktext"], strict=True)) if about.get("tickmode") == "array" else []


def _pen(line: Json) -> str:
    dash = line.get("dash", "solid")
    dashes = f" stroke-dasharray='{dash}'" if dash.endswith("px") else ""
    return f"stroke='{line['color']}' stroke-width='{line['width']}'{dashes}"


def _line(trace: Json, across: NDArray[np.int_], down: NDArray[np.int_], after_gap: NDArray[np.bool_]) -> str:
    filled = trace.get("fill") == "toself"
    turns_back = bool((np.diff(across) < 0).any())
    kept, begins = thinned(across, down, after_gap, closed=filled or turns_back)
    look = f"fill='{trace['fillcolor']}'" if filled else f"fill='none' {_pen(trace['line'])}"
    faint = f" opacity='{trace['opacity']}'" if "opacity" in trace else ""
    return f"<path d='{_path(across[kept], down[kept], begins)}' {look}{faint}/>"


def thinned(
    across: NDArray[np.int_], down: NDArray[np.int_], after_gap: NDArray[np.bool_], *, closed: bool = False
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The points by which a line is drawn: in each step that it passes, the highest and the lowest, as they come.

    Args:
        across, down: the line's points, in steps; at least one.
        after_gap: which of them follow upon a gap; the first one always does.
        closed: whether its parts are areas or bars, each by itself: then a gap counts within a step, too.

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


def _dots(
    marker: Json, across: NDArray[np.float64], down: NDArray[np.int_], known: NDArray[np.intp], name: str
) -> Iterator[str]:
    """Markers as strokes of no length with round ends: those keep their form however wide the picture is."""
    edge = marker.get("line", {"width": 0})
    sizes = _each(marker["size"], known)
    shares = _each(marker.get("opacity", SEE_THROUGH if np.ndim(marker["size"]) else 1), known)
    looks, of = np.unique(np.column_stack([sizes.round(1), shares.round(2)]), axis=0, return_inverse=True)
    for number, (size, share) in enumerate(looks.tolist()):
        around = f"stroke='{edge.get('color')}' stroke-width='{size + edge['width']:g}'"
        inside = f"stroke='{marker['color']}' stroke-width='{size - edge['width']:g}'"
        dots = (f"<path d='M0 0h0' {pen}/>" for pen in (around, inside)[edge["width"] == 0 :])
        yield f"<defs><g id='{name}-{number}' stroke-linecap='round' opacity='{share:g}'>{''.join(dots)}</g></defs>"
    for x, y, number in dict.fromkeys(zip(across.tolist(), down.tolist(), of.tolist(), strict=True)):
        yield f"<use href='#{name}-{number}' x='{x:g}' y='{y}'/>"


def _each(value: Any, known: NDArray[np.intp]) -> NDArray[np.float64]:
    """A setting of some markers, whether it is one for all or one for each."""
    return np.asarray(value, float)[known] if np.ndim(value) else np.full(len(known), value, float)


# --- texts -----------------------------------------------------------------------------------------------------------


def _height(note: Json) -> float:
    """Pixels that a text takes with what plotly leaves around it."""
    return float(round(LINE_HEIGHT * note["font"]["size"]) + 2 * (1 + note.get("borderpad", 1)))


def _over(layout: Json, areas: Mapping[str, Area]) -> Iterator[str]:
    """What lies over the picture: the axes' lines, just outside of it, times beneath, and the figure's own texts."""
    end = layout["height"] - layout["margin"]["b"]
    if "linecolor" in layout["xaxis"]:
        yield f'<i style="left:-1px;right:0;top:{end}px;height:1px;background:{layout["xaxis"]["linecolor"]}"></i>'
    for axis, area in areas.items():
        colour = layout[f"yaxis{axis[1:]}"].get("linecolor")
        if colour:
            lies = f"left:-1px;width:1px;top:{area.top:.2f}px;height:{area.length:.2f}px"
            yield f'<i style="{lies};background:{colour}"></i>'
    font = layout["font"]
    for place, text in _times(layout):
        lies = f"left:{100 * _across(place, layout) / WIDE:.3f}%;top:{end + 1 + 0.2 * font['size']:g}px"
        yield f'<span class="ts-tick" style="{lies};font-size:{font["size"]}px;color:{font["color"]}">{text}</span>'
    yield from (_note(note, layout, areas) for note in layout.get("annotations", ()))


def _labels(layout: Json, areas: Mapping[str, Area]) -> Iterator[str]:
    """The names of places on a y axis, left of it: as far from it, and from the figure's edge, as plotly has them."""
    for axis, area in areas.items():
        for place, name in _named(layout[f"yaxis{axis[1:]}"]):
            font, edge = layout["font"], min(12, *(layout["margin"][side] for side in "lrtb"))
            yield (
                f'<span style="top:{area.at(place) / FINE - LINE_HEIGHT * font["size"] / 2:.2f}px;'
                f"padding:0 {1 + 0.2 * font['size']:g}px 0 {edge}px;"
                f'font-size:{font["size"]}px;color:{font["color"]}">{escape(unescape(name))}</span>'
            )


def _note(note: Json, layout: Json, areas: Mapping[str, Area]) -> str:
    """A text above its place. Plotly's text is markup, so it is taken apart and written as text again."""
    margin = layout["margin"]
    inner = layout["height"] - margin["t"] - margin["b"]
    paper = note["yref"] == "paper"
    down = margin["t"] + inner * (1 - note["y"]) if paper else areas[note["yref"]].at(note["y"]) / FINE
    side = "right" if note["xanchor"] == "right" else "left"
    font = note["font"]
    top = round(down - _height(note))
    return (
        f'<span style="{side}:0;top:{top}px;padding:{1 + note.get("borderpad", 1)}px;'
        f'font-size:{font["size"]}px;color:{font["color"]};background:{note.get("bgcolor", "none")}">'
        f"{escape(unescape(note['text']))}</span>"
    )
