"""Where a report comes from, so that somebody else can make it again: command, versions, hashes, settings, model."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsanomaly import __version__
from tsanomaly.detection.events import moment
from tsanomaly.detection.verdicts import Moment
from tsanomaly.report.words import clock, counted, lasting
from tsanomaly.series import Series

if TYPE_CHECKING:
    from tsanomaly.detection.detector import Detector

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "pandas")
"""What results depend on, besides tsanomaly and Python."""


def versions() -> dict[str, str]:
    """What is installed of that."""
    found = {"tsanomaly": __version__, "Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True)
class Origin:
    """How a report came about.

    Attributes:
        command: that makes it again; empty: not made by a command.
        file_sha256: of the file's bytes; empty: not of a file.
        versions: of what results depend on.
        job: the text of the job that scored, without secrets; empty: no job did.
    """

    command: str = ""
    file_sha256: str = ""
    versions: Mapping[str, str] = field(default_factory=versions)
    job: str = ""

    @classmethod
    def of_file(cls, path: Path, command: str = "") -> Origin:
        """Of a file that is there; a file that is not has no hash."""
        try:
            with path.open("rb") as file:
                return cls(command, hashlib.file_digest(file, "sha256").hexdigest())
        except OSError:
            return cls(command)


def data_of(series: Series) -> list[tuple[str, str]]:
    """What was judged, name and value."""
    missing = int(np.isnan(series.values).sum())
    said = [
        ("rows", f"{len(series):,}"),
        ("first and last moment", f"{clock(moment(series, 0))} to {clock(moment(series, len(series)))}"),
        ("step", "" if series.step is None else lasting(series.step)),
        ("channels", ", ".join(series.channels)),
        ("readings missing", f"{missing:,} of {series.values.size:,}"),
        ("SHA-256 of its readings", hashlib.sha256(np.ascontiguousarray(series.values).tobytes()).hexdigest()),
    ]
    return [(name, value) for name, value in said if value]


def settings_of(detector: Detector) -> list[tuple[str, str]]:
    """A detector's settings, name and value."""
    return [(name, _said(value)) for name, value in sorted(detector.get_params(deep=False).items())]


def model_of(detector: Detector) -> list[tuple[str, str]]:
    """What a detector is and learned from, name and value."""
    learned: Mapping[str, Any] = detector.learned_from_
    models = [member.model.autoencoder for member in detector.members_]
    numbers = sum(model.parameter_count() for model in models)
    said = [
        ("learned from", f"{learned['name']}, {counted(learned['rows'], 'row')}"),
        ("first and last moment", f"{clock(learned['start'])} to {clock(learned['end'])}"),
        ("SHA-256 of its readings", str(learned["sha256"])),
        ("channels", ", ".join(detector.channels_)),
        ("base window", counted(detector.window_, "row")),
        ("autoencoders", f"{len(models)}, of {numbers:,} trained numbers together"),
        ("layers", "; ".join(" > ".join(map(str, model.sizes)) for model in models)),
    ]
    return [(name, value) for name, value in said if value]


def learned_since(detector: Detector) -> Moment:
    """The first moment that a detector learned from; a row without a clock."""
    start = detector.learned_from_["start"]
    if isinstance(start, int):
        return start
    first = datetime.fromisoformat(start)
    return first.replace(tzinfo=UTC) if first.tzinfo is None else first


def _said(value: Any) -> str:
    if value is None:
        return "chosen by the data"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
