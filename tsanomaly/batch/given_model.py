"""The model that a job names, kept as a version like those that are learned: so it is known later what was used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from tsanomaly.batch.job import Job
from tsanomaly.batch.scoring import context
from tsanomaly.detection.bundle import load
from tsanomaly.workspace import StoredModel, Workspace
from tsanomaly.workspace.files import content_of

GIVEN = "given"
"""Among what is kept beside a model: the path by which a job named it."""

Series = TypeVar("Series")


def fitting(job: Job, models: Mapping[Series, StoredModel]) -> dict[Series, StoredModel]:
    """The models that a job may use: the one it was given, or those it learned; never the other ones."""
    wanted = job.model.bundle is not None
    return {series: model for series, model in models.items() if (GIVEN in model.about) == wanted}


def keep_given(workspace: Workspace, job: Job, path: Path, now: datetime) -> StoredModel:
    """Keep a model that a job names, and say that it is in use; nothing happens where it is.

    Raises:
        BundleError: it is no model.
        WorkspaceError: the workspace cannot be written.
    """
    current = workspace.models.current(job.name)
    if current is None or current.path.stem != content_of(path):
        version = workspace.models.add(job.name, None, path, _about(job, path), now=now)
        workspace.models.activate(job.name, version, now=now)  # it may be the last version, and another in use
        current = workspace.models.current(job.name)
        assert current is not None
    return current


def _about(job: Job, path: Path) -> dict[str, Any]:
    detector = load(path)
    return {
        GIVEN: job.model.bundle,
        "learned_from": detector.learned_from_,
        "window": detector.window_,
        "context_s": context(detector).total_seconds(),
    }
