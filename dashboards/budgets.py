"""The alert budget as a slider: how many events a person has time for."""

from __future__ import annotations

import streamlit as st

import tsanomaly
from tsanomaly.report.words import counted

STEPS = ("1/month", "2/month", "1/week", "2/week", "3/week", "5/week", "1/day", "2/day", "5/day", "1/hour")


def slider(value: str, key: str) -> str:
    """A budget such as ``3/week``, set by the user."""
    steps = sorted({*STEPS, value}, key=per_year)
    return st.select_slider(
        "Alert budget: at most",
        steps,
        value=value,
        format_func=spoken,
        key=key,
        help="The threshold is laid so that this many events are shown, the most unusual ones. "
        "It can be moved afterwards, at once.",
    )


def per_year(budget: str) -> float:
    """Events a year."""
    parsed = tsanomaly.Budget.parse(budget)
    return parsed.events * {"hour": 8766, "day": 365.25, "week": 52.18, "month": 12, "year": 1}[parsed.per]


def spoken(budget: str) -> str:
    """``3 events a week``."""
    parsed = tsanomaly.Budget.parse(budget)
    article = "an" if parsed.per == "hour" else "a"
    return f"{parsed.events:g} event{'s' * (parsed.events != 1)} {article} {parsed.per}"


def in_words(budget: str, series: tsanomaly.Series) -> str:
    """What it means for a series."""
    allowed = tsanomaly.Budget.parse(budget).allowed(len(series), series.rows_per_week)
    clock = "" if series.has_clock else ", counting 2,016 rows as a week, for the file has no clock"
    return f"For this file: at most {counted(allowed, 'event')}{clock}."
