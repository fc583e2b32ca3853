"""Investigate over the workspace: the events of all jobs, one of them close up, and verdicts on them.

The address holds what is selected: ``event``, and the filters ``job``, ``series``, ``show``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import access
import bulk
import cases
import closeup
import event_table
import judging
import letters
import pieces
import reporting
import session
import streamlit as st
import words
from streamlit.delta_generator import DeltaGenerator

from tsanomaly.batch.registered import calendars_of
from tsanomaly.errors import TsAnomalyError, WorkspaceError
from tsanomaly.report.words import ARROWS, DIRECTIONS, counted, percent, rarity, sentence, shown
from tsanomaly.workspace import EventStatus, StoredEvent, Workspace
from tsanomaly.workspace.labels import Label, LabelFormat, read_labels, write_labels

OPEN, JUDGED, HELD, ALL = "open", "judged", "held", "all"
SHOWN = {
    OPEN: "Open: not judged yet",
    JUDGED: "Judged",
    **words.VERDICTS,
    HELD: "Held back by verdicts or calendars",
    "withdrawn": "Withdrawn: not found again",
    ALL: "All",
}
PARTS = ("Picture", "Channels", "Why", "Similar", "Elsewhere", "Rows", "History")
JSON_FORMATS = (LabelFormat.JSON, LabelFormat.NAB, LabelFormat.LABEL_STUDIO)
LABELS = {
    LabelFormat.CSV: "CSV, our own",
    LabelFormat.JSON: "JSON, our own",
    LabelFormat.NAB: "NAB: combined_windows.json",
    LabelFormat.LABEL_STUDIO: "Label Studio",
    LabelFormat.LOOKOUT: "Lookout for Equipment",
}
UNDERSTOOD = "In any of these formats, or TRAINSET's CSV: which one is seen from the file."
SEVERITIES = {str(least): f"{least} and more" for least in (10, 20, 30, 40, 50)}
SPANS = {"Event": None, "Day": 1.0, "Week": 7.0, "Month": 30.4375, "Year": 365.25}
MOST = 5000
MADE = 50_000
"""Rows kept ready at most, of all sessions."""

DAY = timedelta(days=1)

MOMENT = timedelta(microseconds=1)
"""How long a label of a moment counts: it meets the event that it lies in."""


def show() -> None:
    """The view."""
    workspace = session.workspace()
    run = st.session_state.get("run")
    title, back = st.columns([5, 1], vertical_alignment="center")
    with title:
        pieces.title("Investigate", f"the events of all jobs · times in {words.zone()}")
    if run is not None:
        back.page_link(session.INVESTIGATE, label="Back to your file", query_params={"run": run})
    events = filtered(workspace)
    chosen = chosen_of(workspace, events)
    if chosen is None:
        nothing(workspace)
        return
    left, right = st.columns([1.2, 1.3], gap="medium")
    with left:
        if events:
            listing(workspace, events, chosen)
        else:
            nothing(workspace)
    with right:
        one(workspace, chosen)
    filters = (st.query_params.get(name) for name in ("job", "series", "show", "severity"))
    letters.free(*filters, st.session_state.get("stored-span"))


# --- which ---------------------------------------------------------------------------------------------------------


def filtered(workspace: Workspace) -> list[StoredEvent]:
    """The events that pass the filters, which stand in the address."""
    jobs = job_names(workspace)
    one, two, three, four = st.columns([1, 1, 1.1, 0.8], vertical_alignment="bottom")
    job = chooser(one, "Job", ["", *jobs], "job", lambda name: name or "All jobs")
    series = chooser(two, "Series", ["", *series_names(workspace, job)], "series", lambda name: name or "All series")
    which = chooser(three, "Show", list(SHOWN), "show", lambda name: SHOWN.get(name, name))
    least = chooser(
        four, "Severity", ["", *SEVERITIES], "severity", lambda least: SEVERITIES.get(least, "Any severity")
    )
    found = workspace.events.list(
        job or None,
        series or None,
        status=EventStatus.WITHDRAWN if which == "withdrawn" else None if which == ALL else EventStatus.FOUND,
        verdict="none" if which == OPEN else which if which in words.VERDICTS else None,
        severity=float(least) if least else None,
        held_back=False if which == OPEN else True if which == HELD else None,
        limit=MOST,
    )
    return [event for event in found if event.verdict is not None] if which == JUDGED else found


def chooser(place: DeltaGenerator, label: str, options: list[str], name: str, said: Callable[[str], str]) -> str:
    """A filter that is mirrored in the address; what stands there and is none of the options counts as the first."""
    asked = st.query_params.get(name, "")
    now = asked if asked in options else options[0]
    key = f"filter-{name}-{now}"

    def chosen() -> None:
        if st.session_state[key] == options[0]:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = st.session_state[key]

    place.selectbox(
        label, options, index=options.index(now), format_func=lambda o: shown(said(o), 40), key=key, on_change=chosen
    )
    return now


def job_names(workspace: Workspace) -> list[str]:
    """Of all that have run or may run."""
    return sorted({job.name for job in workspace.jobs.list()} | {run.job for run in workspace.runs.list(limit=500)})


def series_names(workspace: Workspace, job: str) -> list[str]:
    """Of one job; of no job where none is chosen: names alone do not tell whose they are."""
    return list(workspace.watermarks.all(job)) if job else []


def nothing(workspace: Workspace) -> None:
    """No event passes: say what to do."""
    if workspace.events.count(status=None) == 0:
        pieces.lead("The workspace holds no events yet. Judge a file under New data and save it, or let a job run.")
        if st.button("New data", type="primary"):
            st.switch_page(session.NEW_DATA)
        return
    pieces.lead("No other event passes these filters: what was open is judged. Show all, or choose another job.")
    if st.button("Show all events"):
        st.query_params.clear()
        st.query_params["show"] = ALL
        st.rerun()


def chosen_of(workspace: Workspace, events: list[StoredEvent]) -> StoredEvent | None:
    """The event in the address, even where the filters leave it out: a link must lead to what it names, and an event
    that was just judged must not vanish under one's eyes. Else the first that passes; ``None``: none does."""
    asked = st.query_params.get("event", "")
    if re.fullmatch(r"[0-9a-f]{8,20}", asked):
        try:
            return workspace.events.get(asked)
        except WorkspaceError as error:
            st.warning(pieces.plain(str(error)))
    if not events:
        st.query_params.pop("event", None)
        return None
    st.query_params["event"] = events[0].id
    return workspace.events.get(events[0].id)


