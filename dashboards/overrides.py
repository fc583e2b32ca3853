"""Overrides of what was worked out about a file; a change is read at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import available_timezones

import streamlit as st
from runs import Run

from tsanomaly.series import Diagnosis

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space", "": "none (one column)"}
DECIMALS = {".": "point", ",": "comma"}
NONE_SUCH = ""
"""As a column's name: the file has none such."""


def show(run: Run, diagnosis: Diagnosis | None) -> None:
    """The form; ``diagnosis`` is ``None`` where the file could not be read."""
    known = st.session_state.setdefault(f"columns-{run.id}", [])
    if diagnosis is not None:
        known[:] = _columns(diagnosis, known)
    given = run.request.overrides
    with st.expander("Read it differently", expanded=bool(given) or diagnosis is None):
        st.caption("What is left empty is worked out from the file.")
        wanted = _asked(run, diagnosis, given, known)
        if st.button("Read as it was worked out", key="reread", disabled=not given, type="tertiary"):
            wanted = {}
            for key in [key for key in st.session_state if str(key).startswith(f"read-{run.id}")]:
                del st.session_state[key]
    if wanted != given:
        run.ask(replace(run.request, overrides=wanted, series=None))
        st.rerun()


def _asked(run: Run, diagnosis: Diagnosis | None, given: dict[str, Any], known: list[str]) -> dict[str, Any]:
    one, two, three = st.columns(3)
    wanted: dict[str, Any] = {}

    def choose(place: Any, name: str, label: str, options: dict[str, str], found: str | None, free: bool = False) -> None:
        values = [*options, *([given[name]] if given.get(name) not in (None, *options) else [])]
        wanted[name] = place.selectbox(
            label, values, index=values.index(given[name]) if name in given else None, key=f"read-{run.id}-{name}",
            format_func=lambda value: options.get(value, value), accept_new_options=free,
            placeholder=options.get(found or "", found) if found is not None else "worked out",
        )

    says = diagnosis.__dict__ if diagnosis is not None else {}
    columns = {name: name for name in known}
    choose(one, "time_column", "Time column", {NONE_SUCH: "no time column: count rows", **columns}, says.get("time_column"))
    choose(one, "series_column", "Column naming the series", {NONE_SUCH: "no such column", **columns}, says.get("series_column"))
    choose(one, "label_column", "Label column", {NONE_SUCH: "no labels", **columns}, says.get("label_column"))
    zones = {zone: zone for zone in sorted(available_timezones())}
    choose(two, "zone", "Time zone", zones, says.get("zone"), free=True)
    wanted["step"] = two.text_input(
        "Step", given.get("step") or "", placeholder=says.get("step") or "such as 5min or 1h", key=f"read-{run.id}-step"
    ).strip() or None
    wanted["time_format"] = two.text_input(
        "Time format", given.get("time_format") or "", placeholder=says.get("time_format") or "such as %d.%m.%Y %H:%M",
        key=f"read-{run.id}-time_format",
    ).strip() or None
    if diagnosis is None or diagnosis.delimiter is not None:
        choose(three, "delimiter", "Delimiter", DELIMITERS, says.get("delimiter"))
        choose(three, "decimal", "Decimal sign", DECIMALS, says.get("decimal"))
        choose(three, "encoding", "Encoding", {n: n for n in ("utf-8", "cp1252", "utf-16")}, says.get("encoding"), free=True)
    return {name: value for name, value in wanted.items() if value is not None}


def _columns(diagnosis: Diagnosis, known: list[str]) -> list[str]:
    """All columns heard of so far, so that a column taken for something else can be chosen again."""
    roles = (diagnosis.time_column, diagnosis.series_column, diagnosis.label_column)
    found = (finding.column for finding in diagnosis.findings)
    return list(dict.fromkeys(name for name in (*known, *roles, *diagnosis.channels, *found) if name))
