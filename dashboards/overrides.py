"""Overrides of what was worked out about a file; a change is read at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import available_timezones

import streamlit as st
from runs import Run

from tsanomaly.report.words import shown
from tsanomaly.series import Diagnosis

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space", "": "none (one column)"}
ENCODINGS = ("utf-8", "cp1252", "utf-16")
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
    form = _Form(run, {} if diagnosis is None else vars(diagnosis), given)
    columns = {name: shown(name) for name in known}
    form.choose(one, "time_column", "Time column", {NONE_SUCH: "none: count rows", **columns})
    form.choose(one, "series_column", "Column naming the series", {NONE_SUCH: "none", **columns})
    form.choose(one, "label_column", "Label column", {NONE_SUCH: "none", **columns})
    form.choose(two, "zone", "Time zone", {zone: zone for zone in sorted(available_timezones())}, free=True)
    form.write(two, "step", "Step", "such as 5min or 1h")
    form.write(two, "time_format", "Time format", "such as %d.%m.%Y %H:%M")
    if diagnosis is None or diagnosis.delimiter is not None:
        form.choose(three, "delimiter", "Delimiter", DELIMITERS)
        form.choose(three, "decimal", "Decimal sign", DECIMALS)
        form.choose(three, "encoding", "Encoding", {name: name for name in ENCODINGS}, free=True)
    return {name: value for name, value in form.wanted.items() if value is not None}


class _Form:
    """Fields that show what was found until something else is given."""

    def __init__(self, run: Run, found: dict[str, Any], given: dict[str, Any]) -> None:
        self.run, self.found, self.given = run, found, given
        self.wanted: dict[str, Any] = {}

    def choose(self, place: Any, name: str, label: str, options: dict[str, str], *, free: bool = False) -> None:
        """One of several values, or with ``free`` any other."""
        found, given = self.found.get(name), self.given.get(name)
        values = [*options, *([given] if given is not None and given not in options else [])]
        self.wanted[name] = place.selectbox(
            label,
            values,
            index=None if given is None else values.index(given),
            accept_new_options=free,
            format_func=lambda value: options.get(value, value),
            key=self._key(name),
            placeholder="worked out" if found is None else options.get(found, found),
        )

    def write(self, place: Any, name: str, label: str, example: str) -> None:
        """Any text."""
        written = place.text_input(
            label, self.given.get(name, ""), placeholder=self.found.get(name) or example, key=self._key(name)
        )
        self.wanted[name] = written.strip() or None

    def _key(self, name: str) -> str:
        return f"read-{self.run.id}-{name}"


def _columns(diagnosis: Diagnosis, known: list[str]) -> list[str]:
    """All columns heard of so far, so that a column taken for something else can be chosen again."""
    roles = (diagnosis.time_column, diagnosis.series_column, diagnosis.label_column)
    found = (finding.column for finding in diagnosis.findings)
    return list(dict.fromkeys(name for name in (*known, *roles, *diagnosis.channels, *found) if name))
