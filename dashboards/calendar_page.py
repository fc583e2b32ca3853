"""Calendars of known maintenance: what is in them, a new window, ``.ics`` in and out. Jobs name those they go by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import access
import judging
import pieces
import streamlit as st
import words

from tsanomaly.report.words import shown, stem
from tsanomaly.workspace import StoredEntry, Workspace
from tsanomaly.workspace.calendars import Calendar, Entry

DAYS = {"MO": "Mon", "TU": "Tue", "WE": "Wed", "TH": "Thu", "FR": "Fri", "SA": "Sat", "SU": "Sun"}


def show(workspace: Workspace, goes_by: tuple[str, ...], go_by: Callable[[list[str]], None]) -> None:
    """All calendars, and one of them to change.

    Args:
        goes_by: names of those that the job goes by.
        go_by: makes the job go by others.
    """
    stored = workspace.calendars.list()
    names = sorted({entry.calendar for entry in stored} | {judging.MAINTENANCE} | set(goes_by))
    pieces.lead(
        f"This job goes by: {', '.join(goes_by)}."
        if goes_by
        else "This job goes by no calendar: choose one, and let the job go by it. Events that lie in it are held back."
    )
    name = st.selectbox("Calendar", names, key="calendar-name")
    of_it = [entry for entry in stored if entry.calendar == name]
    calendar = Calendar.from_entries([dict(entry.entry) for entry in of_it])  # type: ignore[arg-type]
    listed(workspace, of_it)
    with st.container(horizontal=True):
        st.download_button(
            "Download .ics",
            calendar.to_ics(),
            f"{stem(name)}.ics",
            "text/calendar",
            on_click="ignore",
            disabled=not of_it,
        )
        follows = name in goes_by
        wanted = [each for each in goes_by if each != name] if follows else [*goes_by, name]
        says = "From the next run on. It stands under [calendar] in the job's settings."
        if access.may_write() and st.button(
            "Go by it no longer" if follows else "Let this job go by it", key="calendar-follow", help=says
        ):
            go_by(wanted)
    if access.may_write():
        left, right = st.columns(2, gap="large")
        with left:
            weekly(workspace, name)
        with right:
            taken_in(workspace, name)


def listed(workspace: Workspace, stored: list[StoredEntry], most: int = 30) -> None:
    """What is in it."""
    if not stored:
        pieces.lead("It is empty. Events judged as maintenance come to the calendar of that name by themselves.")
        return
    for kept in stored[:most]:
        said, button = st.columns([6, 1], vertical_alignment="center")
        with said:
            pieces.story([in_words(entry) for entry in Calendar.from_entries([dict(kept.entry)]).entries])
        if access.may_write() and button.button("Remove", key=f"remove-{kept.uid}", type="tertiary"):
            workspace.calendars.remove(kept.calendar, kept.uid, author=access.author())
            st.rerun()
    if len(stored) > most:
        st.caption(f"and {len(stored) - most} more")


def in_words(entry: Entry) -> tuple[str, str, str]:
    """When, what, and how it comes back."""
    lasts = f"lasts {words.span(entry.end - entry.start)}"
    return words.moment(entry.start), entry.summary or "no title", f"{lasts}, {entry.rule}" if entry.rule else lasts


def weekly(workspace: Workspace, name: str) -> None:
    """A window that comes back every week."""
    with st.form("weekly", border=True):
        pieces.heading("A weekly window")
        title = st.text_input("What for", "Maintenance", max_chars=100)
        days = st.pills("Days", list(DAYS), format_func=DAYS.__getitem__, selection_mode="multi", default=["SU"])
        one, two, three = st.columns(3)
        at = one.time_input("From", time(2, 0))
        hours = two.number_input("Hours", 0.25, 168.0, 2.0, step=0.25)
        zone = three.selectbox("On the clock of", words.zones(), index=words.zones().index(words.zone()))
        if st.form_submit_button("Add") and days:
            put(workspace, name, Calendar.weekly(title, days, at, timedelta(hours=hours), zone))
            st.rerun()


def taken_in(workspace: Workspace, name: str) -> None:
    """An ``.ics`` file."""
    with st.container(border=True):
        pieces.heading("From a calendar program")
        given = st.file_uploader("An .ics file", type=["ics"], key="ics-in")
        if given is not None and st.button("Add its entries", key="ics-add"):
            calendar = Calendar.read(given.getvalue(), given.name, words.zone())
            put(workspace, name, calendar)
            st.session_state["said"] = ("ok", f"{len(calendar.entries)} entries from {shown(given.name, 60)}.")
            st.rerun()


def put(workspace: Workspace, name: str, calendar: Calendar) -> None:
    """Store all entries of a calendar in one of the workspace."""
    for uid, entry in calendar.to_entries().items():
        workspace.calendars.put(name, uid, entry, author=access.author(), now=datetime.now(UTC))
