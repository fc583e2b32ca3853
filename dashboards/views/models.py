"""Models: versions, what each learned from, drift since, and the way back. The address holds job, series, version."""

from __future__ import annotations

from typing import Any

import access
import cases
import numpy as np
import pandas as pd
import pieces
import session
import streamlit as st
import watching
import words
from jobwork import Action, JobWork
from numpy.typing import NDArray
from task import State

import tsanomaly
from tsanomaly.batch.contract import Expectation
from tsanomaly.batch.job_file import parse_job
from tsanomaly.detection.bundle import describe
from tsanomaly.detection.training import Stop
from tsanomaly.errors import TsAnomalyError
from tsanomaly.report.model_figures import population_stability, score_shift, training_curve
from tsanomaly.report.words import counted, percent, sentence, shown
from tsanomaly.workspace import StoredModel, Workspace

PARTS = ("Training", "Drift since", "What it would catch", "Compare with another")
CHART = {"displaylogo": False, "displayModeBar": False}
SHARED = "shared by all series"
COUNTED = {"Rows": st.column_config.NumberColumn(format="localized")}


def show() -> None:
    """The view."""
    workspace = session.workspace()
    models = workspace.models.list()
    if not models:
        pieces.title("Models")
        pieces.lead(
            "No model is kept yet. A job learns one on its first run, and a file that you save brings its own.",
        )
        if st.button("New data", type="primary"):
            st.switch_page(session.NEW_DATA)
        return
    job, scope = chosen(models)
    versions = [model for model in models if model.job == job and (model.series or SHARED) == scope]
    table(versions)
    version = picked(versions)
    if version is None:
        return
    actions(workspace, version)
    part = st.segmented_control(
        "About it", PARTS, default=PARTS[0], key="model-part", required=True, label_visibility="collapsed"
    )
    try:
        match part:
            case "Training":
                training(version)
            case "Drift since":
                drift(workspace, version)
            case "What it would catch":
                caught(workspace, version)
            case "Compare with another":
                compare(workspace, version, versions)
    except TsAnomalyError as error:
        st.info(pieces.plain(sentence(str(error))))


def chosen(models: list[StoredModel]) -> tuple[str, str]:
    """Job and series, mirrored in the address."""
    jobs = list(dict.fromkeys(model.job for model in models))
    head, one, two = st.columns([2, 1, 1], vertical_alignment="center")
    asked = st.query_params.get("job", "")
    job = one.selectbox(
        "Job",
        jobs,
        jobs.index(asked) if asked in jobs else 0,
        format_func=lambda name: f"Job: {name}",
        label_visibility="collapsed",
    )
    scopes = list(dict.fromkeys(model.series or SHARED for model in models if model.job == job))
    wanted = st.query_params.get("series", "")
    scope = two.selectbox(
        "Series",
        scopes,
        scopes.index(wanted) if wanted in scopes else 0,
        format_func=lambda name: "One model for all series" if name == SHARED else f"Series: {shown(name, 40)}",
        label_visibility="collapsed",
    )
    for name, value in (("job", job), ("series", scope)):
        if st.query_params.get(name) != value:
            st.query_params[name] = value
    with head:
        pieces.title("Models", f"{job} · {shown(scope, 40)}" if scope != job else job)
    return job, scope


def table(versions: list[StoredModel]) -> None:
    """All versions, the newest first."""
    rows = []
    for model in versions:
        learned = model.about.get("learned_from", {})
        rows.append(
            {
                "Version": f"v{model.version}",
                "": "in use" if model.active else "",
                "Added": words.moment(model.added_at),
                "Learned from": shown(str(learned.get("name", "")), 60),
                "Rows": learned.get("rows"),
                "From": words.moment(cases.moment(learned.get("start"))),
                "To": words.moment(cases.moment(learned.get("end"))),
                "Data hash": str(learned.get("sha256", ""))[:12],
            }
        )
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height=min(220, 40 + 35 * len(rows)), key="versions", column_config=COUNTED
    )


def picked(versions: list[StoredModel]) -> StoredModel | None:
    """The version looked at, in the address too."""
    numbers = [str(model.version) for model in versions]
    active = next((str(model.version) for model in versions if model.active), numbers[0])
    asked = st.query_params.get("version", active)
    if asked not in numbers:
        asked = active
    if len(numbers) > 1:
        asked = st.segmented_control(
            "Version", numbers, format_func=lambda n: f"v{n}", default=asked, key=f"version-{asked}", required=True
        )
        if st.query_params.get("version") != asked:
            st.query_params["version"] = asked
    return next(model for model in versions if str(model.version) == asked)


