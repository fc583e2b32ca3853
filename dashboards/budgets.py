"""The alert budget as two sliders: how many events a person has time for, and how much of the time may be unusual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

import tsanomaly
from tsanomaly.errors import ConfigurationError
from tsanomaly.report.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.delta_generator import DeltaGenerator

    from tsanomaly import Budget

HOURS = {"hour": 1.0, "day": 24.0, "week": 168.0, "month": 730.5, "year": 8766.0}
"""Only to put budgets of different periods in order."""

RATES = ("1/month", "2/month", "1/week", "2/week", "3/week", "5/week", "1/day", "2/day", "5/day", "1/hour")
SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


def sliders(value: str, key: str, places: Sequence[DeltaGenerator] | None = None) -> str:
    """A budget such as ``3/week, 2 %``, set by the user; ``places``: for the two sliders, else beneath each other."""
    first, second = places or (st, st)
    start = tsanomaly.Budget.parse(value)
    known = {rate(budget): budget for budget in (*map(tsanomaly.Budget.parse, RATES), start)}
    many = first.select_slider(
        "Alert budget: at most",
        sorted(known, key=lambda text: known[text].events / HOURS[known[text].per]),
        value=rate(start),
        key=f"{key}-rate",
        help="The threshold is laid so that at most this many events are shown, the most unusual ones. "
        "It can be moved afterwards, at once.",
    )
    times = {time(share): share for share in sorted({*SHARES, start.share})}
    long = second.select_slider(
        "and in at most",
        list(times),
        value=time(start.share),
        key=f"{key}-time",
        help="Only this share of the rows may lie above the threshold: calm data has few anomalies, however much time "
        "there is to look at them. Where it is used up first, a larger share shows more events.",
    )
    return written(tsanomaly.Budget(known[many].events, known[many].per, times[long]))


def rate(budget: Budget) -> str:
    """``3 events a week``."""
    article = "an" if budget.per == "hour" else "a"
    return f"{budget.events:g} event{'s' * (budget.events != 1)} {article} {budget.per}"


def time(share: float) -> str:
    """``0.5 % of the time``."""
    return "all of the time" if share == 1 else f"{100 * share:g} % of the time"


def written(budget: Budget) -> str:
    """``3/week``, or with another share of the time than usual ``3/week, 2 %``."""
    share = "" if budget.share == tsanomaly.Budget.share else f", {100 * budget.share:g} %"
    return f"{budget.events:g}/{budget.per}{share}"


def checked(text: str, otherwise: str) -> str:
    """A budget out of an address, or another one where it is none."""
    try:
        return written(tsanomaly.Budget.parse(text))
    except ConfigurationError:
        return otherwise


def in_words(budget: str, series: tsanomaly.Series) -> str:
    """What it means for a series."""
    parsed = tsanomaly.Budget.parse(budget)
    events = counted(parsed.allowed(len(series), series.rows_per_week), "event")
    rows = "" if parsed.share == 1 else f", in at most {max(1, int(parsed.share * len(series))):,} of its rows"
    clock = "" if series.has_clock else "; 2,016 rows count as a week, for it has no clock"
    return f"For this file: at most {events}{rows}{clock}."
