"""``inspect`` and ``sample``: files before anything is judged."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tsanomaly.cli.file_options import File, FileOptions, reads_file


class Format(StrEnum):
    """How ``inspect`` prints the diagnosis."""

    TEXT = "text"
    JSON = "json"


@reads_file
def inspect_file(
    file: File,
    options: FileOptions,
    format: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TEXT,
) -> None:
    """Say how FILE is understood, and what was found and repaired in it."""
    from tsanomaly.cli import document
    from tsanomaly.cli.output import deliver
    from tsanomaly.cli.tables import diagnosis_block
    from tsanomaly.cli.terminal import Watch, answers

    with Watch(file.name) as watch:
        diagnosis = options.read(file, watch).diagnosis
    if format is Format.JSON:
        deliver(document.to_json(diagnosis.to_dict()), None)
    else:
        answers().print(diagnosis_block(diagnosis))


def sample(
    name: Annotated[str | None, typer.Argument(help="Which one; without a name, they are listed.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to; - for stdout. Default: NAME.csv here.", readable=False),
    ] = None,
) -> None:
    """Write a bundled sample into the current folder."""
    from tsanomaly.cli.output import deliver
    from tsanomaly.cli.terminal import answers, say
    from tsanomaly.resources import sample_names, sample_path

    if name is None:
        answers().print("\n".join(sample_names()), markup=False, highlight=False)
        return
    text = sample_path(name).read_text(encoding="utf-8")
    target = None if output == Path("-") else output or Path(f"{name}.csv")
    deliver(text, target)
    if target is not None:
        say(f"written: {target}")