def actions(workspace: Workspace, model: StoredModel) -> None:
    """Use it, learn again, take it away."""
    work = JobWork.of(workspace, model.job, Action.REFIT)
    busy = work.status().state is State.RUNNING
    whose = "this series" if model.series is not None else "the job's series"
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            f"Use v{model.version}",
            disabled=model.active or not access.may_write(),
            key="use",
            help="Runs from now on judge by this version. The one in use stays, and can be used again.",
        ):
            workspace.models.activate(model.job, model.version, model.series, author=access.author())
            st.rerun()
        if st.button(
            "Learn again",
            disabled=busy or not access.may_write(),
            key="refit",
            help=f"From the latest data of {whose}, without true events and maintenance, and from the last new normal "
            "on. It becomes the next version.",
        ):
            work.begin(workspace, model.job, Action.REFIT, series=model.series)
            st.rerun()
        st.download_button(
            "Download",
            model.path.read_bytes,
            f"{model.job}-v{model.version}.safetensors",
            "application/octet-stream",
            on_click="ignore",
        )
    status = work.status()
    if work.request.get("series", model.series) != model.series:
        return
    if status.state is State.RUNNING:
        watching.watch(work)
    elif status.state in (State.FAILED, State.LOST):
        st.error(pieces.plain(sentence(status.message)))
    elif status.state is State.DONE and work.result:
        st.success(f"Learned again: version {work.result['version']}.")


def training(model: StoredModel) -> None:
    """What it is, and how learning went."""
    said = about(str(model.path))
    learned = said["learned_from"]
    members = said["history"]
    pieces.facts(
        [
            ("Channels", f"{len(said['channels'])}: {', '.join(shown(name, 30) for name in said['channels'][:6])}"),
            ("Learned from", f"{learned['rows']:,} rows"),
            ("Window", f"{said['window']:,} rows"),
            (
                "Threshold",
                f"{said['threshold']['value']:.3g} (score), {said['threshold']['rule']}"
                if isinstance(said["threshold"]["value"], float)
                else said["threshold"]["rule"],
            ),
            ("Members", counted(len(members), "autoencoder")),
        ]
    )
    twin = model.about.get("twin")
    pieces.lead(str(twin) if twin else "It was not compared with its linear twin: 'What it would catch' does so.")
    st.plotly_chart(training_curve(members, session.palette()), theme=None, config=CHART, key="curve")
    stopped = "; ".join(
        f"member {i + 1}: best at step {member['best_step']:,}, {Stop[member['stopped']]}"
        for i, member in enumerate(members)
    )
    st.caption(sentence(stopped))


@st.cache_data(max_entries=32, show_spinner=False)
def about(path: str) -> dict[str, Any]:
    """What a model's file says of itself."""
    return describe(path)


def series_of(workspace: Workspace, model: StoredModel) -> str | None:
    """The series that a model is looked at with: its own, or for a shared one a chosen one."""
    if model.series is not None:
        return model.series
    names = list(workspace.watermarks.all(model.job))
    if not names:
        return None
    return st.selectbox("On the series", names, format_func=lambda name: shown(name, 60), key="shared-on")


def drift(workspace: Workspace, model: StoredModel) -> None:
    """Whether scores still lie where they lay, and whether the data still keep their contract."""
    name = series_of(workspace, model)
    detector = session.detector_for(model.path, model.job, name or "")
    series, scores = cases.latest(workspace, model.job, name or "", detector)
    learned = detector.calibration_[np.isfinite(detector.calibration_)]
    since = cases.scores_since(series, scores, detector)
    if len(since) < detector.window_:
        until = words.moment(cases.moment(detector.learned_from_.get("end")))
        pieces.lead(
            f"It learned from rows until {until}. Whether scores have moved is told once {detector.window_:,} rows "
            f"have come after them; there are {len(since):,} so far."
        )
    else:
        shifted(learned, since, detector.threshold_.value)
    kept_contract(workspace, model, series)


