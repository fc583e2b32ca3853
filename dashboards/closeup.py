"""One event from near: its picture, its channels over time, why, and the rows themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import event_table
import numpy as np
import pandas as pd
import pieces
import session
import streamlit as st

import tsanomaly
from tsanomaly.detection.bands import expected_band
from tsanomaly.detection.explanation import Explanation, explain, explain_all
from tsanomaly.detection.similarity import most_similar
from tsanomaly.report import figures
from tsanomaly.report.heat_map import heat_map
from tsanomaly.report.words import rarity, sentence, shown

CHART = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
    "scrollZoom": False,
}

ROWS = 2000
"""Rows of the series listed at most."""

BESIDE = 5
"""Rows listed before and after an event."""

LEARNED = 20_000
"""Rows around an event that the usual size of an error is known from, where fewer are shown."""


def picture(
    events: tsanomaly.Events, event: tsanomaly.Event, around: float, wanted: Sequence[int] | None, key: str
) -> None:
    """What was expected, and what came."""
    near, chosen = surroundings(events, event, around)
    figure = figures.zoom(
        near, chosen, channels=wanted, around=around, band=expected_band(near), palette=session.palette()
    )
    pieces.chart(figure, name="picture", key=f"picture-{key}", config=CHART)


def surroundings(
    events: tsanomaly.Events, event: tsanomaly.Event, around: float
) -> tuple[tsanomaly.Events, tsanomaly.Event]:
    """The stretch that is shown, with enough rows on both sides to know the usual size of an error; a series of
    millions of rows is not gone through for one picture."""
    first, last = figures.span_around(events.series, event, around)
    wider = max(0, LEARNED - (last - first)) // 2
    first, last = max(0, first - wider), min(len(events.series), last + wider)
    if (first, last) == (0, len(events.series)) or not events.series.has_clock:  # else rows would be counted from there
        return events, event
    inside = [each for each in events if each.start_row < last and each.end_row > first]
    moved = {
        each.rank: replace(
            each,
            start_row=max(first, each.start_row) - first,
            end_row=min(last, each.end_row) - first,
            peak_row=min(max(first, each.peak_row), last - 1) - first,
        )
        for each in inside
    }
    all_rows = events.scores
    scores = tsanomaly.Scores(
        all_rows.times[first:last],
        all_rows.total[first:last],
        all_rows.by_channel[first:last],
        all_rows.expected[first:last],
        all_rows.channels,
    )
    near = replace(
        events,
        events=tuple(moved.values()),
        series=events.series.between(first, last),
        scores=scores,
        severity=events.severity[first:last],
    )
    return near, moved[event.rank]


def heat(events: tsanomaly.Events, event: tsanomaly.Event, around: float, key: str) -> None:
    """All channels against time."""
    figure = heat_map(events, chosen=event, around=around, palette=session.palette())
    st.plotly_chart(figure, theme=None, key=f"heat-{key}", config=CHART)


def why(
    events: tsanomaly.Events, event: tsanomaly.Event, detector: tsanomaly.Detector, key: str, kind: str = ""
) -> None:
    """Kind, channels and the smallest repair.

    Args:
        kind: what is known of its kind, where the events' series is but a part: the part may be too short to tell.
    """
    with st.spinner("Looking for the smallest repair"):
        said = _explained(key, events, event, detector)
    left, right = st.columns([1.3, 1], gap="large")
    with left:
        pieces.heading("Which channels broke")
        pieces.shares(event)
    with right:
        pieces.heading("What kind of event")
        pieces.lead(sentence(kind or said.sentence))
        pieces.heading("The smallest repair")
        pieces.lead(said.repair.sentence if said.repair else "None was found: the event is too long to be judged anew.")
        pieces.heading("How rare")
        pieces.lead(sentence(f"severity {event.severity:.0f} of 100: {rarity(event.severity)}"))


@st.cache_resource(max_entries=64, ttl="1h", show_spinner=False)
def _explained(
    key: str, _events: tsanomaly.Events, _event: tsanomaly.Event, _detector: tsanomaly.Detector
) -> Explanation:
    return explain(_events, _event, _detector)


@st.cache_resource(max_entries=8, ttl="1h", show_spinner=False)
def explanations(key: str, _events: tsanomaly.Events, _detector: tsanomaly.Detector) -> tuple[Explanation, ...]:
    """Of all events of a series, without repairs."""
    return explain_all(_events, _detector)


def alike(events: tsanomaly.Events, event: tsanomaly.Event, said: Sequence[Explanation]) -> list[tuple[int, float]]:
    """Ranks of the other events of the same series most like one, with their likeness."""
    others = [each for each in said if each.rank != event.rank]
    own = said[event.rank - 1].fingerprint
    found = most_similar(own, [each.fingerprint for each in others])
    return [(others[place].rank, likeness) for place, likeness in found]


def raw(events: tsanomaly.Events, event: tsanomaly.Event, key: str) -> None:
    """The rows of the event and a few around it: where it begins is to be seen without scrolling."""
    first = max(0, event.start_row - BESIDE)
    last = min(len(events.series), event.end_row + BESIDE, first + ROWS)
    part = events.series.between(first, last)
    frame = part.to_frame()
    frame.columns = [shown(str(name), 60) for name in frame.columns]
    frame.insert(0, "score", np.asarray(events.scores.total[first:last]), allow_duplicates=True)
    inside = np.zeros(len(frame), bool)
    inside[event.start_row - first : event.end_row - first] = True
    frame.insert(0, "in the event", inside, allow_duplicates=True)
    frame = unique_columns(frame)
    st.dataframe(frame, height=380, key=f"raw-{key}")
    st.caption(f"{len(frame):,} rows, in the units of the file; empty where nothing was read.")


def unique_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with columns that a table on the page can tell apart."""
    seen: dict[str, int] = {}
    names = []
    for name in frame.columns:
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return frame.set_axis(names, axis=1)


def with_kinds(events: tsanomaly.Events, said: Sequence[Explanation]) -> event_table.Rows:
    """The table of a series' events, each with its kind."""
    table = event_table.of_run(events)
    for row, explanation in zip(table.rows, said, strict=False):
        row["cells"].insert(4, {"text": str(explanation.kind), "title": shown(explanation.sentence, 200)})
    table.columns.insert(4, {"head": "Kind"})
    return table
