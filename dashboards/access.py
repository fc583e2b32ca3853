"""Who may do what. Nothing is asked of anybody unless ``.streamlit/secrets.toml`` says so; see ``docs/dashboard.md``::

    [auth]                       # Streamlit's own: an OpenID Connect provider, and sign-in is required
    [access]
    editors = ["ada@example.org"]   # others look but change nothing; left out: everybody who is signed in may

``TSANOMALY_READ_ONLY=1`` makes a dashboard in which nobody changes anything that is shared.
"""

from __future__ import annotations

import getpass
import importlib.util
import os
from pathlib import Path
from typing import Any

import pieces
import streamlit as st

from tsanomaly.errors import ConfigurationError
from tsanomaly.report.words import shown

READ_ONLY = "TSANOMALY_READ_ONLY"

NEEDED = ("authlib", "httpx")
"""What Streamlit signs in with, and does not bring along."""


def admitted() -> bool:
    """Whether whoever looks may see anything: without sign-in everybody, with it whoever has signed in.

    Raises:
        ConfigurationError: the secrets cannot be read.
    """
    return not _secrets("auth") or bool(st.user.is_logged_in)


def door() -> None:
    """The page for signing in, all that a stranger sees.

    Raises:
        ConfigurationError: what signing in needs is not installed.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"sign-in is switched on, and {' and '.join(missing)} not installed: pip install 'tsanomaly[auth]'"
        )
    pieces.title("Sign in")
    pieces.lead("This workbench is open to people of this organisation.")
    if st.button("Sign in", type="primary"):
        st.login()


def way_out() -> None:
    """Who has signed in, what they may do, and the way out; nothing where nobody signs in."""
    if not _secrets("auth"):
        return
    said, button = st.columns([8, 1], vertical_alignment="center")
    with said:
        pieces.quiet(f"Signed in as {shown(author(), 100)}{'' if may_write() else ', to look, not to change'}.")
    button.button("Sign out", key="sign-out", width="stretch", type="tertiary", on_click=st.logout)


def author() -> str:
    """Who gives verdicts here: the one signed in, or else the one whose machine it is."""
    if not _secrets("auth"):
        return str(st.session_state.get("author") or _owner())
    proven = str(st.user.get("email_verified", True)).lower() == "true"  # some providers say it as text
    address = st.user.get("email") if proven else None
    return str(address or st.user.get("sub"))  # a name is whatever its bearer likes, and so is an unproven address


def is_named_by_sign_in() -> bool:
    """Whether the author's name is not for them to choose."""
    return bool(_secrets("auth"))


def may_write() -> bool:
    """Whether whoever looks may also change what is shared: verdicts, jobs, models, thresholds."""
    if os.environ.get(READ_ONLY, "") not in ("", "0"):
        return False
    editors = _secrets("access").get("editors")
    return editors is None or author() in editors


def _owner() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "analyst"


def _secrets(section: str) -> dict[str, Any]:
    """A section of the secrets; one that cannot be read must not open what it was to close.

    Raises:
        ConfigurationError: the file is there and cannot be read.
    """
    try:
        return dict(st.secrets.get(section, {}))
    except FileNotFoundError:
        unread = [path for path in st.get_option("secrets.files") if Path(path).exists()]
        if unread:
            raise ConfigurationError(
                f"'{unread[0]}' cannot be read as TOML; mend it, for it says who may sign in"
            ) from None
        return {}
