"""Files by pattern, on disk or wherever fsspec reaches, with one sentence for whatever a storage may raise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import fsspec

from tsanomaly.batch.job import FileSource, Job
from tsanomaly.batch.job_secrets import from_environment, without_secrets
from tsanomaly.batch.sources.wanted import Wanted
from tsanomaly.errors import ConfigurationError, SourceUnreachableError, TsAnomalyError

DATES = re.compile(r"%[YymdHj]")
"""Parts of a date in a pattern, as ``strftime`` writes them."""

MOST_DAYS = timedelta(days=400)
"""Of a longer stretch, all files are looked at."""


@dataclass(frozen=True)
class Storage:
    """Where files lie.

    Attributes:
        system: fsspec's.
        secrets: what must not be said.
    """

    system: Any
    secrets: tuple[str, ...] = ()

    @contextmanager
    def reached(self, name: str) -> Iterator[None]:
        """What a storage raises, as one of our errors. Its libraries raise what they like, so all is caught.

        Raises:
            SourceUnreachableError: with what the storage said, without secrets.
        """
        try:
            yield
        except TsAnomalyError:
            raise
        except FileNotFoundError:
            raise SourceUnreachableError(f"{name} is not there (any more)") from None
        except Exception as error:
            said = " ".join(str(getattr(error, "strerror", None) or error).split())[:300]
            reason = without_secrets(said, self.secrets) or type(error).__name__
            raise SourceUnreachableError(f"{name} cannot be read: {reason}") from None

    def age_of(self, path: str) -> timedelta:
        """How long ago a file was changed; very long where the storage does not tell."""
        try:
            changed: datetime = self.system.modified(path)
        except (NotImplementedError, AttributeError):
            return timedelta.max
        return datetime.now(UTC) - (changed if changed.tzinfo else changed.replace(tzinfo=UTC))


def storage_of(path: str, options_env: dict[str, str], key: str) -> tuple[Storage, str]:
    """The storage a path or URL points into, and the path within it.

    Raises:
        ConfigurationError: fsspec knows no such storage, a package for it is missing, or a variable is not set.
    """
    options = {name: from_environment(variable, f"{key}.{name}") for name, variable in options_env.items()}
    secrets = tuple(options.values())
    protocol = path.partition("://")[0] if "://" in path else "file"
    try:
        system, inside = fsspec.core.url_to_fs(path, **options)
    except ImportError as error:
        hint = "install tsanomaly[s3]" if protocol in ("s3", "s3a") else "install the package that it names"
        raise ConfigurationError(f"'{protocol}://' needs a package: {without_secrets(str(error))}; {hint}") from None
    except ValueError as error:
        raise ConfigurationError(f"'{protocol}://' cannot be used: {without_secrets(str(error), secrets)}") from None
    return Storage(system, secrets), inside


@dataclass(frozen=True)
class Found:
    """A file that a pattern stands for.

    Attributes:
        storage: where it lies.
        path: within it.
        stamp: size and time of change, as far as the storage tells: another stamp is another content.
    """

    storage: Storage
    path: str
    stamp: tuple[Any, ...]

    @property
    def name(self) -> str:
        """Without its folders."""
        return self.path.rpartition("/")[2]


def files_of(job: Job, source: FileSource, wanted: Wanted) -> list[Found]:
    """The files of a job's patterns that may hold what is wanted, by path.

    Raises:
        SourceUnreachableError: the storage does not answer, or nothing matches.
        ConfigurationError: as :func:`storage_of`.
    """
    found: dict[str, Found] = {}
    for pattern in source.path:
        dated = _for_days(pattern, wanted)
        may_lack = () if dated == [pattern] else (FileNotFoundError,)  # not every day has its file
        for one in dated:
            storage, inside = storage_of(job.located(one), source.options_env, "source.options_env")
            with storage.reached(pattern), suppress(*may_lack):
                for path, details in _matching(storage.system, inside):
                    found[path] = Found(storage, path, stamp_of(details))
    if not found:
        patterns = "', '".join(source.path)
        raise SourceUnreachableError(f"no file matches '{patterns}' (looked in {job.folder or 'the current folder'})")
    return [found[path] for path in sorted(found)]


def _for_days(pattern: str, wanted: Wanted) -> list[str]:
    """``%Y-%m-%d`` (and ``%H``) in a pattern as the days and hours wanted, with a day more on either side: whose clock
    the names follow is not known. Without a stretch, or with a long one, anything."""
    if not DATES.search(pattern):
        return [pattern]
    if wanted.since is None or wanted.until is None or wanted.until - wanted.since > MOST_DAYS:
        return [DATES.sub("*", pattern)]
    hour, last = wanted.bound("since") - Wanted.SLACK, wanted.bound("until") + Wanted.SLACK
    dated: dict[str, None] = {}
    while hour <= last:
        dated[DATES.sub(lambda directive, at=hour: at.strftime(directive[0]), pattern)] = None  # type: ignore[misc]
        hour += timedelta(hours=1)
    return list(dated)


def _matching(system: Any, inside: str) -> list[tuple[str, dict[str, Any]]]:
    """Paths with details. Parts of files that are written aside are hidden by a dot, as ours are."""
    if any(sign in inside for sign in "*?["):
        system.invalidate_cache()
        matches = system.glob(inside, detail=True)
    elif system.isdir(inside):
        system.invalidate_cache()
        matches = system.find(inside, detail=True)
    else:
        matches = {inside: system.info(inside)}
    return [
        (path, details)
        for path, details in matches.items()
        if details.get("type") == "file" and not path.rpartition("/")[2].startswith((".", "_"))
    ]


def stamp_of(details: dict[str, Any]) -> tuple[Any, ...]:
    """Size and time of change of a file, as its storage tells them."""
    return tuple(str(details.get(key)) for key in ("size", "mtime", "LastModified", "ETag", "last_modified"))
