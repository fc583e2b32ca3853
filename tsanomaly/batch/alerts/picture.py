"""The worst event of an alert as a PNG: what was measured, what was expected, the score. No browser is needed."""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tsanomaly.batch.alerts.content import Content, ToldEvent
from tsanomaly.batch.findings import EXPECTED, VALUE
from tsanomaly.errors import WorkspaceError
from tsanomaly.report.palette import LIGHT
from tsanomaly.report.thinning import rows_to_draw
from tsanomaly.report.words import clock, shown
from tsanomaly.workspace import Workspace

WIDTH, HEIGHT = 900, 420
"""Of the picture in pixels."""

FINER = 2
"""How many times larger it is drawn, and then made smaller: lines become smooth."""

AROUND = 2.0
"""What is shown before and after the event, in lengths of it, and at least ``LEAST_ROWS`` rows."""

LEAST_ROWS = 60

MOST_ROWS = 1500
"""Rows drawn of a line; M4 keeps its extremes."""

LEFT, RIGHT, TOP, BOTTOM, BETWEEN = 70, 16, 44, 30, 26
"""Room around the two panels, in pixels, and between them."""

SHARE = 0.66
"""Of the height, the upper panel's."""

log = logging.getLogger(__name__)

Line = tuple[NDArray[np.float64], str]
"""Values, ``(n,)``, NaN in gaps, and a colour."""


def picture(workspace: Workspace, content: Content) -> bytes | None:
    """The most severe event of an alert; ``None`` where there is none, or its scores are not kept."""
    if not content.events:
        return None
    try:
        return _of_event(workspace, content.job, content.events[0], content.zone)
    except (WorkspaceError, KeyError, ValueError) as error:
        # An alert without a picture is better than none.
        log.warning("alert without picture", extra={"job": content.job, "reason": str(error)})
        return None


