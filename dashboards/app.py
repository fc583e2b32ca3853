"""The pages, one file a view; ``streamlit run dashboards/server.py`` serves them."""

from __future__ import annotations

from pathlib import Path

import access
import landing
import pieces
import session
import streamlit as st
import warming

from tsanomaly.errors import TsAnomalyError

HERE = Path(__file__).parent

st.set_page_config(page_title="tsanomaly", page_icon=str(HERE / "mark.svg"), layout="wide")
st.logo(str(HERE / "logo.svg"), size="medium")
st.html(HERE / "style.css")

PAGES = (
    (session.OVERVIEW, "Overview", "overview"),
    (session.NEW_DATA, "New data", "new"),
    (session.INVESTIGATE, "Investigate", "investigate"),
    (session.THRESHOLD, "Threshold", "threshold"),
    (session.MODELS, "Models", "models"),
    (session.JOBS, "Jobs", "jobs"),
    (session.QUALITY, "How good is it?", "quality"),
)
pages = [st.Page(view, title=title, url_path=path, default=path == "new") for view, title, path in PAGES]
try:
    if access.admitted():
        page = st.navigation(pages, position="top")
        if access.is_named_by_sign_in():
            landing.go_on(page, pages)
        page.run()
        pieces.footer()
        access.way_out()
        warming.first_page_out.set()
    else:
        landing.keep(st.navigation(pages, position="hidden"))
        access.door()
except TsAnomalyError as error:
    pieces.problem(error)
