"""Jobs: schedules, runs and how they ended, and what can be asked of a job by hand. The address holds the job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import access
import calendar_page
import health
import jobfiles
import pandas as pd
import pieces
import rules
import session
import streamlit as st
import watching
import words
from jobwork import Action, JobWork
from task import State

from tsanomaly.batch.job import Job
from tsanomaly.batch.job_file import parse_job
from tsanomaly.batch.schedule import times
from tsanomaly.errors import TsAnomalyError
from tsanomaly.report.words import counted, sentence, shown
from tsanomaly.workspace import Run, StoredJob, Workspace

RUNS = 100
"""Runs listed."""

PARTS = ("Runs", "Backfill", "Backtest", "Calendars", "Settings", "Changes")
DAY = timedelta(days=1)

COUNTED = st.column_config.NumberColumn(format="localized")


def show() -> None:
    """The view."""
    workspace = session.workspace()
    jobs = workspace.jobs.list()
    if not jobs:
        pieces.title("Jobs")
        pieces.lead(
            "No job is registered yet. A job scores a source whenever it is due, and its events come to Investigate.",
            "Give a file under New data and make it a scheduled job, or register a TOML file: tsanomaly jobs add FILE",
        )
        if st.button("New data", type="primary"):
            st.switch_page(session.NEW_DATA)
        return
    names = [job.name for job in jobs]
    asked = st.query_params.get("job", "")
    head, choice = st.columns([3, 1], vertical_alignment="center")
    name = choice.selectbox(
        "Job", names, index=names.index(asked) if asked in names else 0, key="job-chosen", label_visibility="collapsed"
    )
    if name != asked:
        st.query_params["job"] = name
    one = health.of_job(workspace, jobs[names.index(name)], datetime.now(UTC))
    with head:
        state = "" if one.stored.enabled else "paused"
        pieces.title(name, state or (shown(one.job.description, 80) if one.job else ""))
    about(one)
    actions(workspace, one)
    part = st.segmented_control(
        "About it", PARTS, default=PARTS[0], key="job-part", required=True, label_visibility="collapsed"
    )
    match part:
        case "Runs":
            past_runs(workspace, name)
        case "Backfill":
            backfill(workspace, one)
        case "Backtest":
            backtest(workspace, one)
        case "Calendars":
            calendar_page.show(
                workspace,
                one.job.calendar.names if one.job else (),
                lambda names: go_by(workspace, one.stored, names),
            )
        case "Settings":
            settings(workspace, one.stored)
        case "Changes":
            changes(workspace, name)


def about(one: health.Health) -> None:
    """What it is and when it runs."""
    if one.job is None:
        st.error(pieces.plain(one.fault, 2000))
        return
    job, now = one.job, datetime.now(UTC)
    upcoming = []
    if job.schedule and one.stored.enabled:
        walk = times(job.schedule, now, now + 400 * DAY)
        upcoming = [words.moment(when) for when, _ in zip(walk, range(3), strict=False)]
    budget = (
        "" if one.budget is None or one.per_week is None else f", {one.per_week:.1f} of {one.budget:.1f} a week used"
    )
    pieces.facts(
        [
            (label, value)
            for label, value in (
                ("Reads", source_of(job)),
                ("Runs", f"{job.schedule.cron} ({job.schedule.zone})" if job.schedule else "by hand: no schedule"),
                ("Next", ", ".join(upcoming) or ("paused" if not one.stored.enabled else "when you say so")),
                ("Last run", last_run(one.last)),
                ("Threshold", rules.spoken(jobfiles.threshold_of(one.stored.toml)) + budget),
                ("Model", "one for all series" if job.model.scope == "shared" else "one for each series"),
                ("Open events", f"{one.open:,}"),
                ("Silent series", f"{len(one.silent):,}" if one.silent else ""),
            )
            if value
        ]
    )


def source_of(job: Job) -> str:
    """Where its data come from, without secrets."""
    match job.source.kind:
        case "files":
            return ", ".join(end_of(path) for path in job.source.path)
        case "sql":
            return f"SQL, by ${job.source.url_env}"
    return f"program {job.source.command[0]}"


def end_of(path: str) -> str:
    """A file's own name where the way to it is long; the settings have it in full. Addresses stay whole."""
    parts = path.split("/")
    return path if "://" in path or len(parts) <= 3 else f"…/{parts[-1]}"


