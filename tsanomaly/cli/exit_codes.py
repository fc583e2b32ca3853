"""What the command's exit status means; ``docs/command-line.md`` says the same, and a test compares them."""

from __future__ import annotations

from enum import IntEnum

from tsanomaly.errors import (
    BundleError,
    CancelledError,
    ConfigurationError,
    DataError,
    OutputError,
    TsAnomalyError,
    WorkspaceError,
    WorkspaceUnavailableError,
)


class ExitCode(IntEnum):
    """One line each, for people who write scripts."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> ExitCode:
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    DONE = 0, "done; finding events does not change it"
    UNEXPECTED = 1, "a fault of tsanomaly itself; --debug shows where"
    USAGE = 2, "the command line or a setting is wrong"
    DATA = 3, "the file or the data in it cannot be used"
    MODEL = 4, "the model cannot be used, or its file"
    OUTPUT = 5, "a result cannot be written, or the dashboard cannot be served"
    RUN_FAILED = 6, "a batch run failed, or a series of it; tsanomaly runs show says why"
    WORKSPACE = 7, "the workspace cannot be used, or has not what was asked for"
    UNAVAILABLE = 8, "the workspace is locked or cannot be reached just now; try again"
    EVENTS_FOUND = 10, "events were found and --fail-on-events was given"
    CANCELLED = 130, "cancelled (Ctrl-C); nothing half-written is left"
    READER_GONE = 141, "whoever read the output went away, as `head` does"


_OF_ERROR = {
    DataError: ExitCode.DATA,
    ConfigurationError: ExitCode.USAGE,
    BundleError: ExitCode.MODEL,
    OutputError: ExitCode.OUTPUT,
    CancelledError: ExitCode.CANCELLED,
    WorkspaceUnavailableError: ExitCode.UNAVAILABLE,  # before the class it belongs to
    WorkspaceError: ExitCode.WORKSPACE,
}


def exit_code_of(error: TsAnomalyError) -> ExitCode:
    """The exit status an error ends in."""
    return next((code for kind, code in _OF_ERROR.items() if isinstance(error, kind)), ExitCode.UNEXPECTED)
