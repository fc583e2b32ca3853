"""Letters are shortcuts of a page also right after something was chosen from a list on it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent / "components"

_letters = st.components.v2.component("letters", js=(HERE / "letters.js").read_text(encoding="utf-8"))


def free(*chosen: str | None) -> None:
    """Take the focus out of the list that something was chosen from.

    Args:
        chosen: in all lists of the page: another choice there takes the focus away.
    """
    _letters(data={"chosen": chosen}, key="letters")
