"""Investigate: the events of a run, ranked, and one of them close up. The address holds run, threshold and event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import access
import budgets
import closeup
import event_table
import judging
import letters
import numpy as np
import pieces
import reporting
import rules
import saving
import scheduling
import session
import stored
import streamlit as st
import testing
import watching
import words
from runs import Run
from streamlit.delta_generator import DeltaGenerator
from task import State

import tsanomaly
from tsanomaly.detection.explanation import Explanation
from tsanomaly.detection.verdicts import instant
from tsanomaly.errors import BundleError
from tsanomaly.report import figures
from tsanomaly.report.words import (
    clock,
    headline,
    not_judged,
    percent,
    rarity,
    rows_lasting,
    sentence,
    shown,
    stem,
    worst,
    zone_of,
)

SPANS = {"Hour": 1 / 24, "Day": 1.0, "Week": 7.0, "Month": 30.4375, "Year": 365.25}
"""What is shown around an event, in days, where it is more than the event and less than the series."""

CLOSE, ALL = "Event", "All"

DRAWN = 2
"""Channels drawn over the whole series where the user names none."""

STORED = re.compile("[0-9a-f]{16,20}")
"""How the workspace names events: a run's are named by the row of their peak."""

PARTS = ("Picture", "Channels", "Why", "Similar", "Rows")

