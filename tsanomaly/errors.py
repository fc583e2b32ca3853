"""Every error a user can meet, in one tree.

::

    TsAnomalyError            catch this to catch all of them; str(error) is one sentence for the user
    ├── DataError             the data cannot be used: the reader and the detector raise it; mend the data
    │   ├── ReadError         the file cannot be read as a table: mend or convert the file, or override a setting
    │   └── SourceError       a job's source did not give its data; nothing was scored, the next run catches up:
    │       ├── SourceUnreachableError    not there, refused, or gone in the middle
    │       ├── SourceTimeoutError        no answer within the time set
    │       ├── UnfinishedSourceError     half written, or still growing
    │       └── SchemaChangedError        other columns, step, unit or types than were learned
    ├── ConfigurationError    a setting is wrong (also a ValueError): mend the call or the option
    │   └── JobError          a job's file is faulty; ``faults`` lists every fault with its line
    ├── BundleError           a model file is truncated, foreign, newer or tampered with: train again or upgrade
    ├── OutputError           a result cannot be written, or the dashboard not served: another path or port
    ├── CancelledError        the caller's own callback asked to stop: nothing was kept
    ├── WorkspaceError        the workspace cannot be used: its address, rights or revision; mend the one it names
    │   ├── WorkspaceUnavailableError   just now: it is locked, or the server is away; the same call may work later
    │   ├── ConflictError     somebody else changed the same thing meanwhile: load it again and decide again
    │   └── LostRunError      another process took the run over, or it has ended: stop, nothing was stored
    └── NotFittedError        the detector was asked before it learned (also scikit-learn's own class of that name)

The command line and the dashboard catch :class:`TsAnomalyError` at their outer edge and show the sentence;
nothing between raises or swallows anything else on bad input. ``NotFittedError`` lives with the detector, because
it derives from scikit-learn's, which is slow to import.
"""


class TsAnomalyError(Exception):
    """Base of all errors raised on purpose. ``str(error)`` names the thing, what was expected, and what to do."""


class DataError(TsAnomalyError, ValueError):
    """The data itself cannot be used as asked: too short, nothing observed, not a number."""


class ReadError(DataError):
    """A file could not be read as a table of a time series."""


class SourceError(DataError):
    """A job's source did not give its data."""


class SourceUnreachableError(SourceError):
    """The source is not there, refuses, or went away in the middle."""


class SourceTimeoutError(SourceError):
    """The source did not answer within the time set."""


class UnfinishedSourceError(SourceError):
    """The source is half written, or still growing."""


class SchemaChangedError(SourceError):
    """The source has other columns, another step, unit or type than was learned."""


class ConfigurationError(TsAnomalyError, ValueError):
    """A setting is wrong or contradicts another."""


class JobError(ConfigurationError):
    """A job's file is faulty.

    Attributes:
        faults: one sentence each, in the order of the file.
        file: what has them, for messages; empty where it is part of the sentence alone.
    """

    def __init__(self, sentence: str, faults: tuple[str, ...] = (), file: str = "") -> None:
        super().__init__(sentence, faults, file)
        self.faults = faults
        self.file = file

    @property
    def sentences(self) -> tuple[str, ...]:
        """Each fault by itself, with the file that has it: for where there is a line for each."""
        return tuple(f"{self.file}: {fault}" for fault in self.faults) if self.file else (str(self),)

    def __str__(self) -> str:
        return str(self.args[0])


class BundleError(TsAnomalyError):
    """A saved model cannot be trusted or understood."""


class OutputError(TsAnomalyError):
    """A result cannot be written, or the dashboard cannot be served."""


class CancelledError(TsAnomalyError):
    """The caller asked to stop; nothing half-done was kept."""


class WorkspaceError(TsAnomalyError):
    """The store of runs, events and verdicts cannot be used, or has not what was asked for."""


class WorkspaceUnavailableError(WorkspaceError):
    """The store cannot be used just now; the same call may work later."""


class ConflictError(WorkspaceError):
    """Somebody else changed the same thing since it was loaded; nothing was stored."""


class LostRunError(WorkspaceError):
    """The run belongs to another process by now, or has ended; nothing was stored."""
