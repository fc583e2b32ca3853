"""How good is it? Results of ``tsanomaly benchmark``, our own or yours: means, what they are by group, every file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pieces
import session
import streamlit as st

from tsanomaly.evaluation.benchmark import HEADS, Row, Summary, parse_results, read_results, stored_results, summarise
from tsanomaly.report.benchmark import GROUPINGS, bars, worst_first
from tsanomaly.report.figures import FONT
from tsanomaly.report.words import counted, shown
from tsanomaly.resources import results_folder

COMMAND = "tsanomaly benchmark FOLDER --detector default --detector linear --detector moving-variance --detector random"

OWN = {
    "our own: one channel, TSB-AD": "univariate",
    "our own: several channels, TSB-AD": "multivariate",
    "our own: NAB, with time stamps": "timestamped",
}
RESERVED = (
    "Measured on this version by its authors. Settings were chosen on these same files, so new series will score "
    "somewhat lower; docs/detection.md has the commands and the rest."
)

SOURCES = "VUS-PR, mean over sources"
METRIC = {head: st.column_config.NumberColumn(format="%.3f") for head in (*HEADS.values(), SOURCES)}
COUNTED = {
    "Rows": st.column_config.NumberColumn(format="localized"),
    "Fit + score, s": st.column_config.NumberColumn(format="%.2f"),
}


def show() -> None:
    """The view."""
    head, tools = st.columns([4, 1], vertical_alignment="center")
    with tools:
        rows, name = chosen(tables())
    with head:
        pieces.title("How good is it?", name)
    results(rows)
    if name in OWN:
        st.caption(RESERVED)
    yours()


def tables() -> dict[str, Path]:
    """Tables of results and their names: those where the dashboard was started, then our own."""
    found = {str(path): path for folder in (Path(), Path("out")) for path in stored_results(folder)}
    return found | {name: results_folder() / f"{stem}.csv" for name, stem in OWN.items()}


def chosen(found: dict[str, Path]) -> tuple[list[Row], str]:
    """The rows to show and where they are from: a table given here, or else one of those found."""
    with st.popover("Results", width="stretch"):
        name = st.selectbox("Stored where the dashboard was started, or our own", list(found), key="quality-table")
        given = st.file_uploader("Another table, as tsanomaly benchmark writes it", type=["csv"], key="quality-upload")
    if given is not None:
        return parse_results(given.getvalue(), given.name), given.name
    return read_results(found[name]), name


def results(rows: list[Row]) -> None:
    """Means, what they are by group, and every file."""
    summaries = summarise(rows)
    pieces.lead(*(in_words(summary) for summary in summaries[:1]))
    st.dataframe(means(summaries), hide_index=True, column_config=METRIC | COUNTED)
    by = st.segmented_control(
        "Mean VUS-PR by",
        list(GROUPINGS),
        format_func=GROUPINGS.__getitem__,
        default="source",
        key="quality-by",
        required=True,
    )
    figure = bars(summaries, by, session.palette()).update_layout(font_family=FONT)
    st.plotly_chart(figure, theme=None, config={"displayModeBar": False})
    pieces.heading("Every file, the worst first")
    st.dataframe(every_file(rows), hide_index=True, column_config=METRIC | COUNTED)


def yours() -> None:
    """How the same is measured on files of one's own."""
    pieces.heading("On your own files")
    pieces.lead(
        "This command measures detectors on a folder of labelled files and writes results.csv. Run it where the "
        "dashboard was started, or give its table under Results.",
        "A file is CSV, plain or gzip: a header, columns of values, and the label, 0 or 1, in the last column.",
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
                SOURCES: summary.source_mean,
                "Alarms a week, median": round(summary.flagged_per_week, 2),
                "Labelled a week, median": round(summary.labelled_per_week, 2),
                "Fit + score, s": summary.total_seconds,
                "Memory, MiB": round(summary.peak_megabytes),
            }
            for summary in summaries
        ]
    )


def every_file(rows: list[Row]) -> pd.DataFrame:
    """A row a file and detector; failures have a column where there are any."""
    table = pd.DataFrame(
        [
            {
                "File": shown(row.file, 120),
                "Detector": shown(row.detector),
                "Rows": row.rows,
                "Channels": row.channels,
                **{head: getattr(row, metric) for metric, head in HEADS.items()},
                "Fit + score, s": row.fit_seconds + row.score_seconds,
                "Failed": shown(row.failure, 300),
            }
            for row in worst_first(rows)
        ]
    )
    return table if table["Failed"].any() else table.drop(columns="Failed")


show()
