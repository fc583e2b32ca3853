"""How a text file is written: encoding, delimiter, decimal sign, header."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

from tsanomaly.errors import ReadError
from tsanomaly.series.diagnosis import Finding, Level, counted, found
from tsanomaly.series.options import ReadOptions
from tsanomaly.series.source import Source
from tsanomaly.series.timestamps import looks_like_time

DELIMITERS = (",", ";", "\t", "|", " ")
NO_DELIMITER = "\x1f"
"""Stands for 'one column' where the csv module must be given something: ASCII's own unit separator."""

ASCII = bytes(range(128))
WESTERN = frozenset("äöüÄÖÜßéèêëÉÈàâáíîïóôúûñçÇåøæÅØÆ°µ²³€§±·×")

BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

SAMPLE_BYTES = 2**18
SAMPLE_ROWS = 300
LATER_BYTES, LATER_PLACES = 2**12, 16
LINE_LIMIT = 2**17
"""Characters in one line. Five thousand channels need some 100,000; beyond this it is no table of rows."""

POINT_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
COMMA_NUMBER = r"[+-]?(?:\d+(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?"
POINT_THOUSANDS = r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?"
COMMA_THOUSANDS = r"[+-]?\d{1,3}(?:[. '\x{a0}\x{202f}]\d{3})+(?:,\d*)?"

MISSING = {"", "no data"}.union(
    [
        "-",
        "--",
        "---",
        ".",
        "?",
        "*",
        "n/a",
        "#n/a",
        "na",
        "nan",
        "-nan",
        "nil",
        "none",
        "null",
        "nat",
        "missing",
        "bad",
        "error",
        "fault",
        "invalid",
        "offline",
        "nodata",
        "#value!",
        "#div/0!",
        "#num!",
        "#ref!",
        "\\n",
    ]
)
"""Cells that mean 'nothing was measured', in lower case."""

_PYTHON = {
    name: re.compile(pattern.replace(r"\x{a0}", "\xa0").replace(r"\x{202f}", "\u202f"))
    for name, pattern in {
        "point": POINT_NUMBER,
        "comma": COMMA_NUMBER,
        "point thousands": POINT_THOUSANDS,
        "comma thousands": COMMA_THOUSANDS,
    }.items()
}


@dataclass(frozen=True)
class Dialect:
    """What the text parser needs to know.

    Attributes:
        delimiter: ``""`` for one column.
        first_row: physical rows before the table (a preamble), skipped.
    """

    encoding: str
    delimiter: str
    decimal: str
    header: bool
    first_row: int = 0


def is_number(cell: str, decimal: str | None = None) -> bool:
    """Whether a cell is a number with the given decimal sign, or with either."""
    cell = cell.strip()
    signs = [sign for sign, mark in (("point", "."), ("comma", ",")) if decimal in (None, mark)]
    return any(_PYTHON[sign].fullmatch(cell) or _PYTHON[f"{sign} thousands"].fullmatch(cell) for sign in signs)


def is_missing(cell: str) -> bool:
    """Whether a cell says that nothing was measured."""
    return cell.strip().lower() in MISSING


def find_dialect(source: Source, options: ReadOptions, findings: list[Finding]) -> Dialect:
    """Work out what ``options`` leaves open, and add to ``findings`` what is doubtful.

    Raises:
        ReadError: the bytes are no text, or their first line has no end.
    """
    encoding = options.encoding or find_encoding(source)
    lines = _sample_lines(source, encoding)
    if options.encoding is None and not encoding.startswith("utf"):
        message = f"the text is not UTF-8; it was taken for {encoding}"
        findings.append(found("guessed-encoding", Level.NOTE, message, repair="give encoding if names look wrong"))
    if options.delimiter is None and lines and (told := re.fullmatch(r"sep=(.)\s*", lines[0])):
        delimiter = told[1]
    else:
        delimiter = find_delimiter(lines) if options.delimiter is None else options.delimiter
    rows = split(lines, delimiter)
    first = _preamble(rows)
    if first:
        message = f"{counted(first, 'row')} above the table"
        findings.append(found("preamble", Level.NOTE, message, rows=range(1, first + 1), repair="skipped"))
    rows = [row for row in rows[first:] if row]
    if not rows:
        raise ReadError(f"{source.name} is empty; a table with a header and rows was expected")
    decimal, unsure = (
        (options.decimal, False)
        if options.decimal
        else find_decimal(rows + split(_later_lines(source, encoding), delimiter), delimiter)
    )
    if unsure:
        message = "every number with a comma has three digits after it, so the comma could also part thousands"
        repair = f"taken as {'decimal comma' if decimal == ',' else 'thousands'}; give decimal for the other"
        findings.append(found("decimal-or-thousands", Level.WARNING, message, repair=repair))
    header = find_header(rows) if options.header is None else options.header
    return Dialect(encoding, delimiter, decimal, header, first)


