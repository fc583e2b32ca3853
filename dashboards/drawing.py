"""The script in the browser that draws figures. It is large: browsers are to have it before a figure comes."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path

import streamlit as st

first_page_out = threading.Event()
"""Set as soon as some page has been sent whole."""


@lru_cache
def script() -> str:
    """Its address on this server; empty where this version of Streamlit has it elsewhere."""
    folder = Path(st.__file__).parent / "static" / "static" / "js"
    found = next(folder.glob("PlotlyChart.*.js"), None)
    base = st.get_option("server.baseUrlPath").strip("/")
    return "" if found is None else f"{f'/{base}' if base else ''}/static/js/{found.name}"


def expect_figures() -> None:
    """Have the browser run it while the page that will need it is still being worked out here."""
    if script():
        st.html(f'<script type="module">import("{script()}")</script>', unsafe_allow_javascript=True)
