"""From the outbox to the receivers, at least once. What does not leave stays, and is tried again ever more rarely."""

from __future__ import annotations

import hashlib
import logging
import time
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

LEASE = timedelta(minutes=10)
"""How long messages are one sender's; if it dies, others may send them after that. It sends for half as long."""

FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=6)
"""Time until the second try, doubled from try to try, and the longest."""

AT_ONCE = 2_000
"""Messages taken together: all that quiet hours held should be among them."""

WAITS = "an earlier message to the same receiver did not leave"
UNREADABLE = "it cannot be read; perhaps a later version made it"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivery:
    """What became of the messages that were due; one that tells of several runs counts once."""

    sent: int = 0
    failed: int = 0


@dataclass(frozen=True)
class _Attempt:
    """Whether a message left; ``fault`` says why not. Neither: there was nothing to say."""

    sent: bool = False
    fault: str = ""


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
    until = time.monotonic() + LEASE.total_seconds() / 2
    while messages := workspace.outbox.take(now, LEASE, AT_ONCE):
        for group in _groups(messages):
            if time.monotonic() > until:
                return Delivery(sent, failed)  # what is left is due again when the lease has lapsed
            receiver = group[0].job, group[0].channel
            attempt = _Attempt(fault=WAITS) if receiver in unreachable else _try(workspace, group)
            if not attempt.fault:
                sent += attempt.sent
                for message in group:
                    workspace.outbox.sent(message.id, now)
                continue
            failed += 1
            if attempt.fault != UNREADABLE:
                unreachable.add(receiver)
            again = now + _pause(max(message.tries for message in group))
            for message in group:
                workspace.outbox.failed(message.id, attempt.fault, now, again)
            said = {"job": receiver[0], "channel": receiver[1], "reason": attempt.fault, "again": again}
            log.warning("alert not sent", extra=said)
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


def _try(workspace: Workspace, group: Sequence[Message]) -> _Attempt:
    """Send a group as one message."""
    last, contents = Body.read(group[-1].body), _contents(group)
    if last is None:
        return _Attempt(fault=UNREADABLE)
    if not contents:
        return _Attempt()  # only the memory of the channel changed
    content = merged(contents, last.most_events)
    if not content.says_something:
        return _Attempt()  # it was over before the quiet hours were
    key = _key(group)
    try:
        drawn = picture(workspace, content) if last.plot else None
        send(last.url_env, Outgoing(key, title(content), text(content, last.link_base, key), drawn))
    except TsAnomalyError as error:
        return _Attempt(fault=redacted(str(error)))
    log.info("alert sent", extra={"job": content.job, "channel": group[0].channel, "key": key})
    return _Attempt(sent=True)


def _key(group: Sequence[Message]) -> str:
    """A message's own; of several that leave as one, made of theirs."""
    if len(group) == 1:
        return group[0].key
    return hashlib.blake2b("\0".join(message.key for message in group).encode(), digest_size=16).hexdigest()


def _contents(group: Sequence[Message]) -> list[Content]:
    bodies = [Body.read(message.body) for message in group]
    return [body.content for body in bodies if body is not None and body.content is not None]


def _pause(tries: int) -> timedelta:
    return min(FIRST_RETRY * (1 << min(tries, 16)), LAST_RETRY)