def last_run(run: Run | None) -> str:
    """When, and how it ended."""
    if run is None:
        return "none yet"
    return f"{words.ago(run.scheduled_at)}: {run.outcome or 'running'}"


def actions(workspace: Workspace, one: health.Health) -> None:
    """Run now, pause, and the way to its events."""
    name, allowed = one.stored.name, access.may_write()
    work = JobWork.of(workspace, name, Action.RUN)
    running = work.status().state is State.RUNNING
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Run now", type="primary", disabled=running or not allowed or one.job is None, key="run-now"):
            work.begin(workspace, name, Action.RUN)
            st.rerun()
        if st.button("Pause" if one.stored.enabled else "Resume", disabled=not allowed, key="pause"):
            switch = workspace.jobs.disable if one.stored.enabled else workspace.jobs.enable
            switch(name, author=access.author())
            st.rerun()
        st.page_link(session.INVESTIGATE, label="Its events", query_params={"job": name, "show": "all"})
        st.page_link(session.MODELS, label="Its models", query_params={"job": name})
        st.page_link(session.THRESHOLD, label="Its threshold", query_params={"job": name})
    outcome_of(work, "The run")


def outcome_of(work: JobWork, what: str) -> bool:
    """How something that was asked for goes or went; whether it is done."""
    status = work.status()
    if status.state is State.RUNNING:
        watching.watch(work)
    elif status.state in (State.FAILED, State.LOST, State.CANCELLED):
        st.error(pieces.plain(sentence(status.message)))
    elif status.state is State.DONE and work.result.get("outcome"):
        result = work.result
        why = f" ({result['message']})" if result["message"] else ""
        said = sentence(f"{what} ended: {result['outcome']}{why}")
        (st.success if result["outcome"] in {str(fine) for fine in health.FINE} else st.warning)(pieces.plain(said))
    return status.state is State.DONE


def past_runs(workspace: Workspace, name: str) -> None:
    """What happened when it ran."""
    runs = workspace.runs.list(name, limit=RUNS)
    if not runs:
        pieces.lead("It has not run yet. Run it now, or wait until it is due.")
        return
    table = pd.DataFrame([row_of(run) for run in runs])
    if not table["What was said"].any():
        table = table.drop(columns="What was said")
    picked = st.dataframe(
        table,
        hide_index=True,
        key=f"runs-{name}",
        on_select="rerun",
        selection_mode="single-row",
        height=min(340, 40 + 35 * len(table)),
        column_config={"Took, s": st.column_config.NumberColumn(format="%.1f"), "Rows": COUNTED, "Events": COUNTED},
    )
    if len(runs) == RUNS:
        st.caption(f"The latest {RUNS}.")
    if picked["selection"]["rows"]:
        of_series(workspace, runs[picked["selection"]["rows"][0]])
    else:
        st.caption("Choose a run to see how each series of it went.")


def row_of(run: Run) -> dict[str, object]:
    """A run in words and numbers."""
    took = (run.finished_at - run.claimed_at).total_seconds() if run.finished_at else None
    return {
        "For": words.moment(run.scheduled_at, seconds=True),
        "Outcome": str(run.outcome or "running"),
        "Series": run.counts.get("series"),
        "Rows": run.counts.get("rows"),
        "Events": run.counts.get("events"),
        "Took, s": took,
        "Attempts": run.attempt,
        "What was said": shown(run.message, 300),
    }


