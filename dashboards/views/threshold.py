"""Threshold studio: where to draw the line, and what comes and goes. The address holds run or job, and threshold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import access
import cases
import jobfiles
import numpy as np
import pandas as pd
import pieces
import rules
import session
import streamlit as st
import studio
from runs import Run
from task import State

import tsanomaly
from tsanomaly.batch.detectors import calibration_of
from tsanomaly.batch.scoring import Calibration
from tsanomaly.detection.grouping import stretches
from tsanomaly.errors import TsAnomalyError
from tsanomaly.report.words import sentence, shown
from tsanomaly.workspace import Workspace

ROWS = 200_000
"""Latest rows of a job's series that are looked at."""


@dataclass(frozen=True, eq=False)
class Subject:
    """Whose threshold is laid: a run's, or a job's.

    Attributes:
        name: for people.
        study: its scores.
        applied: the threshold in force, as :mod:`rules` writes it.
        text: the one looked at.
        choose: makes another one the one looked at.
        apply: makes one the one in force.
        undo: goes back to the one before; ``None``: there is none.
    """

    name: str
    study: studio.Study
    applied: str
    text: str
    choose: Callable[[str], None]
    apply: Callable[[str], None]
    undo: Callable[[], None] | None


def show() -> None:
    """The view."""
    workspace = session.workspace()
    job = st.query_params.get("job")
    run = None if job else session.current()
    if run is not None and run.status().state is State.DONE:
        with st.spinner("Opening"):
            laid(of_run(run))
        return
    jobs = [stored.name for stored in workspace.jobs.list()]
    if not jobs:
        pieces.title("Threshold studio")
        pieces.lead(
            "There is nothing to lay a threshold on yet: give a file under New data and let it be judged first."
        )
        if st.button("New data", type="primary"):
            st.switch_page(session.NEW_DATA)
        return
    try:
        laid(of_job(workspace, jobs, job if job in jobs else jobs[0]))
    except TsAnomalyError as error:
        st.info(pieces.plain(sentence(str(error))))


def of_run(run: Run) -> Subject:
    """A file of this session."""
    result = session.result(run)
    series = session.in_zone(result.series, session.zone())

    def apply(text: str) -> None:
        run.apply(text)
        session.forget_result(run)

    def undo() -> None:
        run.undo()
        session.remember(run, "threshold", run.applied[-1])
        session.forget_result(run)

    return Subject(
        run.request.name,
        studio.Study(run.id, series, result.scores, result.detector),
        run.applied[-1],
        session.threshold(run),
        lambda text: session.remember(run, "threshold", text),
        apply,
        undo if len(run.applied) > 1 else None,
    )


def of_job(workspace: Workspace, jobs: list[str], name: str) -> Subject:
    """A job of the workspace, on the latest readings of one of its series.

    Raises:
        TsAnomalyError: it has no model, or no readings of it are kept.
    """
    _, one, two = st.columns([2, 1, 1])
    hidden: Any = {"label_visibility": "collapsed"}
    chosen = one.selectbox(
        "Job", jobs, jobs.index(name), format_func=lambda each: f"Job: {each}", key=f"studio-job-{name}", **hidden
    )
    if chosen != st.query_params.get("job"):
        st.query_params["job"] = chosen
        st.rerun()
    names = list(workspace.watermarks.all(name))
    if not names:
        raise TsAnomalyError(f"job '{name}' has not scored anything yet; let it run first")
    asked = st.query_params.get("series", names[0])
    series_name = two.selectbox(
        "On the series",
        names,
        names.index(asked) if asked in names else 0,
        format_func=lambda each: f"Series: {shown(each, 40)}",
        key=f"studio-series-{name}",
        **hidden,
    )
    st.query_params["series"] = series_name
    stored = workspace.jobs.get(name)
    applied = jobfiles.threshold_of(stored.toml)
    before = next((e.before for e in workspace.audit.list(name) if e.action == "put job" and e.before), None)
    with st.spinner("Opening"):
        model = cases.model_of(workspace, name, series_name)
        until = str(workspace.watermarks.get(name, series_name))
        shared = calibration_of(workspace, name, series_name, model)
        fitted = "" if shared is None else f"{shared.rule} {shared.threshold}"
        study = study_of(name, series_name, until, str(model), fitted, shared, workspace)

    def put(toml: str) -> None:
        workspace.jobs.put(name, toml, stored.enabled, author=access.author())

    def choose(text: str) -> None:
        st.query_params["threshold"] = text

    def undo() -> None:
        put(before["toml"])
        st.query_params.pop("threshold", None)

    return Subject(
        name,
        study,
        applied,
        rules.parsed_or(st.query_params.get("threshold", applied), applied),
        choose,
        lambda text: put(jobfiles.with_threshold(stored.toml, text)),
        undo if before is not None else None,
    )


