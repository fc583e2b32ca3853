"""Labels as CSV: our own, TRAINSET's, Lookout for Equipment's."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tsanomaly.detection.verdicts import Judgement, Moment, instant, row_at
from tsanomaly.errors import DataError
from tsanomaly.series import Series
from tsanomaly.workspace.labels.label import Label, as_text, guarded, judged, moment, unguarded

OWN = ["series", "start", "end", "judgement", "note", "author", "channels"]
TRAINSET = ["series", "timestamp", "value", "label"]


def rows(text: str, name: str) -> Iterator[list[str]]:
    """The cells of each row that has any.

    Raises:
        DataError: it cannot be split into cells.
    """
    try:
        yield from (row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row)
    except csv.Error as error:
        raise DataError(f"'{name}' is no CSV: {error}; mend it, or say which format it is in") from None


# --- our own: a label a row -------------------------------------------------------------------------------------------


def write_own(labels: Sequence[Label], series: Mapping[str, Series]) -> str:
    """Everything a label says; channels as a list in JSON, since their names may hold commas."""
    return _dumped(
        [
            OWN,
            *(
                [
                    guarded(label.series),
                    as_text(label.start),
                    as_text(label.end),
                    str(label.judgement),
                    guarded(label.note),
                    guarded(label.author),
                    json.dumps(list(label.channels), ensure_ascii=False) if label.channels else "",
                ]
                for label in labels
            ),
        ]
    )


def read_own(table: list[list[str]], series: str, zone: str | None) -> list[Label]:
    """What :func:`write_own` wrote; columns may come in any order, and all but start and end may be missing."""
    header, *body = table
    at = {column.strip().lower(): place for place, column in enumerate(header)}
    start, end = at["start"], at["end"]

    def cell(row: list[str], column: str) -> str:
        return row[at[column]] if column in at and at[column] < len(row) else ""

    return [
        Label(
            unguarded(cell(row, "series")) or series,
            moment(row[start], zone),
            moment(row[end], zone),
            Judgement(cell(row, "judgement") or "true"),
            unguarded(cell(row, "note")),
            unguarded(cell(row, "author")),
            tuple(str(channel) for channel in json.loads(cell(row, "channels") or "[]")),
        )
        for row in body
    ]


# --- TRAINSET: a row a reading; the column 'series' is our channel ----------------------------------------------------


def write_trainset(labels: Sequence[Label], series: Mapping[str, Series]) -> str:
    """Every reading of one series, with its label where it has one.

    Raises:
        DataError: the readings are not given, or there are several series.
    """
    if len(series) != 1:
        raise DataError(f"TRAINSET's format holds the readings of one series; {len(series)} were given")
    [(name, whole)] = series.items()
    cells: list[list[str]] = [TRAINSET]
    marks: dict[str, list[str]] = {channel: [""] * len(whole) for channel in whole.channels}
    for label in labels:
        if label.series in (name, ""):
            first, last = row_at(whole, label.start), row_at(whole, label.end)
            for channel in label.channels or whole.channels:
                marks[channel][first:last] = [str(label.judgement)] * (last - first)
    for j, channel in enumerate(whole.channels):
        for row in range(len(whole)):
            value = whole.values[row, j]
            reading = repr(float(value)) if value == value else ""
            cells.append([guarded(channel), as_text(instant(whole, row)), reading, marks[channel][row]])
    return _dumped(cells)


def read_trainset(table: list[list[str]], series: str, zone: str | None) -> list[Label]:
    """Runs of rows with the same label, channel by channel; alike ones of several channels are one label.

    A label ends a step after its last row. One that all channels have names none.
    """
    _, *body = table
    by_channel: dict[str, list[tuple[Moment, str]]] = {}
    for row in body:
        by_channel.setdefault(unguarded(row[0]), []).append((moment(row[1], zone), row[3] if len(row) > 3 else ""))
    found: dict[tuple[Any, ...], list[str]] = {}
    for channel, readings in by_channel.items():
        for start, end, text in _runs(sorted(readings, key=_by_time)):
            found.setdefault((start, end, text), []).append(channel)
    labels = []
    for (start, end, text), channels in found.items():
        judgement, note = judged(text)
        everywhere = len(channels) == len(by_channel)
        labels.append(Label(series, start, end, judgement, note, "", () if everywhere else tuple(channels)))
    return sorted(labels, key=lambda label: _by_time((label.start, "")))


def _runs(readings: list[tuple[Moment, str]]) -> Iterator[tuple[Moment, Moment, str]]:
    step = _step(readings)
    begun = 0
    for row in range(1, len(readings) + 1):
        if row == len(readings) or readings[row][1] != readings[begun][1]:
            if readings[begun][1]:
                yield readings[begun][0], readings[row - 1][0] + step, readings[begun][1]
            begun = row


def _step(readings: list[tuple[Moment, str]]) -> Any:
    """The median time between rows."""
    apart: list[Any] = sorted(b[0] - a[0] for a, b in itertools.pairwise(readings))  # type: ignore[operator]
    if apart:
        return apart[len(apart) // 2]
    return timedelta(0) if isinstance(readings[0][0], datetime) else 1


def _by_time(reading: tuple[Moment, str]) -> Any:
    return reading[0]


# --- Lookout for Equipment: start and end, no header ------------------------------------------------------------------


def write_lookout(labels: Sequence[Label], series: Mapping[str, Series]) -> str:
    """True anomalies alone, in UTC, to the microsecond; the file says nothing else, not even of which series."""
    true = [label for label in labels if label.judgement is Judgement.TRUE]
    return _dumped([[_plain_time(label.start), _plain_time(label.end)] for label in true])


def read_lookout(table: list[list[str]], series: str, zone: str | None) -> list[Label]:
    """Times in UTC unless they say otherwise; further columns are left out."""
    return [Label(series, moment(row[0], zone), moment(row[1], zone)) for row in table]


def _plain_time(when: Moment) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S.%f}" if isinstance(when, datetime) else str(when)


def _dumped(table: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(table)  # with "\n" alone a lone "\r" would go unquoted
    return text.getvalue()
