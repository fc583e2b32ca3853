"""Small pieces of page. Every text from a file passes through here and leaves as text, never as markup."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import available_timezones

import pandas as pd
import session
import streamlit as st
from runs import Look, Run

import tsanomaly
from tsanomaly.detection.events import Event
from tsanomaly.errors import TsAnomalyError
from tsanomaly.report import figures, sketch
from tsanomaly.report.self_test import SCALE, Cell, grid, standing_out, total
from tsanomaly.report.words import DIRECTIONS, as_html, clock, counted, percent, rows_lasting, shown
from tsanomaly.series import Finding

LISTED = 100
"""Events that come or go, listed at most."""

SKETCHED = 20.0
"""Seconds from a session's first figure in which its browser may be without plotly yet, over a slow line, say."""

_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str, most: int = 400) -> str:
    """Text for a Streamlit message, whose markdown would otherwise draw links, pictures, formulas and emoji."""
    escaped = _MARKDOWN.sub(r"\\\1", shown(text, most))
    return re.sub(r":(?=\w)", ":\u2060", escaped)  # a word joiner: emoji codes are looked for after escapes are gone


def problem(error: Exception) -> None:
    """An error in its own sentence."""
    st.error(plain(str(error)))


def title(text: str, beside: str = "") -> None:
    """The page's title, with what it is about beside it."""
    st.html(f'<h1 class="ts-title">{as_html(text, 90)}<span>{as_html(beside, 90)}</span></h1>')


def heading(text: str) -> None:
    """A heading within the page."""
    st.html(f'<h2 class="ts-heading">{as_html(text)}</h2>')


def lead(*sentences: str) -> None:
    """What there is to know, in sentences; nothing, where there is none."""
    said = "".join(f'<p class="ts-lead">{as_html(sentence, 300)}</p>' for sentence in sentences if sentence)
    if said:
        st.html(said)


def tiles(facts: list[tuple[str, str, str, bool]]) -> None:
    """Numbers with what they are of, and a word on each; the last says whether it asks for somebody."""
    cells = "".join(
        f"<div class={'ts-asks' if asks else 'ts-calm'}><b>{as_html(number)}</b><span>{as_html(unit)}</span>"
        f"<small>{as_html(said, 90)}</small></div>"
        for number, unit, said, asks in facts
    )
    st.html(f'<div class="ts-tiles">{cells}</div>')


def quiet(text: str) -> None:
    """What need not be read."""
    st.html(f'<p class="ts-quiet">{as_html(text, 600)}</p>')


def story(lines: list[tuple[str, str, str]]) -> None:
    """What happened, one line each: when, what, and in whose words."""
    items = "".join(
        f"<li><span>{as_html(when)}</span><div>{as_html(what, 200)}<small>{as_html(text, 2000)}</small></div></li>"
        for when, what, text in lines
    )
    st.html(f'<ol class="ts-story">{items}</ol>')


def facts(pairs: list[tuple[str, str]]) -> None:
    """Labelled facts, side by side."""
    cells = "".join(
        f"<div{' class=ts-wide' * (len(value) > 34)}><dt>{as_html(label)}</dt><dd>{as_html(value, 240)}</dd></div>"
        for label, value in pairs
    )
    st.html(f'<dl class="ts-facts">{cells}</dl>')


def findings(found: tuple[Finding, ...], offer: Callable[[Finding], None], most: int = 5) -> None:
    """Each finding with its rows, its repair and what else can be done, the serious ones first; beyond ``most`` they
    fold away.

    Args:
        offer: draws what one click can do, beside the finding.
    """
    order = {"warning": 0, "repaired": 1, "note": 2}
    ranked = sorted(found, key=lambda f: order[f.level])
    for finding in ranked[:most]:
        _with_offer(finding, offer)
    if len(ranked) > most:
        with st.expander(f"{len(ranked) - most} more"):
            for finding in ranked[most:]:
                _with_offer(finding, offer)


def _with_offer(finding: Finding, offer: Callable[[Finding], None]) -> None:
    said, clicks = st.columns([3, 1], vertical_alignment="center")
    said.html(f'<ul class="ts-findings">{_finding(finding)}</ul>')
    with clicks:
        offer(finding)


def look(run: Run) -> Look | None:
    """The file as series; where it cannot be read, the reason is shown."""
    try:
        with st.spinner("Reading"):
            return session.look(run)
    except TsAnomalyError as error:
        problem(error)
        return None


def chart(figure: Any, *, name: str, key: str, config: dict[str, Any], **more: Any) -> Any:
    """A figure. In a session's first seconds it is sketched in its place, too: plotly is yet to reach the browser.

    Args:
        name: of the place on the page, the same from run to run.
        key, config, more: as ``st.plotly_chart`` takes them.

    Returns:
        What ``st.plotly_chart`` returns: what is chosen in it.
    """
    now = time.monotonic()
    drawn = sketch.html(figure) if now - st.session_state.setdefault("first-figure", now) < SKETCHED else ""
    with st.container(key=f"sketched-{name}", gap=None):
        place = st.empty()
        if drawn:
            place.html(drawn)
        return st.plotly_chart(figure, theme=None, key=key, config=config, **more)