@st.cache_resource(max_entries=8, ttl="10m", show_spinner=False)
def study_of(
    job: str,
    series_name: str,
    until: str,
    model: str,
    fitted: str,
    _shared: Calibration | None,
    _workspace: Workspace,
) -> studio.Study:
    """The latest readings of a series, as they were scored.

    Args:
        fitted: names ``_shared``, what a shared model knows of the series.
    """
    detector = session.detector_for(Path(model), job, series_name)
    series, scores = cases.latest(_workspace, job, series_name, detector, ROWS)
    key = f"{job} {series_name} {until} {Path(model).stem} {fitted}"
    return studio.Study.of(key, series, scores, detector, _shared)


def laid(subject: Subject) -> None:
    """The studio on some scores."""
    text, applied = subject.text, subject.applied
    head, button, back = st.columns([4, 1, 1], vertical_alignment="center")
    with head:
        pieces.title("Threshold studio", f"{shown(subject.name, 40)} · in force: {rules.spoken(applied)}")
    if button.button(
        "Apply",
        type="primary",
        width="stretch",
        disabled=text == applied or not access.may_write(),
        help="From now on this threshold holds, for whoever uses the model or the job. It can be undone.",
    ):
        subject.apply(text)
        st.rerun()
    if (
        back.button("Undo", width="stretch", disabled=subject.undo is None or not access.may_write())
        and subject.undo is not None
    ):
        subject.undo()
        st.rerun()
    chosen, says = st.columns([1, 1.5], vertical_alignment="center")
    kind = chosen.segmented_control(
        "Rule",
        list(rules.KINDS),
        format_func=lambda name: rules.KINDS[name].title,
        default=rules.kind_of(text),
        key=f"rule-{subject.study.key}-{text}",
        required=True,
        label_visibility="collapsed",
    )
    says.caption(rules.KINDS[kind].says)
    if kind != rules.kind_of(text):
        subject.choose(rules.KINDS[kind].usual)
        st.rerun()
    studio.show(subject.study, kind, text, applied, key=f"studio-{subject.study.key}", on_choice=subject.choose)
    differences(subject)
    compared(subject.study, text, applied)


def differences(subject: Subject) -> None:
    """Which events come, and which go."""
    now, then = found(subject.study, subject.text), found(subject.study, subject.applied)
    left, right = st.columns(2, gap="large")
    with left:
        nothing = "No event comes at this threshold that is not there now."
        pieces.listed("Come", pieces.beyond(now, then), now, nothing)
    with right:
        pieces.listed("Go", pieces.beyond(then, now), then, "No event goes.")


def found(study: studio.Study, text: str) -> tsanomaly.Events:
    """The events at a threshold."""
    return _found(study.key, text, study.series.zone, study)


@st.cache_resource(max_entries=60, ttl="1h", show_spinner=False)
def _found(key: str, text: str, zone: str | None, _study: studio.Study) -> tsanomaly.Events:
    return _study.detector.events(_study.series, _study.scores, _study.threshold(text))


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
    events = found(_study, text)
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
