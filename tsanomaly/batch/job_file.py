"""From a TOML file to a :class:`Job`: every fault at once, each with its line and its path in the file."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from tsanomaly.batch.job import Job
from tsanomaly.batch.job_lines import Lines
from tsanomaly.batch.job_lines import Path as KeyPath
from tsanomaly.batch.job_secrets import looks_secret, secret_arguments
from tsanomaly.errors import JobError

MOST_BYTES = 64 * 2**10
MOST_LINES = 2_000

_KINDS = {"source": ("files", "sql", "command"), "sinks": ("csv", "parquet", "sql")}
"""Sections whose keys hang on their ``kind``: pydantic puts the kind into a fault's path."""

_SECRET = (
    "holds what looks like a secret, which would be read by all who read the file; put it into an environment variable "
    "and name that"
)


def read_job(path: str | os.PathLike[str]) -> Job:
    """Read a job file; relative paths in it are relative to its folder.

    Raises:
        JobError: it cannot be read, is no TOML, or is no job; ``faults`` has all there is to mend.
    """
    return parse_job(job_text(path), str(path), Path(path).resolve().parent)


def job_text(path: str | os.PathLike[str]) -> str:
    """The text of a job file.

    Raises:
        JobError: it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise JobError(f"{path} does not exist; 'tsanomaly jobs new' writes a job file") from None
    except (OSError, ValueError) as error:
        raise JobError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MOST_BYTES or data.count(b"\n") > MOST_LINES:
        raise JobError(f"{path} is longer than any job file ({MOST_BYTES >> 10} KiB, {MOST_LINES:,} lines)")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise JobError(f"{path} is not written in UTF-8, as TOML must be") from None


def parse_job(text: str, name: str = "job", folder: Path | None = None) -> Job:
    """Read a job from a TOML text.

    Args:
        text: the TOML.
        name: of the file, for messages.
        folder: what relative paths are relative to, unless the text says it.

    Raises:
        JobError: as :func:`read_job`.
    """
    try:
        return _parsed(text, name, folder)
    except tomllib.TOMLDecodeError as error:
        fault = _toml_fault(str(error))
        raise JobError(f"{name} is no TOML: {fault}", (fault,), name) from None
    except RecursionError:
        raise JobError(f"{name} holds lists within lists far deeper than any job") from None


def _parsed(text: str, name: str, folder: Path | None) -> Job:
    content = tomllib.loads(text)
    given = content if folder is None or "folder" in content else content | {"folder": str(folder)}
    faults = [(path, _SECRET) for path in dict.fromkeys((*_secrets(content, ()), *_secrets_handed(content)))]
    try:
        job = Job.model_validate(given)
    except ValidationError as error:
        known = {path for path, _ in faults}
        found = map(_fault, error.errors(include_url=False))
        faults += [fault for fault in found if not _within(fault[0], known)]
    if faults:
        raise _error(name, text, faults)
    return job


def _fault(detail: Any) -> tuple[KeyPath, str]:
    """One of pydantic's faults as a path in the file and what to say."""
    path = _without_kinds(detail["loc"])
    section, kind = _section(detail["loc"][:-1]), detail["type"]
    if kind == "extra_forbidden":
        return path, _unknown(str(path[-1]), section)
    if kind == "missing":
        return path, "is missing"
    if kind == "union_tag_not_found":
        return (*path, "kind"), f"is missing; expected one of {_tags(path)}"
    if kind == "union_tag_invalid":
        return (*path, "kind"), f"is '{str(detail['ctx']['tag'])[:40]}'; expected one of {_tags(path)}"
    if kind == "value_error":
        return path, f"is wrong: {detail['ctx']['error']}" if path else str(detail["ctx"]["error"])
    if kind == "literal_error":
        shown = f"is '{detail['input'][:40]}'" if isinstance(detail["input"], str) else "is wrong"
        return path, f"{shown}; expected one of {detail['ctx']['expected'].replace(' or ', ', ')}"
    return path, f"is wrong: {_plain(detail['msg'])}"


def _unknown(key: str, section: type[BaseModel] | None) -> str:
    fields = list(section.model_fields) if section else []
    if f"{key}_env" in fields:
        return f"is refused: it may hold a password; put it into an environment variable and name that in {key}_env"
    near = difflib.get_close_matches(key, fields, n=1, cutoff=0.6) or _elsewhere(key)
    return "is not known here; " + (f"did you mean {near[0]}?" if near else f"known are {', '.join(fields)}")


