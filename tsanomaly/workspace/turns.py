"""Who waits for whom, where rows alone do not say it."""

from __future__ import annotations

from sqlalchemy import Connection

from tsanomaly.workspace.statements import in_turn


def rulings_in_turn(connection: Connection, job: str, *, shared: bool = False) -> None:
    """Verdicts on events of a job come one after the other, and not while a run stores events there.

    Otherwise a run could store an event just when a verdict on one like it is given, and neither would see the other.
    """
    in_turn(connection, "rulings", job, shared=shared)


def models_in_turn(connection: Connection, job: str, scope: str) -> None:
    """Versions of a model come one after the other, and no file goes that a version about to be stored names."""
    in_turn(connection, "models", job, scope)
