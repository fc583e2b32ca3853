"""``models``: what is in a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Look into trained models.")


@app.callback()
def _group() -> None:
    """Look into trained models."""


@app.command("show")
def show(
    model: Annotated[Path, typer.Argument(help="A model file written by train.", show_default=False, readable=False)],
) -> None:
    """Print what a model learned from, its settings and its threshold."""
    from tsanomaly.cli.judging import loaded
    from tsanomaly.cli.tables import model_block
    from tsanomaly.cli.terminal import Watch, answers

    with Watch(model.name) as watch:
        detector = loaded(model, watch)
    answers().print(model_block(model.name, detector))
