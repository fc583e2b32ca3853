"""What pages will need is imported beside the server's start, so that the first page does not wait for it."""

from __future__ import annotations

import importlib
import threading

PAGES_NEED = ("plotly.graph_objects", "tsanomaly.workspace", "tsanomaly.batch.job_file", "tsanomaly.report.lanes")
DETECTORS_NEED = ("tsanomaly.batch.detectors", "tsanomaly.detection.explanation")

PATIENCE = 5.0
"""Seconds to leave the processor to the first page."""

first_page_out = threading.Event()
"""Set as soon as some page has been sent whole."""


def warm_up() -> None:
    """Import what every page needs; what only detectors need, which takes seconds, once a first page is out."""
    for name in PAGES_NEED:
        importlib.import_module(name)
    first_page_out.wait(PATIENCE)
    for name in DETECTORS_NEED:
        importlib.import_module(name)
