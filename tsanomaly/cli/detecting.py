"""``detect``, ``train``, ``evaluate``: the commands that judge."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsanomaly.cli.exit_codes import ExitCode
from tsanomaly.cli.file_options import File, FileOptions, reads_file
from tsanomaly.errors import ConfigurationError

if TYPE_CHECKING:
    from tsanomaly import Reading
    from tsanomaly.cli.judging import Failed, Judged


class Format(StrEnum):
    """How ``detect`` prints its result."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


Model = Annotated[
    Path | None,
    typer.Option("--model", help="A trained model; without one, detect learns from the file itself.", readable=False),
]
BudgetText = Annotated[
    str | None,
    typer.Option("--budget", help="At most so many events: 3/week (the default), 1/day.", show_default=False),
]
ThresholdText = Annotated[
    str | None,
    typer.Option(
        "--threshold",
        help="budget, quantile, mad, extreme-value or dynamic; with a setting: quantile=0.999, mad=8.",
        show_default=False,
    ),
]

Seconds = Annotated[
    float | None,
    typer.Option("--seconds", help="Learn no longer than so; without it, results are repeatable.", show_default=False),
]


@reads_file
def detect(
    file: File,
    options: FileOptions,
    model: Model = None,
    budget: BudgetText = None,
    threshold: ThresholdText = None,
    seconds: Seconds = None,
    twin: Annotated[
        bool | None,
        typer.Option(
            "--twin/--no-twin",
            help="Say whether the autoencoder beats its linear twin here. Default: where it learns, not with --model.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write there instead of to stdout.", show_default=False, readable=False),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Also write a page of HTML with pictures.", show_default=False, readable=False),
    ] = None,
    repairs: Annotated[
        int,
        typer.Option(
            "--repairs",
            help="In JSON: the smallest repair of so many events, the most severe; each takes a fraction of a second.",
            min=0,
        ),
    ] = 0,
    plot: Annotated[bool, typer.Option("--plot", help="Open that page in the browser.")] = False,
    top: Annotated[int, typer.Option("--top", help="Events in the table; 0 for all.", min=0)] = 20,
    fail_on_events: Annotated[
        bool, typer.Option("--fail-on-events", help=f"Exit with {int(ExitCode.EVENTS_FOUND)} if there are events.")
    ] = False,
) -> None:
    """Find anomalies in FILE, ranked by severity."""
    from tsanomaly.cli.judging import Failed, Wish, judge_all
    from tsanomaly.cli.output import deliver
    from tsanomaly.cli.rules import rule_of
    from tsanomaly.cli.tables import detection
    from tsanomaly.cli.terminal import Watch, answers

    wish = Wish(model, rule_of(threshold, budget), seconds, twin=model is None if twin is None else twin)
    with Watch(file.name) as watch:
        reading = options.read(file, watch)
        results = judge_all(reading, wish, watch)
        if report is not None or plot:
            watch.say("writing the report")
            report = _write_report(file, reading, results, report)
    if format is Format.TABLE and output is None:
        answers().print(detection(reading.diagnosis, results, top))
    else:
        deliver(_as_text(format, reading, results, top, repairs), output)
    _say_what_else(results, report, output, plot)
    if any(isinstance(result, Failed) for result in results):
        raise typer.Exit(ExitCode.DATA)
    if fail_on_events and any(len(result.events) for result in results if not isinstance(result, Failed)):
        raise typer.Exit(ExitCode.EVENTS_FOUND)


def _as_text(format: Format, reading: Reading, results: list[Judged | Failed], top: int, repairs: int) -> str:
    from tsanomaly.cli import document

    if format is Format.JSON:
        return document.to_json(document.of_detection(reading, results, repairs))
    if format is Format.CSV:
        return document.to_csv(results)
    from tsanomaly.cli.tables import detection
    from tsanomaly.cli.terminal import as_plain_text

    return as_plain_text(detection(reading.diagnosis, results, top))


def _write_report(file: Path, reading: Reading, results: list[Judged | Failed], report: Path | None) -> Path:
    import shlex
    import sys
    import tempfile

    from tsanomaly.cli.judging import Failed
    from tsanomaly.cli.output import write_aside
    from tsanomaly.report.html import to_html
    from tsanomaly.report.origin import Origin

    judged = [result for result in results if not isinstance(result, Failed)]
    twins = {result.events.series.name: result.twin.sentence for result in judged if result.twin is not None}
    target = report or Path(tempfile.mkdtemp(prefix="tsanomaly-")) / f"{file.name}.html"
    page = to_html(
        [result.events for result in judged],
        reading.diagnosis,
        twins=twins,
        detectors={result.events.series.name: result.detector for result in judged},
        origin=Origin.of_file(file, shlex.join(["tsanomaly", *sys.argv[1:]])),
    )
    write_aside(target, page)
    return target


def _say_what_else(results: list[Judged | Failed], report: Path | None, output: Path | None, plot: bool) -> None:
    from tsanomaly.cli.judging import Failed
    from tsanomaly.cli.terminal import complain, say

    for result in results:
        if isinstance(result, Failed):
            complain(str(result.error))
    for written in filter(None, (output, report)):
        say(f"written: {written}")
    if plot and report is not None:
        import webbrowser

        if not webbrowser.open(report.resolve().as_uri()):
            say(f"no browser could be opened; open {report.resolve()} yourself")


@reads_file
def train(
    file: File,
    options: FileOptions,
    out: Annotated[Path, typer.Option("--out", help="The model file to write.", show_default=False, readable=False)],
    budget: BudgetText = None,
    threshold: ThresholdText = None,
    seconds: Seconds = None,
) -> None:
    """Learn what is normal in FILE, and save it for detect --model."""
    from tsanomaly import save
    from tsanomaly.cli.judging import Wish, learned
    from tsanomaly.cli.rules import rule_of
    from tsanomaly.cli.tables import model_block
    from tsanomaly.cli.terminal import Watch, answers

    wish = Wish(None, rule_of(threshold, budget), seconds)
    with Watch(file.name) as watch:
        series = options.read(file, watch).one()
        detector = learned(series, wish, watch)
        save(detector, out)
    answers().print(model_block(out.name, detector))


@reads_file
def evaluate(
    file: File,
    options: FileOptions,
    model: Model = None,
    budget: BudgetText = None,
    threshold: ThresholdText = None,
    seconds: Seconds = None,
    format: Annotated[Format, typer.Option("--format", help="table or json.")] = Format.TABLE,
) -> None:
    """Compare what is found in FILE with its labels, beside random scores and a moving variance."""
    from tsanomaly.cli.judging import Wish, judge
    from tsanomaly.cli.rules import rule_of
    from tsanomaly.cli.scorecard import require_labels, scorecard
    from tsanomaly.cli.tables import scorecard_table
    from tsanomaly.cli.terminal import Watch, answers

    if format is Format.CSV:
        raise ConfigurationError("evaluate prints a table or json; give --format table or --format json")
    wish = Wish(model, rule_of(threshold, budget), seconds)
    with Watch(file.name) as watch:
        series = options.read(file, watch).one()
        require_labels(series)
        card = scorecard(judge(series, wish, watch).events, watch)
    if format is Format.JSON:
        from tsanomaly.cli import document
        from tsanomaly.cli.output import deliver

        deliver(document.to_json(document.of_evaluation(series, card)), None)
    else:
        answers().print(scorecard_table(series, card))
