"""What the views share: the run that is looked at, its reading and result in memory, and the address bar."""

from __future__ import annotations

import importlib
import json
import sys
import threading
from dataclasses import replace
from pathlib import Path

import budgets
import launch
import rules
import streamlit as st
import words
from runs import Look, Result, Run, Runs
from task import State

import tsanomaly
from tsanomaly.errors import ConfigurationError
from tsanomaly.report.palette import DARK, LIGHT, Palette
from tsanomaly.workspace import Workspace

OVERVIEW, NEW_DATA, INVESTIGATE = "views/overview.py", "views/new_data.py", "views/investigate.py"
THRESHOLD, MODELS, JOBS, QUALITY = "views/threshold.py", "views/models.py", "views/jobs.py", "views/quality.py"


@st.cache_resource(show_spinner=False)
def runs() -> Runs:
    """All runs; old ones are forgotten when the server starts."""
    store = Runs()
    store.sweep()
    return store


@st.cache_resource(show_spinner=False)
def workspace() -> Workspace:
    """The workspace that all share, made where there is none: ``TSANOMALY_WORKSPACE``, or the user's own."""
    return Workspace.open()


@st.cache_resource(max_entries=16, ttl="1h", show_spinner=False)
def detector(path: Path) -> tsanomaly.Detector:
    """The detector in a file of the workspace, whose name says what is in it."""
    return tsanomaly.load(path)


def detector_for(path: Path, job: str, series: str) -> tsanomaly.Detector:
    """The detector in a file of the workspace as it judges one series of a job, on the series' own scale."""
    from tsanomaly.batch.detectors import as_it_judges  # it brings what detectors need, which takes seconds

    return as_it_judges(workspace(), job, series, path, detector(path))


def current() -> Run | None:
    """The run in the address bar, or else the one this session looked at last, or else the file of the command line."""
    wanted = st.query_params.get("run") or st.session_state.get("run")
    if wanted is None:
        wanted = _launched()
    else:
        st.session_state["launched"] = True  # who asks for something else does not want the file of the command line
    run = runs().open(wanted) if wanted else None
    if run is None:
        st.query_params.pop("run", None)
        st.session_state.pop("run", None)
        return None
    look_at(run)
    return run


def look_at(run: Run) -> None:
    """Make it the current run, here and in the address bar."""
    if st.session_state.get("run") != run.id:
        st.session_state["run"] = run.id
    if st.query_params.get("run") != run.id:
        st.query_params["run"] = run.id


def remember_files(taken: list[Run]) -> None:
    """Files that were given together, so that each can be looked at."""
    st.session_state["files"] = {run.id: run.request.name for run in taken}


def files() -> dict[str, str]:
    """Names of the files given together last, by run."""
    return dict(st.session_state.get("files", {}))


def leave() -> None:
    """Look at no run any more."""
    st.session_state.pop("run", None)
    st.session_state["launched"] = True
    st.query_params.clear()


def _launched() -> str | None:
    """The file given on the command line as a run, once a session."""
    wanted = launch.parse(sys.argv[1:])
    if wanted.file is None or st.session_state.get("launched"):
        return None
    st.session_state["launched"] = True
    return open_file(wanted.file, wanted.model, wanted.budget).id


def open_file(path: Path, model: Path | None = None, budget: str | None = None) -> Run:
    """A run of a file on the server's disk; with a model it starts at once, at the model's budget or the one given.

    Raises:
        ConfigurationError: the file or the model cannot be opened.
    """
    try:
        with path.open("rb") as file:
            run = runs().create(path.name, file, model)
    except OSError as error:
        raise ConfigurationError(f"'{error.filename}' cannot be opened ({error.strerror}); check the path") from None
    asked = run.request
    if budget is not None:
        asked = replace(asked, threshold=budgets.checked(budget))
    if model is not None:
        with st.spinner("Reading"):
            names = list(look(run).reading.diagnosis.series)
        asked = replace(asked, series=names[0] if len(names) > 1 else None, threshold=budget and asked.threshold)
    run.ask(asked)
    if model is not None:
        begin(run)
    return run


def begin(run: Run) -> None:
    """Start it, and have at hand by the time it is done what its result is opened with."""
    run.start()
    _load_ahead()


@st.cache_resource(show_spinner=False)
def _load_ahead() -> None:
    """Once a server, beside the run: the import takes seconds, and the run takes longer."""
    threading.Thread(target=importlib.import_module, args=("tsanomaly.detection.bundle",), daemon=True).start()


def recall(run: Run, name: str) -> str:
    """What the address bar says, or said when this session last looked at the run."""
    asked = st.query_params.get(name)
    return str(st.session_state.get(f"{name}-{run.id}", "") if asked is None else asked)


def remember(run: Run, name: str, value: str) -> None:
    """Mirror a choice in the address bar; it also outlives a visit to another page."""
    st.session_state[f"{name}-{run.id}"] = value
    if st.query_params.get(name) != value:
        st.query_params[name] = value


def look(run: Run) -> Look:
    """The run's file as series, a long one its beginning; kept in memory as long as nothing is read differently."""
    return _look(run.id, json.dumps(run.request.overrides, sort_keys=True), run)


@st.cache_resource(max_entries=4, ttl="1h", show_spinner=False)
def _look(run_id: str, overrides: str, _run: Run) -> Look:
    return _run.look()


def result(run: Run) -> Result:
    """What came out of a run that is done."""
    return _result(run.id, run)


@st.cache_resource(max_entries=4, ttl="1h", show_spinner=False)
def _result(run_id: str, _run: Run) -> Result:
    return _run.result()


def events(run: Run, threshold: str) -> tsanomaly.Events:
    """The events at some threshold: only that is fitted again."""
    return _events(run.id, threshold, zone(), run)


@st.cache_resource(max_entries=24, ttl="1h", show_spinner=False)
def _events(run_id: str, threshold: str, zone: str | None, _run: Run) -> tsanomaly.Events:
    found = result(_run)
    series = in_zone(found.series, zone)
    return found.detector.events(series, found.scores, found.detector.fit_threshold(rules.parse(threshold)))


def threshold(run: Run) -> str:
    """The threshold that is looked at: the one in the address bar, or else the one its model has."""
    return rules.parsed_or(recall(run, "threshold"), run.applied[-1])


def forget_result(run: Run) -> None:
    """Read a run's result anew when it is asked for next: its model has changed."""
    _result.clear(run.id, run)


def zone() -> str | None:
    """The zone that this session wants times in; ``None``: as each series says."""
    return words.chosen_zone()


def in_zone(series: tsanomaly.Series, zone: str | None) -> tsanomaly.Series:
    """The series, its times shown in a zone. Times that no zone was ever known of stay as written."""
    return series if zone is None or series.zone is None else replace(series, zone=zone)


def palette() -> Palette:
    """Colours for the theme that the browser shows."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def has_news(run: Run) -> bool:
    """Whether there is a result that this session has not seen yet."""
    return run.status().state is State.DONE and st.session_state.get("seen") != run.id
