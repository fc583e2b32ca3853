"""The server that ``streamlit run dashboards/server.py`` starts: the pages of ``app.py``, made ready beforehand.

While it starts to listen, a thread imports what every page needs; what only detectors need, which takes seconds,
follows once a first page is out.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import drawing
import streamlit as st

PAGES_NEED = ("plotly.graph_objects", "tsanomaly.workspace", "tsanomaly.batch.job_file", "tsanomaly.report.lanes")
DETECTORS_NEED = ("tsanomaly.batch.detectors", "tsanomaly.detection.explanation")

PATIENCE = 5.0
"""Seconds to leave the processor to the first page."""


@asynccontextmanager
async def warmed(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Import beside the server's start."""
    threading.Thread(target=_import, daemon=True).start()
    yield {}


def _import() -> None:
    for name in PAGES_NEED:
        importlib.import_module(name)
    drawing.first_page_out.wait(PATIENCE)
    for name in DETECTORS_NEED:
        importlib.import_module(name)


app = st.App("app.py", lifespan=warmed)
