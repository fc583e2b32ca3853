"""Which formats of labels there are, how each is recognised, read and written.

What another format cannot say is lost when it is written: NAB and Lookout for Equipment know true anomalies alone,
TRAINSET no notes. What it can say comes back as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.series import Series
from tsanomaly.workspace.labels import csv_formats, json_formats
from tsanomaly.workspace.labels.label import Label

LARGEST = 256 * 2**20
"""Bytes of a file; TRAINSET's hold the readings as well."""

MOST = 200_000
"""Labels of a file."""


class LabelFormat(StrEnum):
    """A file of labels, and whose it is."""

    JSON = "json"  # our own
    CSV = "csv"  # our own
    NAB = "nab"  # the Numenta Anomaly Benchmark's combined_windows.json
    LABEL_STUDIO = "label-studio"  # its JSON export of time series labels
    TRAINSET = "trainset"  # its CSV: a row a reading
    LOOKOUT = "lookout"  # Amazon Lookout for Equipment's CSV: start and end


_WRITERS: dict[LabelFormat, Callable[[Sequence[Label], Mapping[str, Series]], str]] = {
    LabelFormat.JSON: json_formats.write_own,
    LabelFormat.CSV: csv_formats.write_own,
    LabelFormat.NAB: json_formats.write_nab,
    LabelFormat.LABEL_STUDIO: json_formats.write_label_studio,
    LabelFormat.TRAINSET: csv_formats.write_trainset,
    LabelFormat.LOOKOUT: csv_formats.write_lookout,
}

_READERS: dict[LabelFormat, Callable[[Any, str, str | None], list[Label]]] = {
    LabelFormat.JSON: json_formats.read_own,
    LabelFormat.CSV: csv_formats.read_own,
    LabelFormat.NAB: json_formats.read_nab,
    LabelFormat.LABEL_STUDIO: json_formats.read_label_studio,
    LabelFormat.TRAINSET: csv_formats.read_trainset,
    LabelFormat.LOOKOUT: csv_formats.read_lookout,
}

_OF_JSON = (LabelFormat.JSON, LabelFormat.NAB, LabelFormat.LABEL_STUDIO)


def read_labels(
    content: bytes | str,
    format: LabelFormat | str | None = None,
    *,
    name: str = "the file",
    series: str = "",
    zone: str | None = None,
) -> tuple[Label, ...]:
    """Labels of a file's content.

    Args:
        format: ``None``: recognised by the content.
        name: of the file, for messages.
        series: whose labels they are, where the file does not say.
        zone: of times that name none, an IANA name; ``None``: UTC.

    Raises:
        DataError: it is not in that format, or in none that is known, or too large.
        ConfigurationError: there is no such format.
    """
    name = name[:80]
    if len(content) > LARGEST:
        raise DataError(f"'{name}' has {len(content):,} bytes; a file of labels may have {LARGEST:,}")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
    except UnicodeDecodeError:
        raise DataError(f"'{name}' is not in UTF-8; save it so") from None
    wanted = _known(format) if format is not None else None
    as_json = wanted in _OF_JSON if wanted is not None else text.lstrip()[:1] in ("{", "[")
    table = json_formats.parsed(text, name) if as_json else list(csv_formats.rows(text, name))
    wanted = wanted or _recognised(table, name)
    try:
        labels = _READERS[wanted](table, series, zone)
    except DataError as error:
        raise DataError(f"'{name}' cannot be read as {wanted}: {error}") from None
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError):
        raise DataError(f"'{name}' is not written as {wanted} is; say which format it is in") from None
    if len(labels) > MOST:
        raise DataError(f"'{name}' has {len(labels):,} labels; at most {MOST:,} are read")
    for label in labels:
        if type(label.start) is not type(label.end) or label.end < label.start:  # type: ignore[operator]
            raise DataError(f"'{name}' has a label from {label.start} to {label.end}; expected its end after its start")
    return tuple(labels)


def write_labels(labels: Iterable[Label], format: LabelFormat | str, series: Iterable[Series] = ()) -> str:
    """The content of a file of labels.

    Args:
        series: what the labels are of; TRAINSET needs the readings, the other formats then also list a series without
            a label, where they can.

    Raises:
        DataError: TRAINSET without the readings of exactly one series.
        ConfigurationError: there is no such format.
    """
    return _WRITERS[_known(format)](tuple(labels), {each.name: each for each in series})


def _known(format: LabelFormat | str) -> LabelFormat:
    try:
        return LabelFormat(format)
    except ValueError:
        raise ConfigurationError(
            f"the format of labels is '{str(format)[:40]}'; expected one of {', '.join(LabelFormat)}"
        ) from None


def _recognised(content: Any, name: str) -> LabelFormat:
    """The format that content looks like."""
    if isinstance(content, dict):
        if isinstance(content.get("labels"), list) and "format" in content:
            return LabelFormat.JSON
        if all(isinstance(windows, list) for windows in content.values()):
            return LabelFormat.NAB
    elif content and all(isinstance(task, dict) for task in content):
        return LabelFormat.LABEL_STUDIO
    elif content and isinstance(content[0], list) and all(isinstance(cell, str) for cell in content[0]):
        header = [cell.strip().lower() for cell in content[0]]
        if header[:4] == csv_formats.TRAINSET:
            return LabelFormat.TRAINSET
        if {"start", "end"} <= set(header):
            return LabelFormat.CSV
        if len(header) >= 2:
            return LabelFormat.LOOKOUT
    raise DataError(f"'{name}' is in no format of labels that is known: {', '.join(LabelFormat)}; say which it is")
