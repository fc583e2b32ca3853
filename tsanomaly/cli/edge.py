"""The command's outer edge: the only place where an error becomes a sentence and an exit status."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from tsanomaly.cli.exit_codes import ExitCode, exit_code_of
from tsanomaly.errors import JobError, TsAnomalyError


class Edge(TyperGroup):
    """A group of commands that turns whatever leaves a command into an exit status."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run the command.

        Raises:
            typer.Exit: always on failure, with an :class:`ExitCode`.
        """
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except TsAnomalyError as error:
            raise _stop(error, exit_code_of(error)) from None
        except KeyboardInterrupt:
            raise _stop("cancelled", ExitCode.CANCELLED) from None
        except BrokenPipeError:
            # Python flushes stdout once more at exit, and would complain then.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(ExitCode.READER_GONE) from None
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            message = f"unexpected {type(error).__name__}: {error}; this is a fault of tsanomaly, --debug shows where"
            raise _stop(message, ExitCode.UNEXPECTED) from None


def _stop(said: str | TsAnomalyError, code: ExitCode) -> typer.Exit:
    from tsanomaly.cli.terminal import complain

    for sentence in said.sentences if isinstance(said, JobError) else (str(said),):
        complain(sentence)
    return typer.Exit(code)
