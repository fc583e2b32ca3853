"""What a self-test found, in words and as a table, for the dashboard and the report alike.

Both take :meth:`tsanomaly.evaluation.SelfTest.to_dict`, which is also what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tsanomaly.report.words import percent, sentence

NOT_COMPARED = "whether the autoencoder beats its linear twin on this series was not tested"

SCALE = (
    "Strength is in units of the channel's own variation. Caught is what lies above the threshold; to stand out is to "
    "score higher than all but one in twenty calm stretches, whatever the threshold."
)


@dataclass(frozen=True)
class Cell:
    """The anomalies of one kind and strength: how many were caught, and how many stood out to each detector."""

    injected: int
    caught: int
    stood_out: int
    twin_stood_out: int | None


@dataclass(frozen=True)
class Grid:
    """A row a kind, a column a strength."""

    strengths: tuple[float, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def verdict(compared: str | None, test: Mapping[str, Any] | None = None) -> str:
    """In one line whether the autoencoder beats its linear twin.

    Args:
        compared: what the short comparison said; ``None`` where none was made.
        test: a self-test, whose word counts more.
    """
    if test is not None and (said := test["refusal"] or test["verdict"]):
        return sentence(said)
    return sentence(compared or NOT_COMPARED)


def total(test: Mapping[str, Any]) -> str:
    """How many were caught, and how well scores alone tell them from calm rows."""
    twin = f", with its linear twin in {percent(test['twin']['auc'])}" if test["twin"] else ""
    return (
        f"{test['caught']} of {test['injected']} anomalies that were put in lie above the threshold. They score higher "
        f"than calm rows in {percent(test['auc'])} of all comparisons{twin}; chance alone gives 50 %."
    )


def grid(test: Mapping[str, Any]) -> Grid:
    """The table."""
    strengths = sorted({rate["strength"] for rate in test["rates"]})
    names = Cell.__dataclass_fields__
    cells = {(rate["kind"], rate["strength"]): Cell(**{name: rate[name] for name in names}) for rate in test["rates"]}
    kinds = dict.fromkeys(rate["kind"] for rate in test["rates"])
    rows = tuple((kind, tuple(cells[kind, strength] for strength in strengths)) for kind in kinds)
    return Grid(tuple(strengths), rows)


def standing_out(cell: Cell) -> str:
    """``stand out 7, twin 6``."""
    twin = "" if cell.twin_stood_out is None else f", twin {cell.twin_stood_out}"
    return f"stand out {cell.stood_out}{twin}"
