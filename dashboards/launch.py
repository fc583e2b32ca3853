"""What may stand after ``--`` on Streamlit's command line, as ``tsanomaly dashboard`` and ``tsanomaly demo`` write it::

    python -m streamlit run dashboards/server.py --server.port 8501 -- [FILE] [--model MODEL] [--budget 3/week]

``FILE`` is opened when the page is; with ``MODEL`` it is also judged at once, without learning, at the model's own
budget unless one is given. Nothing else needs to be said on the command line: ``.streamlit/config.toml`` beside
``server.py`` holds address, theme and limits.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Launch:
    """What the dashboard was started with."""

    file: Path | None = None
    model: Path | None = None
    budget: str | None = None


def parse(arguments: list[str]) -> Launch:
    """Read the arguments after ``--``."""
    parser = argparse.ArgumentParser(prog="tsanomaly dashboard")
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--budget")
    return Launch(**vars(parser.parse_args(arguments)))