def _elsewhere(key: str) -> list[str]:
    """The key of another section that ``key`` may stand for."""
    every: dict[str, str] = {}
    for section, field in Job.model_fields.items():
        for one in _sections_in(field.annotation):
            for name in one.model_fields:
                every.setdefault(name, f"{section}.{name}")
    return [every[name] for name in difflib.get_close_matches(key, every, n=1, cutoff=0.8)]


def _plain(message: str) -> str:
    """Pydantic's sentence as the other half of one of ours."""
    message = re.sub(r"^Input should be ", "expected ", message)
    message = re.sub(r"^expected a valid (tuple|list).*", "expected a list, in [ ]", message)
    message = re.sub(r"^expected a valid dictionary.*|.*instance of \w+$", "expected a section of keys", message)
    message = message.replace("a valid string", "text in quotes").replace("a valid boolean", "true or false")
    message = re.sub(r"^expected greater than or equal to (.*)", r"expected \1 or more", message)
    message = message.replace("a valid integer", "a whole number").replace("a valid number", "a number")
    return message[:1].lower() + message[1:]


def _without_kinds(loc: KeyPath) -> KeyPath:
    at = 2 if loc[:1] == ("sinks",) else 1
    tagged = loc[:1] and loc[0] in _KINDS and len(loc) > at and loc[at] in _KINDS[str(loc[0])]
    return loc[:at] + loc[at + 1 :] if tagged else loc


def _tags(path: KeyPath) -> str:
    return ", ".join(_KINDS[str(path[0])])


def _section(loc: KeyPath) -> type[BaseModel] | None:
    """The section of the model that a place belongs to."""
    sections: list[type[BaseModel]] = [Job]
    for part in loc:
        if isinstance(part, int):
            continue
        if len(sections) > 1:
            sections = [one for one in sections if part in get_args(one.model_fields["kind"].annotation)]
        else:
            field = sections[0].model_fields.get(part) if sections else None
            sections = list(_sections_in(field.annotation)) if field else []
    return sections[0] if len(sections) == 1 else None


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Sections named within an annotation such as ``tuple[Channel, ...]`` or ``Schedule | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _sections_in(inner)


def _secrets(value: Any, path: KeyPath) -> Iterator[KeyPath]:
    """Places of texts that look like secrets."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _secrets(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _secrets(inner, (*path, i))
    elif isinstance(value, str) and looks_secret(value):
        yield path


def _secrets_handed(content: Mapping[str, Any]) -> Iterator[KeyPath]:
    """Places of arguments that look like they hand the source's program a secret."""
    source = content.get("source")
    words = source.get("command") if isinstance(source, dict) else None
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        for i in secret_arguments(words):
            yield ("source", "command", i)


def _within(path: KeyPath, places: set[KeyPath]) -> bool:
    return any(path[: len(place)] == place for place in places)


def _error(name: str, text: str, faults: list[tuple[KeyPath, str]]) -> JobError:
    lines = Lines(text)
    placed = sorted((lines.of(path), f"{_dotted(path)} {what}".strip()) for path, what in faults)
    said = tuple(f"line {line}: {sentence}" for line, sentence in placed)
    if len(said) == 1:
        return JobError(f"{name}, {said[0]}", said, name)
    return JobError(f"{name} has {len(said)} faults: {'; '.join(said)}", said, name)


def _dotted(path: KeyPath) -> str:
    """``alerts.channels[0].url``; what is no plain key in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += "." * bool(text) + (part if re.fullmatch(r"[\w-]{1,60}", part) else f"'{part[:60]}'")
    return text


def _toml_fault(message: str) -> str:
    """``line 3: …`` of tomllib's message; what it says of the two commonest slips, in words that tell what to mend."""
    message = message[:1].lower() + message[1:]
    message = message.replace("cannot overwrite a value", "what ends here was given before; give it once")
    message = message.replace("illegal character '\\n'", "the text in quotes does not end in its line")
    match = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message)
    return f"line {match[2]}: {match[1]} (column {match[3]})" if match else message[:200]
