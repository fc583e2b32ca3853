"""Events in plain words. Names from files are made harmless by :func:`shown`, and by :func:`as_html` for HTML."""

from __future__ import annotations

import html
import math
import re
import unicodedata

import numpy as np
import pandas as pd

from tsanomaly.detection.events import Event, Events, moment
from tsanomaly.series import Series
from tsanomaly.series.spans import lasting as lasting

_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Unicode categories that draw nothing, or turn the text around them: controls, direction marks, line separators."""

_ALMOST_A_YEAR = np.timedelta64(360, "D")

DIRECTIONS = {"above": "above expected", "below": "below expected", "both": "above and below expected"}
ARROWS = {"above": "↑", "below": "↓", "both": "↕"}


def shown(name: str, most: int = 60) -> str:
    """A name on one line: what cannot be seen becomes ``�``, and what is too long ends in ``…``."""
    cut = name if len(name) <= most else name[: most - 1] + "…"
    if cut.isascii() and cut.isprintable():  # most names are, and lists have thousands of them
        return cut
    return "".join("\ufffd" if unicodedata.category(letter) in _INVISIBLE else letter for letter in cut)


def lines(text: str, most: int = 400) -> str:
    """A text of several lines, each as :func:`shown` has it; beyond ``most`` of them, ``…``."""
    each = text.rstrip("\n").split("\n")
    return "\n".join([*(shown(line, 400) for line in each[:most]), *("…" for _ in each[most : most + 1])])


def as_html(name: str, most: int = 60) -> str:
    """:func:`shown`, with markup escaped: for HTML, and for plotly's texts, which know some of it."""
    return html.escape(shown(name, most), quote=True)


def stem(name: str) -> str:
    """The beginning of a file's name that any system accepts, for files made from it."""
    kept = re.sub(r"[^\w.-]+", "-", re.sub(r"(\.(csv|tsv|txt|dat|gz|zip|parquet|pq))+$", "", name, flags=re.I))
    return kept.strip("-.")[:60] or "series"


def counted(number: int, noun: str) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """``37 %``; ``under 1 %`` for what is little but not nothing."""
    if 0 < share < 0.01:
        return "under 1 %"
    return "over 99 %" if 0.99 < share < 1 else f"{share:.0%}".replace("%", " %")


def sentence(text: str) -> str:
    """A message as a sentence: a capital at its start, a full stop at its end."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def rarity(severity: float) -> str:
    """What a severity means, in rows: 23 is ``one row in 200 scores as high``."""
    rows = 10 ** (severity / 10)
    if rows < 1.5:
        return "ordinary rows score as high"
    digits = 1 - math.floor(math.log10(rows))
    return f"one row in {round(rows, min(0, digits)):,.0f} scores as high"


def rows_lasting(series: Series, rows: int) -> str:
    """What so many rows of the grid last; without a clock, the rows themselves."""
    return lasting(series.step * rows) if series.step is not None else counted(rows, "row")


def clock(when: str | int) -> str:
    """An event's moment as people write it, ``3 Feb 2014, 05:00``; without a clock, ``row 512``."""
    if isinstance(when, int):
        return f"row {when:,}"
    stamp = pd.Timestamp(when)
    seconds = f":{stamp:%S}" if stamp.second or stamp.microsecond else ""
    fraction = f".{stamp.microsecond:06d}".rstrip("0") if stamp.microsecond else ""
    return f"{stamp.day} {stamp:%b %Y, %H:%M}{seconds}{fraction}"


def brief(when: str | int, series: Series) -> str:
    """:func:`clock`, without the year where the series is too short to need it: ``3 Feb, 05:00``."""
    said = clock(when)
    if not series.has_clock or series.step is None or series.step * len(series) > _ALMOST_A_YEAR:
        return said
    return re.sub(r" \d{4},", ",", said, count=1)


def clock_at(series: Series, row: int) -> str:
    """:func:`clock` of a row, in the series' zone."""
    return clock(moment(series, row))


def zone_of(series: Series) -> str:
    """Which clock the times are read on."""
    if not series.has_clock:
        return "rows are counted from 0; the file has no clock"
    return f"times in {shown(series.zone)}" if series.zone else "times as written; the file names no zone"


def headline(events: Events) -> str:
    """How many events, and over which time."""
    length = rows_lasting(events.series, len(events.series))
    if not len(events):
        return f"No events in {length}"
    return f"{counted(len(events), 'event')} in {length}"


def worst(events: Events) -> str:
    """The most severe event in one sentence; empty where there is none."""
    if not len(events):
        return ""
    event = events[0]
    return (
        f"The most severe, {event.severity:.0f} of 100, is at {clock(event.peak_time)}: "
        f"{shown(event.channels[0].name)} {DIRECTIONS[event.direction]}."
    )


def not_judged(events: Events) -> str:
    """What could not be judged, in one sentence."""
    coverage = events.coverage
    if not coverage.not_judged:
        return f"All {coverage.judged:,} rows were judged."
    share = percent(1 - coverage.share)
    return f"{counted(coverage.not_judged, 'row')} ({share}) could not be judged: values are missing there."


def why(event: Event) -> str:
    """What broke in one event: ``pressure 71 %, below expected; flow 20 %, above expected``."""
    return "; ".join(
        f"{shown(channel.name)} {percent(channel.share)}, {DIRECTIONS[channel.direction]}"
        for channel in event.channels[:3]
        if channel is event.channels[0] or channel.share >= 0.05
    )
