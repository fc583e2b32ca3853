"""Verdicts: what one would change is shown before it is given, it can be undone, and nobody's is overwritten unseen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import access
import cases
import pieces
import streamlit as st
import words

from tsanomaly.batch.registered import calendars_of
from tsanomaly.detection.feedback import Preview, preview, preview_undo
from tsanomaly.detection.verdicts import Judgement, Occurrence, Span
from tsanomaly.errors import ConflictError, WorkspaceError
from tsanomaly.report.words import shown
from tsanomaly.workspace import StoredEvent, StoredVerdict, Workspace
from tsanomaly.workspace.calendars import Calendar

KEYS = {
    Judgement.TRUE: "t",
    Judgement.FALSE_ALARM: "f",
    Judgement.MAINTENANCE: "m",
    Judgement.UNCLEAR: "u",
    Judgement.NEW_NORMAL: "n",
}
"""What is pressed for each."""

MEANS = {
    Judgement.TRUE: "A real anomaly. Its rows stay out of training.",
    Judgement.FALSE_ALARM: "Nothing was wrong. Events like it need a higher score from now on.",
    Judgement.MAINTENANCE: "Known work. It goes to the calendar and stays out of training.",
    Judgement.UNCLEAR: "Looked at, and not decided.",
    Judgement.NEW_NORMAL: "The system has changed for good. The model is to learn anew from then on.",
}

MAINTENANCE = "maintenance"
"""The calendar that verdicts of maintenance go to."""

UNDO = "undo"
"""What may be wanted beside a verdict."""


def panel(workspace: Workspace, event: StoredEvent) -> None:
    """The five buttons, what is in force, and what a change would do."""
    tell()
    history = workspace.verdicts.history(event.id)
    standing = next((said for said in reversed(history) if said.in_force), None)
    wanted = st.session_state.get(f"judge-{event.id}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for judgement, key in KEYS.items():
            st.button(
                words.ASKED[judgement],
                key=f"judge-as-{judgement}",
                type="primary" if wanted == judgement or (not wanted and event.verdict == judgement) else "secondary",
                on_click=_want,
                args=(event.id, judgement),
                help=MEANS[judgement],
                shortcut=key,
                disabled=not access.may_write(),
            )
        if standing is not None:
            st.button("Undo", key="judge-undo", type="tertiary", on_click=_want, args=(event.id, UNDO))
    if standing is not None:
        pieces.quiet(f"{in_force(standing)}")
    elif not access.may_write():
        pieces.quiet("You may look here, not judge: this dashboard is read-only for you.")
    if wanted and access.may_write():
        with st.container(border=True):
            _confirm(workspace, event, wanted, standing)


def in_force(said: StoredVerdict) -> str:
    """``False alarm, by ada, 5 min ago: sensor was cleaned``."""
    note = f": {shown(said.note, 200)}" if said.note else ""
    return f"{words.VERDICTS[said.judgement]}, by {shown(said.author, 40)}, {words.ago(said.at)}{note}"


def _want(event_id: str, wanted: str | None) -> None:
    st.session_state[f"judge-{event_id}"] = wanted


def _confirm(workspace: Workspace, event: StoredEvent, wanted: str, standing: StoredVerdict | None) -> None:
    """What it would change, a note, and the button that does it."""
    since = _since(event) if wanted == Judgement.NEW_NORMAL else None
    change = foreseen(workspace, event, wanted, standing, since)
    pieces.lead(f"In the last three months of this job: {change.sentence[0].lower()}{change.sentence[1:]}")
    listed(change, workspace, event)
    note, author = "", access.author()
    if wanted != UNDO:
        if access.is_named_by_sign_in():
            note = st.text_input("Note", key=f"note-{event.id}", placeholder="what was the cause?", max_chars=2000)
        else:
            left, right = st.columns([3, 1])
            note = left.text_input("Note", key=f"note-{event.id}", placeholder="what was the cause?", max_chars=2000)
            author = right.text_input("Your name", author, key="author-typed", max_chars=100).strip() or author
    do, leave, _ = st.columns([1.5, 1, 1.5])
    do.button(
        "Undo the verdict" if wanted == UNDO else f"Apply: {words.VERDICTS[wanted]}",
        key="judge-apply",
        type="primary",
        width="stretch",
        on_click=_apply,
        args=(workspace, event.id, event.verdict_version, wanted, note, author, since),
        shortcut="a",
    )
    leave.button(
        "Cancel", key="judge-cancel", width="stretch", on_click=_want, args=(event.id, None), shortcut="Escape"
    )


def _since(event: StoredEvent) -> datetime:
    """From when on the new normal holds."""
    day, clock = st.columns(2)
    zone = words.ZoneInfo(words.zone())
    local = event.start.astimezone(zone)
    date = day.date_input("New normal from", local.date(), format=words.DAY, key=f"since-day-{event.id}")
    time = clock.time_input("at", local.time().replace(second=0, microsecond=0), key=f"since-time-{event.id}")
    return datetime.combine(date, time, zone).astimezone(UTC)


def foreseen(
    workspace: Workspace, event: StoredEvent, wanted: str, standing: StoredVerdict | None, since: datetime | None
) -> Preview:
    """What it would change among the job's past events, under the verdicts in force and the job's calendars."""
    now = datetime.now(UTC)
    past = [each.occurrence for each in cases.past_occurrences(workspace, event.job, now)]
    feedback, calendar = workspace.verdicts.feedback(event.job), maintenance(workspace, event.job, past)
    if wanted == UNDO:
        return preview_undo(past, feedback, standing.verdict.id, calendar) if standing else Preview((), (), (), "")
    return preview(past, feedback, event.occurrence.judged(Judgement(wanted), now, since=since), calendar)


def maintenance(workspace: Workspace, job: str, past: Sequence[Occurrence]) -> tuple[Span, ...]:
    """When there was maintenance by the job's calendars."""
    if not past:
        return ()
    since, until = min(each.start for each in past), max(each.end for each in past)
    return workspace.calendars.spans(calendars_of(workspace, job), since, until)


