"""How good is it? Stored results of ``tsanomaly benchmark``: means, what they are by group, and every file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pieces
import session
import streamlit as st

from tsanomaly.evaluation.benchmark import HEADS, Row, Summary, parse_results, read_results, stored_results, summarise
from tsanomaly.report.benchmark import GROUPINGS, bars, worst_first
from tsanomaly.report.words import counted, shown

COMMAND = "tsanomaly benchmark FOLDER --detector default --detector linear --detector moving-variance"

METRIC = {head: st.column_config.NumberColumn(format="%.3f") for head in HEADS.values()}


def show() -> None:
    """The view."""
    rows, name = chosen()
    if not rows:
        empty()
        return
    summaries = summarise(rows)
    pieces.title("How good is it?", name)
    pieces.lead(*(in_words(summary) for summary in summaries[:1]))
    st.dataframe(means(summaries), hide_index=True, column_config=METRIC)
    by = st.segmented_control(
        "By", list(GROUPINGS), format_func=GROUPINGS.__getitem__, default="source", key="quality-by", required=True
    )
    st.plotly_chart(bars(summaries, by, session.palette()), theme=None, config={"displayModeBar": False})
    pieces.heading("Every file, the worst first")
    st.dataframe(every_file(rows), hide_index=True, column_config=METRIC)


def chosen() -> tuple[list[Row], str]:
    """The rows to show and where they are from: a table given here, or else one found beside the server."""
    found = {str(path): path for folder in (Path(), Path("out")) for path in stored_results(folder)}
    with st.sidebar:
        name = st.selectbox("Results", list(found), key="quality-table") if found else None
        given = st.file_uploader("Another table of results", type=["csv"], key="quality-upload")
    if given is not None:
        return parse_results(given.getvalue(), given.name), given.name
    return (read_results(found[name]), name) if name else ([], "")


def empty() -> None:
    """Nothing was measured yet, and how it is."""
    pieces.title("How good is it?")
    pieces.lead(
        "No results are stored here yet. This command measures detectors on a folder of labelled files and writes "
        "results.csv; run it where the dashboard was started, or give its table at the left."
    )
    st.code(COMMAND, language="sh")


def in_words(summary: Summary) -> str:
    """One detector in a sentence."""
    overall = summary.overall
    duel = summary.against_linear
    against = (
        f", and better than its linear twin on {duel.wins} of {duel.wins + duel.losses + duel.ties} "
        f"(p = {duel.p_value:.2g})"
        if duel
        else ""
    )
    failures = f" Failed, and counted 0: {counted(len(summary.failures), 'file')}." if summary.failures else ""
    return (
        f"{shown(summary.detector)}: mean VUS-PR {overall.means['vus_pr']:.3f} over {counted(overall.files, 'file')}"
        f"{against}.{failures}"
    )


def means(summaries: list[Summary]) -> pd.DataFrame:
    """A row a detector."""
    return pd.DataFrame(
        [
            {
                "Detector": shown(summary.detector),
                "Files": summary.overall.files,
                **{head: summary.overall.means[metric] for metric, head in HEADS.items()},
                "VUS-PR, mean over sources": round(summary.source_mean, 3),
                "Alarms a week": round(summary.flagged_per_week, 2),
                "Labelled a week": round(summary.labelled_per_week, 2),
                "Fit + score, s": round(summary.total_seconds, 2),
                "Memory, MiB": round(summary.peak_megabytes),
            }
            for summary in summaries
        ]
    )


def every_file(rows: list[Row]) -> pd.DataFrame:
    """A row a file and detector."""
    return pd.DataFrame(
        [
            {
                "File": shown(row.file, 120),
                "Detector": shown(row.detector),
                "Rows": row.rows,
                "Channels": row.channels,
                **{head: getattr(row, metric) for metric, head in HEADS.items()},
                "Fit + score, s": round(row.fit_seconds + row.score_seconds, 2),
                "Failed": shown(row.failure, 300),
            }
            for row in worst_first(rows)
        ]
    )


show()
