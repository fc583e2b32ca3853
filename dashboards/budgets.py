"""The alert budget as a slider: how many events a person has time for."""

from __future__ import annotations

import rules
import streamlit as st

import tsanomaly
from tsanomaly.report.words import counted


def slider(value: str, key: str) -> str:
    """A budget such as ``3/week``, set by the user."""
    start = tsanomaly.Budget.parse(value)
    known = {rules.budget_in_words(budget): budget for budget in (*map(tsanomaly.Budget.parse, rules.BUDGETS), start)}
    chosen = st.select_slider(
        "Alert budget: at most",
        sorted(known, key=lambda text: known[text].events / rules.hours(known[text])),
        value=rules.budget_in_words(start),
        key=key,
        help="The threshold is laid so that at most this many events are shown, the most unusual ones, and only what "
        "stands out from the ordinary. It can be moved afterwards, at once.",
    )
    return rules.budget_text(known[chosen])


def checked(text: str) -> str:
    """A budget as :func:`rules.budget_text` writes it.

    Raises:
        ConfigurationError: it is none.
    """
    return rules.budget_text(tsanomaly.Budget.parse(text))


def in_words(budget: str, series: tsanomaly.Series) -> str:
    """What it means for a series."""
    allowed = tsanomaly.Budget.parse(budget).allowed(len(series), series.rows_per_week)
    clock = "" if series.has_clock else ", counting 2,016 rows as a week, for the file has no clock"
    return f"For this file: at most {counted(allowed, 'event')}{clock}."
