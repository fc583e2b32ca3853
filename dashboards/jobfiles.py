"""Small changes to a job's TOML that leave the rest of its text as somebody wrote it. No Streamlit here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import rules

from tsanomaly.batch.job_file import parse_job
from tsanomaly.batch.job_toml import written

_SECTION = re.compile(r"^\s*\[")


def with_keys(toml: str, section: str, keys: Mapping[str, str | Sequence[str] | None]) -> str:
    """The text with some keys of a section set, or removed where the value is ``None``.

    Raises:
        JobError: the result is no job.
    """
    lines = toml.removesuffix("\n").split("\n")  # other ends of lines may stand within a text
    head = next((i for i, line in enumerate(lines) if re.match(rf"\s*\[{re.escape(section)}\]\s*(#.*)?$", line)), None)
    new = [f"{key} = {written(value)}" for key, value in keys.items() if value is not None]
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
    return with_keys(toml, "threshold", threshold_keys(threshold))


def threshold_keys(threshold: str) -> dict[str, str | None]:
    """The keys of a job's threshold, for one as :mod:`rules` writes it."""
    is_budget = rules.kind_of(threshold) == "budget"
    return {"budget": threshold if is_budget else None, "rule": None if is_budget else threshold}


def with_schedule(toml: str, cron: str, zone: str) -> str:
    """The text with another schedule.

    Raises:
        JobError: the result is no job.
    """
    return with_keys(toml, "schedule", {"cron": cron, "zone": zone})


def with_calendars(toml: str, names: Iterable[str]) -> str:
    """The text of a job that goes by these calendars.

    Raises:
        JobError: the result is no job.
    """
    return with_keys(toml, "calendar", {"names": tuple(names) or None})


def threshold_of(toml: str) -> str:
    """A job's threshold, as :mod:`rules` writes it.

    Raises:
        JobError: it is no job.
    """
    wanted = parse_job(toml).threshold
    return wanted.rule or wanted.budget or "3/week"
