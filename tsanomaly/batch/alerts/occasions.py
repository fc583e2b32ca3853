"""When alerts are made: at the end of every scheduled run, whatever its outcome."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tsanomaly.batch.alerts.content import Body, Memory
from tsanomaly.batch.alerts.drafting import Situation, drafts
from tsanomaly.batch.job import Job
from tsanomaly.workspace import AlertDraft, Outcome, Run, StoredEvent, Workspace

AMONG = 20
"""Messages among which the last one made is looked for: their times may mislead, where a clock stepped back."""


def alerts_of(
    workspace: Workspace, job: Job, run: Run, outcome: Outcome, message: str, now: datetime
) -> list[AlertDraft]:
    """What is to be told when a run has ended, at most one message a channel.

    To be stored with the end of the run: ``workspace.runs.finish(run, outcome, now, alerts=alerts_of(...))``. A run
    that was taken over, whoever did what part of it, tells the same as one that was not interrupted.

    Args:
        workspace: where the run has committed all that it did.
        job: whose run it is; one without channels tells nothing.
        run, outcome, message: what ended, and how.
        now: held against quiet hours.
    """
    if not job.alerts.channels:
        return []
    memories = {channel.label: _memory(workspace, job.name, channel.label) for channel in job.alerts.channels}
    changes = workspace.events.changed_in(run)
    ids = {change.event_id for change in changes} | {id for memory in memories.values() for id in memory.events}
    situation = Situation(
        job=job,
        run=run,
        outcome=outcome,
        message=message,
        changes=changes,
        events=_with_merged(workspace, ids),
        watermarks=workspace.watermarks.all(job.name),
        now=now,
    )
    return drafts(situation, memories)


def _memory(workspace: Workspace, job: str, channel: str) -> Memory:
    """What a channel was last told, whether or not it has left yet."""
    latest = workspace.outbox.list(job, channel, limit=AMONG)
    last = max(latest, key=lambda message: message.id, default=None)
    body = None if last is None else Body.read(last.body)
    return Memory() if body is None else body.memory


def _with_merged(workspace: Workspace, ids: Iterable[str]) -> dict[str, StoredEvent]:
    """Events, and those that they are part of by now."""
    found = workspace.events.get_many(ids)
    while missing := {e.merged_into for e in found.values() if e.merged_into} - set(found):
        more = workspace.events.get_many(missing)
        if not more:
            break
        found |= more
    return found
