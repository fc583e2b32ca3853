"""What each column is for, and its cells as numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tsanomaly.errors import ReadError
from tsanomaly.series.diagnosis import Finding, Level, counted, found
from tsanomaly.series.dialect import COMMA_THOUSANDS, MISSING, POINT_NUMBER, POINT_THOUSANDS

INFINITE = r"^[+-]?(?i:inf|infinity)$"
UNIT = r"(?:[^\d\s+\-.,;:/][^\d]{0,9})"
"""What may follow every number of a column: °C, %, kW, m/s."""

LABEL_NAMES = frozenset(
    [
        "label",
        "labels",
        "anomaly",
        "anomalies",
        "isanomaly",
        "anomalous",
        "anomalylabel",
        "outlier",
        "outliers",
        "isoutlier",
        "groundtruth",
        "gt",
        "attack",
        "isattack",
        "normalattack",
        "abnormal",
    ]
)
TRUE_WORDS = frozenset(["1", "1.0", "true", "t", "yes", "y", "attack", "anomaly", "anomalous", "outlier", "abnormal"])
FALSE_WORDS = frozenset(["0", "0.0", "false", "f", "no", "n", "normal", "ok"]) | MISSING


@dataclass(frozen=True)
class Numbers:
    """A column's cells as numbers.

    Attributes:
        values: ``(n,)`` float64, NaN where no number was read.
        infinite: ``(n,)`` bool, written as infinity or too large for a float; NaN in ``values``.
        text: ``(n,)`` bool, something else than a number or a usual word for 'missing'.
        examples: some of that text.
        unit: what followed every number, cut off.
    """

    values: NDArray[np.float64]
    infinite: NDArray[np.bool_]
    text: NDArray[np.bool_]
    examples: tuple[str, ...] = ()
    unit: str = ""

    @cached_property
    def count(self) -> int:
        """Numbers read."""
        return int(np.isfinite(self.values).sum())

    @property
    def is_numeric(self) -> bool:
        """At least one number, and not more foreign text than numbers."""
        return self.count > 0 and self.count >= int(self.text.sum())

    @property
    def is_empty(self) -> bool:
        """Neither a number nor text."""
        return self.count == 0 and not self.text.any() and not self.infinite.any()

    @cached_property
    def is_constant(self) -> bool:
        """One value wherever anything was read."""
        seen = self.values[np.isfinite(self.values)]
        return len(seen) > 0 and bool((seen == seen[0]).all())


def to_numbers(column: pa.ChunkedArray, decimal: str) -> Numbers:
    """Cells of any Arrow type as numbers; what is no number becomes NaN and is counted."""
    if is_text(column):
        return _from_text(column, decimal)
    n = len(column)
    nothing = np.zeros(n, dtype=np.bool_)
    kind = column.type
    numeric = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    if not any(is_such(kind) for is_such in numeric):
        foreign = pc.is_valid(column).to_numpy()
        return Numbers(np.full(n, np.nan), nothing, foreign, (str(kind),))
    values = pc.fill_null(pc.cast(column, pa.float64(), safe=False), np.nan).to_numpy()
    return _without_infinities(values, nothing)


def is_text(column: pa.ChunkedArray) -> bool:
    """Whether the cells are strings."""
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _without_infinities(
    values: NDArray[np.float64], text: NDArray[np.bool_], examples: Any = (), unit: str = ""
) -> Numbers:
    infinite = np.isinf(values)
    if infinite.any():
        values = np.where(infinite, np.nan, values)
    return Numbers(values, infinite, text, tuple(examples), unit)


def _from_text(column: pa.ChunkedArray, decimal: str) -> Numbers:
    if decimal == ".":
        try:
            values = pc.fill_null(pc.cast(column, pa.float64()), np.nan).to_numpy()
            return _without_infinities(values, np.zeros(len(values), dtype=np.bool_))
        except pa.ArrowInvalid:
            pass
    column = pc.replace_substring(pc.utf8_trim_whitespace(column), "\u2212", "-")
    plain = _plain(column, decimal)
    unit = ""
    valid = _valid(plain)
    if not pc.any(valid).as_py():
        plain, unit = _without_unit(column, decimal)
        valid = _valid(plain)
    numbers = pc.cast(pc.if_else(valid, plain, None), pa.float64())
    values = pc.fill_null(numbers, np.nan).to_numpy()
    missing = pc.is_in(pc.utf8_lower(column), pa.array(sorted(MISSING)))
    blank = pc.fill_null(missing, True)
    foreign = pc.and_(pc.invert(pc.fill_null(valid, False)), pc.invert(blank))
    examples = pc.unique(column.filter(foreign).slice(0, 1000)).slice(0, 3).to_pylist()
    return _without_infinities(values, foreign.to_numpy(), examples, unit)


def _valid(plain: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.or_(pc.match_substring_regex(plain, f"^{POINT_NUMBER}$"), pc.match_substring_regex(plain, INFINITE))


def _plain(column: pa.ChunkedArray, decimal: str) -> pa.ChunkedArray:
    """Numbers in the notation that Arrow reads: a decimal point, nothing between thousands."""
    thousands, marks = (POINT_THOUSANDS, ",") if decimal == "." else (COMMA_THOUSANDS, "[. '\\x{a0}\\x{202f}]")
    grouped = pc.match_substring_regex(column, f"^{thousands}$")
    if pc.any(grouped).as_py():
        column = pc.if_else(grouped, pc.replace_substring_regex(column, marks, ""), column)
    if decimal == ",":
        pointed = pc.match_substring(column, ".")  # with a decimal comma, what still holds a point is no number
        column = pc.if_else(pointed, column, pc.replace_substring(column, ",", "."))
        column = pc.if_else(pointed, pc.binary_join_element_wise(column, "?", ""), column)
    return column


def _without_unit(column: pa.ChunkedArray, decimal: str) -> tuple[pa.ChunkedArray, str]:
    """The numbers of a column whose every number is followed by one and the same unit."""
    parts = pc.extract_regex(column, rf"^(?P<number>[+-]?[\d.,' ]*\d[.,]?(?:[eE][+-]?\d+)?)\s*(?P<unit>{UNIT})$")
    units = pc.drop_null(pc.unique(pc.struct_field(parts, "unit"))).to_pylist()
    if len(units) != 1:
        return column, ""
    return _plain(pc.utf8_trim_whitespace(pc.struct_field(parts, "number")), decimal), units[0]


def is_label_name(name: str) -> bool:
    """Whether a column is called as label columns are."""
    return re.sub(r"[\W_]", "", name.lower()) in LABEL_NAMES


def to_labels(column: pa.ChunkedArray) -> NDArray[np.bool_] | None:
    """``(n,)`` truth of 0 and 1, true and false, normal and attack; ``None`` where another word occurs."""
    coded = pc.dictionary_encode(pc.cast(column, pa.string()).combine_chunks())
    words = [(word or "").strip().lower() for word in coded.dictionary.to_pylist()]
    if not set(words) <= TRUE_WORDS | FALSE_WORDS or all(word in MISSING for word in words):
        return None
    truth = np.array([word in TRUE_WORDS for word in words] + [False])
    return np.asarray(truth[pc.fill_null(coded.indices, len(words)).to_numpy(zero_copy_only=False)])


def channel_findings(name: str, numbers: Numbers, rows: NDArray[np.int64]) -> list[Finding]:
    """What is worth saying of one channel's cells."""
    said = []
    if numbers.unit:
        message = f"every number of '{name}' is followed by '{numbers.unit}'"
        said.append(found("unit", Level.NOTE, message, repair="read without it", column=name))
    if numbers.text.any():
        bad = rows[numbers.text]
        examples = ", ".join(f"'{_short(text)}'" for text in numbers.examples)
        message = f"'{name}' holds text in {counted(len(bad), 'row')}: {examples}"
        said.append(found("text-cells", Level.REPAIRED, message, rows=bad, repair="taken as missing", column=name))
    if numbers.infinite.any():
        bad = rows[numbers.infinite]
        message = f"'{name}' holds infinity or a number too large in {counted(len(bad), 'row')}"
        said.append(found("infinite", Level.REPAIRED, message, rows=bad, repair="taken as missing", column=name))
    missing = ~np.isfinite(numbers.values) & ~numbers.text & ~numbers.infinite
    if missing.any():
        bad = rows[missing]
        message = f"'{name}' has no value in {counted(len(bad), 'row')}"
        said.append(found("missing-values", Level.NOTE, message, rows=bad, repair="left as gaps", column=name))
    return said


def require(names: list[str], wanted: str, role: str, source: str) -> None:
    """Raises ReadError unless the column called for exists."""
    if wanted not in names:
        shown = ", ".join(f"'{name}'" for name in names[:8]) + (", …" if len(names) > 8 else "")
        raise ReadError(f"{source} has no column '{wanted}' to take as {role}; its columns are {shown}")


def _short(text: str, most: int = 30) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
