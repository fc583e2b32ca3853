"""One verdict for all events that are ticked: what it would change, the verdict itself, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import access
import cases
import judging
import pieces
import session
import streamlit as st
import words

from tsanomaly.batch.registered import calendars_of
from tsanomaly.detection.feedback import judge
from tsanomaly.detection.verdicts import Judgement
from tsanomaly.errors import WorkspaceError
from tsanomaly.report.words import counted
from tsanomaly.workspace import StoredEvent, Workspace

GIVEN = "bulk-given"
"""In the session: what was said last of several events, and which, with the versions of their verdicts since."""


def show(workspace: Workspace, events: Sequence[StoredEvent]) -> None:
    """What may be said of those that are ticked, and the way back from what was said last."""
    if not access.may_write():
        return
    way_back()
    if not events:
        return
    with st.container(border=True):
        pieces.lead(f"{counted(len(events), 'event')} ticked.")
        choice, note, button = st.columns([1.2, 1.6, 0.9], vertical_alignment="bottom")
        wanted = choice.selectbox(
            "Judge them all as",
            list(judging.KEYS),
            index=None,
            placeholder="a verdict",
            format_func=lambda judgement: words.VERDICTS[judgement],
            key="bulk-verdict",
        )
        text = note.text_input("Note", key="bulk-note", max_chars=2000)
        button.button(
            "Apply",
            key="bulk-apply",
            type="primary",
            width="stretch",
            disabled=wanted is None,
            on_click=_give,
            args=([(event.id, event.verdict_version, event.job) for event in events], wanted, text),
        )
        if wanted is not None:
            pieces.quiet(foreseen(workspace, events, wanted))


def foreseen(workspace: Workspace, events: Sequence[StoredEvent], wanted: Judgement) -> str:
    """What it would change among the last months' events of their jobs, under the verdicts in force and the calendars:
    ``Of 9 events shown in the last three months, 3 would go, 1 of them not ticked, and 6 would stay.``"""
    now, ticked = datetime.now(UTC), {event.id for event in events}
    gone, stay, returned, beside = 0, 0, 0, 0
    for job in {event.job for event in events}:
        past = [each.occurrence for each in cases.past_occurrences(workspace, job, now)]
        known = {each.key: each for each in past}
        feedback, calendar = workspace.verdicts.feedback(job), judging.maintenance(workspace, job, past)
        before = judge(past, feedback, calendar)
        for event in events:
            if event.job == job:
                occurrence = known.get(event.id) or workspace.events.get(event.id).occurrence
                feedback = feedback.give(occurrence.judged(wanted, now))
        for was, then in zip(before, judge(past, feedback, calendar), strict=True):
            gone += was.shown and not then.shown
            stay += was.shown and then.shown
            returned += then.shown and not was.shown
            beside += was.shown and not then.shown and then.occurrence.key not in ticked
    others = f", {beside:,} of them not ticked," if beside else ""
    said = f"Of {counted(gone + stay, 'event')} shown in the last three months, {gone:,} would go{others} and {stay:,} "
    again = f" {counted(returned, 'event')} held back would be shown again." if returned else ""
    return f"{said}would stay.{again}"


def way_back() -> None:
    """Take back what was said last of several, as long as nobody has said anything else of them."""
    said, given = st.session_state.get(GIVEN, ("", []))
    if given:
        with st.container(horizontal=True, vertical_alignment="center"):
            pieces.quiet(said)
            st.button("Undo them", key="bulk-undo", type="tertiary", on_click=_undo, args=(given,))


def _give(seen: Sequence[tuple[str, int, str]], wanted: Judgement, note: str) -> None:
    workspace, author = session.workspace(), access.author()
    note = st.session_state.get("bulk-note", note)  # typed just now, the page was perhaps not drawn with it yet

    def give(event_id: str, version: int, calendars: tuple[str, ...]) -> StoredEvent:
        event = workspace.verdicts.give(
            event_id, wanted, author=author, seen_version=version, note=note, calendars=calendars
        )
        judging.note_maintenance(workspace, event_id, wanted, note, author)
        return event

    given = _each(workspace, seen, give, f"judged: {words.VERDICTS[wanted]}")
    st.session_state[GIVEN] = (f"{counted(len(given), 'event')} judged: {words.VERDICTS[wanted]}.", given)
    st.session_state["bulk-verdict"] = None


def _undo(given: Sequence[tuple[str, int, str]]) -> None:
    workspace, author = session.workspace(), access.author()

    def undo(event_id: str, version: int, calendars: tuple[str, ...]) -> StoredEvent:
        event = workspace.verdicts.undo(event_id, author=author, seen_version=version, calendars=calendars)
        judging.note_maintenance(workspace, event_id, judging.UNDO, "", author)
        return event

    _each(workspace, given, undo, "as before")
    del st.session_state[GIVEN]


def _each(
    workspace: Workspace,
    seen: Sequence[tuple[str, int, str]],
    act: Callable[[str, int, tuple[str, ...]], StoredEvent],
    what: str,
) -> list[tuple[str, int, str]]:
    """Do it to each; those that somebody else judged meanwhile are left, and told. Returns the others, as now seen."""
    calendars = {job: calendars_of(workspace, job) for _, _, job in seen}
    done, kept = [], []
    for event_id, version, job in seen:
        try:
            done.append((event_id, act(event_id, version, calendars[job]).verdict_version, job))
        except WorkspaceError as error:
            kept.append(str(error))
    more = f" {counted(len(kept), 'event')} left as they are: {kept[0]}" if kept else ""
    said = f"{counted(len(done), 'event')} {what}.{more}"
    st.session_state["said"] = ("conflict" if kept else "ok", said)
    return done
