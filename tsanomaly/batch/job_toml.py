"""Jobs and their values as TOML text."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from tsanomaly.batch.job import Job


def as_toml(job: Job) -> str:
    """A job with all its defaults; reading it gives the same job."""
    return "\n".join(_section(job.model_dump(exclude_none=True), "")).strip() + "\n"


def with_folder(text: str, folder: str) -> str:
    """The text of a job's file that says where its relative paths lie, for when it is kept elsewhere."""
    if "folder" in tomllib.loads(text):
        return text
    return f"folder = {written(str(Path(folder).resolve()))}  # where its file lay when it was registered\n{text}"


def written(value: Any) -> str:
    """A value: text, numbers, truth values, durations, times of the day, and lists of them.

    TOML's strings are JSON's, but for one control character and halves of surrogate pairs.
    """
    if isinstance(value, list | tuple):
        return f"[{', '.join(written(one) for one in value)}]"
    if isinstance(value, timedelta):
        return f'"{duration(value)}"'
    if isinstance(value, time):
        return f'"{value.isoformat()}"'
    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def duration(length: timedelta) -> str:
    """In the largest unit that gives a whole number: ``28d``, ``90min``."""
    microseconds = length // timedelta(microseconds=1)
    for unit, size in (("d", 86400 * 10**6), ("h", 3600 * 10**6), ("min", 60 * 10**6), ("s", 10**6), ("ms", 1000)):
        if microseconds and microseconds % size == 0:
            return f"{microseconds // size}{unit}"
    return f"{microseconds}us" if microseconds else "0s"


def _section(values: dict[str, Any], path: str) -> Iterator[str]:
    """Plain keys first, then the sections within."""
    inner = {}
    for key, value in values.items():
        many = isinstance(value, list | tuple) and value and isinstance(value[0], dict)
        if isinstance(value, dict) or many:
            inner[key] = value
        else:
            yield f"{_key(key)} = {written(value)}"
    for key, value in inner.items():
        below = f"{path}.{_key(key)}" if path else _key(key)
        for one in [value] if isinstance(value, dict) else value:
            yield ""
            yield f"[{below}]" if isinstance(value, dict) else f"[[{below}]]"
            yield from _section(one, below)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else written(name)
