"""The sinks of a job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pandas as pd

from tsanomaly.batch.job import Job, SqlSink
from tsanomaly.batch.sinks.covered import Covered, What
from tsanomaly.batch.sinks.file_sink import FilesWritten
from tsanomaly.batch.sinks.sql_sink import TableWritten


class Sink(Protocol):
    """What every sink can do."""

    @property
    def what(self) -> What:
        """``events`` or ``scores``."""
        ...

    def write(self, job: str, covered: Sequence[Covered], rows: pd.DataFrame) -> None:
        """Replace what there is of ``job`` in the stretches covered by ``rows``.

        Args:
            job: its name.
            covered: at most one stretch a series.
            rows: with the columns of :data:`tsanomaly.batch.sinks.covered.COLUMNS`, ``job`` apart; times with a zone.

        Raises:
            OutputError: it cannot be written.
            ConfigurationError: an environment variable is not set.
        """
        ...


def open_sinks(job: Job) -> list[Sink]:
    """The sinks of a job, in the order of its file; nothing is written yet.

    Raises:
        ConfigurationError: no such storage, or an environment variable is not set.
    """
    return [TableWritten(one) if isinstance(one, SqlSink) else FilesWritten.of(job, one) for one in job.sinks]
