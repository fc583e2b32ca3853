"""What is remembered: runs, events, models, watermarks, verdicts, notes, calendars, alerts on their way."""

from tsanomaly.workspace.audit import AuditEntry as AuditEntry
from tsanomaly.workspace.calendar_store import StoredEntry as StoredEntry
from tsanomaly.workspace.commit import SeriesResult as SeriesResult
from tsanomaly.workspace.events import EventChange as EventChange
from tsanomaly.workspace.events import StoredEvent as StoredEvent
from tsanomaly.workspace.jobs import StoredJob as StoredJob
from tsanomaly.workspace.kinds import Change as Change
from tsanomaly.workspace.kinds import EventStatus as EventStatus
from tsanomaly.workspace.kinds import Outcome as Outcome
from tsanomaly.workspace.models import StoredModel as StoredModel
from tsanomaly.workspace.names import shard_of as shard_of
from tsanomaly.workspace.notes import Note as Note
from tsanomaly.workspace.outbox import AlertDraft as AlertDraft
from tsanomaly.workspace.outbox import Message as Message
from tsanomaly.workspace.runs import Run as Run
from tsanomaly.workspace.runs import SeriesOutcome as SeriesOutcome
from tsanomaly.workspace.scores import ScorePart as ScorePart
from tsanomaly.workspace.verdicts import StoredVerdict as StoredVerdict
from tsanomaly.workspace.workspace import Workspace as Workspace
