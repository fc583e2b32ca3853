"""Files on the server's own disk that may be opened without an upload. No Streamlit here.

``TSANOMALY_FILES`` names the folder; whoever reaches the dashboard may open what lies in it. Where it is unset, none
is offered.
"""

from __future__ import annotations

import os
from pathlib import Path

from tsanomaly.series.source import SUFFIXES


def files() -> list[Path]:
    """Tables right in the folder, by name; a link that leads out of it is left out. None, where it may not be read."""
    folder = os.environ.get("TSANOMALY_FILES")
    if not folder:
        return []
    home = Path(folder).resolve()
    try:
        inside = [path for path in home.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()]
    except OSError:  # it is not there, is no folder, or is not for this user
        return []
    return sorted(path for path in inside if path.resolve().parent == home)
