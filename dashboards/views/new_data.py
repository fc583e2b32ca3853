"""New data: a file, how it was understood, and a run."""

from __future__ import annotations

from dataclasses import replace

import budgets
import overrides
import pieces
import remedies
import served
import session
import streamlit as st
from runs import BEGINNING, USUAL, Look, Request, Run
from task import State

import tsanomaly
from tsanomaly.report.words import clock_at, counted, lasting, rows_lasting, shown, zone_of
from tsanomaly.resources import sample_names, sample_path
from tsanomaly.series import Finding

TYPES = ["csv", "tsv", "txt", "dat", "gz", "zip", "parquet", "pq"]

MOST_ROWS = 10_000_000
"""Rows of a file that the dashboard takes; more would not fit a run's memory."""

SAMPLES_TOLD = {
    "machine": "a machine that is switched on and off",
    "pump": "a pump with five sensors and a slow drift",
    "tank": "a tank's level, measured irregularly, with gaps",
    "web": "a web service with daily and weekly season",
}


def show() -> None:
    """The view."""
    run = session.current()
    if run is None:
        choose_file()
        return
    status = run.status()
    if status.state is State.RUNNING or session.has_news(run):
        st.switch_page(session.INVESTIGATE, query_params={"run": run.id})
    head(run)
    if status.state in (State.FAILED, State.LOST):
        st.error(pieces.plain(status.message))
    elif status.state is State.CANCELLED:
        st.info(status.message)
    understood(run)


def choose_file() -> None:
    """Nothing is there yet: say what to do."""
    left, middle, right = st.columns([1, 3, 1])
    del left, right
    with middle:
        pieces.title("Find what is unusual in a time series")
        pieces.lead(
            "Give a table with a column for the time and columns of numbers. You see how it was understood before "
            "anything is judged, and a minute later its anomalies, ranked and explained."
        )
        limit = st.get_option("server.maxUploadSize")
        given = st.file_uploader(
            f"CSV, gzip, zip or Parquet; one file or several, each up to {limit} MB and {MOST_ROWS:,} rows",
            type=TYPES,
            accept_multiple_files=True,
            key="upload",
            help="A larger file on the server's disk: tsanomaly dashboard FILE, or its folder in TSANOMALY_FILES.",
        )
        if given:
            taken = [session.runs().create(file.name, file) for file in given]
            session.remember_files(taken)
            session.look_at(taken[0])
            st.rerun()
        on_server()
        names = sample_names()
        if names:
            pieces.lead("Or try one of these:")
            for place, column in enumerate(st.columns(len(names))):
                name = names[place]
                if column.button(name.capitalize(), key=f"sample-{name}", width="stretch"):
                    session.look_at(session.open_file(sample_path(name)))
                    st.rerun()
                column.caption(SAMPLES_TOLD.get(name, ""))


def on_server() -> None:
    """Files that need no upload: those in the folder that ``TSANOMALY_FILES`` names."""
    offered = served.files()
    if not offered:
        return
    chosen = st.selectbox(
        "A file on the server",
        offered,
        index=None,
        format_func=lambda path: shown(path.name, 80),
        placeholder="choose one; it may be larger than an upload",
        key="served",
    )
    if chosen is not None:
        session.look_at(session.open_file(chosen))
        st.rerun()


def head(run: Run) -> None:
    """The file's name, the way to the others that were given with it, and to another."""
    name, several, other = st.columns([4, 1.2, 1], vertical_alignment="center")
    with name:
        pieces.title(run.request.name)
    files = session.files()
    if len(files) > 1 and run.id in files:
        chosen = several.selectbox(
            "Files",
            list(files),
            list(files).index(run.id),
            format_func=lambda run_id: f"{list(files).index(run_id) + 1} of {len(files)}: {shown(files[run_id], 40)}",
            key=f"file-{run.id}",
            label_visibility="collapsed",
        )
        if chosen != run.id:
            st.switch_page(session.NEW_DATA, query_params={"run": chosen})
    other.button("Another file", on_click=session.leave, width="stretch", key="another")


def understood(run: Run) -> None:
    """Diagnosis at the left, settings at the right."""
    left, right = st.columns([2.2, 1], gap="large")
    with left:
        look = pieces.look(run)
        if look is None:
            beginning(run)
            overrides.show(run, None)
            return
    reading = look.reading
    if look.rows > MOST_ROWS:
        st.error(
            f"The file has {look.rows:,} rows; the dashboard takes up to {MOST_ROWS:,}. Give fewer rows, "
            "or judge it on the command line: tsanomaly detect FILE"
        )
        return
    if not look.is_whole and reading.diagnosis.series_column:
        st.error(
            f"The file has {look.rows:,} rows of several series; here such a file may have up to {BEGINNING:,}. "
            "A job reads it series by series, however long it is: tsanomaly jobs new"
        )
        return
    with right:
        series = settings(run, look)
    with left:
        diagnosis(run, look, series)
        samples(series)
        overrides.show(run, reading.diagnosis)


