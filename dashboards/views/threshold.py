"""Threshold studio: where to draw the line, and what comes and goes with it. The address holds run and threshold."""

from __future__ import annotations

import access
import numpy as np
import pandas as pd
import pieces
import rules
import session
import streamlit as st
import studio
from runs import Run
from task import State

from tsanomaly.detection.grouping import stretches
from tsanomaly.report.words import shown


def show() -> None:
    """The view."""
    run = session.current()
    if run is None or run.status().state is not State.DONE:
        pieces.title("Threshold studio")
        pieces.lead(
            "There is nothing to lay a threshold on yet: give a file under New data and let it be judged first."
        )
        if st.button("New data", type="primary"):
            st.switch_page(session.NEW_DATA)
        return
    laid(run)


def laid(run: Run) -> None:
    """The studio on a run's scores."""
    with st.spinner("Opening"):
        result = session.result(run)
        series = session.in_zone(result.series, session.zone())
    study = studio.Study(run.id, series, result.scores, result.detector)
    applied = run.applied[-1]
    text = session.threshold(run)
    head, button, back = st.columns([4, 1, 1], vertical_alignment="center")
    with head:
        pieces.title("Threshold studio", f"{shown(run.request.name, 40)} · in force: {rules.spoken(applied)}")
    if button.button(
        "Apply",
        type="primary",
        width="stretch",
        disabled=text == applied or not access.may_write(),
        help="The run's model keeps this threshold, and whoever uses the model has it. It can be undone.",
    ):
        run.apply(text)
        changed(run)
    if back.button("Undo", width="stretch", disabled=len(run.applied) < 2 or not access.may_write()):
        run.undo()
        session.remember(run, "threshold", run.applied[-1])
        changed(run)
    chosen, says = st.columns([1, 1.5], vertical_alignment="center")
    kind = chosen.segmented_control(
        "Rule",
        list(rules.KINDS),
        format_func=lambda name: rules.KINDS[name].title,
        default=rules.kind_of(text),
        key=f"rule-{run.id}-{text}",
        required=True,
        label_visibility="collapsed",
    )
    says.caption(rules.KINDS[kind].says)
    if kind != rules.kind_of(text):
        session.remember(run, "threshold", rules.KINDS[kind].usual)
        st.rerun()
    studio.show(
        study,
        kind,
        text,
        applied,
        key=f"studio-{run.id}",
        on_choice=lambda chosen: session.remember(run, "threshold", chosen),
    )
    differences(run, text, applied)
    compared(study, text, applied)


def changed(run: Run) -> None:
    """The model has another threshold: show the page anew."""
    session.forget_result(run)
    st.rerun()


def differences(run: Run, text: str, applied: str) -> None:
    """Which events come, and which go."""
    now, then = session.events(run, text), session.events(run, applied)
    come, gone = pieces.beyond(now, then), pieces.beyond(then, now)
    left, right = st.columns(2, gap="large")
    with left:
        pieces.listed("Come", come, now, "No event comes at this threshold that is not there now.")
    with right:
        pieces.listed("Go", gone, then, "No event goes.")


def compared(study: studio.Study, text: str, applied: str) -> None:
    """All rules side by side."""
    pieces.heading("The rules compared")
    texts = dict.fromkeys([applied, text, *(kind.usual for kind in rules.KINDS.values())])
    rows = [_row(study.key, each, study) | {"": marked(each, text, applied)} for each in texts]
    table = pd.DataFrame(rows)
    table = table[["", *(name for name in table.columns if name)]]
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "Threshold (score)": st.column_config.NumberColumn(format="%.3g"),
            "Events a week": st.column_config.NumberColumn(format="%.2f"),
            "Precision, %": st.column_config.NumberColumn(format="%.0f"),
            "Recall, %": st.column_config.NumberColumn(format="%.0f"),
        },
        key="compared",
    )
    if study.series.labels is not None:
        st.caption(
            "Precision: share of events that meet a labelled stretch. Recall: share of labelled stretches found."
        )


def marked(each: str, text: str, applied: str) -> str:
    """Which of them is which."""
    return ", ".join(said for said, one in (("in force", applied), ("looked at", text)) if each == one)


@st.cache_data(max_entries=200, ttl="1h", show_spinner=False)
def _row(key: str, text: str, _study: studio.Study) -> dict[str, object]:
    threshold = _study.threshold(text)
    events = _study.detector.events(_study.series, _study.scores, threshold)
    row = {
        "Rule": rules.KINDS[rules.kind_of(text)].title,
        "Setting": rules.spoken(text),
        "Threshold (score)": threshold.value,
        "Events": len(events),
        "Events a week": len(events) / _study.weeks,
    }
    if _study.series.labels is not None:
        truth = [(int(first), int(last)) for first, last in stretches(np.asarray(_study.series.labels))]
        met = sum(any(e.start_row < last and first < e.end_row for e in events) for first, last in truth)
        right = sum(any(e.start_row < last and first < e.end_row for first, last in truth) for e in events)
        row |= {
            "Precision, %": 100 * right / len(events) if len(events) else None,
            "Recall, %": 100 * met / len(truth) if truth else None,
        }
    return row | {"Note": threshold.note}


show()