def listed(change: Preview, workspace: Workspace, event: StoredEvent, most: int = 8) -> None:
    """Which events go or return, by name."""
    for what, rulings in (("Goes", change.goes), ("Returns", change.returns)):
        others = [ruling.occurrence for ruling in rulings if ruling.occurrence.key != event.id]
        if not others:
            continue
        lines = [f"{shown(each.series, 40)}, {words.moment(each.start)}, score {each.score:.3g}" for each in others]
        more = f" and {len(lines) - most} more" if len(lines) > most else ""
        pieces.quiet(f"{what}, beside this one: {'; '.join(lines[:most])}{more}.")


def _apply(
    workspace: Workspace,
    event_id: str,
    seen_version: int,
    wanted: str,
    note: str,
    author: str,
    since: datetime | None,
) -> None:
    """Give or undo it, on what was seen; a conflict is said and changes nothing."""
    note = st.session_state.get(f"note-{event_id}", note)  # typed just now, the page was perhaps not drawn with it yet
    st.session_state["author"] = author
    try:
        calendars = calendars_of(workspace, workspace.events.get(event_id).job)
        if wanted == UNDO:
            workspace.verdicts.undo(event_id, author=author, seen_version=seen_version, calendars=calendars)
            said = "The verdict was undone."
        else:
            judgement = Judgement(wanted)
            workspace.verdicts.give(
                event_id,
                judgement,
                author=author,
                seen_version=seen_version,
                note=note,
                since=since,
                calendars=calendars,
            )
            said = f"Judged: {words.VERDICTS[wanted]}."
        note_maintenance(workspace, event_id, wanted, note, author)
        st.session_state["said"] = ("ok", said)
        _want(event_id, None)
    except ConflictError as error:
        st.session_state["said"] = ("conflict", f"{error}. What you were about to say is still here.")
    except WorkspaceError as error:
        st.session_state["said"] = ("conflict", str(error))


def note_maintenance(workspace: Workspace, event_id: str, wanted: str, note: str, author: str) -> None:
    """Keep the calendar of maintenance in step with what is judged so."""
    uid = f"event-{event_id}"
    there = any(entry.uid == uid for entry in workspace.calendars.list(MAINTENANCE))
    if wanted == Judgement.MAINTENANCE:
        event = workspace.events.get(event_id)
        entry = Calendar.once(note or f"maintenance of {shown(event.series, 60)}", event.start, event.end)
        for plain in entry.to_entries().values():
            workspace.calendars.put(MAINTENANCE, uid, plain, author=author)
    elif there:
        workspace.calendars.remove(MAINTENANCE, uid, author=author)


def tell() -> None:
    """What the last click led to, once."""
    kind, said = st.session_state.pop("said", (None, ""))
    if kind == "ok":
        st.toast(pieces.plain(said))
    elif kind:
        st.warning(pieces.plain(said))