def beginning(run: Run, lines: int = 6) -> None:
    """The first lines of a text file that could not be read, so that a wrong delimiter or decimal sign is seen."""
    with run.open_source() as source:
        start = source.read(4000)
    text = [shown(line, 150) for line in start.decode("utf-8", "replace").splitlines()[:lines]]
    if 20 * sum(line.count("\ufffd") for line in text) < sum(map(len, text)):
        pieces.heading("How it begins")
        st.code("\n".join(text), language=None)


def diagnosis(run: Run, look: Look, series: tsanomaly.Series) -> None:
    """What was understood, and what was found on the way."""
    said, whole = look.reading.diagnosis, look.is_whole
    pieces.heading("What was understood")
    if not whole:
        pieces.lead(f"This is its first {said.rows:,} rows, read and drawn at once. A run reads all {look.rows:,}.")
    grid = counted(len(series), "row") if len(series) != said.rows else None
    pairs = [
        ("Rows in the file", f"{look.rows:,}"),
        ("Channels", listed(said.channels)),
        ("Series", said.series_column and f"{len(said.series)}, named by {said.series_column}"),
        ("From", clock_at(series, 0)),
        ("To", clock_at(series, len(series) - 1) if whole else None),
        ("Length", rows_lasting(series, len(series)) if whole else None),
        ("On a regular grid", grid if whole else None),
        ("Step", lasting(series.step) if series.step is not None else None),
        ("Time column", named_time(said)),
        ("Clock", zone_of(series)),
        ("Labels", said.label_column and f"{said.label_column}, read only to evaluate"),
        ("Written with", written(said)),
    ]
    pieces.facts([(label, value) for label, value in pairs if value])
    if said.findings:
        pieces.heading("What was found")
        pieces.findings(said.findings, lambda finding: remedy(run, said, finding))


def remedy(run: Run, said: tsanomaly.Diagnosis, finding: Finding) -> None:
    """What one click can do about a finding."""
    for offer in remedies.of(finding, said, st.context.timezone):
        key = f"remedy-{finding.code}-{finding.column}-{offer.label}"
        if st.button(pieces.plain(offer.label, 80), key=key, width="stretch"):
            run.ask(replace(run.request, overrides=run.request.overrides | offer.overrides, series=None))
            st.rerun()


def listed(channels: tuple[str, ...], most: int = 8) -> str:
    """How many channels, and the first of them."""
    more = f" and {len(channels) - most} more" if len(channels) > most else ""
    return f"{len(channels)}: {', '.join(shown(name, 40) for name in channels[:most])}{more}"


def named_time(said: tsanomaly.Diagnosis) -> str | None:
    """The column of times, and how they are written, where that had to be found out."""
    if said.time_column is None or said.time_format is None:
        return said.time_column
    return f"{said.time_column} ({said.time_format})"


def written(said: tsanomaly.Diagnosis) -> str | None:
    """The dialect of a text file, ``comma, decimal point, utf-8, a header``."""
    if said.delimiter is None:
        return None
    header = None if said.header is None else "a header" if said.header else "no header"
    decimal = said.decimal and f"decimal {overrides.DECIMALS[said.decimal]}"
    return ", ".join(filter(None, (overrides.DELIMITERS.get(said.delimiter), decimal, said.encoding, header)))


def samples(series: tsanomaly.Series) -> None:
    """How it looks, and its first rows."""
    drawn, rows = st.tabs(["Picture", "First rows"])
    with drawn:
        pieces.picture(series)
    rows.dataframe(series.between(0, 12).to_frame(), width="stretch")


def settings(run: Run, look: Look) -> tsanomaly.Series:
    """What can be set, all of which may be left alone; returns the series to judge."""
    request, reading = run.request, look.reading
    with st.container(border=True):
        pieces.heading("Find anomalies")
        names = list(reading.diagnosis.series)
        series = None
        if len(names) > 1:
            place = names.index(request.series) if request.series in names else 0
            series = st.selectbox("Series", names, index=place, key=f"series-{run.id}")
        chosen = reading[series] if series is not None else reading.one()
        budget = budgets.slider(request.threshold or USUAL, key=f"budget-{run.id}")
        if look.is_whole:
            st.caption(budgets.in_words(budget, chosen))
        with st.expander("More settings"):
            window = st.number_input(
                "Window, in rows",
                2,
                value=request.window,
                placeholder="from the series' own period",
                help="How many rows are looked at together. Left empty, it is the series' own period.",
                key=f"window-{run.id}",
            )
            steps = st.number_input(
                "Most training steps",
                1,
                value=request.steps,
                placeholder="300, or 600 for several channels",
                help="Training stops earlier by itself when it no longer gains.",
                key=f"steps-{run.id}",
            )
        if st.button("Find anomalies", type="primary", width="stretch", key="start"):
            wanted = replace(request, series=series, threshold=budget, window=window, steps=steps)
            begin(run, wanted)
    return chosen


def begin(run: Run, request: Request) -> None:
    """Start; a run that ended before keeps its result, and a new one begins."""
    if run.status().state is not State.PREPARED:
        run = session.runs().again(run, request)
    run.ask(request)
    session.begin(run)
    session.look_at(run)
    st.switch_page(session.INVESTIGATE, query_params={"run": run.id})


show()
