"""How far each series of a job was scored, and when rows last came."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from tsanomaly.workspace.database import Database
from tsanomaly.workspace.names import digest
from tsanomaly.workspace.tables import series


class Watermarks:
    """The watermarks of a workspace. They move with :meth:`Workspace.commit`, and never back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, job: str, name: str) -> datetime | None:
        """Everything of the series before it was scored; ``None``: nothing was."""
        wanted = select(series.c.watermark).where(series.c.job == job, series.c.digest == digest(name))
        with self._database.reading() as connection:
            return connection.execute(wanted).scalar()

    def all(self, job: str) -> dict[str, datetime]:
        """By series; without those of which nothing was scored."""
        return self._column(job, "watermark")

    def arrivals(self, job: str) -> dict[str, datetime]:
        """When a run last found new rows, by series."""
        return self._column(job, "arrived_at")

    def state(self, job: str, name: str) -> dict[str, Any] | None:
        """What the runner remembers of one series; ``None``: nothing."""
        wanted = select(series.c.state).where(series.c.job == job, series.c.digest == digest(name))
        with self._database.reading() as connection:
            found: dict[str, Any] | None = connection.execute(wanted).scalar()
        return found

    def states(self, job: str) -> dict[str, dict[str, Any] | None]:
        """What the runner remembers of every series of a job that it ever met; ``None``: nothing."""
        wanted = select(series.c.name, series.c.state).where(series.c.job == job).order_by(series.c.name)
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(wanted)}

    def _column(self, job: str, name: str) -> dict[str, datetime]:
        wanted = select(series.c.name, series.c[name]).where(series.c.job == job, series.c[name].is_not(None))
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(wanted.order_by(series.c.name))}