def find_encoding(source: Source) -> str:
    """A byte order mark, else UTF-8 if every byte obeys it, else cp1252 if that is plausible, else a guess.

    Raises:
        ReadError: the file holds bytes that no text has.
    """
    data = source.data
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return encoding
    sample = data[:SAMPLE_BYTES]
    zeros = sample.count(0)
    if zeros:
        for encoding, start in (("utf-16-le", 1), ("utf-16-be", 0)):
            if sample[start::2].count(0) > 0.4 * len(sample) and sample[1 - start :: 2].count(0) == 0:
                return encoding
        raise ReadError(f"{source.name} is a binary file, not a table; give a CSV or Parquet file")
    spot = _first_bad_byte(data)
    if spot is None:
        return "utf-8"
    if _is_western(data):
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(data[max(0, spot - SAMPLE_BYTES // 8) : spot + SAMPLE_BYTES // 8]).best()
    if best is None:
        raise ReadError(f"{source.name} is a binary file, not a table; give a CSV or Parquet file")
    return str(best.encoding).replace("_", "-")


def find_delimiter(lines: list[str]) -> str:
    """The delimiter under which rows agree in length and most cells are numbers, times or missing."""
    best, highest = "", (0.0, 0) if _parted_by_commas(lines) else _quality(split(lines, ""))
    for delimiter in DELIMITERS:
        rows = split(lines, delimiter)
        quality = _quality(rows)
        if quality[1] > 1 and quality > highest:
            best, highest = delimiter, quality
    return best


def _parted_by_commas(lines: list[str]) -> bool:
    """Commas in a header and in most rows: however ragged, those are no decimal commas of a lone column."""
    if not lines or is_number(lines[0]):
        return False
    return "," in lines[0] and sum("," in line for line in lines[1:]) * 2 > len(lines) - 1


def _quality(rows: list[list[str]]) -> tuple[float, float]:
    """How table-like rows are: first the share of sound cells in rows of the usual length, then that length."""
    rows = [row for row in rows if row]
    if not rows:
        return (0.0, 0)
    usual = Counter(map(len, rows)).most_common(1)[0][0]
    body = rows[1:] or rows
    sound = sum(_is_sound(cell) for row in body if len(row) == usual for cell in row)
    cells = sum(max(len(row), usual) for row in body)
    agreeing = sum(len(row) == usual for row in rows) / len(rows)
    return (round(agreeing * (sound + 0.01) / cells, 2), usual)


def _is_sound(cell: str) -> bool:
    return is_number(cell) or is_missing(cell) or looks_like_time(cell)


def find_decimal(rows: list[list[str]], delimiter: str) -> tuple[str, bool]:
    """The decimal sign, and whether it could as well part thousands."""
    cells = [cell.strip() for row in rows for cell in row]
    comma = [cell for cell in cells if "," in cell and not looks_like_time(cell)]
    only_comma = sum(is_number(cell, ",") and not is_number(cell, ".") for cell in comma)
    only_point = sum(is_number(cell, ".") and not is_number(cell, ",") for cell in cells)
    either = sum(is_number(cell, ",") and is_number(cell, ".") for cell in comma)
    if only_comma or only_point:
        return (",", False) if only_comma > only_point else (".", False)
    return (("," if delimiter == ";" else "."), True) if either else (".", False)


def find_header(rows: list[list[str]]) -> bool:
    """Whether the first row names columns: it is text where the rows below are numbers or times."""
    first, body = rows[0], rows[1:SAMPLE_ROWS]
    if not body:
        return not any(is_number(cell) or looks_like_time(cell) for cell in first)
    votes = 0
    counts_up = _counts_up(first)
    for index, cell in enumerate(first):
        below = [row[index] for row in body if index < len(row) and not is_missing(row[index])]
        if sum(map(looks_like_time, below)) * 2 > len(below):
            return not looks_like_time(cell)  # names may be numbers, but no name is a date
        if sum(map(is_number, below)) * 2 > len(below):
            if not is_number(cell):
                votes += not is_missing(cell) or (index == 0 and counts_up)
            elif not counts_up:
                votes -= 1
    return votes > 0 if votes else not any(map(is_number, first))


def _counts_up(first: list[str]) -> bool:
    """Names such as ``0,1,2,Label``: as written by tools that number unnamed columns."""
    numbers = [cell.strip() for cell in first if is_number(cell)]
    return numbers in ([str(i + start) for i in range(len(numbers))] for start in (0, 1)) and len(numbers) < len(first)


def split(lines: list[str], delimiter: str) -> list[list[str]]:
    """Fields of each record; a blank line gives an empty list."""
    rows: list[list[str]] = []
    with suppress(csv.Error):  # an endless field: the parser will say where
        rows.extend(csv.reader(lines, delimiter=delimiter or NO_DELIMITER, skipinitialspace=True))
    return rows


def _preamble(rows: list[list[str]]) -> int:
    """Leading rows that are no part of the table: comments, and lines shorter than the table is wide."""
    lengths = Counter(len(row) for row in rows if row)
    if not lengths:
        return 0
    usual = lengths.most_common(1)[0][0]
    first = 0
    while first < len(rows) and _is_above(rows[first : first + 2], usual):
        first += 1
    return first if first < len(rows) else 0


def _is_above(rows: list[list[str]], usual: int) -> bool:
    """Whether the first of two rows is blank, a title, or a comment; a comment right above data is the header."""
    row, *below = rows
    if not row or row[0].startswith("sep=") or (usual > 1 and len(row) == 1):
        return True
    is_header = len(row) == usual and any(is_number(cell) or looks_like_time(cell) for cell in (below or [[]])[0])
    return row[0].startswith("#") and not is_header


def _sample_lines(source: Source, encoding: str) -> list[str]:
    sample = source.data[:SAMPLE_BYTES]
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(sample)
    lines = list(bounded_lines(io.StringIO(text, newline=""), source.name))
    whole = lines[:-1] if len(sample) < len(source.data) and len(lines) > 1 else lines
    return whole[:SAMPLE_ROWS]


def _later_lines(source: Source, encoding: str) -> list[str]:
    """Some lines from further down: a file may begin with hundreds of whole numbers before the first decimal sign."""
    size = len(source.data)
    if size <= SAMPLE_BYTES or encoding.startswith("utf-16"):  # utf-16 cannot be entered at any byte
        return []
    lines = []
    for start in range(SAMPLE_BYTES, size, max(LATER_BYTES, (size - SAMPLE_BYTES) // LATER_PLACES)):
        text = source.data[start : start + LATER_BYTES].decode(encoding, errors="replace")
        lines += text.splitlines()[1:-1]
    return lines


def bounded_lines(text: TextIO, name: str) -> Iterator[str]:
    """Lines of bounded length: a file without line ends must not become one list of millions of fields.

    Raises:
        ReadError: a line is too long.
    """
    number = 0
    while line := text.readline(LINE_LIMIT):
        number += 1
        if len(line) == LINE_LIMIT:
            raise ReadError(
                f"{name} line {number} is longer than {LINE_LIMIT:,} characters; a table has one row on a line"
            )
        yield line


def _is_western(data: bytes) -> bool:
    """A few bytes above ASCII are too little for statistics, and cp1252 is what spreadsheets write: it wins where all
    such bytes are letters and signs common in Western Europe."""
    try:
        return set(data.translate(None, ASCII).decode("cp1252")) <= WESTERN
    except UnicodeDecodeError:
        return False


def _first_bad_byte(data: bytes) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    for start in range(0, len(data), SAMPLE_BYTES):
        try:
            decoder.decode(view[start : start + SAMPLE_BYTES], final=start + SAMPLE_BYTES >= len(data))
        except UnicodeDecodeError as error:
            return start + error.start
    return None
