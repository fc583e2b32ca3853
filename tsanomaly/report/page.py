"""Self-contained pages: they open without a network, and load nothing.

Names come from files and are hostile: jinja2 escapes all text, figures travel as JSON without a single ``<``, and every
page forbids itself every connection by its content security policy.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from tsanomaly import __version__
from tsanomaly.report import words


def render(template: str, written: datetime | None, **content: Any) -> str:
    """A page from ``templates/``.

    Args:
        template: its file; it extends ``page.html``.
        written: the time stated on the page; ``None``: now.
        content: what the template names.
    """
    environment = Environment(
        loader=PackageLoader("tsanomaly.report"), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {"words": words}
    return environment.get_template(template).render(
        version=__version__,
        written=(written or datetime.now(UTC)).strftime("%d %B %Y, %H:%M %Z"),
        plotly=Markup(get_plotlyjs()),
        **content,
    )


def as_json(figure: go.Figure) -> Markup:
    """For a ``<script type="application/json">``: without ``<``, nothing in it can end the element."""
    return Markup(figure.to_json().replace("<", "\\u003c"))
