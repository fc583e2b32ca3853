"""The link that somebody came by, while they sign in: the way back from a provider always leads to the start page.

The browser's tab keeps it, for this origin alone, and gives it back once. What comes back is only ever looked up among
the pages of this dashboard, so that no text, wherever it came from, leads anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st
from streamlit.navigation.page import StreamlitPage

HERE = Path(__file__).parent / "components"

PARAMETERS = 50
"""Query parameters of a link at most: no page has so many."""

LANDED = "landed"
"""The session has gone on to where it was to go."""

_tab = st.components.v2.component("landing", js=(HERE / "landing.js").read_text(encoding="utf-8"))


def keep(page: StreamlitPage) -> None:
    """Have the tab remember the page asked for; the start page is where one lands anyway."""
    query = urlencode(st.query_params.to_dict())
    _tab(data={"keep": f"{page.url_path}?{query}" if page.url_path or query else None}, key="asked-for")


def go_on(page: StreamlitPage, pages: Iterable[StreamlitPage]) -> None:
    """From the start page to the link that was asked for before signing in, once a session. Nothing is drawn until the
    tab has answered: a start page that flashes up would open the file of the command line, or set a zone of its own."""
    if st.session_state.get(LANDED) or page.url_path or st.query_params:
        st.session_state[LANDED] = True
        return
    answer = _tab(data={"take": True}, key="take-up", on_asked_change=lambda: None).get("asked")
    if answer is None:
        st.stop()
    st.session_state[LANDED] = True
    found = destination(answer, pages)
    if found is not None:
        st.switch_page(found[0], query_params=found[1])


def destination(answer: Any, pages: Iterable[StreamlitPage]) -> tuple[StreamlitPage, dict[str, str]] | None:
    """The page of this dashboard that a link names, and its parameters; ``None``: it names none.

    Args:
        answer: what the browser says, which may be anything.
    """
    link = answer.get("link") if isinstance(answer, dict) else None
    if not isinstance(link, str):
        return None
    path, _, query = link.partition("?")
    page = next((each for each in pages if each.url_path == path), None)
    try:
        asked = dict(parse_qsl(query, max_num_fields=PARAMETERS))
    except ValueError:  # too many
        return None
    # how a page is embedded is the browser's to say, and Streamlit lets nobody else
    return page and (page, {name: value for name, value in asked.items() if not name.lower().startswith("embed")})
