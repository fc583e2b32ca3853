"""Logs of a batch process: a line a record on stderr, plain or JSON, and nothing secret in it.

Code logs by ``logging.getLogger(__name__)``, and gives what a machine may want to filter by as ``extra``:
``log.info("run finished", extra={"job": job.name, "seconds": 3.2})``.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from typing import TextIO
from urllib.parse import parse_qsl, unquote, urlsplit

VARIABLE = "TSANOMALY_LOG"
"""The environment variable that asks for JSON lines by the word ``json``, for more by ``debug``; or ``json,debug``."""

_OWN = "tsanomaly"

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; the rest was given as ``extra``."""

_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s'\"<>]*@")
_ASSIGNED = re.compile(
    r"(?i)(pass(?:word|wd)?|secret|token|api[_-]?key|authorization)"
    r"(['\"]?\s*[=:]\s*)(?:(?:bearer|basic)\s+)?(\"[^\"]*\"|'[^']*'|[^\s&,;'\"]+)"
)

_SHORTEST = 6
"""Letters from which a part of a URL is worth hiding: shorter ones are everywhere, and no secret."""

_secret: set[str] = set()  # for the whole process, as logging itself is


def keep_out(secret: str) -> None:
    """Hide a secret in all that :func:`redacted` sees from now on, whole and in its parts if it is a URL."""
    found = {secret, unquote(secret)}
    try:
        parts = urlsplit(secret)
    except ValueError:  # such as an unclosed bracket: no URL, hidden as a whole
        parts = urlsplit("")
    if parts.scheme:
        pieces = re.split(r"[@:/]", f"{parts.netloc}/{parts.path}") + [value for _, value in parse_qsl(parts.query)]
        found |= {form for piece in pieces for form in (piece, unquote(piece))}
    _secret.update(piece for piece in found if len(piece) >= _SHORTEST)


def redacted(text: str) -> str:
    """``text`` with stars for known secrets, credentials in URLs, and what follows ``password=`` and the like."""
    for secret in sorted(_secret, key=len, reverse=True):
        text = re.sub(re.escape(secret), "***", text, flags=re.IGNORECASE)  # hosts come back in small letters
    return _ASSIGNED.sub(r"\1\2***", _CREDENTIALS.sub(r"\1***@", text))


def start_logging(*, as_json: bool | None = None, level: int | None = None, stream: TextIO | None = None) -> None:
    """Send this process' logs to stderr; calling it again changes how.

    Args:
        as_json: a JSON object a line; ``None``: as ``TSANOMALY_LOG`` says, else plain.
        level: of tsanomaly's own messages; ``None``: as ``TSANOMALY_LOG`` says, else ``INFO``. From ``DEBUG`` on, an
            exception comes with where it was raised. Messages of other libraries appear from warnings on.
        stream: instead of stderr.
    """
    words = [word.strip() for word in os.environ.get(VARIABLE, "").lower().split(",")]
    if as_json is None:
        as_json = "json" in words
    if level is None:
        level = logging.DEBUG if "debug" in words else logging.INFO
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.set_name(_OWN)
    handler.setFormatter(_AsJson() if as_json else _Plain())
    root = logging.getLogger()
    root.handlers = [*(one for one in root.handlers if one.get_name() != _OWN), handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_OWN).setLevel(level)


class _AsJson(logging.Formatter):
    """``{"time": …, "level": …, "logger": …, "message": …}`` and what else the record was given."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if error := _error(record):
            fields["error"] = error
        # Redacted before it becomes JSON, where a quote in a secret is written otherwise.
        return json.dumps({name: _clean(value) for name, value in fields.items()}, ensure_ascii=False)


class _Plain(logging.Formatter):
    """``2026-11-24T03:00:00.000Z INFO run finished job=pump seconds=3.2``."""

    def format(self, record: logging.LogRecord) -> str:
        given = "".join(f" {name}={_word(value)}" for name, value in _extra(record).items())
        error = _error(record)
        line = f"{_time(record)} {record.levelname} {record.getMessage()}{given}{f': {error}' if error else ''}"
        # A name from a file must neither begin a line of its own nor drive the terminal.
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in redacted(line))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _error(record: logging.LogRecord) -> str:
    """An exception in one line; where it comes from is asked for by the level DEBUG."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    if logging.getLogger(_OWN).isEnabledFor(logging.DEBUG):
        return logging.Formatter().formatException(record.exc_info)
    error = record.exc_info[1]
    return f"{type(error).__name__}: {error}"


def _clean(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value if value == value and value not in (float("inf"), float("-inf")) else str(value)
    return redacted(value.isoformat() if isinstance(value, datetime) else str(value))


def _word(value: object) -> str:
    text = str(_clean(value))
    return json.dumps(text, ensure_ascii=False) if re.search(r"[\s\"=]", text) or not text else text
