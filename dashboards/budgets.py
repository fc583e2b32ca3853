"""The alert budget as a slider: how many events a person has time for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

import tsanomaly
from tsanomaly.report.words import counted

if TYPE_CHECKING:
    from tsanomaly import Budget

HOURS = {"hour": 1.0, "day": 24.0, "week": 168.0, "month": 730.5, "year": 8766.0}
"""Only to put budgets of different periods in order."""

STEPS = ("1/month", "2/month", "1/week", "2/week", "3/week", "5/week", "1/day", "2/day", "5/day", "1/hour")


def slider(value: str, key: str) -> str:
    """A budget such as ``3/week``, set by the user."""
    start = tsanomaly.Budget.parse(value)
    known = {spoken(budget): budget for budget in (*map(tsanomaly.Budget.parse, STEPS), start)}
    chosen = st.select_slider(
        "Alert budget: at most",
        sorted(known, key=lambda text: known[text].events / HOURS[known[text].per]),
        value=spoken(start),
        key=key,
        help="The threshold is laid so that at most this many events are shown, the most unusual ones, and only what "
        "stands out from the ordinary. It can be moved afterwards, at once.",
    )
    return written(known[chosen])


def spoken(budget: Budget) -> str:
    """``3 events a week``."""
    article = "an" if budget.per == "hour" else "a"
    return f"{budget.events:g} event{'s' * (budget.events != 1)} {article} {budget.per}"


def written(budget: Budget) -> str:
    """``3/week``."""
    return f"{budget.events:g}/{budget.per}"


def checked(text: str) -> str:
    """A budget as :func:`written`.

    Raises:
        ConfigurationError: it is none.
    """
    return written(tsanomaly.Budget.parse(text))


def in_words(budget: str, series: tsanomaly.Series) -> str:
    """What it means for a series."""
    allowed = tsanomaly.Budget.parse(budget).allowed(len(series), series.rows_per_week)
    clock = "" if series.has_clock else ", counting 2,016 rows as a week, for the file has no clock"
    return f"For this file: at most {counted(allowed, 'event')}{clock}."
