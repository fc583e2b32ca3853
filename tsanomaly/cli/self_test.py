"""``self-test``: what the detector would catch in a file, tried on anomalies that are put in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsanomaly.cli.exit_codes import ExitCode
from tsanomaly.cli.file_options import File, FileOptions, reads_file

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tsanomaly.evaluation import SelfTest


class Format(StrEnum):
    """How ``self-test`` prints its result."""

    TABLE = "table"
    JSON = "json"


@reads_file
def self_test(
    file: File,
    options: FileOptions,
    model: Annotated[
        Path | None, typer.Option("--model", help="A trained model; without one, it learns from the file itself.")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
) -> None:
    """Put known anomalies into copies of FILE and see which would be caught."""
    from tsanomaly.cli import document
    from tsanomaly.cli.judging import Wish, learned, loaded
    from tsanomaly.cli.output import deliver
    from tsanomaly.cli.terminal import Watch, answers, complain
    from tsanomaly.evaluation import self_test as test

    with Watch(file.name) as watch:
        series = options.read(file, watch).one()
        detector = loaded(model, watch) if model else learned(series, Wish(), watch)
        result = test(detector, series, on_progress=watch.detecting)
    if format is Format.JSON:
        deliver(document.to_json({"format": document.FORMAT, "versions": document.versions()} | result.to_dict()), None)
    else:
        answers().print(_block(result))
    if result.refusal is not None:
        complain(result.refusal)
        raise typer.Exit(ExitCode.MODEL)


def _block(result: SelfTest) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from tsanomaly.cli.terminal import printable

    caught, injected = int(result.detector.caught.sum()), len(result.injections)
    twin = "" if result.twin is None else f", its linear twin {result.twin.quality:.3f}"
    lines = [
        f"  threshold: score above {result.threshold:.4g}",
        f"  AUC of injected anomalies against calm rows: {result.detector.quality:.3f}{twin} (random 0.500)",
    ]
    if result.verdict is not None:
        lines.append(f"  {result.verdict}")
    head = f"{printable(result.series)}: {caught} of {injected} injected anomalies caught"
    note = "Strength is in units of the channel's own variation; 5/8 means 5 of 8 caught, in brackets by the twin."
    return Group(Text(head, style="bold"), *map(Text, lines), _table(result), Text(note, style="dim"))


def _table(result: SelfTest) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("caught, by strength")
    for strength in result.strengths:
        table.add_column(f"{strength:g}", justify="right")
    for kind in dict.fromkeys(rate.kind for rate in result.rates):
        rates = [rate for rate in result.rates if rate.kind is kind]
        cells = [
            f"{rate.caught}/{rate.injected}" + ("" if rate.twin_caught is None else f" ({rate.twin_caught})")
            for rate in rates
        ]
        table.add_row(kind.value, *cells)
    return table