def choose(event_id: str) -> None:
    """Make it the chosen one."""
    st.query_params["event"] = event_id


# --- the list ------------------------------------------------------------------------------------------------------


def listing(workspace: Workspace, events: list[StoredEvent], chosen: StoredEvent) -> None:
    """The table, the way through it by keys, and verdicts for several."""
    ids = [event.id for event in events]
    before, after = around(events, chosen)
    title, back, onward = st.columns([2, 1.1, 1], vertical_alignment="center")
    with title:
        among = chosen.id in ids
        pieces.heading(f"Event {after:,} of {len(events):,}" if among else counted(len(events), "event"))
    for place, label, to, key in ((back, "Previous", before, "k"), (onward, "Next", after, "j")):
        place.button(
            label,
            key=label.lower(),
            on_click=choose,
            args=(ids[max(0, min(to, len(ids) - 1))],),
            disabled=not 0 <= to < len(ids),
            width="stretch",
            shortcut=key,
        )
    seen = [(event.id, event.updated_at, event.verdict_version, event.held_back) for event in events]
    rows = kept_rows(f"{hash(tuple(seen))} {words.zone()}", events)
    marked = event_table.show(
        rows, chosen.id, key="stored-events", on_choice=choose, height=452, many=access.may_write()
    )
    if len(events) == MOST:
        st.caption(f"The {MOST:,} most severe; narrow the filters to see others.")
    with st.container(horizontal=True, gap="small"):
        if st.button("Report", key="report", type="tertiary", help="A page of HTML with pictures and verdicts."):
            report(workspace, chosen)
        if st.button("Labels in and out", key="labels", type="tertiary"):
            takeaway(workspace, events)
    bulk.show(workspace, [event for event in events if event.id in set(marked)])


