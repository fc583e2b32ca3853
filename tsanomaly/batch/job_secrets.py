"""Secrets: they come from the environment, and never reach a file, a log or a message."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

from tsanomaly.errors import ConfigurationError

_PASSWORD_IN_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s/@?#'\"]+@")
_QUERY_SECRET = re.compile(r"(?i)([?&](?:password|passwd|pwd|token|secret|api_?key|sig|signature)=)[^&\s'\"]+")
_TOKENS = re.compile(
    r"https://hooks\.slack\.com/\S+|https://[\w.-]*webhook\.office\.com/\S+|https://discord(?:app)?\.com/api/webhooks/\S+"
    r"|\bxox[abpors]-[\w-]{10,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{30,}"
)
_RECEIVERS = re.compile(
    r"(?i)^(slack|discord|tgram|mailtos?|msteams|workflows|pover|pagerduty|opsgenie|json|xml|form)s?://"
)
"""Apprise's addresses of receivers: most carry a token in their path."""
_NAMED = r"(?:password|passwd|pwd|token|secret|api[_-]?key|access[_-]?key)"
_HANDED = re.compile(
    rf"(?i){_NAMED}=['\"]?[^\s'\"${{]|-{_NAMED}\s+['\"]?[^\s'\"${{-]"
    r"|\bauthorization:\s*(?:bearer|basic|token)\s+[^\s${]|\bx-api-key:\s*[^\s${]"
)
"""A secret among a program's arguments; where it is to be found, as in ``--token $TOKEN``, is none."""


def from_environment(variable: str, key: str) -> str:
    """The secret in an environment variable.

    Args:
        variable: its name.
        key: where the job names it, for the message.

    Raises:
        ConfigurationError: it is not set.
    """
    value = os.environ.get(variable, "")
    if not value:
        raise ConfigurationError(f"the environment variable {variable}, which {key} names, is not set")
    return value


def looks_secret(text: str) -> bool:
    """Whether a literal text looks like it holds a password or a token."""
    patterns = (_PASSWORD_IN_URL, _QUERY_SECRET, _TOKENS, _RECEIVERS)
    return any(pattern.search(text) for pattern in patterns)


def secret_arguments(words: Sequence[str]) -> list[int]:
    """Places of a program's arguments that look like they hand it a password or a token."""
    pairs = zip(("", *words), words, strict=False)
    return [
        i for i, (before, word) in enumerate(pairs) if _HANDED.search(word) or _HANDED.search(_option(before, word))
    ]


def _option(before: str, word: str) -> str:
    """An option and its value as one text; empty where the word before is no option alone."""
    return f"{before} {word}" if before.startswith("-") and " " not in before else ""


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """A message with all that is or looks like a secret replaced by ``***``: for what other libraries say."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    text = _PASSWORD_IN_URL.sub(r"\1***@", text)
    return _TOKENS.sub("***", _QUERY_SECRET.sub(r"\1***", text))
