"""Results for other programs. ``detect``'s JSON is one object, described by ``docs/detect.schema.json``."""

from __future__ import annotations

import csv
import io
import json
import platform
from typing import TYPE_CHECKING, Any

from tsanomaly.cli.judging import Failed, Judged

if TYPE_CHECKING:
    from tsanomaly import Reading, Series
    from tsanomaly.cli.scorecard import Scorecard

FORMAT = 1
"""Raised when a field changes its meaning or goes; new fields do not raise it."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def of_detection(reading: Reading, results: list[Judged | Failed]) -> dict[str, Any]:
    """``detect``'s object: the only series' fields at its top, or several series under ``series``."""
    head = {"format": FORMAT, "versions": versions(), "diagnosis": reading.diagnosis.to_dict()}
    parts = [result.to_dict() for result in results]
    return head | (parts[0] if len(parts) == 1 else {"series": parts})


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
