"""Bytes of a file or an upload: plain, gzip, or a zip with one member, never more than ``SIZE_LIMIT``."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tsanomaly.errors import ReadError

SIZE_LIMIT = 512 * 2**20
"""Bytes of a source once unpacked: some 15 million rows. It is what stops an archive that unpacks without end."""

CHUNK = 2**20

SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".gz", ".zip", ".parquet", ".pq")

FOREIGN = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"\x7fELF": "a program (ELF)",
    b"MZ\x90": "a program (Windows)",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word document",
    b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"ARROW1": "an Arrow file",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
    b"7z\xbc\xaf": "packed with 7-Zip",
}

FOREIGN_TEXT = {
    re.compile(rb"\s*<(!doctype html|html|head|body)\b", re.IGNORECASE): "a web page (HTML)",
    re.compile(rb"\s*<\?xml\b"): "an XML document",
    re.compile(rb'\s*(\{\s*"|\[\s*[\[{])'): "JSON",
}
"""Often saved by mistake under a table's name: a login page, an answer of a web service."""

PathOrFile = str | os.PathLike[str] | IO[bytes]


@dataclass(frozen=True)
class Source:
    """A file's name and its unpacked bytes."""

    name: str
    data: bytes

    @property
    def stem(self) -> str:
        """The name without the endings of tables and archives: what an unnamed series is called."""
        return stem(self.name)

    @property
    def is_parquet(self) -> bool:
        """By content, whatever the name."""
        return self.data[:4] == b"PAR1" and self.data[-4:] == b"PAR1"


def name_of(file: IO[bytes]) -> str:
    """What an open file is called, without folders."""
    return Path(str(getattr(file, "name", None) or "upload")).name


def stem(name: str) -> str:
    """``name`` without folders and the endings of tables and archives; never empty."""
    path = Path(name)
    while path.suffix.lower() in SUFFIXES:
        path = path.with_suffix("")
    return path.name or "series"


def load(origin: PathOrFile) -> Source:
    """Read and unpack.

    Raises:
        ReadError: missing, forbidden, a directory, empty, too large once unpacked, a damaged archive, an archive with
            more than one member, or plainly no table.
    """
    name, packed = _bytes_of(origin)
    if not packed:
        raise ReadError(f"{name} is empty; a table with a header and rows was expected")
    data = _unpacked(name, packed)
    if not data.strip():
        raise ReadError(f"{name} is empty; a table with a header and rows was expected")
    _refuse_foreign(name, data)
    return Source(name, data)


def _bytes_of(origin: PathOrFile) -> tuple[str, bytes]:
    if not isinstance(origin, str | os.PathLike):
        name = name_of(origin)
        if origin.seekable():
            origin.seek(0)  # an upload that was read before stands at its end
        data = origin.read(SIZE_LIMIT + 1)
        if isinstance(data, str):
            raise ReadError(f"{name} is open as text; open it in binary mode ('rb')")
        return name, _bounded(name, data)
    path = Path(origin)
    name = os.fsencode(path.name).decode("utf-8", "replace")  # a name that is no text could not be printed
    try:
        with path.open("rb") as file:
            return name, _bounded(name, file.read(SIZE_LIMIT + 1))
    except FileNotFoundError:
        raise ReadError(f"{path} does not exist; check the path") from None
    except IsADirectoryError:
        raise ReadError(f"{path} is a directory; give one file in it") from None
    except PermissionError:
        raise ReadError(f"{path} may not be read by this user; change its permissions") from None
    except (OSError, ValueError) as error:
        raise ReadError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}; check the path") from None


def _bounded(name: str, data: bytes) -> bytes:
    if len(data) > SIZE_LIMIT:
        raise _too_large(name)
    return data


def _too_large(name: str) -> ReadError:
    return ReadError(f"{name} holds more than {SIZE_LIMIT >> 20} MiB once unpacked; split it into smaller files")


def _unpacked(name: str, packed: bytes) -> bytes:
    if packed[:2] == b"\x1f\x8b":
        try:
            with gzip.open(io.BytesIO(packed)) as stream:
                return _drained(name, stream)
        except (OSError, EOFError, zlib.error):
            raise ReadError(f"{name} is a damaged or truncated gzip file; fetch it again") from None
    if packed[:4] == b"PK\x03\x04" or packed[:4] == b"PK\x05\x06":
        return _only_member(name, packed)
    return packed


def _only_member(name: str, packed: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
            if any(m.filename == "[Content_Types].xml" for m in members):
                raise ReadError(f"{name} is an Excel or Word document; save the sheet as CSV")
            if len(members) != 1:
                shown = ", ".join(m.filename for m in members[:5]) or "none"
                raise ReadError(f"{name} holds {len(members)} files ({shown}); expected one, so unpack it and give one")
            with archive.open(members[0]) as stream:
                return _drained(name, stream)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, ReadError):
            raise
        raise ReadError(
            f"{name} is a zip file that cannot be unpacked (damaged or encrypted); unpack it yourself"
        ) from None


def _drained(name: str, stream: IO[bytes] | gzip.GzipFile) -> bytes:
    kept = bytearray()
    while chunk := stream.read(CHUNK):
        kept += chunk
        if len(kept) > SIZE_LIMIT:
            raise _too_large(name)
    return bytes(kept)


def _refuse_foreign(name: str, data: bytes) -> None:
    for magic, kind in FOREIGN.items():
        if data.startswith(magic):
            raise ReadError(f"{name} is {kind}, not a table; give a CSV or Parquet file")
    for opening, kind in FOREIGN_TEXT.items():
        if opening.match(data.removeprefix(codecs.BOM_UTF8)):
            raise ReadError(f"{name} is {kind}, not a table; give a CSV or Parquet file")
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise ReadError(f"{name} is written in UTF-32, which is not read; save it as UTF-8")
    if data[:1] == b"\x80" and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05") and data[-1:] == b".":
        raise ReadError(f"{name} is a Python pickle, which is never opened; give a CSV or Parquet file")
