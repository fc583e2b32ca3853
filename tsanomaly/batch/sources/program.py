"""What a program prints. It is started without a shell, and stopped with all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from typing import IO

from tsanomaly.batch.job import CommandSource
from tsanomaly.batch.job_secrets import without_secrets
from tsanomaly.batch.sources.wanted import Wanted
from tsanomaly.errors import SourceTimeoutError, SourceUnreachableError
from tsanomaly.series.source import SIZE_LIMIT


def output_of(source: CommandSource, wanted: Wanted, folder: str | None) -> bytes:
    """The standard output of the command.

    Args:
        source: with the command.
        wanted: replaces ``{since}`` and ``{until}``.
        folder: to run in.

    Raises:
        SourceUnreachableError: it cannot be started, ends with another status than 0, or prints too much.
        SourceTimeoutError: it takes longer than its time.
    """
    moments = {"{since}": wanted.bound("since").isoformat(), "{until}": wanted.bound("until").isoformat()}
    command = [_filled(argument, moments) for argument in source.command]
    name = f"the command '{source.command[0]}'"
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complaints:
        status = _run(command, name, source.timeout.total_seconds(), printed, complaints, folder)
        if status != 0:
            complaints.seek(0)
            words = complaints.read(65536).decode("utf-8", "replace").split("\n")
            last = without_secrets(next((line.strip() for line in reversed(words) if line.strip()), ""))[:200]
            raise SourceUnreachableError(f"{name} ended with status {status}{': ' * bool(last)}{last}")
        size = printed.seek(0, os.SEEK_END)
        if size > SIZE_LIMIT:
            raise SourceUnreachableError(f"{name} printed more than {SIZE_LIMIT >> 20} MiB; ask it for less")
        printed.seek(0)
        return printed.read()


def _filled(argument: str, moments: dict[str, str]) -> str:
    for place, moment in moments.items():
        argument = argument.replace(place, moment)
    return argument


def _run(
    command: list[str], name: str, seconds: float, printed: IO[bytes], complaints: IO[bytes], folder: str | None
) -> int:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=complaints,
            cwd=folder,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceUnreachableError(f"{name} cannot be started: {reason}") from None
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise SourceTimeoutError(f"{name} took longer than {seconds:g} s and was stopped") from None
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
