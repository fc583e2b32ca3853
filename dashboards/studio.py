"""The threshold studio's instrument: a slider, the score under it, and events a week, drawn in the browser at once.

What the browser needs to count events by itself are the scores above the lowest level that can be set: a few per cent
of the rows. The rest is drawn from its highest values.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import rules
import streamlit as st
from numpy.typing import NDArray

import tsanomaly
from tsanomaly.batch.scoring import Calibration, laid_on
from tsanomaly.detection.events import moment
from tsanomaly.detection.grouping import count_events, stretches
from tsanomaly.report.figures import on_clock, row_at
from tsanomaly.report.ticks import clock_ticks
from tsanomaly.report.words import brief

HERE = Path(__file__).parent / "components"
BINS = 1200
"""Highest scores drawn over time."""

LOWEST = 0.85
"""Share of rows that stay below however far the line is dragged."""

LEVELS = 120
"""Points on the curve of events a week."""

_instrument = st.components.v2.component(
    "studio",
    html="""<div class="studio">
      <div class="set"><div><input type="range" min="0" step="1" aria-label="Setting of the rule">
        <div class="ends"><span>fewer events</span><span>more events</span></div></div>
        <div><output></output><div class="note"></div></div></div>
      <div class="told"></div>
      <canvas role="img" aria-label="Score over time, and events a week at each threshold"></canvas>
      <div class="key"><span><i class="kept"></i>stays</span><span><i class="come"></i>comes (+)</span>
        <span><i class="go"></i>goes (−)</span><span><i class="truth"></i>labelled as anomalous</span>
        <span>compared with the threshold in force; the line can be dragged</span></div></div>""",
    css=(HERE / "studio.css").read_text(encoding="utf-8"),
    js=(HERE / "studio.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, eq=False)
class Study:
    """Scores whose threshold is looked into.

    Attributes:
        key: names them in caches.
        series: what was judged; labels are used where it has them.
        scores: of the series.
        detector: whose threshold it is.
        known: thresholds that need no fitting, by their rules: what is in force was fitted when it came into force.
    """

    key: str
    series: tsanomaly.Series
    scores: tsanomaly.Scores
    detector: tsanomaly.Detector
    known: Mapping[Any, tsanomaly.Threshold] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        key: str,
        series: tsanomaly.Series,
        scores: tsanomaly.Scores,
        detector: tsanomaly.Detector,
        shared: Calibration | None,
    ) -> Self:
        """A study of a job's series. A shared model lays its thresholds on the series' own scores, as the job does.

        Args:
            detector: as it judges the series.
            shared: what a shared model knows of the series; ``None``: the model is the series' own.
        """
        if shared is None:
            return cls(key, series, scores, detector)
        rule = rules.parse(shared.rule or rules.of(detector))
        known = {} if shared.threshold is None else {rule: shared.threshold}
        return cls(key, series, scores, laid_on(detector, scores.total), known)

    @property
    def weeks(self) -> float:
        """Judged weeks."""
        return max(float(np.isfinite(self.scores.total).sum()) / self.series.rows_per_week, 1e-9)

    @property
    def merge_gap(self) -> int:
        """Rows between two flagged ones that still belong together."""
        return max(1, self.detector.window_ // 2)

    def threshold(self, text: str) -> tsanomaly.Threshold:
        """What a rule gives."""
        return _threshold(self.key, text, self)


@st.cache_resource(max_entries=400, ttl="1h", show_spinner=False)
def _threshold(key: str, text: str, _study: Study) -> tsanomaly.Threshold:
    rule = rules.parse(text)
    return _study.known.get(rule) or _study.detector.fit_threshold(rule)


def show(study: Study, kind: str, text: str, applied: str, key: str, on_choice: Callable[[str], None]) -> None:
    """Draw it at a rule's setting; ``on_choice`` is told the setting where the slider or the line was let go."""
    steps = rules.with_step(kind, text)
    data = _data(study.key, steps, steps.index(text), applied, study.series.zone, study)

    def chosen() -> None:
        choice = st.session_state[key]["choice"] or {}
        if "step" in choice:
            on_choice(steps[min(max(0, int(choice["step"])), len(steps) - 1)])
        elif "level" in choice:
            on_choice(at_level(study, float(choice["level"])))

    _instrument(data=data, key=key, on_choice_change=chosen)


