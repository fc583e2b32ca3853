"""Rows of the series table: made when first needed, held while their events change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from tsanomaly.workspace.names import digest, short
from tsanomaly.workspace.statements import chunks, insert_new, locked
from tsanomaly.workspace.tables import series


@dataclass(frozen=True)
class SeriesRow:
    """A series of a job, as stored."""

    id: int
    digest: str
    name: str
    watermark: datetime | None
    arrived_at: datetime | None


def hold(connection: Connection, job: str, names: Iterable[str]) -> dict[str, SeriesRow]:
    """The rows of these series by name, made where missing; others wait for them until the transaction ends."""
    by_digest = {digest(name): name for name in names}
    digests = sorted(by_digest)  # the same order for all: nobody waits in a circle
    job = short(job, "a job's name")
    found = _rows(connection, job, digests)
    missing = [{"job": job, "digest": d, "name": by_digest[d]} for d in digests if d not in found]
    if missing:
        insert_new(connection, series, missing, ("job", "digest"))
        found = _rows(connection, job, digests)
    return {by_digest[d]: row for d, row in found.items()}


def _rows(connection: Connection, job: str, digests: list[str]) -> dict[str, SeriesRow]:
    columns = (series.c[name] for name in SeriesRow.__annotations__)
    wanted = select(*columns).where(series.c.job == job).order_by(series.c.digest)
    rows = (
        SeriesRow(*row)
        for some in chunks(digests)
        for row in connection.execute(locked(wanted.where(series.c.digest.in_(some))))
    )
    return {row.digest: row for row in rows}
