"""Dates in one column and times of day in the next become one column."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from tsanomaly.series.table import Table
from tsanomaly.series.timestamps import notation_of

SAMPLES = 100
OF_DAY = r"^\s*\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?(?:\s*[AaPp]\.?[Mm]\.?)?\s*$"
POINTED = r"^\s*(\d{1,2})\.(\d{2})(?:\.(\d{2}))?"
"""Times such as 18.30.00: their points would read as a fraction or a date."""

JOINT = " + "


def with_joined_clock(table: Table) -> Table:
    """``table`` with the first such pair of columns joined, under the names joined by ``JOINT``."""
    for date, time in pairwise(table.columns):
        if _are_dates(table.columns[date]) and _are_times_of_day(table.columns[time]):
            columns = {}
            for name, column in table.columns.items():
                if name == date:
                    columns[date + JOINT + time] = _joined(column, table.columns[time])
                elif name != time:
                    columns[name] = column
            return replace(table, columns=columns)
    return table


def _are_dates(column: pa.ChunkedArray) -> bool:
    texts = _sample(column)
    return notation_of(texts) is not None and not any(":" in text for text in texts)


def _are_times_of_day(column: pa.ChunkedArray) -> bool:
    texts = _sample(column)
    return (
        bool(texts)
        and bool(pc.all(pc.match_substring_regex(pa.array(texts), OF_DAY)).as_py())
        and any(text.count(":") or text.count(".") > 1 for text in texts)
    )


def _sample(column: pa.ChunkedArray) -> list[str]:
    if not pa.types.is_string(column.type):
        return []
    return [text for text in column.slice(0, SAMPLES).to_pylist() if text and text.strip()]


def _joined(dates: pa.ChunkedArray, times: pa.ChunkedArray) -> pa.ChunkedArray:
    colons = pc.replace_substring_regex(times, POINTED, r"\1:\2:\3")
    return pc.binary_join_element_wise(dates, pc.replace_substring_regex(colons, r":$", ""), " ")