def at_level(study: Study, level: float) -> str:
    """The quantile whose threshold lies at a level, or right below it: what a line drawn by hand amounts to."""
    judged = np.sort(study.detector.calibration_[np.isfinite(study.detector.calibration_)])
    at = int(np.clip(np.searchsorted(judged, level, side="right") - 1, 1, len(judged) - 1))
    share = (at - 0.5) / (len(judged) - 1)  # between two ranks, so that rounding cannot reach the next one
    return f"quantile={share:.10g}"


@st.cache_resource(max_entries=60, ttl="1h", show_spinner=False)
def _data(key: str, steps: tuple[str, ...], at: int, applied: str, zone: str | None, _study: Study) -> dict[str, Any]:
    series, total = _study.series, np.asarray(_study.scores.total, np.float64)
    judged = total[np.isfinite(total)]
    highest = float(judged.max()) if len(judged) else 1.0
    top = max(highest * 1.3, 1e-9)
    thresholds = [_study.threshold(step) for step in steps]
    levels = [_finite(threshold.value, top) for threshold in thresholds]
    in_force = _finite(_study.threshold(applied).value, top)
    floor = min([*levels, in_force, float(np.quantile(judged, LOWEST)) if len(judged) else 0.0])
    bottom = max(min(floor * 0.5, float(np.median(judged)) * 0.8 if len(judged) else 1.0), top * 1e-4)
    above = np.flatnonzero(np.nan_to_num(total, nan=-np.inf) > floor)
    curve = np.geomspace(max(floor, bottom), top, LEVELS)
    counts = count_events(np.nan_to_num(total, nan=-np.inf), curve, _study.merge_gap)
    parsed = [rules.parse(step) for step in (steps[at], applied)]
    budget = next((rule for rule in parsed if isinstance(rule, tsanomaly.Budget)), None)
    return {
        "stamp": f"{key} {steps} {at} {applied} {zone}",
        "n": len(series),
        "rows": _packed(above.astype(np.uint32)),
        "scores": _packed(total[above]),
        "gap": _study.merge_gap,
        "usual": _study.detector.severity_.usual,
        "weeks": _study.weeks,
        "floor": floor,
        "top": top,
        "bottom": bottom,
        "envelope": _packed(_envelope(total).astype(np.float32)),
        "steps": [
            {"level": level, "said": rules.spoken(step), "note": threshold.note}
            for step, level, threshold in zip(steps, levels, thresholds, strict=True)
        ],
        "at": at,
        "applied": in_force,
        "levels": curve.tolist(),
        "counts": counts.tolist(),
        "budget": None if budget is None else budget.events * 168 / rules.hours(budget),
        "allowed": None if budget is None else budget.allowed(len(judged), series.rows_per_week),
        "truth": None if series.labels is None else stretches(np.asarray(series.labels)).tolist(),
        "ticks": _ticks(bottom, top),
        "times": _times(series),
    }


def _finite(value: float, otherwise: float) -> float:
    return float(value) if np.isfinite(value) else otherwise


def _packed(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _envelope(total: NDArray[np.float64]) -> NDArray[np.float64]:
    """The highest score in each of ``BINS`` equal parts; NaN where none was judged."""
    starts = np.unique(np.linspace(0, len(total), min(BINS, len(total)), endpoint=False).astype(np.intp))
    highest = np.maximum.reduceat(np.nan_to_num(total, nan=-np.inf), starts)
    return np.where(np.isfinite(highest), highest, np.nan)


def _ticks(bottom: float, top: float) -> list[float]:
    ticks = [step * 10.0**power for power in range(-12, 13) for step in (1, 2, 5)]
    seen = [tick for tick in ticks if bottom < tick < top]
    return seen if len(seen) <= 6 else [tick for tick in seen if f"{tick:e}".startswith("1")]


def _times(series: tsanomaly.Series, most: int = 5) -> list[dict[str, Any]]:
    """Rows and their clock, for the axis: round times, as the other figures have them."""
    first, last = on_clock(series, np.array([0, len(series) - 1]))
    places = clock_ticks(first, last) if series.has_clock else []
    ticks = [(row_at(series, str(np.datetime64(int(place), "ms"))), text) for place, text in places]
    if not ticks:
        rows = np.linspace(0, len(series), most * 2 + 1).astype(int)[1::2]
        ticks = [(int(row), brief(moment(series, int(row)), series)) for row in rows]
    return [{"row": row, "text": text} for row, text in ticks]
