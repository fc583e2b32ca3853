"""Versions of the models of a job, or of one of its series: files beside the database, and which one is in use."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace.audit import record
from tsanomaly.workspace.database import Database
from tsanomaly.workspace.files import folder_name, is_old, keep
from tsanomaly.workspace.names import digest, short
from tsanomaly.workspace.series_rows import hold
from tsanomaly.workspace.statements import chunks
from tsanomaly.workspace.tables import models, series
from tsanomaly.workspace.turns import models_in_turn

SHARED = "all"
"""The folder of the model that all series of a job share."""


@dataclass(frozen=True)
class StoredModel:
    """One version of a model.

    Attributes:
        series: of the job; ``None``: it is shared by all.
        version: 1, 2, …
        path: of its file.
        about: what it learned from, and the like.
        active: it is the one in use.
    """

    job: str
    series: str | None
    version: int
    path: Path
    about: Mapping[str, Any]
    added_at: datetime
    active: bool


class Models:
    """The models of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._folder = database.address.folder

    def add(
        self,
        job: str,
        series: str | None,
        bundle_path: Path,
        about: Mapping[str, Any],
        *,
        activate: bool = True,
        now: datetime | None = None,
    ) -> int:
        """Copy a model's file into the workspace as its next version, and use it from now on.

        The same file again is the same version: a run that is repeated leaves one.

        Returns:
            The version.
        """
        scope = _scope(series)
        folder = self._folder / "models" / folder_name(short(job, "a job's name")) / (scope or SHARED)
        row: dict[str, Any] = {"job": job, "scope": scope, "about": dict(about), "active": False}
        with self._database.writing() as connection:
            row["series_id"] = None if series is None else hold(connection, job, [series])[series].id
            models_in_turn(connection, job, scope)
            path = keep(folder, ".safetensors", lambda aside: shutil.copyfile(bundle_path, aside))
            row |= {"path": path.relative_to(self._folder).as_posix(), "content": path.stem}
            row["added_at"] = now or datetime.now(UTC)
            last = connection.execute(
                select(models.c.version, models.c.content).where(_of(job, scope)).order_by(models.c.version.desc())
            ).first()
            if last is not None and last.content == path.stem:
                return int(last.version)
            version = 1 if last is None else int(last.version) + 1
            connection.execute(insert(models).values(row | {"version": version}))
            if activate:
                _use(connection, job, scope, version)
            return version

    def current(self, job: str, series: str | None = None) -> StoredModel | None:
        """The version in use; ``None``: there is none."""
        found = _read(self._database, job, _scope(series), active=True)
        return found[0] if found else None

    def all_current(self, job: str) -> dict[str | None, StoredModel]:
        """The versions in use by series, the shared one under ``None``."""
        return {model.series: model for model in _read(self._database, job, active=True)}

    def list(self, job: str | None = None, series: str | None = None) -> list[StoredModel]:
        """All versions, the newest first. Of a job: the shared one and those of its series, unless one is named."""
        return _read(self._database, job, None if series is None else _scope(series))

    def path(self, job: str, version: int, series: str | None = None) -> Path:
        """The file of a version.

        Raises:
            WorkspaceError: there is no such version.
        """
        for model in _read(self._database, job, _scope(series)):
            if model.version == version:
                return model.path
        raise _missing(job, version)

    def activate(
        self, job: str, version: int, series: str | None = None, *, author: str = "", now: datetime | None = None
    ) -> None:
        """Use a version from now on, such as the one before.

        Raises:
            WorkspaceError: there is no such version.
        """
        scope = _scope(series)
        with self._database.writing() as connection:
            models_in_turn(connection, job, scope)
            known = connection.execute(select(models.c.version, models.c.active).where(_of(job, scope)))
            versions = {row.version: row.active for row in known}
            if version not in versions:
                raise _missing(job, version)
            was = next((v for v, active in versions.items() if active), None)
            if was != version:
                _use(connection, job, scope, version)
                what = job if series is None else f"{job} · {series}"
                at = now or datetime.now(UTC)
                record(connection, at, author, "activate model", what, {"version": was}, {"version": version})

    def prune(self, job: str, keep: int) -> int:
        """Forget versions of a job's models, and remove their files; of each model, the one in use stays, and so do the
        ``keep`` latest others.

        A process killed meanwhile leaves at most a file that no version names: :meth:`sweep` removes it.

        Returns:
            How many versions were forgotten.
        """
        counted = select(models.c.scope).where(models.c.job == job, ~models.c.active).group_by(models.c.scope)
        with self._database.reading() as connection:
            scopes = connection.execute(counted.having(func.count() > keep).order_by(models.c.scope)).scalars().all()
        forgotten = 0
        for some in chunks(scopes, 100):
            with self._database.writing() as connection:
                for scope in some:  # in their order: nobody waits in a circle
                    models_in_turn(connection, job, scope)
                gone = _forget(connection, job, some, keep)
            forgotten += len(gone)
            self._remove(job, gone)
        return forgotten

    def sweep(self, job: str, older_than: timedelta = timedelta(days=1)) -> int:
        """Remove files of a job's models that no version names, left by processes that died; returns how many."""
        with self._database.reading() as connection:
            known = set(connection.execute(select(models.c.path).where(models.c.job == job)).scalars())
        strays = [
            (path.relative_to(self._folder).as_posix(), "" if path.parent.name == SHARED else path.parent.name)
            for path in (self._folder / "models" / folder_name(job)).glob("*/*")
            if is_old(path, older_than)
        ]
        return self._remove(job, [(path, scope) for path, scope in strays if path not in known])

    def _remove(self, job: str, files: Iterable[tuple[str, str]]) -> int:
        """Remove files, each with its scope, but those that a version names; how many."""
        removed = 0
        for path, scope in sorted(set(files)):
            with self._database.writing() as connection:
                models_in_turn(connection, job, scope)  # whoever stores the same bytes just now names them before us
                if connection.scalar(select(func.count()).where(models.c.path == path)):
                    continue
                (self._folder / path).unlink(missing_ok=True)
                removed += 1
        return removed


