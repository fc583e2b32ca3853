"""Results for other programs. ``detect``'s JSON is one object, described by ``docs/detect.schema.json``."""

from __future__ import annotations

import csv
import io
import json
import math
import platform
from typing import TYPE_CHECKING, Any

from tsanomaly.cli.judging import Failed, Judged

if TYPE_CHECKING:
    from tsanomaly import Reading, Series
    from tsanomaly.cli.scorecard import Scorecard

FORMAT = 1
"""Raised when a field changes its meaning or goes; new fields do not raise it."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def of_detection(reading: Reading, results: list[Judged | Failed], repairs: int = 0) -> dict[str, Any]:
    """``detect``'s object: the only series' fields at its top, or several series under ``series``.

    Args:
        repairs: of how many events of each series, the most severe, the smallest repair is sought.
    """
    head = {"format": FORMAT, "versions": versions(), "diagnosis": reading.diagnosis.to_dict()}
    parts = [result.to_dict() if isinstance(result, Failed) else _explained(result, repairs) for result in results]
    return head | (parts[0] if len(parts) == 1 else {"series": parts})


def _explained(judged: Judged, repairs: int) -> dict[str, Any]:
    """A series with each event's kind, its repair, and what was read and expected of each channel at the peak."""
    from tsanomaly.detection.explanation import expected_band, explain_all

    events, plain = judged.events, judged.to_dict()
    band = expected_band(events)
    measured = (events.series.values, events.scores.expected, band.lower, band.upper)
    column = {name: j for j, name in enumerate(events.series.channels)}
    said = explain_all(events, judged.detector, repairs=repairs)
    for event, written, explanation in zip(events, plain["events"], said, strict=True):
        told = explanation.to_dict()
        written |= {name: told[name] for name in ("kind", "sentence", "repair")}
        for channel in written["channels"]:
            at_peak = (_number(table[event.peak_row, column[channel["name"]]]) for table in measured)
            channel["at_peak"] = dict(zip(("value", "expected", "lower", "upper"), at_peak, strict=True))
    return plain


def _number(measured: float) -> float | None:
    return float(f"{measured:.7g}") if math.isfinite(measured) else None


def of_evaluation(series: Series, card: Scorecard) -> dict[str, Any]:
    """``evaluate``'s object: metrics by what was scored."""
    scored = {name: metrics.to_dict() for name, metrics in card.items()}
    return {"format": FORMAT, "versions": versions(), "series": series.name, "metrics": scored}


def to_csv(results: list[Judged | Failed]) -> str:
    """A row an event, its series first. A name that a spreadsheet would run as a formula follows an apostrophe."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for n, judged in enumerate(result for result in results if isinstance(result, Judged)):
        name = judged.events.series.name.replace("\r", " ")  # as in Events.to_csv
        quoted = f"'{name}" if name.startswith(FORMULA) else name
        header, *events = csv.reader(io.StringIO(judged.events.to_csv(), newline=""))
        if n == 0:
            rows.writerow(["series", *header])
        rows.writerows([quoted, *event] for event in events)
    return text.getvalue()


def versions() -> dict[str, str]:
    """What the result depends on."""
    import numpy
    import torch

    import tsanomaly

    return {
        "tsanomaly": tsanomaly.__version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "torch": torch.__version__,
    }


def to_json(content: dict[str, Any]) -> str:
    """Strict JSON, a final line break included."""
    return json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
