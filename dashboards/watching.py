"""A task on its way: how far it is, how long it will take, and a way to stop it.

A page that watches must never send the browser to another page itself: what it polls for may still be on its way to
the server, and would then be drawn on the wrong page. Links that the browser follows on its own are safe.
"""

from __future__ import annotations

import access
import streamlit as st
from task import State, Status, Task

from tsanomaly.report.words import percent


def watch(task: Task) -> None:
    """Shown while a task works; when it ends, the page is run again and shows what came of it. Whoever may not change
    what is shared cannot stop what changes it, either."""
    with st.container(border=True):
        _progress(task, may_cancel=access.may_write() or not task.changes)


@st.fragment(run_every=0.5)
def _progress(task: Task, may_cancel: bool) -> None:
    status = task.status()
    if status.state is not State.RUNNING:
        st.rerun(scope="app")
    share = status.done / status.total if status.total else 0.0
    st.progress(min(1.0, share), text=in_words(status))
    beside, cancel = st.columns([5, 1], vertical_alignment="center")
    beside.caption("It goes on in a process of its own: this page may be closed, and its address opened again later.")
    if may_cancel and cancel.button("Cancel", width="stretch", key=f"cancel-{task.folder.name}"):
        task.cancel()
        st.rerun(scope="app")


def in_words(status: Status) -> str:
    """``Learning: 35 %, about 6 s left``."""
    stage = status.stage.capitalize()
    if not status.total:
        return f"{stage} ({status.elapsed:.0f} s so far)"
    far = percent(status.done / status.total)
    left = f", about {_rounded(status.seconds_left)} left" if status.seconds_left is not None else ""
    return f"{stage}: {far}{left}"


def _rounded(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
