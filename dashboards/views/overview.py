"""Overview: what needs me now. Open events by series over time, how the jobs are, what has stopped coming."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import health
import pandas as pd
import pieces
import session
import streamlit as st
import words

from tsanomaly.report.lanes import LANES, Mark, lanes_of, swim_lanes
from tsanomaly.report.words import counted, shown
from tsanomaly.workspace import StoredEvent

SPANS = {"All open": None, "Month": 30.4375, "Week": 7.0, "Day": 1.0}
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"]}


def show() -> None:
    """The view."""
    workspace = session.workspace()
    jobs = health.of_all(workspace)
    events = workspace.events.list(verdict="none", held_back=False, limit=5000)
    pieces.title("Overview", f"what needs you now · times in {words.zone()}")
    if not jobs and not events:
        empty()
        return
    summary(jobs, events)
    open_events(events)
    left, right = st.columns([1.9, 1], gap="large")
    with left:
        pieces.heading("Jobs")
        job_table(jobs)
    with right:
        stopped(jobs)


def empty() -> None:
    """Nothing is there yet, and two ways to begin."""
    pieces.lead(
        "The workspace is empty. Here you will see open events, how your jobs are, and data that stopped coming.",
        "Begin with a file: look at its events, give a verdict on one, and it is kept here. "
        "Then make it a scheduled job.",
    )
    if st.button("New data", type="primary"):
        st.switch_page(session.NEW_DATA)


def summary(jobs: list[health.Health], events: list[StoredEvent]) -> None:
    """Four numbers."""
    failing = [job for job in jobs if not job.fine]
    silent = sum(len(job.silent) for job in jobs)
    budgeted = [job for job in jobs if job.budget is not None and job.per_week is not None]
    achieved, allowed = sum(job.per_week or 0 for job in budgeted), sum(job.budget or 0 for job in budgeted)
    worst = f"the most severe has {max(event.severity for event in events):.0f} of 100" if events else "all are judged"
    pieces.tiles(
        [
            (f"{len(events):,}", f"open event{'s' * (len(events) != 1)}", worst, bool(events)),
            (
                f"{len(jobs) - len(failing)} of {len(jobs)}",
                "jobs are fine",
                f"{shown(failing[0].stored.name, 30)} needs you" if failing else "nothing to do",
                bool(failing),
            ),
            (
                f"{silent:,}",
                "series went silent",
                "no rows for too long" if silent else "data come as usual",
                silent > 0,
            ),
            (
                f"{achieved:.1f} of {allowed:.1f}",
                "events a week, of the budget",
                "over the last four weeks of data",
                achieved > allowed > 0,
            ),
        ]
    )


def open_events(events: list[StoredEvent]) -> None:
    """Swim lanes; a click on a mark opens its event."""
    title, choice = st.columns([3, 1.3], vertical_alignment="center")
    with title:
        pieces.heading("Open events by series")
    if not events:
        pieces.lead("Every event is judged. New ones appear here when a job finds them.")
        return
    span = choice.segmented_control(
        "Shown", list(SPANS), default="All open", key="lanes-span", required=True, label_visibility="collapsed"
    )
    now = datetime.now(UTC)
    days = SPANS[span]
    if days is None:
        first, last = min(event.start for event in events), max(event.end for event in events)
        margin = max((last - first) * 0.03, timedelta(hours=1))
        since, until = first - margin, last + margin
    else:
        since, until = now - timedelta(days=days), now
    zone = words.zone()
    marks = [mark_of(event, zone) for event in events if event.start < until and event.end > since]
    if not marks:
        pieces.lead(f"No open event in this {span.lower()}; {counted(len(events), 'older one')} under All open.")
        return
    key = f"lanes-{span}"
    chosen = pieces.chart(
        swim_lanes(marks, since, until, zone, palette=session.palette()),
        name="lanes",
        key=key,
        config=CONFIG,
        on_select="rerun",
        selection_mode="points",
    )
    points = [point for point in chosen["selection"]["points"] if "customdata" in point]
    if points:
        event_id = points[0]["customdata"]
        del st.session_state[key]
        st.switch_page(session.INVESTIGATE, query_params={"event": str(event_id)})
    lanes = len({mark.lane for mark in marks})
    more = f" The {LANES} series with the most severe ones, of {lanes}." if lanes > len(lanes_of(marks)) else ""
    st.caption(f"The larger, the more severe. Click a mark to look at its event.{more}")


def mark_of(event: StoredEvent, zone: str) -> Mark:
    """An event in its lane."""
    leading = event.channels[0].name if event.channels else ""
    start = words.moment(event.start, clock=zone)
    said = f"severity {event.severity:.0f}, {start}, {event.kind or 'event'} in {shown(leading, 40)}"
    lane = event.series if event.series == event.job else f"{event.job} · {event.series}"
    return Mark(event.id, lane, event.start, event.end, event.severity, said)


def job_table(jobs: list[health.Health]) -> None:
    """One line a job; choosing one opens it."""
    if not jobs:
        pieces.lead("No job is registered yet. Under New data, a file becomes a scheduled job.")
        return
    table = pd.DataFrame([row_of(job) for job in jobs])
    chosen = st.dataframe(
        table,
        hide_index=True,
        key="jobs-health",
        on_select="rerun",
        selection_mode="single-row",
        height=min(320, 38 + 35 * len(table)),
        column_config={
            "": st.column_config.TextColumn(width=30),
            "Events a week": st.column_config.NumberColumn(format="%.1f"),
            "Budget a week": st.column_config.NumberColumn(format="%.1f"),
        },
    )
    if chosen["selection"]["rows"]:
        st.switch_page(session.JOBS, query_params={"job": jobs[chosen["selection"]["rows"][0]].stored.name})


def row_of(job: health.Health) -> dict[str, object]:
    """A job in words and numbers."""
    return {
        "": "✓" if job.fine else "!",
        "Job": job.stored.name,
        "Last run": f"{words.ago(job.last.scheduled_at)}: {outcome(job)}" if job.last else "none yet",
        "Next run": words.moment(job.next) if job.next else "paused" if not job.stored.enabled else "by hand",
        "Open events": job.open,
        "Events a week": job.per_week,
        "Budget a week": job.budget,
    }


def outcome(job: health.Health) -> str:
    """How the last run ended."""
    if job.fault:
        return "its TOML has a fault"
    return "running" if job.last is None or job.last.outcome is None else str(job.last.outcome)


def stopped(jobs: list[health.Health], most: int = 12) -> None:
    """What no rows come of any more."""
    pieces.heading("Data that stopped coming")
    silent = [(at, job.stored.name, series) for job in jobs for series, at in job.silent.items()]
    if not silent:
        pieces.lead("None: each series of a scheduled job has sent rows lately.")
        return
    pieces.story([(words.ago(at), shown(series, 60), f"job {name}") for at, name, series in sorted(silent)[:most]])
    if len(silent) > most:
        st.caption(f"and {len(silent) - most} more")


show()
