"""``self-test``: what the detector would catch in a file, tried on anomalies that are put in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsanomaly.cli.detecting import BudgetText, Seconds, ThresholdText
from tsanomaly.cli.exit_codes import ExitCode
from tsanomaly.cli.file_options import File, FileOptions, reads_file

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tsanomaly import Threshold
    from tsanomaly.evaluation import Rate, SelfTest


class Format(StrEnum):
    """How ``self-test`` prints its result."""

    TABLE = "table"
    JSON = "json"


@reads_file
def self_test(
    file: File,
    options: FileOptions,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="A trained model; without one, it learns from the file itself.", readable=False),
    ] = None,
    budget: BudgetText = None,
    threshold: ThresholdText = None,
    seconds: Seconds = None,
    format: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
) -> None:
    """Put known anomalies into copies of FILE and see which would be caught."""
    from tsanomaly.cli import document
    from tsanomaly.cli.judging import Wish, learned, loaded
    from tsanomaly.cli.output import deliver
    from tsanomaly.cli.rules import rule_of
    from tsanomaly.cli.terminal import Watch, answers, complain
    from tsanomaly.evaluation import self_test as test

    wish = Wish(model, rule_of(threshold, budget), seconds)
    with Watch(file.name) as watch:
        series = options.read(file, watch).one()
        detector = loaded(model, watch) if model else learned(series, wish, watch)
        level = detector.threshold_ if wish.rule is None else detector.fit_threshold(wish.rule)
        result = test(detector, series, threshold=level.value, on_progress=watch.detecting)
    if format is Format.JSON:
        deliver(document.to_json({"format": document.FORMAT, "versions": document.versions()} | result.to_dict()), None)
    else:
        answers().print(_block(result, level))
    if result.refusal is not None:
        complain(result.refusal)
        raise typer.Exit(ExitCode.MODEL)


def _block(result: SelfTest, threshold: Threshold) -> RenderableType:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    from tsanomaly.cli.tables import threshold_words
    from tsanomaly.cli.terminal import printable
    from tsanomaly.report.words import percent

    injected = len(result.injections)
    caught, stood_out = result.detector.counted()
    # A threshold with a note is not where the budget alone would put it: a larger one leaves it there.
    remedy = "another --threshold" if threshold.note else "a larger --budget or another --threshold"
    lines = [
        f"threshold: {threshold_words(threshold)}",
        f"{stood_out} ({percent(stood_out / injected)}) stand out from calm stretches, whatever the threshold"
        + f"; {remedy} catches more" * (stood_out > caught),
        f"injected rows score higher than calm rows in {percent(result.detector.quality)} of all comparisons "
        "(random scores: 50 %)",
        result.twin_verdict.sentence if result.twin and not result.refusal else "",
    ]
    head = (
        f"{printable(result.series)}: {caught} of {injected} injected anomalies caught ({percent(caught / injected)})"
    )
    facts = [Padding.indent(Text(line), 2) for line in lines if line]
    notes = [Text(note, style="dim") for note in _notes(result)]
    return Group(Text(head, style="bold"), *facts, Text(), _table(result), Text(), *notes)


def _notes(result: SelfTest) -> list[str]:
    example = result.rates[0]
    return [
        f"{_cell(example)}: {example.caught} of {example.injected} caught at the threshold, {example.stood_out} stand "
        "out: they score above 19 of 20 calm stretches.",
        "Strength is in units of what a channel usually varies by; for a flat line and a broken correlation, 8 is one "
        f"window ({result.window} rows) long; for a frequency change, 16 is twice as fast.",
    ]


def _table(result: SelfTest) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, padding=(0, 3, 0, 2), header_style="bold")
    table.add_column("caught (stand out), by strength")
    for strength in result.strengths:
        table.add_column(f"{strength:g}", justify="right")
    for kind in dict.fromkeys(rate.kind for rate in result.rates):
        table.add_row(kind.value, *(_cell(rate) for rate in result.rates if rate.kind is kind))
    return table


def _cell(rate: Rate) -> str:
    return f"{rate.caught}/{rate.injected} ({rate.stood_out})"
