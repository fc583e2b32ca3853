"""From a file to a scheduled job: where its data will come from, when it runs, and the TOML that says so."""

from __future__ import annotations

from datetime import UTC, datetime

import access
import jobfiles
import pieces
import saving
import session
import streamlit as st
import words
from runs import Run

from tsanomaly.batch.job_file import parse_job
from tsanomaly.batch.schedule import times
from tsanomaly.errors import TsAnomalyError
from tsanomaly.workspace import Workspace

PRESETS = {
    "every hour, at 5 past": "5 * * * *",
    "every 15 minutes": "*/15 * * * *",
    "every day at 06:00": "0 6 * * *",
    "every Monday at 06:00": "0 6 * * 1",
}
OWN = "another cron expression"


@st.dialog("Make it a scheduled job", width="large")
def show(run: Run) -> None:
    """The form, and the TOML as it will be stored."""
    workspace = session.workspace()
    left, right = st.columns(2)
    known = saving.saved_as(run)
    typed = left.text_input("Name", known or saving.free_name(workspace, saving.stem(run.request.name)), key="job-name")
    path = right.text_input(
        "Where new data come from",
        key="job-path",
        placeholder="the file you gave, kept in the workspace",
        help="A path or pattern on the server, such as /data/pump/*.csv, or any address that fsspec knows. Left empty, "
        "the job reads the uploaded file: good for a trial, but nothing new comes.",
    )
    when = left.selectbox("Runs", [*PRESETS, OWN], key="job-when")
    cron = PRESETS.get(when) or left.text_input("Cron: minute, hour, day, month, weekday", "5 * * * *", key="job-cron")
    zone = right.selectbox("On the clock of", words.zones(), index=words.zones().index(words.zone()), key="job-zone")
    name = saving.valid_name(typed)
    try:
        toml = saving.written(run, name, session.threshold(run), workspace, path.strip() or None)
        toml = jobfiles.with_schedule(toml, cron, zone)
        job = parse_job(toml, name)
        upcoming = [words.moment(when) for when, _ in zip(times(job.schedule, *_year()), range(3), strict=False)]
    except TsAnomalyError as error:
        st.error(pieces.plain(str(error), 2000))
        return
    st.caption(f"Next: {', '.join(upcoming)}. What runs it: tsanomaly schedule, or cron with tsanomaly run-due.")
    st.code(toml, language="toml", height=260)
    taken = name != known and any(job.name == name for job in workspace.jobs.list())
    if taken:
        st.warning("A job of that name is there already; choose another.")
    if st.button("Create the job", type="primary", key="job-create", disabled=taken):
        create(run, workspace, name, toml)


def _year() -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return now, now.replace(year=now.year + 1, day=min(now.day, 28))


def create(run: Run, workspace: Workspace, name: str, toml: str) -> None:
    """Store it with the model that the run has, and go to it."""
    saving.save(run, session.threshold(run), workspace, access.author(), name)
    workspace.jobs.put(name, toml, author=access.author())
    st.switch_page(session.JOBS, query_params={"job": name})