def of_series(workspace: Workspace, run: Run) -> None:
    """How each series of a run went."""
    outcomes = workspace.runs.series_outcomes(run)
    pieces.heading(f"Run for {words.moment(run.scheduled_at, seconds=True)}: {counted(len(outcomes), 'series')}"[:-1])
    table = pd.DataFrame(
        [
            {
                "Series": shown(each.series, 80),
                "Outcome": str(each.outcome),
                "From": words.moment(each.scored_from),
                "To": words.moment(each.scored_until),
                "Rows": each.rows,
                "Events": each.events,
                "What was said": shown(each.message, 300),
            }
            for each in outcomes
        ]
    )
    counts = {"Rows": COUNTED, "Events": COUNTED}
    st.dataframe(table, hide_index=True, key=f"series-of-{run.id}", column_config=counts)


def stretch_of(name: str, action: str, latest: datetime | None) -> tuple[datetime, datetime] | None:
    """Two days, the second included; ``None`` where they are the wrong way round."""
    zone = words.ZoneInfo(words.zone())
    until = (latest or datetime.now(UTC)).astimezone(zone).date()
    one, two = st.columns(2)
    first = one.date_input("From", until - 28 * DAY, format=words.DAY, key=f"{action}-from-{name}")
    last = two.date_input("To, that day included", until, format=words.DAY, key=f"{action}-to-{name}")
    if last < first:
        st.warning("The stretch ends before it begins; choose a later end.")
        return None
    begin = datetime.combine(first, datetime.min.time(), zone).astimezone(UTC)
    return begin, datetime.combine(last + DAY, datetime.min.time(), zone).astimezone(UTC)


def backfill(workspace: Workspace, one: health.Health) -> None:
    """A stretch of the past, scored anew."""
    name = one.stored.name
    pieces.lead(
        "Scores a stretch of the past again with the models in use. Events that are found again stay the same events, "
        "with their verdicts; new ones are added."
    )
    work = JobWork.of(workspace, name, Action.BACKFILL)
    span = stretch_of(name, "backfill", latest_of(workspace, name))
    busy = span is None or one.job is None or not access.may_write() or work.status().state is State.RUNNING
    if st.button("Score it again", type="primary", disabled=busy, key="backfill") and span:
        work.begin(workspace, name, Action.BACKFILL, since=span[0].isoformat(), until=span[1].isoformat())
        st.rerun()
    outcome_of(work, "The backfill")


def latest_of(workspace: Workspace, name: str) -> datetime | None:
    """Until when its data were scored."""
    return max(workspace.watermarks.all(name).values(), default=None)


def backtest(workspace: Workspace, one: health.Health) -> None:
    """What another threshold would have reported; nothing is changed until it is applied."""
    name = one.stored.name
    if one.job is None:
        return
    pieces.lead("What would this job have reported with another threshold? Nothing is changed until you apply it.")
    now = jobfiles.threshold_of(one.stored.toml)
    kind_place, step_place = st.columns([1, 1.4], vertical_alignment="bottom")
    kinds = list(rules.KINDS)
    kind = kind_place.selectbox(
        "Rule",
        kinds,
        index=kinds.index(rules.kind_of(now)),
        format_func=lambda each: rules.KINDS[each].title,
        key=f"backtest-rule-{name}",
    )
    start = now if rules.kind_of(now) == kind else rules.KINDS[kind].usual
    steps = rules.with_step(kind, start)
    text = steps[0]
    if len(steps) > 1:
        text = step_place.select_slider(
            "Setting", steps, start, format_func=rules.spoken, key=f"backtest-step-{name}-{kind}"
        )
    span = stretch_of(name, "backtest", latest_of(workspace, name))
    work = JobWork.of(workspace, name, Action.BACKTEST)
    if (
        st.button(
            "Compare", type="primary", disabled=span is None or work.status().state is State.RUNNING, key="backtest"
        )
        and span
    ):
        asked = {"budget" if kind == "budget" else "rule": text}
        work.begin(
            workspace, name, Action.BACKTEST, since=span[0].isoformat(), until=span[1].isoformat(), threshold=asked
        )
        st.rerun()
    if outcome_of(work, "The backtest"):
        before_and_after(workspace, one.stored, work)


