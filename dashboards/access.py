"""Who may do what. Nothing is asked of anybody unless ``.streamlit/secrets.toml`` says so; see ``docs/dashboard.md``::

    [auth]                       # Streamlit's own: an OpenID Connect provider, and sign-in is required
    [access]
    editors = ["ada@example.org"]   # others look but change nothing; left out: everybody who is signed in may

``TSANOMALY_READ_ONLY=1`` makes a dashboard in which nobody changes anything that is shared.
"""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Any

import pieces
import streamlit as st

from tsanomaly.errors import ConfigurationError

READ_ONLY = "TSANOMALY_READ_ONLY"


def required() -> bool:
    """Whether sign-in is configured; a page for it is shown to whoever has not signed in, and nothing else."""
    if not _secrets("auth"):
        return True
    if st.user.is_logged_in:
        return True
    pieces.title("Sign in")
    pieces.lead("This workbench is open to people of this organisation.")
    if st.button("Sign in", type="primary"):
        st.login()
    return False


def author() -> str:
    """Who gives verdicts here: the one signed in, or else the one whose machine it is."""
    if _secrets("auth"):
        return str(st.user.get("email") or st.user.get("name") or st.user.get("sub"))
    return str(st.session_state.get("author") or _owner())


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