def picture(series: tsanomaly.Series) -> None:
    """The channels as they were read."""
    height = 60 + 90 * min(figures.CHANNELS, len(series.channels))
    figure = figures.preview(series, session.palette(), height)
    chart(figure, name="preview", key="preview", config={"displaylogo": False, "displayModeBar": False})
    if len(series.channels) > figures.CHANNELS:
        st.caption(f"The first {figures.CHANNELS} of {len(series.channels)} channels.")


def beyond(events: tsanomaly.Events, others: tsanomaly.Events) -> list[Event]:
    """Events that share no row with any of the others."""
    taken = sorted((other.start_row, other.end_row) for other in others)
    alone, at = [], 0
    for event in sorted(events, key=lambda event: event.start_row):
        while at < len(taken) and taken[at][1] <= event.start_row:
            at += 1
        if at == len(taken) or taken[at][0] >= event.end_row:
            alone.append(event)
    return sorted(alone, key=lambda event: event.rank)


def listed(title: str, events: list[Event], of: tsanomaly.Events, nothing: str, key: str | None = None) -> None:
    """Some events, the most severe first."""
    heading(f"{title}: {counted(len(events), 'event')}" if events else title)
    if not events:
        st.caption(nothing)
        return
    table = pd.DataFrame(
        {
            "Severity": [round(event.severity) for event in events[:LISTED]],
            "Start": [clock(event.start) for event in events[:LISTED]],
            "Lasts": [rows_lasting(of.series, event.end_row - event.start_row) for event in events[:LISTED]],
            "What broke": [
                f"{shown(event.channels[0].name, 40)} {DIRECTIONS[event.direction]}" for event in events[:LISTED]
            ],
        }
    )
    st.dataframe(table, hide_index=True, height=min(250, 38 + 35 * len(table)), key=key or f"listed-{title}")
    if len(events) > LISTED:
        st.caption(f"The {LISTED} most severe of {len(events):,}.")


def footer() -> None:
    """Beneath every page: which clock times are read on."""
    st.divider()
    chosen, said = st.columns([1, 3.2], vertical_alignment="center", gap="large")
    chosen.selectbox(
        "Times in",
        sorted(available_timezones()),
        index=None,
        key="zone",
        placeholder="each series' own zone",
        label_visibility="collapsed",
        help="Where a file names no zone, its times stay as written.",
        bind="query-params",
    )
    said.caption(
        "Times are shown in this zone. As long as none is chosen, those of a file are in its own, and those of jobs in "
        "UTC. Where a file names none, they stay as written."
    )


def _finding(finding: Finding) -> str:
    numbers = ", ".join(f"{row:,}" for row in finding.rows) + (", …" if finding.count > len(finding.rows) else "")
    rows = f"row{'s' * (finding.count != 1)} {numbers}" if finding.rows else ""
    details = [part for part in (rows, finding.repair) if part]
    return (
        f'<li><span class="ts-level ts-{finding.level}">{finding.level}</span><div>{as_html(finding.message, 300)}'
        f"<small>{as_html('; '.join(details), 300)}</small></div></li>"
    )


def shares(event: Event, most: int = 6) -> None:
    """An event's channels as bars, the one that broke most first."""
    rows = "".join(
        f'<div class="ts-share"><span title="{as_html(c.name, 300)}">{as_html(c.name, 28)}</span>'
        f'<i><b style="width:{100 * c.share:.1f}%"></b></i><span>{percent(c.share)}</span>'
        f"<span>{DIRECTIONS[c.direction]}</span></div>"
        for c in event.channels[:most]
    )
    rest = len(event.channels) - most
    more = f"<small>and {rest} more with less</small>" if rest > 0 else ""
    st.html(f'<div class="ts-shares">{rows}{more}</div>')


def caught(test: Mapping[str, Any]) -> None:
    """What a self-test found: how much is caught, by kind and strength."""
    lead(total(test))
    table = grid(test)
    head = "".join(f"<th>strength {strength:g}</th>" for strength in table.strengths)
    rows = "".join(f"<tr><th>{as_html(kind)}</th>{''.join(map(_cell, cells))}</tr>" for kind, cells in table.rows)
    st.html(
        f'<table class="ts-caught"><thead><tr><th>Caught</th>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f"<small class=ts-muted>{as_html(SCALE, 400)}</small>"
    )


def _cell(cell: Cell) -> str:
    share = cell.caught / cell.injected
    return (
        f'<td style="--share: {100 * share:.0f}%">{cell.caught} of {cell.injected}'
        f"<small>{as_html(standing_out(cell))}</small></td>"
    )
