"""Files as a browser hands them over: bytes with a name."""

import io
from collections.abc import Iterable


def upload(content: str | bytes, name: str = "plant.csv") -> io.BytesIO:
    """An open binary file of that content."""
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    file.name = name
    return file


def csv_of(header: str, *rows: str) -> io.BytesIO:
    """A file of lines."""
    return upload("\n".join((header, *rows)) + "\n")


def column(cells: Iterable[object], header: str = "time,value") -> io.BytesIO:
    """A file of times given and values 0, 1, 2, …"""
    return csv_of(header, *(f"{cell},{i}" for i, cell in enumerate(cells)))
