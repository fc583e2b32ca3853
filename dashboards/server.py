"""The server that ``streamlit run dashboards/server.py`` starts: the pages of ``app.py``, made ready beforehand."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
import warming


@asynccontextmanager
async def warmed(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Import beside the server's start."""
    threading.Thread(target=warming.warm_up, daemon=True).start()
    yield {}


app = st.App("app.py", lifespan=warmed)
