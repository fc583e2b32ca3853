"""Figures of a model: how its training went, and whether scores still lie where they lay when it learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from tsanomaly.report.figures import FONT
from tsanomaly.report.palette import GREEN, LIGHT, ORANGE, SKY, Palette

BINS = 60
"""Bars of a distribution."""


def training_curve(history: Sequence[Mapping[str, Any]], palette: Palette = LIGHT, height: int = 240) -> go.Figure:
    """The loss of each member on what it learned from and on what was held back.

    Args:
        history: of each member ``steps``, ``trained``, ``held_back`` and ``best_step``, as a bundle describes them.
    """
    figure = go.Figure()
    colours = [palette.actual, ORANGE, GREEN, SKY, palette.threshold, palette.score]
    for i, member in enumerate(history):
        colour = colours[i % len(colours)]
        for values, name, dash in (
            (member["trained"], "learned from", "solid"),
            (member["held_back"], "held back", "dot"),
        ):
            if len(values):
                style = {"color": colour, "width": 1.6, "dash": dash}
                figure.add_scatter(
                    x=list(member["steps"])[: len(values)],
                    y=list(values),
                    mode="lines" if len(values) > 10 else "lines+markers",
                    line=style,
                    name=f"member {i + 1}",
                    showlegend=dash == "solid",
                    hovertemplate=f"step %{{x}}: <b>%{{y:.4~g}}</b><extra>member {i + 1}, {name}</extra>",
                )
    return _dressed(figure, palette, height, "training step", "loss: learned (solid), held back (dotted)", log_y=True)


def score_shift(
    learned: NDArray[Any], since: NDArray[Any], threshold: float, palette: Palette = LIGHT, height: int = 240
) -> go.Figure:
    """How scores were distributed when the model learned, and how they are since.

    Args:
        learned, since: finite scores, ``(n,)`` and ``(m,)``.
        threshold: drawn as a line where it is finite.
    """
    both = np.concatenate([learned, since])
    low, high = float(np.quantile(both, 0.001)), float(both.max())
    edges = np.geomspace(max(low, high * 1e-4, 1e-9), max(high, 1e-8) * 1.001, BINS + 1)
    middle = np.sqrt(edges[1:] * edges[:-1])
    figure = go.Figure()
    for values, name, colour, dash in (
        (learned, "when it learned", palette.score, "dot"),
        (since, "since", palette.actual, "solid"),
    ):
        share = np.histogram(np.clip(values, edges[0], None), edges)[0] / max(1, len(values))
        figure.add_scatter(
            x=middle,
            y=100 * share,
            mode="lines",
            line={"color": colour, "width": 1.8, "dash": dash, "shape": "hvh"},
            name=name,
            hovertemplate="score %{x:.3~g}: <b>%{y:.2~f} %</b> of rows<extra>%{fullData.name}</extra>",
        )
    if np.isfinite(threshold):
        figure.add_vline(x=threshold, line={"color": palette.threshold, "dash": "dash", "width": 1.2})
    figure = _dressed(figure, palette, height, "anomaly score", "share of rows, %")
    figure.update_xaxes(type="log", dtick="D2", tickformat="~g")
    return figure


def population_stability(learned: NDArray[Any], since: NDArray[Any], parts: int = 10) -> float:
    """How far one distribution has moved from another: the population stability index over ``parts`` equal shares of
    the first. Below 0.1 it is usually called unchanged, above 0.25 changed."""
    edges = np.unique(np.quantile(learned, np.linspace(0, 1, parts + 1)[1:-1]))
    least = 0.5 / max(1, min(len(learned), len(since)))
    before = np.bincount(np.searchsorted(edges, learned), minlength=len(edges) + 1) / len(learned)
    after = np.bincount(np.searchsorted(edges, since), minlength=len(edges) + 1) / len(since)
    before, after = np.maximum(before, least), np.maximum(after, least)
    return float(np.sum((after - before) * np.log(after / before)))


def _dressed(figure: go.Figure, palette: Palette, height: int, x: str, y: str, *, log_y: bool = False) -> go.Figure:
    line = {"gridcolor": palette.grid, "zeroline": False, "linecolor": palette.grid}
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        xaxis={**line, "title": {"text": x, "font": {"size": 12}}, "automargin": True},
        yaxis={
            **line,
            "title": {"text": y, "font": {"size": 12}},
            "automargin": True,
            "type": "log" if log_y else "linear",
            "dtick": "D2" if log_y else None,
            "tickformat": "~g" if log_y else None,
        },
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": palette.muted, "activecolor": palette.text},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": palette.muted, "size": 12, "family": FONT},
        hoverlabel={"bgcolor": palette.paper, "bordercolor": palette.grid, "font": {"color": palette.text}},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        showlegend=True,
    )
    return figure
