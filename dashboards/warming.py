"""What pages will need is imported beside the server's start, so that the first page does not wait for it."""

from __future__ import annotations

import gc
import importlib
import threading
from datetime import UTC, datetime

PAGES_NEED = ("tsanomaly.workspace", "tsanomaly.batch.job_file", "access", "health", "PIL.Image")
DETECTORS_NEED = ("tsanomaly.batch.detectors", "tsanomaly.detection.explanation")

PATIENCE = 5.0
"""Seconds to leave the processor to the first page."""

first_page_out = threading.Event()
"""Set as soon as some page has been sent whole."""


def warm_up() -> None:
    """Import what every page needs; what only detectors need, which takes seconds, once a first page is out."""
    gc.disable()  # modules stay: a fifth of the time would go into looking for garbage among them
    try:
        for name in PAGES_NEED:
            importlib.import_module(name)
        draw_something()
    finally:
        gc.freeze()
        gc.enable()
    first_page_out.wait(PATIENCE)
    for name in DETECTORS_NEED:
        importlib.import_module(name)


def draw_something() -> None:
    """Plotly imports the parts of figures as they are first made, many files for a first figure."""
    from tsanomaly.report.lanes import swim_lanes

    now = datetime.now(UTC)
    swim_lanes([], now, now, "UTC")