def before_and_after(workspace: Workspace, stored: StoredJob, work: JobWork) -> None:
    """The comparison, and the button that makes it so."""
    result = work.result
    asked = work.request["threshold"]
    text = asked.get("budget") or asked.get("rule")
    events = result["events"]
    standing = {name: [e for e in events if e["standing"] == name] for name in ("both", "gone", "new")}
    pieces.tiles(
        [
            (f"{result['were_reported']:,}", "events reported", "as the job was set", False),
            (f"{result['would_be_reported']:,}", "would be reported", rules.spoken(text), False),
            (f"{len(standing['gone']):,}", "go", "reported, and would not be", bool(standing["gone"])),
            (f"{len(standing['new']):,}", "come", "not reported, and would be", bool(standing["new"])),
        ]
    )
    for failed, why in result["failed"].items():
        st.warning(pieces.plain(f"{failed} could not be scored: {why}"))
    table = pd.DataFrame(
        [
            {
                "": {"both": "stays", "gone": "goes", "new": "comes"}[e["standing"]],
                "Severity": round(e["severity"]),
                "Series": shown(e["series"], 60),
                "Start": words.moment(datetime.fromisoformat(e["start"])),
                "Lasts": words.span(datetime.fromisoformat(e["end"]) - datetime.fromisoformat(e["start"])),
            }
            for e in events
        ]
    )
    if len(table):
        st.dataframe(table, hide_index=True, key="backtest-events", height=min(320, 40 + 35 * len(table)))
    with st.container(horizontal=True):
        if st.button(f"Apply: {rules.spoken(text)}", key="backtest-apply", disabled=not access.may_write()):
            put(workspace, stored, jobfiles.with_threshold(stored.toml, text))
            work.forget()
            st.rerun()
        if st.button("Forget it", key="backtest-forget", type="tertiary"):
            work.forget()
            st.rerun()


def go_by(workspace: Workspace, stored: StoredJob, calendars: list[str]) -> None:
    """Make a job go by these calendars."""
    try:
        put(workspace, stored, jobfiles.with_calendars(stored.toml, calendars))
    except TsAnomalyError as error:
        pieces.problem(error)
        return
    st.rerun()


def put(workspace: Workspace, stored: StoredJob, toml: str) -> None:
    """Store a job's changed TOML."""
    workspace.jobs.put(stored.name, toml, stored.enabled, author=access.author())


def settings(workspace: Workspace, stored: StoredJob) -> None:
    """Its TOML, which can be changed; a fault is named with its line, and nothing is stored."""
    text = st.text_area("TOML", stored.toml, height=420, key=f"toml-{stored.name}-{stored.put_at}")
    if st.button("Save", type="primary", disabled=text == stored.toml or not access.may_write(), key="toml-save"):
        try:
            job = parse_job(text, stored.name)
            if job.source.kind == "command" and source_in(stored.toml) != job.source:
                st.error(
                    "A job that runs a program is registered on the command line, not here: tsanomaly jobs add FILE"
                )
                return
            if job.name != stored.name:
                st.error(pieces.plain(f"the name is '{job.name}'; a job keeps its name, or make another job"))
                return
            put(workspace, stored, text)
            st.rerun()
        except TsAnomalyError as error:
            st.error(pieces.plain(str(error), 2000))
    st.caption("Every key is explained in docs/jobs.md. No secrets: keys that end in _env name environment variables.")


def source_in(toml: str) -> object:
    """The source a stored job has; ``None`` where its TOML cannot be read."""
    job, _ = health.read(toml, "job")
    return job.source if job else None


def changes(workspace: Workspace, name: str) -> None:
    """Who changed what, and a way back."""
    entries = workspace.audit.list(name, limit=50)
    if not entries:
        pieces.lead("Nobody has changed it yet.")
        return
    last = next((entry for entry in entries if entry.action == "put job" and entry.before), None)
    if last is not None and access.may_write() and st.button("Undo the last change of its TOML", key="undo-toml"):
        workspace.jobs.put(name, last.before["toml"], bool(last.before["enabled"]), author=access.author())
        st.rerun()
    pieces.story([(words.moment(e.at), f"{shown(e.author, 40) or 'somebody'}: {e.action}", "") for e in entries])


show()
