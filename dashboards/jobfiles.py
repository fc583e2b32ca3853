"""Small changes to a job's TOML that leave the rest of its text as somebody wrote it. No Streamlit here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import rules
from runs import Request

from tsanomaly.batch.job_file import parse_job
from tsanomaly.report.words import shown

_SECTION = re.compile(r"^\s*\[")


OF_THE_SOURCE = ("encoding", "delimiter", "decimal", "header")
OF_THE_COLUMNS = {
    "time_column": "time",
    "series_column": "series",
    "label_column": "labels",
    "time_format": "time_format",
    "zone": "zone",
    "step": "step",
}


def draft(name: str, path: str | Path, request: Request, threshold: str) -> str:
    """A job that reads a file as a run did, without a schedule.

    Raises:
        JobError: it would be none.
    """
    given = {key: value for key, value in request.overrides.items() if value is not None}
    columns = {key: given[old] for old, key in OF_THE_COLUMNS.items() if old in given}
    if given.get("channels"):
        columns["values"] = list(given["channels"])
    sections = {
        "source": {"kind": "files", "path": str(path), **{key: given[key] for key in OF_THE_SOURCE if key in given}},
        "columns": columns,
    }
    parts = [f"name = {_written(name)}", f"description = {_written(f'made from {shown(request.name, 100)}')}"]
    for section, keys in sections.items():
        if keys:
            parts += ["", f"[{section}]", *(f"{key} = {_written(value)}" for key, value in keys.items())]
    return with_threshold("\n".join(parts) + "\n", threshold)


def _written(value: object) -> str:
    """A text, truth value or list of texts as TOML: JSON's strings are TOML's, but for what TOML wants escaped too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def with_keys(toml: str, section: str, keys: dict[str, str | None]) -> str:
    """The text with some keys of a section set, or removed where the value is ``None``.

    Raises:
        JobError: the result is no job.
    """
    lines = toml.removesuffix("\n").split("\n")  # other ends of lines may stand within a text
    head = next((i for i, line in enumerate(lines) if re.match(rf"\s*\[{re.escape(section)}\]\s*(#.*)?$", line)), None)
    new = [f"{key} = {_written(value)}" for key, value in keys.items() if value is not None]
    if head is None:
        if new:
            lines += [*([""] if lines and lines[-1].strip() else []), f"[{section}]", *new]
    else:
        end = next((i for i in range(head + 1, len(lines)) if _SECTION.match(lines[i])), len(lines))
        kept = [line for line in lines[head + 1 : end] if not re.match(rf"\s*({'|'.join(keys)})\s*=", line)]
        lines[head + 1 : end] = [*new, *kept]
    text = "\n".join(lines) + "\n"
    parse_job(text)
    return text


def with_threshold(toml: str, threshold: str) -> str:
    """The text with another threshold, as :mod:`rules` writes it.

    Raises:
        JobError: the result is no job.
    """
    is_budget = rules.kind_of(threshold) == "budget"
    keys = {"budget": threshold if is_budget else None, "rule": None if is_budget else threshold}
    return with_keys(toml, "threshold", keys)


def with_schedule(toml: str, cron: str, zone: str) -> str:
    """The text with another schedule.

    Raises:
        JobError: the result is no job.
    """
    return with_keys(toml, "schedule", {"cron": cron, "zone": zone})


def threshold_of(toml: str) -> str:
    """A job's threshold, as :mod:`rules` writes it.

    Raises:
        JobError: it is no job.
    """
    wanted = parse_job(toml).threshold
    return wanted.rule or wanted.budget or "3/week"
