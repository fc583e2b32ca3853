"""From the outbox to the receivers, at least once. What does not leave stays, and is tried again ever more rarely."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tsanomaly.batch.alerts.content import Body, Content
from tsanomaly.batch.alerts.merging import merged
from tsanomaly.batch.alerts.picture import picture
from tsanomaly.batch.alerts.receivers import Outgoing, send
from tsanomaly.batch.alerts.wording import text, title
from tsanomaly.batch.logs import redacted
from tsanomaly.errors import TsAnomalyError
from tsanomaly.workspace import Message, Workspace

LEASE = timedelta(minutes=5)
"""How long messages are one sender's; if it dies, others may send them after that."""

FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=6)
"""Time until the second try, doubled from try to try, and the longest."""

AT_ONCE = 2_000
"""Messages taken together: all that quiet hours held should be among them."""

UNREADABLE = "it cannot be read; perhaps a later version made it"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivery:
    """What became of the messages that were due; one that tells of several runs counts once."""

    sent: int = 0
    failed: int = 0


def deliver(workspace: Workspace, now: datetime) -> Delivery:
    """Send what is due. Several processes may do so at once: each message has one sender at a time.

    A receiver that does not answer costs one try, however many messages wait for it, and harms no other.

    Args:
        workspace: whose outbox.
        now: the clock; what is due later stays.

    Raises:
        WorkspaceError: the outbox cannot be used. A receiver's fault is logged, and kept with the message.
    """
    sent = failed = 0
    unreachable: set[tuple[str, str]] = set()
    while messages := workspace.outbox.take(now, LEASE, AT_ONCE):
        for group in _groups(messages):
            job, channel = group[0].job, group[0].channel
            reason = "an earlier message did not leave" if (job, channel) in unreachable else ""
            reason = reason or _try(workspace, group)
            if not reason:
                for message in group:
                    workspace.outbox.sent(message.id, now)
                sent += bool(_contents(group))
                continue
            failed += 1
            if reason != UNREADABLE:
                unreachable.add((job, channel))
            retry_at = now + _pause(max(message.tries for message in group))
            for message in group:
                workspace.outbox.failed(message.id, reason, now, retry_at)
            log.warning("alert not sent", extra={"job": job, "channel": channel, "reason": reason, "again": retry_at})
    return Delivery(sent, failed)


def title_of(message: Message) -> str:
    """A message of the outbox in a line; empty where only the memory of its channel changed, or it cannot be read."""
    body = Body.read(message.body)
    return "" if body is None or body.content is None else title(body.content)


def _groups(messages: Sequence[Message]) -> list[list[Message]]:
    """Those that the same quiet hours held together, the others alone; in the order in which they were made."""
    groups: dict[tuple[object, ...], list[Message]] = {}
    for message in messages:
        held = message.body.get("held_until")
        groups.setdefault((message.job, message.channel, held or message.id), []).append(message)
    return list(groups.values())


def _try(workspace: Workspace, group: Sequence[Message]) -> str:
    """Send a group as one message; why it did not leave, or nothing."""
    last, contents = Body.read(group[-1].body), _contents(group)
    if last is None:
        return UNREADABLE
    if not contents:
        return ""  # only the memory of the channel changed
    content = merged(contents, last.most_events)
    key = (
        group[0].key
        if len(group) == 1
        else hashlib.blake2b("\0".join(message.key for message in group).encode(), digest_size=16).hexdigest()
    )
    if not content.says_something:
        return ""  # it was over before the quiet hours were
    try:
        drawn = picture(workspace, content) if last.plot else None
        send(last.url_env, Outgoing(key, title(content), text(content, last.link_base, key), drawn))
    except TsAnomalyError as error:
        return redacted(str(error))
    log.info("alert sent", extra={"job": content.job, "channel": group[0].channel, "key": key})
    return ""


def _contents(group: Sequence[Message]) -> list[Content]:
    bodies = [Body.read(message.body) for message in group]
    return [body.content for body in bodies if body is not None and body.content is not None]


def _pause(tries: int) -> timedelta:
    return min(FIRST_RETRY * (1 << min(tries, 16)), LAST_RETRY)
