"""Investigate: the events of a run, ranked, and one of them close up. The address bar holds run, budget and event."""

from __future__ import annotations

import re

import budgets
import pandas as pd
import pieces
import session
import streamlit as st
import watching
from runs import Run, State

import tsanomaly
from tsanomaly.report import figures
from tsanomaly.report.html import to_html
from tsanomaly.report.words import (
    clock,
    headline,
    not_judged,
    rows_lasting,
    shown,
    stem,
    worst,
    zone_of,
)

SPANS = {"Close": 2.0, "Wider": 10.0, "Widest": 50.0}
"""What is shown around an event, in its lengths."""

SHORT = {"above": "above", "below": "below", "both": "both ways"}

CHART = {"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"], "scrollZoom": False}


def show() -> None:
    """The view."""
    run = session.current()
    if run is None:
        empty("There is nothing to investigate yet.", "Give a file under New data first.")
        return
    status = run.status()
    if status.state is State.RUNNING:
        pieces.title(run.request.name)
        watching.watch(run)
        return
    if status.state is not State.DONE:
        empty("This run has no result.", status.message or "It was not started yet.")
        return
    st.session_state["seen"] = run.id
    with st.spinner("Opening"):
        session.result(run)
    found(run)


def empty(title: str, what_to_do: str) -> None:
    """Nothing to show, and what to do about it."""
    pieces.title(title)
    pieces.lead(what_to_do)
    if st.button("New data", type="primary"):
        st.switch_page(session.NEW_DATA)


def found(run: Run) -> None:
    """Headline and threshold, the whole series, and one event."""
    head, slider = st.columns([2.4, 1], gap="large")
    with slider:
        budget = budgets.slider(asked_budget(run), key=f"shown-{run.id}")
    st.query_params["budget"] = budget
    events = session.events(run, budget)
    with head:
        pieces.title(headline(events), shown(run.request.name, 40))
        pieces.lead(f"{worst(events)} {not_judged(events)}")
    chosen = chosen_event(events)
    whole(run, events, chosen)
    if chosen is None:
        pieces.lead("Nothing lies above the threshold. A larger alert budget lowers it.")
    else:
        listed, close = st.columns([1, 1.3], gap="large")
        with listed:
            table(run, events, chosen)
            pieces.heading("What broke in it")
            pieces.shares(chosen)
        with close:
            close_up(events, chosen)
    downloads(run, events)


def asked_budget(run: Run) -> str:
    """The budget in the address bar, if it is one, or the run's own."""
    asked = st.query_params.get("budget", "")
    return asked if re.fullmatch(r"[1-9]\d{0,3}/(hour|day|week|month|year)", asked) else run.request.budget


def chosen_event(events: tsanomaly.Events) -> tsanomaly.Event | None:
    """The event in the address bar, by the row of its peak: a rank would mean another one at another budget."""
    if not len(events):
        st.query_params.pop("event", None)
        return None
    asked = st.query_params.get("event", "")
    row = int(asked) if re.fullmatch(r"\d{1,12}", asked) else -1
    chosen = next((event for event in events if event.start_row <= row < event.end_row), events[0])
    choose(chosen)
    return chosen


def choose(event: tsanomaly.Event) -> None:
    """Mirror it in the address bar."""
    if st.query_params.get("event") != str(event.peak_row):
        st.query_params["event"] = str(event.peak_row)


def whole(run: Run, events: tsanomaly.Events, chosen: tsanomaly.Event | None) -> None:
    """The series with all events; a click on a peak chooses its event."""
    key = f"whole-{run.id}"

    def clicked() -> None:
        points = st.session_state[key]["selection"]["points"]
        ranks = [point["customdata"] for point in points if "customdata" in point]
        if ranks:
            rank = ranks[0][0] if isinstance(ranks[0], list) else ranks[0]
            choose(events[int(rank) - 1])

    drawn = figures.leading_channels(events, 3)
    figure = figures.overview(
        events, channels=drawn, chosen=chosen, palette=session.palette(), height=130 + 65 * len(drawn)
    )
    st.plotly_chart(figure, theme=None, key=key, config=CHART, on_select=clicked, selection_mode="points")
    others = len(events.series.channels) - len(drawn)
    more = f" · {others} more channels broke less and are not drawn" if others else ""
    st.caption(f"{zone_of(events.series)[0].upper()}{zone_of(events.series)[1:]}{more}")


