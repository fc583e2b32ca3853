"""The options of every command that reads a file: how to read what would otherwise be worked out."""

from __future__ import annotations

import csv
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from tsanomaly.errors import ConfigurationError

if TYPE_CHECKING:
    from tsanomaly import Reading
    from tsanomaly.cli.terminal import Watch

PANEL = "How to read the file (each is worked out unless given)"

DELIMITERS = {"tab": "\t", r"\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "none": ""}

File = Annotated[Path, typer.Argument(help="CSV or Parquet; plain, gzip or zip.", show_default=False, readable=False)]


def _option(*names: str, help: str) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=PANEL, show_default=False)


@dataclass(frozen=True)
class FileOptions:
    """How to read a file, and which of its series to take."""

    time_column: Annotated[str | None, _option("--time-column", help="Column holding the time; '' for none.")] = None
    time_format: Annotated[
        str | None, _option("--time-format", help="strptime pattern such as '%d.%m.%Y %H:%M', or 'epoch s'.")
    ] = None
    zone: Annotated[str | None, _option("--zone", help="Zone of the times, such as Europe/Berlin or +02:00.")] = None
    step: Annotated[str | None, _option("--step", help="Spacing of rows, such as 5min or 1h.")] = None
    delimiter: Annotated[
        str | None, _option("--delimiter", help="Between fields: one character, tab, space or none.")
    ] = None
    decimal: Annotated[str | None, _option("--decimal", help="Decimal sign, . or ,")] = None
    encoding: Annotated[str | None, _option("--encoding", help="Such as utf-8 or cp1252.")] = None
    header: Annotated[bool | None, _option("--header/--no-header", help="Whether the first row names the columns.")] = (
        None
    )
    series_column: Annotated[
        str | None, _option("--series-column", help="Column naming the series of a long table; '' for none.")
    ] = None
    label_column: Annotated[
        str | None, _option("--label-column", help="Column of 0 and 1, read only by evaluate; '' for none.")
    ] = None
    channels: Annotated[
        str | None, _option("--channels", help="Value columns to take, separated by commas; all others are left out.")
    ] = None
    series: Annotated[str | None, _option("--series", help="The one series to take where a file holds several.")] = None

    def read(self, path: Path, watch: Watch) -> Reading:
        """Read the file, narrowed to one series where ``--series`` names one.

        Raises:
            DataError: the file cannot be used.
            ConfigurationError: an option is wrong.
        """
        from tsanomaly import Reading, read_file

        watch.say("reading")
        given = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "series"}
        given["delimiter"] = DELIMITERS.get(self.delimiter or " ", self.delimiter) if self.delimiter else None
        given["channels"] = _names(self.channels)
        reading = read_file(path, **given, progress=watch.reading)
        return reading if self.series is None else Reading((reading[self.series],), reading.diagnosis)


def _names(text: str | None) -> list[str] | None:
    if text is None:
        return None
    names = [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]
    if not any(names):
        raise ConfigurationError("--channels names no column; give names separated by commas")
    return names


def reads_file(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of :class:`FileOptions`; it receives them as its argument ``options``."""
    own = inspect.signature(command, eval_str=True)
    kept = [p.replace(kind=p.KEYWORD_ONLY) for p in own.parameters.values() if p.name != "options"]
    hints = get_type_hints(FileOptions, include_extras=True)
    shared = [
        inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hint)
        for field, hint in zip(fields(FileOptions), hints.values(), strict=True)
    ]

    @functools.wraps(command)
    def expanded(*arguments: Any, **given: Any) -> Any:
        options = FileOptions(**{p.name: given.pop(p.name) for p in shared if p.name in given})
        return command(*arguments, options=options, **given)

    expanded.__signature__ = own.replace(parameters=[*kept, *shared])  # type: ignore[attr-defined]
    expanded.__annotations__ = {p.name: p.annotation for p in [*kept, *shared]}
    return expanded
