"""Handing a message to its receiver, through apprise. Addresses are secrets: they appear in no log and no error."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import apprise
from apprise.attachment.memory import AttachMemory

from tsanomaly.batch.job_secrets import from_environment
from tsanomaly.batch.logs import keep_out, redacted
from tsanomaly.errors import OutputError

KEY_HEADER = "Idempotency-Key"
"""Where webhooks and mails carry a message's key."""

_TALKATIVE = ("apprise", "urllib3", "requests")
"""Loggers that name addresses when they say what they do."""


@dataclass(frozen=True)
class Outgoing:
    """A message as it leaves.

    Attributes:
        key: the same whenever the same message is sent again: a receiver drops one that it has.
        title, text: plain.
        picture: a PNG; ``None``: without.
    """

    key: str
    title: str
    text: str
    picture: bytes | None = None


def send(variable: str, message: Outgoing, where: str = "alerts.channels.url_env") -> None:
    """Send a message to the receiver whose address an environment variable holds.

    Raises:
        ConfigurationError: the variable, which the job names at ``where``, is not set.
        OutputError: the address is none that apprise knows, or the receiver did not take the message.
    """
    address = from_environment(variable, where)
    keep_out(address)
    with _kept_in() as said:
        try:
            taken = _receiver(address, variable, message.key).notify(
                body=message.text,
                title=message.title,
                body_format=apprise.NotifyFormat.TEXT,
                attach=_attached(message.picture),
            )
        except OutputError:
            raise
        except Exception as error:  # each of apprise's hundred services has faults of its own
            raise _not_taken(variable, f"{type(error).__name__}: {error}") from None
        if not taken:
            raise _not_taken(variable, " ".join(said.getvalue().split()) or "it gave no reason")


def _receiver(address: str, variable: str, key: str) -> apprise.Apprise:
    asset = apprise.AppriseAsset(app_id="tsanomaly", app_desc="tsanomaly", app_url="", async_mode=False)
    receiver = apprise.Apprise(asset=asset)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it loads all services, some written for older Pythons
        known = receiver.add(address)
    if not known:
        raise OutputError(
            f"the environment variable {variable} holds no address that apprise knows; "
            "such as mailto://USER:PASSWORD@HOST, slack://TOKEN or jsons://HOST/PATH"
        )
    for service in receiver:
        if service.overflow_mode == apprise.OverflowMode.UPSTREAM:
            service.overflow_mode = apprise.OverflowMode.SPLIT  # rather several messages than a cut one
        headers = getattr(service, "headers", None)
        if isinstance(headers, dict):
            headers.setdefault(KEY_HEADER, key)
    return receiver


def _attached(picture: bytes | None) -> apprise.AppriseAttachment | None:
    if picture is None:
        return None
    attachment = AttachMemory(content=picture, name="event.png", mimetype="image/png")  # type: ignore[no-untyped-call]
    return apprise.AppriseAttachment(attachment)


def _not_taken(variable: str, reason: str) -> OutputError:
    return OutputError(f"the receiver in {variable} did not take the message: {redacted(reason)[:300]}")


@contextmanager
def _kept_in() -> Iterator[io.StringIO]:
    """Keep what libraries say from the process' own handlers; apprise's warnings are given to the caller."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    before = [(logger.propagate, logger.level) for logger in loggers]
    for logger in loggers:
        logger.propagate = False
        logger.setLevel(logging.WARNING)
        logger.addHandler(handler)
    try:
        yield said
    finally:
        for logger, (propagate, level) in zip(loggers, before, strict=True):
            logger.propagate = propagate
            logger.setLevel(level)
            logger.removeHandler(handler)
