"""``benchmark``: how good detectors are on many labelled files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

LIMIT_HELP = "Only so many files, spread evenly over all: to try things out."


def benchmark(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            show_default=False,
            help="Files in TSB-AD's format (CSV or gzip; header, value columns, Label last), or folders of them.",
        ),
    ],
    detector: Annotated[
        list[str] | None,
        typer.Option(
            "--detector",
            show_default=False,
            help="default, linear, moving-variance, squared-differences, random, or an ablation; may be repeated.",
        ),
    ] = None,
    ablate: Annotated[
        str | None,
        typer.Option(
            "--ablate",
            show_default=False,
            help="Also run the default with one ingredient left out, or with each in turn (all), and the baselines.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Processes; one for each core unless given.", min=1, show_default=False),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Table of results; what is in it already is not run again.")
    ] = Path("results.csv"),
    scores: Annotated[
        Path | None,
        typer.Option("--scores", help="Folder for the scores: a .npy a file, one float64 a row.", show_default=False),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Also write a page of HTML with pictures.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.", min=0)] = 0,
    labels_hidden: Annotated[
        bool,
        typer.Option(
            "--labels-hidden",
            help="Score copies without labels first, all of them; open labels only after the scores are written.",
        ),
    ] = False,
    limit: Annotated[int | None, typer.Option("--limit", help=LIMIT_HELP, min=1, show_default=False)] = None,
) -> None:
    """Score labelled files with one detector or several, and compare the scores with the labels."""
    from tsanomaly.cli.benchmark_tables import summaries
    from tsanomaly.cli.terminal import Watch, answers, say
    from tsanomaly.evaluation.benchmark import (
        Settings,
        Table,
        contender_named,
        find_files,
        run,
        summarise,
        with_ablations,
    )

    names = dict.fromkeys([*(detector or []), *(with_ablations(ablate) if ablate else [])]) or ["default"]
    contenders = {name: contender_named(name) for name in names}
    files = spread(find_files(paths), limit)
    settings = Settings(workers or cores(), seed, scores, labels_hidden)
    with Table(output) as table, Watch("benchmark") as watch:
        rows = run(files, contenders, table, settings, lambda row, done, total: watch.counting(row.file, done, total))
    answers().print(summaries(summarise(rows)))
    if report is not None:
        from tsanomaly.cli.output import write_aside
        from tsanomaly.report.benchmark import to_html

        write_aside(report, to_html(rows))
    for written in filter(None, (output, scores, report)):
        say(f"written: {written}")


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(files: list[Path], limit: int | None) -> list[Path]:
    """At most ``limit`` files at equal distances through the list."""
    if limit is None or limit >= len(files):
        return files
    return [files[place * len(files) // limit] for place in range(limit)]