def shifted(learned: NDArray[np.float64], since: NDArray[np.float64], value: float) -> None:
    """How scores were distributed when a model learned, and how they are since."""
    index = population_stability(learned, since)
    above = [float((part > value).mean()) for part in (learned, since)]
    verdict = "unchanged" if index < 0.1 else "moved a little" if index < 0.25 else "moved: learning again may help"
    pieces.tiles(
        [
            (f"{index:.2f}", "population stability index", f"scores have {verdict}", index >= 0.25),
            (percent(above[0]), "of rows above the threshold", "when it learned", False),
            (
                percent(above[1]),
                "of rows above the threshold",
                f"in the latest {len(since):,} rows since",
                above[1] > 3 * above[0],
            ),
        ]
    )
    st.plotly_chart(score_shift(learned, since, value, session.palette()), theme=None, config=CHART, key="shift")


def kept_contract(workspace: Workspace, model: StoredModel, series: tsanomaly.Series) -> None:
    """Whether the latest data are such as it learned from: columns, step, units, possible values."""
    contract = model.about.get("expected")
    pieces.heading("Data contract")
    if contract is None:
        pieces.lead("It learned before contracts were kept.")
        return
    job = parse_job(workspace.jobs.get(model.job).toml, model.job)
    checked = Expectation.from_dict(dict(contract)).check(series, job.contract)
    if checked.breaches:
        for breach in checked.breaches:
            st.warning(pieces.plain(sentence(breach.sentence)))
    else:
        pieces.lead("Kept: columns, step, units and possible values are as when it learned.")


def caught(workspace: Workspace, model: StoredModel) -> None:
    """What it would catch, by injected anomalies."""
    name = series_of(workspace, model)
    work = JobWork.of(workspace, model.job, Action.TEST)
    mine = (work.request.get("series"), work.request.get("version")) == (name, model.version)
    status = work.status()
    if not mine or status.state is not State.RUNNING:
        pieces.lead(
            "Puts anomalies of many kinds and strengths into copies of the latest readings, and shows which of them "
            "would be caught at this model's threshold."
        )
        if st.button("Test it", type="primary", disabled=status.state is State.RUNNING, key="model-test"):
            work.begin(workspace, model.job, Action.TEST, series=name, scope=model.series, version=model.version)
            st.rerun()
    if not mine:
        return
    if status.state is State.RUNNING:
        watching.watch(work)
    elif status.state is State.DONE:
        pieces.caught(work.result["findings"])
    elif status.message:
        st.error(pieces.plain(sentence(status.message)))


def compare(workspace: Workspace, model: StoredModel, versions: list[StoredModel]) -> None:
    """Two versions on the same stretch."""
    others = [other for other in versions if other.version != model.version]
    if not others:
        pieces.lead("There is no other version yet. Learn again, and the two can be compared here.")
        return
    other = others[0]
    if len(others) > 1:
        other = st.selectbox("With", others, format_func=lambda each: f"v{each.version}", key="compare-with")
    name = series_of(workspace, model)
    one, two = (session.detector_for(each.path, model.job, name or "") for each in (model, other))
    with st.spinner("Both judge the latest readings"):
        series, _ = cases.latest(workspace, model.job, name or "", one)
        found = judged(f"{model.path}", name or "", str(series.times[-1]), one, series)
        theirs = judged(f"{other.path}", name or "", str(series.times[-1]), two, series)
    only_one, only_two = pieces.beyond(found, theirs), pieces.beyond(theirs, found)
    pieces.tiles(
        [
            (f"{len(found):,}", f"events by v{model.version}", f"{found.per_week:.2f} a week", False),
            (f"{len(theirs):,}", f"events by v{other.version}", f"{theirs.per_week:.2f} a week", False),
            (f"{len(found) - len(only_one):,}", "found by both", f"in {counted(len(series), 'row')}", False),
        ]
    )
    left, right = st.columns(2, gap="large")
    with left:
        pieces.listed(f"Only by v{model.version}", only_one, found, "None.", key="only-one")
    with right:
        pieces.listed(f"Only by v{other.version}", only_two, theirs, "None.", key="only-two")


@st.cache_resource(max_entries=8, show_spinner=False)
def judged(
    path: str, name: str, last: str, _detector: tsanomaly.Detector, _series: tsanomaly.Series
) -> tsanomaly.Events:
    """The events of a stretch by one version."""
    return _detector.detect(_series)


show()
