"""Summaries of a benchmark as people read them on a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tsanomaly.cli.terminal import printable
from tsanomaly.evaluation.benchmark import HEADS

if TYPE_CHECKING:
    from tsanomaly.evaluation.benchmark import Duel, Summary
    from tsanomaly.evaluation.benchmark import Group as Means


def summaries(found: list[Summary]) -> RenderableType:
    """Means over files, by what the files have in common, the sign test, and failures."""
    blocks = [_means(found), *(_groups(found, name) for name in ("folder", "kind", "channels", "source"))]
    blocks += [_duels(found)] if any(summary.against_linear for summary in found) else []
    spaced = [part for block in blocks for part in (block, Text())]
    return Group(*spaced, *_failures(found))


def _table(*heads: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place else "left", no_wrap=not place)
    return table


def _means(found: list[Summary]) -> Table:
    table = _table(
        "mean over files",
        "files",
        *HEADS.values(),
        "VUS-PR by source",
        "alarms a week",
        "labelled",
        "fit + score",
        "memory",
    )
    for summary in found:
        overall = summary.overall
        table.add_row(
            printable(summary.detector),
            str(overall.files),
            *(_number(overall.means[metric]) for metric in HEADS),
            _number(summary.source_mean),
            _short(summary.flagged_per_week),
            _short(summary.labelled_per_week),
            f"{_short(summary.total_seconds)} s",
            f"{_short(summary.peak_megabytes)} MiB",
        )
    return table


def _groups(found: list[Summary], by: str) -> Table:
    """VUS-PR with its interval, a row a group, a column a detector."""
    table = _table(f"VUS-PR by {by}", "files", *(printable(summary.detector) for summary in found))
    names = {group.name: group.files for summary in found for group in summary.groups[by]}
    for name, files in sorted(names.items()):
        groups = ({group.name: group for group in summary.groups[by]}.get(name) for summary in found)
        table.add_row(printable(name), str(files), *map(_mean, groups))
    return table


def _mean(group: Means | None) -> str:
    if group is None:
        return "–"
    interval = "" if math.isnan(group.low) else f" ({group.low:.2f}–{group.high:.2f})"
    return f"{group.means['vus_pr']:.3f}{interval}"


def _duels(found: list[Summary]) -> Table:
    table = _table("against the linear twin", "better", "worse", "equal", "p (sign test)")
    for summary in found:
        if summary.against_linear is not None:
            table.add_row(printable(summary.detector), *_duel(summary.against_linear))
    return table


def _duel(duel: Duel) -> tuple[str, ...]:
    return str(duel.wins), str(duel.losses), str(duel.ties), f"{duel.p_value:.2g}"


def _failures(found: list[Summary]) -> list[Text]:
    return [
        Text(f"failed, counted 0: {printable(file)} ({summary.detector}): {printable(reason)}", style="red")
        for summary in found
        for file, reason in summary.failures.items()
    ]


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _short(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3g}"
