"""Every error a user can meet, in one tree.

::

    TsAnomalyError            catch this to catch all of them; str(error) is one sentence for the user
    ├── DataError             the data cannot be used: the reader and the detector raise it; mend the data
    │   └── ReadError         the file cannot be read as a table: mend or convert the file, or override a setting
    ├── ConfigurationError    a setting is wrong (also a ValueError): mend the call or the option
    ├── BundleError           a model file is truncated, foreign, newer or tampered with: train again or upgrade
    ├── OutputError           a result cannot be written, or the dashboard not served: another path or port
    ├── CancelledError        the caller's own callback asked to stop: nothing was kept
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


class ConfigurationError(TsAnomalyError, ValueError):
    """A setting is wrong or contradicts another."""


class BundleError(TsAnomalyError):
    """A saved model cannot be trusted or understood."""


class OutputError(TsAnomalyError):
    """A result cannot be written, or the dashboard cannot be served."""


class CancelledError(TsAnomalyError):
    """The caller asked to stop; nothing half-done was kept."""
