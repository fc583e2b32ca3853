"""The words with which the store answers: outcomes of runs, statuses of events."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How a run, or one series of it, ended."""

    SUCCEEDED = "succeeded"  # scored, and there are events
    FOUND_NOTHING = "found nothing"  # scored, and there are none
    NOT_ENOUGH_DATA = "not enough data"  # too few rows to score yet: the next run sees more
    SOURCE_UNREACHABLE = "source unreachable"  # the data could not be fetched: the next run catches up
    SCHEMA_CHANGED = "schema changed"  # columns, step or unit are not what the job expects: mend the job or the source
    TIMED_OUT = "timed out"  # longer than the job's limit: what was committed stays, the next run goes on
    OUTPUT_FAILED = "output failed"  # a result could not be written: mend the sink, the next run scores the same again
    CANCELLED = "cancelled"  # somebody asked it to stop: what was committed stays
    ABANDONED = "abandoned"  # its process died and nobody took it over: the next run catches up
    CRASHED = "crashed"  # a fault, named in the message: nothing of this series was stored


class EventStatus(StrEnum):
    """What the last scoring of its stretch says of an event."""

    FOUND = "found"  # it is there
    WITHDRAWN = "withdrawn"  # it was there once, and was not found again
    MERGED = "merged"  # it is part of another by now


class Change(StrEnum):
    """What a run did to an event."""

    FOUND = "found"  # for the first time
    GROWN = "grown"  # it became longer or more severe
    UPDATED = "updated"  # changed otherwise
    MERGED = "merged"  # it is part of another from now on
    WITHDRAWN = "withdrawn"  # it was not found again
    RETURNED = "returned"  # it had been withdrawn or merged, and was found again