def around(events: list[StoredEvent], chosen: StoredEvent) -> tuple[int, int]:
    """Places in the list before and after the chosen event. One that has left it, as it was just judged, say, still has
    its place there, so that one goes on from where one was and not from the top."""
    at = next((place for place, event in enumerate(events) if event.id == chosen.id), None)
    if at is not None:
        return at - 1, at + 1
    after = sum(event.severity > chosen.severity for event in events)
    return after - 1, after


@st.cache_resource(max_entries=8, ttl="10m", show_spinner=False)
def kept_rows(seen: str, _events: list[StoredEvent]) -> event_table.Rows:
    """:func:`rows_of`, made once for the same events."""
    return rows_of(_events)


def rows_of(events: list[StoredEvent]) -> event_table.Rows:
    """Stored events as the table shows them; a row's id is the event's. Where all are of one series, it is not told."""
    several = len({(event.job, event.series) for event in events}) > 1
    columns = [
        event_table.SEVERITY,
        {"head": "Start"},
        *([{"head": "Series"}] if several else []),
        {"head": "Kind"},
        {"head": "What broke", "wide": True},
        {"head": "Verdict"},
    ]
    zone = words.zone()
    return event_table.Rows(columns, [_row(event, several, zone) for event in events])


def _row(event: StoredEvent, several: bool, zone: str) -> dict[str, object]:
    """An event's row, made once: another filter lists mostly the same ones."""
    key = (event.id, event.updated_at, event.verdict_version, event.held_back, event.status, several, zone)
    made = _made()
    row = made.get(key)  # another session may clear them at any time
    if row is None:
        if len(made) > MADE:
            made.clear()
        row = made[key] = _made_of(event, several, zone)
    return {**row, "cells": list(row["cells"])}


@st.cache_resource(show_spinner=False)
def _made() -> dict[tuple[object, ...], dict[str, Any]]:
    return {}


def _made_of(event: StoredEvent, several: bool, zone: str) -> dict[str, Any]:
    leading = event.channels[0] if event.channels else None
    broke = f"{ARROWS.get(leading.direction, '')} {shown(leading.name, 40)}" if leading else ""
    series = {"text": shown(event.series, 24), "title": f"{shown(event.series, 200)}, job {event.job}"}
    return {
        "id": event.id,
        "quiet": event.status != EventStatus.FOUND or bool(event.held_back),
        "cells": [
            event_table.severity(event.severity),
            {
                "text": words.moment(event.start, clock=zone),
                "by": event.start.timestamp(),
                "title": words.length(event),
            },
            *([series] if several else []),
            {"text": event.kind or ""},
            {"text": broke},
            {
                "text": words.VERDICTS[event.verdict] if event.verdict else "held back" if event.held_back else "open",
                "title": shown(event.held_back, 200),
            },
        ],
    }


# --- one event -----------------------------------------------------------------------------------------------------


def one(workspace: Workspace, event: StoredEvent) -> None:
    """What it is, the verdict, and what is asked about it."""
    about(event)
    judging.panel(workspace, event)
    choice, beside_it = st.columns([5.2, 1], vertical_alignment="center")
    part = choice.segmented_control(
        "About it", PARTS, default=PARTS[0], key="part", required=True, label_visibility="collapsed"
    )
    match part:
        case "Similar":
            similar(workspace, event)
        case "Elsewhere":
            elsewhere(workspace, event)
        case "History":
            remembered(workspace, event)
        case _:
            with_readings(workspace, event, part, beside_it)