def table(run: Run, events: tsanomaly.Events, chosen: tsanomaly.Event) -> None:
    """Ranked events; choosing a row chooses its event."""
    key = f"events-{run.id}-{events.threshold.value}-{chosen.rank}"

    def picked() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows:
            choose(events[rows[0]])

    title, back, onward = st.columns([3, 1, 1], vertical_alignment="center")
    with title:
        pieces.heading(f"Event {chosen.rank} of {len(events)}")
    back.button(
        "Previous",
        key="previous",
        on_click=choose,
        args=(events[max(0, chosen.rank - 2)],),
        disabled=chosen.rank == 1,
        width="stretch",
        shortcut="k",
    )
    onward.button(
        "Next",
        key="next",
        on_click=choose,
        args=(events[min(len(events) - 1, chosen.rank)],),
        disabled=chosen.rank == len(events),
        width="stretch",
        shortcut="j",
    )
    frame = pd.DataFrame(
        {
            "#": [event.rank for event in events],
            "Severity": [event.severity for event in events],
            "Start": [clock(event.start) for event in events],
            "Lasts": [rows_lasting(events.series, event.end_row - event.start_row) for event in events],
            "What broke": [f"{shown(event.channels[0].name, 40)}, {SHORT[event.direction]}" for event in events],
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        key=key,
        on_select=picked,
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [chosen.rank - 1]}},
        height=min(38 + 35 * len(events), 290),
        column_config={
            "#": st.column_config.NumberColumn(width=36),
            "Severity": st.column_config.ProgressColumn(
                min_value=0,
                max_value=100,
                format="%.0f",
                width=96,
                help="0 to 100; each 10 points are ten times rarer in the data learned from.",
            ),
        },
    )


def close_up(events: tsanomaly.Events, chosen: tsanomaly.Event) -> None:
    """One event: what was expected, and what came."""
    said, around = st.columns([1.6, 1], vertical_alignment="center")
    with said:
        lasts = rows_lasting(events.series, chosen.end_row - chosen.start_row)
        pieces.heading(f"{clock(chosen.start)}, {lasts}, severity {chosen.severity:.0f} of 100")
    span = around.segmented_control(
        "Shown around it", list(SPANS), default="Close", key="span", label_visibility="collapsed", required=True
    )
    figure = figures.zoom(events, chosen, around=SPANS[span], palette=session.palette())
    st.plotly_chart(figure, theme=None, key=f"close-{chosen.peak_row}-{span}", config=CHART)


def downloads(run: Run, events: tsanomaly.Events) -> None:
    """All of it, to take away."""
    name = stem(run.request.name)
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button("Events as CSV", events.to_csv, f"{name}-events.csv", "text/csv", on_click="ignore")
        json = "application/json"
        st.download_button("Events as JSON", events.to_json, f"{name}-events.json", json, on_click="ignore")
        st.download_button(
            "Report",
            lambda: to_html([events], session.result(run).diagnosis),
            f"{name}.html",
            "text/html",
            on_click="ignore",
            help="One page with pictures that opens without this program.",
        )
        st.download_button(
            "Model",
            run.model.read_bytes,
            f"{name}.safetensors",
            "application/octet-stream",
            on_click="ignore",
            help="Judges other files of the same columns and step: tsanomaly detect FILE --model MODEL",
        )
        about = events.threshold
        note = f" ({about.note})" if about.note else ""
        st.caption(f"Threshold {about.value:.3g}: {about.rule}, fitted on {about.fitted_on:,} scores{note}.")


show()