def _read(database: Database, job: str | None, scope: str | None = None, *, active: bool = False) -> list[StoredModel]:
    """Versions, the newest first."""
    wanted = select(models, series.c.name).select_from(models.outerjoin(series, series.c.id == models.c.series_id))
    if job is not None:
        wanted = wanted.where(models.c.job == job)
    if scope is not None:
        wanted = wanted.where(models.c.scope == scope)
    if active:
        wanted = wanted.where(models.c.active)
    folder = database.address.folder
    with database.reading() as connection:
        return [
            StoredModel(row.job, row.name, row.version, folder / row.path, row.about, row.added_at, row.active)
            for row in connection.execute(wanted.order_by(models.c.job, series.c.name, models.c.version.desc()))
        ]


def _scope(series: str | None) -> str:
    return "" if series is None else digest(series)


def _of(job: str, scope: str) -> Any:
    return (models.c.job == job) & (models.c.scope == scope)


def _use(connection: Connection, job: str, scope: str, version: int) -> None:
    connection.execute(update(models).where(_of(job, scope)).values(active=models.c.version == version))


def _forget(connection: Connection, job: str, scopes: Sequence[str], keep: int) -> list[tuple[str, str]]:
    """Remove the rows of versions not in use beyond the latest; the files that they named, with their scopes."""
    place = func.row_number().over(partition_by=models.c.scope, order_by=models.c.version.desc()).label("place")
    others = select(models.c.id, place).where(models.c.job == job, models.c.scope.in_(scopes), ~models.c.active)
    ranked = others.subquery()
    gone = delete(models).where(models.c.id.in_(select(ranked.c.id).where(ranked.c.place > keep)))
    return [(row.path, row.scope) for row in connection.execute(gone.returning(models.c.path, models.c.scope))]


def _missing(job: str, version: int) -> WorkspaceError:
    return WorkspaceError(f"job '{job[:60]}' has no model of version {version}")