def about(event: StoredEvent) -> None:
    """When, how long, how severe, and in words what."""
    state = {EventStatus.WITHDRAWN: " · withdrawn: not found again", EventStatus.MERGED: " · part of another event"}
    held = f" · held back: {shown(event.held_back, 300)}" if event.held_back else ""
    pieces.heading(f"{shown(event.series, 60)} · {words.moment(event.start)}, lasts {words.length(event)}")
    said = event.details.get("sentence")
    leading = ", ".join(
        f"{shown(c.name, 40)} {percent(c.share)} {DIRECTIONS.get(c.direction, '')}" for c in event.channels[:2]
    )
    pieces.lead(sentence(shown(str(said), 200)) if said else sentence(leading))
    rare = f"Severity {event.severity:.0f} of 100: {rarity(event.severity)}"
    pieces.quiet(f"{rare} · job {event.job}{state.get(event.status, '')}{held}")


@st.dialog("Report")
def report(workspace: Workspace, event: StoredEvent) -> None:
    """A page about the events of the chosen one's job, of a stretch that ends with the latest of them."""
    zone = words.ZoneInfo(words.zone())
    latest = max((each.end for each in workspace.events.list(event.job, order="start", limit=1)), default=event.end)
    last = (max(latest, event.end) + DAY).astimezone(zone).date()
    pieces.lead(
        f"All events of job {event.job} in a stretch of time: data, settings and model, each event with its picture, "
        "what broke, the smallest repair and its verdict, and how to make the page again."
    )
    left, right = st.columns(2)
    first = left.date_input(
        "From", min(event.start.astimezone(zone).date(), last - 90 * DAY), format=words.DAY, key="report-from"
    )
    last = right.date_input("Before", last, format=words.DAY, key="report-until")
    since, until = (datetime.combine(day, time(), zone) for day in (first, last))
    if since >= until:
        st.error("The first day must lie before the last one.")
    elif st.button("Write it", type="primary", key="report-write"):
        try:
            with st.spinner("Writing the report"):
                page = reporting.of_job(workspace, event.job, since, until)
        except TsAnomalyError as error:
            pieces.problem(error)
            return
        st.download_button(
            f"Download: {len(page) / 1e6:.1f} MB",
            page,
            f"{event.job}.html",
            "text/html",
            on_click="ignore",
            help="It opens without a network, and without this program.",
        )


@st.dialog("Verdicts as labels")
def takeaway(workspace: Workspace, events: list[StoredEvent]) -> None:
    """Verdicts in and out, in other tools' formats and our own."""
    form = st.selectbox("Format", list(LABELS), format_func=lambda each: LABELS[each], key="label-format")
    judged = {event.id for event in events if event.verdict is not None}
    said = [said.verdict for said in workspace.verdicts.list(limit=None)[::-1] if said.event_id in judged]
    labels = [Label(v.series, v.start, v.end, v.judgement, v.note, v.author) for v in said]
    st.download_button(
        f"Download {counted(len(labels), 'label')}",
        lambda: write_labels(labels, form),
        f"labels.{'json' if form in JSON_FORMATS else 'csv'}",
        on_click="ignore",
        disabled=not labels,
    )
    given = st.file_uploader("Labels from elsewhere", type=["json", "csv"], key="labels-in", help=UNDERSTOOD)
    if given is not None and access.may_write() and st.button("Judge the listed events by them", key="labels-apply"):
        try:
            by_labels(workspace, events, read_labels(given.getvalue(), name=given.name))
        except TsAnomalyError as error:
            pieces.problem(error)


def by_labels(workspace: Workspace, events: list[StoredEvent], labels: list[Label]) -> None:
    """Give each listed event that a label meets the label's verdict."""
    given = 0
    calendars = {job: calendars_of(workspace, job) for job in {event.job for event in events}}
    for event in events:
        met = [
            label
            for label in labels
            if label.series in ("", event.series)
            and not isinstance(label.start, int)
            and label.start < event.end
            and event.start < max(label.end, label.start + MOMENT)
        ]
        if met and event.verdict != met[-1].judgement:  # of several, the last counts
            workspace.verdicts.give(
                event.id,
                met[-1].judgement,
                note=met[-1].note or "from a file of labels",
                author=access.author(),
                seen_version=event.verdict_version,
                calendars=calendars[event.job],
            )
            given += 1
    st.session_state["said"] = ("ok", f"{counted(given, 'event')} judged by {counted(len(labels), 'label')}.")
    st.rerun()


