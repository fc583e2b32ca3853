"""How far to trust a detector on a series: its linear twin beside it, and the self-test. Both run elsewhere."""

from __future__ import annotations

from typing import Any

import pieces
import streamlit as st
import watching
from runs import Run
from task import State

from tsanomaly.report.self_test import verdict
from tsanomaly.report.words import sentence


def show(run: Run, threshold: str) -> None:
    """The verdict on the twin, and the self-test at a threshold or the way to it."""
    trial = run.trial(threshold)
    status = trial.status()
    said, button = st.columns([3.2, 1], vertical_alignment="center", gap="large")
    with said:
        pieces.heading("What would it catch in this series?")
        compared(run, trial.findings or None)
        if status.state is State.PREPARED:
            pieces.lead(
                "A longer test puts anomalies of many kinds and strengths into copies of this series, "
                "and shows which of them would be caught at this threshold."
            )
    idle = status.state not in (State.RUNNING, State.DONE)
    if idle and button.button("Test this detector", key="test", width="stretch"):
        trial.begin(threshold)
        st.rerun()
    if status.state is State.DONE:
        pieces.caught(trial.findings)
    elif status.state is State.RUNNING:
        watching.watch(trial)
    elif status.state is not State.PREPARED:
        st.info(pieces.plain(sentence(status.message)))


def compared(run: Run, test: dict[str, Any] | None) -> None:
    """The comparison with the linear twin in one line; while it is made, the line is renewed."""
    if test is not None and test["refusal"]:
        st.warning(pieces.plain(verdict(None, test)))
    elif test is None and run.twin.status().state is State.RUNNING:
        _comparing(run)
    else:
        pieces.lead(verdict(run.twin.verdict, test))


@st.fragment(run_every=1.0)
def _comparing(run: Run) -> None:
    if run.twin.status().state is not State.RUNNING:
        st.rerun(scope="app")
    pieces.lead("Being compared with its linear twin …")