def _of_event(workspace: Workspace, job: str, event: ToldEvent, zone: str) -> bytes | None:
    length = event.end - event.start
    step = _step(workspace, job, event)
    around = max(AROUND * length, LEAST_ROWS * step)
    since, until = event.start - around, event.end + around
    channel = event.channels[0].name
    actual, expected = VALUE + channel, EXPECTED + channel
    frame = workspace.scores.read(job, event.series, since, until, ["score", "threshold", actual, expected])
    if len(frame) < 2:
        return None
    return draw(
        times=frame["time"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[us]"),
        actual=frame[actual].to_numpy(np.float64),
        expected=frame[expected].to_numpy(np.float64),
        score=frame["score"].to_numpy(np.float64),
        event=(event.start, event.end),
        titles=(f"{event.series}: {channel}", "anomaly score"),
        zone=zone,
        threshold=float(frame["threshold"].iloc[-1]) if "threshold" in frame else math.nan,
    )


def _step(workspace: Workspace, job: str, event: ToldEvent) -> timedelta:
    """The spacing of rows: a short event says little of it."""
    near = max(event.end - event.start, timedelta(hours=1))
    times = workspace.scores.read(job, event.series, event.start - near, event.end, ["score"])["time"]
    return timedelta(0) if len(times) < 2 else pd.Timedelta(times.diff().median()).to_pytimedelta()


def draw(
    times: NDArray[np.datetime64],
    actual: NDArray[np.float64],
    expected: NDArray[np.float64],
    score: NDArray[np.float64],
    event: tuple[datetime, datetime],
    titles: tuple[str, str],
    zone: str,
    threshold: float = math.nan,
) -> bytes:
    """Two panels on one axis of time, the event shaded behind both.

    Args:
        times: ``(n,)``, UTC, rising.
        actual, expected, score: ``(n,)``, NaN in gaps.
        event: half open, aware.
        titles: of the panels.
        zone: whose clock the axis shows.
        threshold: above which scores make events; NaN or infinite: not drawn.

    Returns:
        A PNG of ``WIDTH`` by ``HEIGHT`` pixels.
    """
    upper = round((HEIGHT - TOP - BOTTOM - BETWEEN) * SHARE)
    panels = ((TOP, TOP + upper), (TOP + upper + BETWEEN, HEIGHT - BOTTOM))
    canvas = _Canvas(times, zone)
    for (top, bottom), heading in zip(panels, titles, strict=True):
        canvas.shade(event, top, bottom)
        canvas.write(LEFT, top - 20, shown(heading, 90), LIGHT.muted)
    canvas.lines(panels[0], ((expected, LIGHT.expected), (actual, LIGHT.actual)))
    level = np.full(len(times), threshold if math.isfinite(threshold) else math.nan)
    canvas.lines(panels[1], ((score, LIGHT.score), (level, LIGHT.threshold)), from_zero=True)
    canvas.write(WIDTH - RIGHT, TOP - 20, "actual", LIGHT.actual, "ra")
    canvas.write(WIDTH - RIGHT - 60, TOP - 20, "expected", LIGHT.expected, "ra")
    if math.isfinite(threshold):
        canvas.write(WIDTH - RIGHT, panels[1][0] - 20, "threshold", LIGHT.threshold, "ra")
    canvas.axis(HEIGHT - BOTTOM + 8)
    return canvas.png()


class _Canvas:
    """An image whose x axis is time; places are given in pixels of the finished picture."""

    def __init__(self, times: NDArray[np.datetime64], zone: str) -> None:
        self._times = times.astype("datetime64[us]").astype(np.int64).astype(np.float64)
        self._zone = ZoneInfo(zone)
        self._image = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER), LIGHT.paper)
        self._pen = ImageDraw.Draw(self._image, "RGBA")
        self._font = ImageFont.load_default(13 * FINER)

    def x(self, moments: NDArray[np.float64]) -> NDArray[np.float64]:
        """Microseconds since 1970 as pixels."""
        first, last = self._times[0], self._times[-1]
        place = LEFT + (moments - first) / max(last - first, 1.0) * (WIDTH - LEFT - RIGHT)
        return np.asarray(np.clip(place, LEFT, WIDTH - RIGHT), np.float64)

    def shade(self, event: tuple[datetime, datetime], top: float, bottom: float) -> None:
        """The event, at least a pixel wide."""
        start, end = self.x(np.array([moment.timestamp() * 1e6 for moment in event]))
        self._pen.rectangle([_at(start, top), _at(max(end, start + 1), bottom)], fill=(213, 94, 0, 60))

    def lines(self, panel: tuple[float, float], lines: Sequence[Line], *, from_zero: bool = False) -> None:
        """Lines on one scale, with the lowest and the highest value at its side."""
        top, bottom = panel
        values = np.concatenate([line for line, _ in lines])
        values = values[np.isfinite(values)]
        if not len(values):
            return
        low, high = (0.0 if from_zero else float(values.min())), float(values.max())
        span = (high - low) or 1.0
        for value, y in ((high, top), (low, bottom)):
            self._pen.line([_at(LEFT, y), _at(WIDTH - RIGHT, y)], fill=LIGHT.grid, width=FINER)
            self.write(LEFT - 8, y, f"{value:.4g}", LIGHT.muted, "rm")
        for line, colour in lines:
            picked = rows_to_draw(line, np.empty(0, np.intp), MOST_ROWS)
            xs, ys = self.x(self._times[picked]), bottom - (line[picked] - low) / span * (bottom - top)
            for stretch in _unbroken(xs, ys):
                if len(stretch) > 1:
                    self._pen.line(stretch, fill=colour, width=round(1.5 * FINER), joint="curve")
                else:
                    self._pen.ellipse(
                        [(c - FINER) for c in stretch[0]] + [(c + FINER) for c in stretch[0]], fill=colour
                    )

    def axis(self, y: float) -> None:
        """When it begins and ends, on the zone's clock."""
        for at, x, anchor in ((self._times[0], LEFT, "la"), (self._times[-1], WIDTH - RIGHT, "ra")):
            moment = datetime.fromtimestamp(at / 1e6, self._zone).replace(microsecond=0)
            self.write(x, y, f"{clock(moment.isoformat())} ({self._zone.key})", LIGHT.muted, anchor)

    def write(self, x: float, y: float, text: str, colour: str, anchor: str = "la") -> None:
        """Text; a letter that the font does not have becomes a box."""
        self._pen.text(_at(x, y), text, fill=colour, font=self._font, anchor=anchor)

    def png(self) -> bytes:
        """The finished picture."""
        out = io.BytesIO()
        self._image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
        return out.getvalue()


def _at(x: float, y: float) -> tuple[float, float]:
    return x * FINER, y * FINER


def _unbroken(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> list[list[tuple[float, float]]]:
    """Points between gaps."""
    stretches: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(xs, ys, strict=True):
        if np.isfinite(y):
            stretches[-1].append(_at(float(x), float(y)))
        elif stretches[-1]:
            stretches.append([])
    return [stretch for stretch in stretches if stretch]