WHOLE = {"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "autoScale2d"], "scrollZoom": False}

FEWEST = 10
"""Rows in the shortest stretch that is shown by itself."""

EXPLAINED = 1000
"""Events of a run whose kinds are worked out at most."""


def show() -> None:
    """The view: the workspace's events, or a file of this session that is in no workspace yet."""
    asked = st.query_params
    named = "job" in asked or "show" in asked or bool(STORED.fullmatch(asked.get("event", "")))
    in_workspace = "run" not in asked and named
    named_run = "run" in asked
    gone = st.session_state.pop("gone", False) or named_run
    run = None if in_workspace else session.current()
    if run is None and gone:
        st.session_state["gone"] = named_run  # the address forgets it, and the button below takes another round
        empty("This file is not here any more", "A file that nobody saved is forgotten after 14 days. Give it again.")
        return
    if run is None:
        stored.show()
        return
    status = run.status()
    if status.state is State.RUNNING:
        waiting(run)
        return
    if status.state is not State.DONE:
        empty(run.request.name, status.message or "It was not judged yet.", "Back to the file")
        return
    st.session_state["seen"] = run.id
    try:
        with st.spinner("Opening"):
            session.result(run)
    except BundleError as error:
        empty(run.request.name, f"Its result cannot be opened any more: {error}.", "Back to the file")
        return
    found(run)


def waiting(run: Run) -> None:
    """A run on its way, and something to look at meanwhile."""
    name, other = st.columns([5, 1], vertical_alignment="center")
    with name:
        pieces.title(run.request.name)
    other.page_link(session.NEW_DATA, label="Another file", query_params={"run": "none"})
    watching.watch(run)
    look = pieces.look(run)
    if look is not None:
        reading = look.reading
        pieces.picture(reading[run.request.series] if run.request.series is not None else reading.one())


def empty(title: str, why: str, back: str = "New data") -> None:
    """Nothing to show, why, and what to do about it."""
    pieces.title(title)
    pieces.lead(why)
    if st.button(back, type="primary"):
        st.switch_page(session.NEW_DATA)


def found(run: Run) -> None:
    """Headline and threshold, the whole series, one event, and what the detector is worth here."""
    head, side = st.columns([2.4, 1], gap="large")
    threshold = session.threshold(run)
    with side:
        threshold = line(run, threshold)
        events = session.events(run, threshold)
    with head:
        pieces.title(headline(events), f"{shown(run.request.name, 40)} · {zone_of(events.series)}")
        pieces.lead(" ".join(worth_knowing(events)))
    chosen = chosen_event(run, events)
    wanted = wanted_channels(run, events)
    whole(run, events, chosen, wanted)
    if chosen is None:
        pieces.lead(nothing(events))
    else:
        listed, close = st.columns([1, 1.45], gap="medium")
        with listed:
            table(run, events, chosen)
        with close:
            close_up(run, events, chosen, wanted)
        letters.free(st.session_state.get("span"))
    st.divider()
    testing.show(run, threshold)
    st.divider()
    downloads(run, events, threshold)


def line(run: Run, threshold: str) -> str:
    """Where the line is drawn: an alert budget as a slider, any other rule by its name; returns the threshold."""
    if rules.kind_of(threshold) == "budget":
        chosen = budgets.slider(threshold, key=f"shown-{run.id}")
    else:
        chosen = threshold
        st.caption("Threshold")
        pieces.heading(rules.spoken(threshold))
    session.remember(run, "threshold", chosen)
    return chosen


def worth_knowing(events: tsanomaly.Events) -> Iterator[str]:
    """The worst event, and what the threshold and the gaps have to say, if anything."""
    yield worst(events)
    if events.threshold.note:
        yield sentence(events.threshold.note)
    if events.coverage.not_judged:
        yield not_judged(events)


def nothing(events: tsanomaly.Events) -> str:
    """Why there is no event, and what would change that."""
    judged = events.scores.total[np.isfinite(events.scores.total)]
    if len(judged) == 0 or np.ptp(judged) == 0:
        return "Every row scores the same: nothing stands out, and no budget would change that."
    if events.threshold.note:
        return "Nothing lies above the threshold."
    return "Nothing lies above the threshold. A larger alert budget lowers it."


def chosen_event(run: Run, events: tsanomaly.Events) -> tsanomaly.Event | None:
    """The event in the address bar, by the row of its peak: a rank would mean another one at another budget."""
    if not len(events):
        st.query_params.pop("event", None)
        return None
    asked = session.recall(run, "event")
    row = int(asked) if re.fullmatch(r"\d{1,12}", asked) else -1
    chosen = next((event for event in events if event.start_row <= row < event.end_row), events[0])
    choose(run, chosen)
    return chosen


def choose(run: Run, event: tsanomaly.Event) -> None:
    """Make it the chosen one."""
    session.remember(run, "event", str(event.peak_row))


def wanted_channels(run: Run, events: tsanomaly.Events) -> list[int] | None:
    """Columns of the channels that the user wants to see; ``None``: those that broke."""
    names = st.session_state.get(f"channels-{run.id}") or []
    return [events.series.channels.index(name) for name in names] or None


def whole(run: Run, events: tsanomaly.Events, chosen: tsanomaly.Event | None, wanted: list[int] | None) -> None:
    """The series with all events. A click on a peak chooses its event; a stretch drawn over is shown finer."""
    rows = stretch(run, events.series)
    key = f"whole-{run.id}-{rows}"

    def touched() -> None:
        selection = st.session_state[key]["selection"]
        if selection["box"]:
            ends = [figures.row_at(events.series, end) for end in selection["box"][0]["x"]]
            session.remember(run, "rows", f"{min(ends)}-{max(ends) + 1}")
            return
        ranks = [point["customdata"] for point in selection["points"] if "customdata" in point]
        if ranks:
            rank = ranks[0][0] if isinstance(ranks[0], list) else ranks[0]
            choose(run, events[int(rank) - 1])

    drawn = wanted or figures.leading_channels(events, DRAWN, chosen)
    figure = figures.overview(
        events, channels=drawn, chosen=chosen, rows=rows, palette=session.palette(), height=120 + 65 * len(drawn)
    )
    figure.update_layout(selectdirection="h")  # a stretch has no height
    pieces.chart(figure, name="whole", key=key, config=WHOLE, on_select=touched, selection_mode=("points", "box"))
    span_control(run, events.series, rows)


def span_control(run: Run, series: tsanomaly.Series, rows: tuple[int, int] | None) -> None:
    """Two handles under the picture, between which it is drawn in finer detail."""
    first, last = rows or (0, len(series))
    key = f"rows-{run.id}-{first}-{last}"
    by_clock = series.step is not None and series.step >= np.timedelta64(1, "s")

    def place(row: int) -> Any:
        if not by_clock:
            return row
        return datetime.fromtimestamp(figures.on_clock(series, np.array([row]))[0] / 1000, UTC).replace(tzinfo=None)

    def moved() -> None:
        ends = [figures.row_at(series, str(end)) if by_clock else int(end) for end in st.session_state[key]]
        whole = ends[0] <= 0 and ends[1] >= len(series) - 1
        session.remember(run, "rows", "" if whole else f"{ends[0]}-{ends[1] + 1}")

    handles, back = st.columns([7.5, 1], vertical_alignment="center")
    handles.slider(
        "Stretch shown",
        place(0),
        place(len(series) - 1),
        (place(first), place(last - 1)),
        step=timedelta(seconds=float(series.step / np.timedelta64(1, "s"))) if by_clock else 1,
        format="D MMM YYYY, HH:mm" if by_clock else None,
        key=key,
        on_change=moved,
        label_visibility="collapsed",
    )
    back.button(
        "Whole series",
        on_click=session.remember,
        args=(run, "rows", ""),
        width="stretch",
        key="whole",
        type="tertiary",
        disabled=rows is None,
    )


def stretch(run: Run, series: tsanomaly.Series) -> tuple[int, int] | None:
    """The rows in the address that are shown in finer detail; ``None``: all."""
    asked = re.fullmatch(r"(\d{1,12})-(\d{1,12})", session.recall(run, "rows"))
    if asked is None:
        return None
    first, last = max(0, int(asked[1])), min(len(series), int(asked[2]))
    return (first, last) if last - first >= FEWEST else None


def table(run: Run, events: tsanomaly.Events, chosen: tsanomaly.Event) -> None:
    """Ranked events; choosing a row chooses its event."""
    title, back, onward = st.columns([2, 1.3, 1.1], vertical_alignment="center")
    with title:
        pieces.heading(f"Event {chosen.rank} of {len(events)}")
    back.button(
        "Previous",
        key="previous",
        on_click=choose,
        args=(run, events[max(0, chosen.rank - 2)]),
        disabled=chosen.rank == 1,
        width="stretch",
        shortcut="k",
    )
    onward.button(
        "Next",
        key="next",
        on_click=choose,
        args=(run, events[min(len(events) - 1, chosen.rank)]),
        disabled=chosen.rank == len(events),
        width="stretch",
        shortcut="j",
    )
    event_table.show(
        closeup.with_kinds(events, explained(run, events)),
        str(chosen.rank),
        key=f"events-{run.id}",
        on_choice=lambda rank: choose(run, events[int(rank) - 1]),
    )
    if len(events) > event_table.LISTED:
        st.caption(f"The {event_table.LISTED:,} most severe of {len(events):,} events; the files hold all.")
    pieces.heading("What broke in it")
    pieces.shares(chosen)
    st.caption(sentence(f"severity {chosen.severity:.0f} of 100: {rarity(chosen.severity)}"))


def explained(run: Run, events: tsanomaly.Events) -> tuple[Explanation, ...]:
    """What kind each event is; of very many, none is looked into."""
    if len(events) > EXPLAINED:
        return ()
    return closeup.explanations(f"{run.id} {events.threshold.value}", events, session.result(run).detector)


def close_up(run: Run, events: tsanomaly.Events, chosen: tsanomaly.Event, wanted: list[int] | None) -> None:
    """One event: what was expected and what came, why, and what it is like; and the way to a verdict."""
    lasts = rows_lasting(events.series, chosen.end_row - chosen.start_row)
    pieces.heading(f"{clock(chosen.start)}, lasts {lasts}")
    said = explained(run, events)
    if said:
        pieces.lead(sentence(said[chosen.rank - 1].sentence))
    verdicts(run, events, chosen)
    parts, channels, around_it = st.columns([2.5, 1, 1], vertical_alignment="center")
    part = parts.segmented_control(
        "About it", PARTS, default=PARTS[0], key="run-part", required=True, label_visibility="collapsed"
    )
    key = f"{run.id} {events.threshold.value}@{chosen.peak_row}"
    detector = session.result(run).detector
    match part:
        case "Picture" | "Channels":
            spans = spans_around(events.series, chosen)
            span = around_it.selectbox("Shown around it", list(spans), key="span", label_visibility="collapsed")
            around = spans.get(span, spans[CLOSE])
            if part == "Picture":
                pick_channels(run, events, channels)
                closeup.picture(events, chosen, around, wanted, f"{key}-{span}")
            else:
                closeup.heat(events, chosen, around, f"{key}-{span}")
        case "Why":
            closeup.why(events, chosen, detector, key)
        case "Similar":
            similar(run, events, chosen, said)
        case "Rows":
            closeup.raw(events, chosen, key)


def pick_channels(run: Run, events: tsanomaly.Events, place: DeltaGenerator) -> None:
    """Which channels are drawn, where there are several."""
    names = list(events.series.channels)
    if len(names) > 1:
        with place.popover("Channels", width="stretch"):
            st.multiselect(
                "Channels to draw",
                names,
                format_func=shown,
                max_selections=figures.CHANNELS,
                placeholder="those that broke",
                key=f"channels-{run.id}",
            )


def similar(run: Run, events: tsanomaly.Events, chosen: tsanomaly.Event, said: tuple[Explanation, ...]) -> None:
    """Other events of the series like this one."""
    found = closeup.alike(events, chosen, said) if said else []
    if not found:
        pieces.lead("No other event of this series is like it.")
        return
    table = closeup.with_kinds(events, said)
    likeness = dict(found)
    rows = [row for row in table.rows if int(row["id"]) in likeness]
    for row in rows:
        share = likeness[int(row["id"])]
        row["cells"].insert(0, {"text": percent(share), "by": -share})
    listed = event_table.Rows([{"head": "Alike"}, *table.columns], rows)
    event_table.show(listed, None, key="similar", on_choice=lambda rank: choose(run, events[int(rank) - 1]))


def verdicts(run: Run, events: tsanomaly.Events, chosen: tsanomaly.Event) -> None:
    """A verdict is for all: the first one saves the run to the workspace, and goes on there."""
    if not access.may_write():
        return
    if not events.series.has_clock:
        pieces.quiet(
            "This file has row numbers and no times, and a verdict is kept by the time of its event, so that it still "
            "fits when more rows come: add a column of times to the file, or name the one it has under New data, "
            "'Read it differently', and judge its events then."
        )
        return
    with st.container(horizontal=True, gap="small"):
        for judgement, key in judging.KEYS.items():
            if st.button(
                words.ASKED[judgement],
                key=f"run-judge-{judgement}",
                shortcut=key,
                help=f"{judging.MEANS[judgement]} It saves this run to the workspace first.",
            ):
                to_workspace(run, events, chosen, judgement)


def to_workspace(run: Run, events: tsanomaly.Events, chosen: tsanomaly.Event | None, judgement: str | None) -> None:
    """Save the run and go on with the same event there."""
    workspace = session.workspace()
    with st.spinner("Saving to the workspace"):
        job = saving.save(run, session.threshold(run), workspace, access.author())
    if chosen is None:
        st.switch_page(session.JOBS, query_params={"job": job})
    start = instant(events.series, chosen.start_row)
    end = instant(events.series, chosen.end_row)
    stored_events = workspace.events.list(job, since=start, until=end, order="start", limit=10)
    if not stored_events:
        st.switch_page(session.INVESTIGATE, query_params={"job": job})
    event = max(stored_events, key=lambda each: min(each.end, end) - max(each.start, start))
    if judgement is not None:
        st.session_state[f"judge-{event.id}"] = judgement
    st.session_state["said"] = ("ok", f"Saved to the workspace as {job}.")
    st.switch_page(session.INVESTIGATE, query_params={"event": event.id, "job": job})


def spans_around(series: tsanomaly.Series, event: tsanomaly.Event) -> dict[str, float]:
    """What may be shown around an event, in its lengths as :func:`figures.zoom` counts them."""
    length = event.end_row - event.start_row
    counted = max(30, length)
    close = length + 2 * 2 * counted
    per_day = series.rows_per_week / 7
    rows = {name: int(days * per_day) for name, days in SPANS.items()} if series.has_clock else {}
    usable = {name: number for name, number in rows.items() if 1.2 * close < number < len(series)}
    around = {name: (number - length) / 2 / counted for name, number in list(usable.items())[:3]}
    return {CLOSE: 2.0, **around, ALL: len(series) / counted}


def downloads(run: Run, events: tsanomaly.Events, threshold: str) -> None:
    """All of it, to take away."""
    name = stem(run.request.name)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button("Events as CSV", events.to_csv, f"{name}-events.csv", "text/csv", on_click="ignore")
        json = "application/json"
        st.download_button("Events as JSON", events.to_json, f"{name}-events.json", json, on_click="ignore")
        st.download_button(
            "Report",
            lambda: reporting.of_run(run, events, threshold),
            f"{name}.html",
            "text/html",
            on_click="ignore",
            help="One page with pictures that opens without this program. Writing it takes some seconds.",
        )
        st.download_button(
            "Model",
            run.model.read_bytes,
            f"{name}.safetensors",
            "application/octet-stream",
            on_click="ignore",
            help="Judges other files of the same columns and step: tsanomaly detect FILE --model MODEL",
        )
        if events.series.has_clock and access.may_write():
            if st.button("Save to the workspace", key="save", help="Its events, model and scores, for others to see."):
                to_workspace(run, events, events[0] if len(events) else None, None)
            if st.button("Make it a scheduled job", key="schedule", type="primary"):
                scheduling.show(run)
        st.page_link(session.INVESTIGATE, label="Events of all jobs", query_params={"show": stored.OPEN})
        about = events.threshold
        st.caption(f"Threshold {about.value:.3g}: {about.rule}, fitted on {about.fitted_on:,} scores.")


show()
