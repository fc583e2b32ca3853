"""The dashboard: ``streamlit run dashboards/app.py``. One file a view; see :mod:`launch` for what may follow ``--``."""

from __future__ import annotations

from pathlib import Path

import access
import pieces
import session
import streamlit as st

from tsanomaly.errors import TsAnomalyError

HERE = Path(__file__).parent

st.set_page_config(page_title="tsanomaly", page_icon=str(HERE / "mark.svg"), layout="wide")
st.logo(str(HERE / "logo.svg"), size="medium")
st.html(HERE / "style.css")

page = st.navigation(
    [
        st.Page(session.OVERVIEW, title="Overview", url_path="overview"),
        st.Page(session.NEW_DATA, title="New data", url_path="new", default=True),
        st.Page(session.INVESTIGATE, title="Investigate", url_path="investigate"),
        st.Page(session.THRESHOLD, title="Threshold", url_path="threshold"),
        st.Page(session.MODELS, title="Models", url_path="models"),
        st.Page(session.JOBS, title="Jobs", url_path="jobs"),
        st.Page(session.QUALITY, title="How good is it?", url_path="quality"),
    ],
    position="top",
)
try:
    if access.required():
        page.run()
        pieces.footer()
except TsAnomalyError as error:
    pieces.problem(error)