def with_readings(workspace: Workspace, event: StoredEvent, part: str, place: DeltaGenerator) -> None:
    """The parts that need the series itself."""
    span = next(iter(SPANS))
    if part in PARTS[:2]:
        span = place.selectbox("Shown around it", list(SPANS), key="stored-span", label_visibility="collapsed")
    try:
        with st.spinner("Opening"):
            model = cases.model_of(workspace, event.job, event.series)
            found = f"{event.id} {event.updated_at}"
            case = case_of(found, SPANS[span], str(model), words.zone(), event, workspace)
    except TsAnomalyError as error:
        st.info(pieces.plain(sentence(str(error))))
        pieces.shares(event)
        return
    key = f"{event.id}-{span}"
    match part:
        case "Picture":
            closeup.picture(case.events, case.event, case.around, None, key)
        case "Channels":
            closeup.heat(case.events, case.event, case.around, key)
        case "Why":
            kind = shown(str(event.details.get("sentence", "")), 200)
            closeup.why(case.events, case.event, case.detector, key, kind)
        case "Rows":
            closeup.raw(case.events, case.event, key)


@st.cache_resource(max_entries=48, ttl="10m", show_spinner=False)
def case_of(
    found: str, days: float | None, model: str, zone: str, _event: StoredEvent, _workspace: Workspace
) -> cases.Case:
    """An event with its readings; kept for a while."""
    detector = session.detector_for(Path(model), _event.job, _event.series)
    return cases.open_case(_workspace, _event, days, detector, zone)


def similar(workspace: Workspace, event: StoredEvent) -> None:
    """Past events like it, and what was said of them."""
    found = cases.alike(workspace, event)
    if not found:
        pieces.lead("No past event is like this one: it is the first of its kind here.")
        return
    pieces.lead(f"{counted(len(found), 'past event')} like this one, the most alike first. Choose one to look at it.")
    likeness = {each.id: share for each, share in found}
    table = rows_of([each for each, _ in found])
    for row in table.rows:
        share = likeness[str(row["id"])]
        row["cells"].insert(0, {"text": percent(share), "by": -share})
    table.columns.insert(0, {"head": "Alike"})
    event_table.show(table, None, key=f"similar-{event.id}", on_choice=choose)


def elsewhere(workspace: Workspace, event: StoredEvent) -> None:
    """What happened elsewhere at that time."""
    found = cases.neighbours(workspace, event)
    if not found:
        pieces.lead("In no other series was there an event at that time: this one stands alone.")
        return
    pieces.lead(f"{counted(len(found), 'event')} in other series at that time, the most severe first.")
    event_table.show(rows_of(found), None, key=f"beside-{event.id}", on_choice=choose)


def remembered(workspace: Workspace, event: StoredEvent) -> None:
    """Notes, verdicts and what runs did to it."""
    if access.may_write():
        with st.form(f"note-{event.id}", clear_on_submit=True, border=False):
            text, button = st.columns([4, 1], vertical_alignment="bottom")
            note = text.text_input("A note for others", max_chars=2000)
            if button.form_submit_button("Add", width="stretch") and note.strip():
                workspace.notes.add(note, author=access.author(), event_id=event.id)
                st.rerun()
    lines = [(note.at, f"{shown(note.author, 40)} noted", note.text) for note in workspace.notes.list(event.id)]
    for said in workspace.verdicts.history(event.id):
        undone = f", undone by {shown(said.undone_by or '', 40)}" if said.undone_at else ""
        what = f"{shown(said.author, 40)} judged it: {words.VERDICTS[said.judgement]}{undone}"
        lines.append((said.at, what, said.note))
    changes = workspace.events.history(event.id)
    lines += [(change.at, f"A run of {event.job}: {change.change}", "") for change in changes]
    pieces.story([(words.moment(at), what, text) for at, what, text in sorted(lines, key=lambda line: line[0])])
