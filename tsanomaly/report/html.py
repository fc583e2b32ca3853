"""One page for the events of one or more series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from tsanomaly.detection.events import Event, Events
from tsanomaly.report import self_test
from tsanomaly.report.figures import overview, zoom
from tsanomaly.report.page import as_json, render
from tsanomaly.series import Diagnosis

PICTURED_SERIES = 12
"""Series with an overview, the ones with the most severe events first: each costs up to a megabyte."""

PICTURED_EVENTS = 12
"""Events with a picture of their own, over all series: the most severe."""

LISTED = 200
"""Events listed for a series."""


@dataclass(frozen=True)
class Part:
    """One series on the page.

    Attributes:
        events: what was found.
        overview: its figure as JSON; ``None`` beyond ``PICTURED_SERIES``.
        pictures: figures of single events as JSON, by rank.
        verdict: whether the autoencoder beats its linear twin on it.
        test: its self-test; ``None`` where none was made.
    """

    events: Events
    overview: Markup | None
    pictures: dict[int, Markup]
    verdict: str
    test: Mapping[str, Any] | None

    @property
    def listed(self) -> tuple[Event, ...]:
        """Events in the table."""
        return self.events[:LISTED]


def to_html(
    results: Sequence[Events],
    diagnosis: Diagnosis,
    written: datetime | None = None,
    *,
    twins: Mapping[str, str] | None = None,
    tests: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """The page.

    Args:
        results: the events of each series that was judged.
        diagnosis: of the file they come from.
        written: the time stated on the page; ``None``: now.
        twins: by series, whether the autoencoder beats its linear twin: ``tsanomaly.evaluation.TwinVerdict.sentence``.
        tests: self-tests that were made, by series, each as ``tsanomaly.evaluation.SelfTest.to_dict``.
    """
    parts = _parts(results, twins or {}, tests or {})
    return render("report.html", written, parts=parts, diagnosis=diagnosis, self_test=self_test)


def _parts(results: Sequence[Events], twins: Mapping[str, str], tests: Mapping[str, Mapping[str, Any]]) -> list[Part]:
    """Series in the order of their most severe events; only the most severe ones are pictured."""
    ordered = sorted(results, key=lambda events: -events[0].severity if len(events) else 1.0)
    severe = sorted(
        ((event.severity, n, event.rank) for n, events in enumerate(ordered) for event in events), reverse=True
    )
    pictured = {(n, rank) for _, n, rank in severe[:PICTURED_EVENTS]}
    return [
        Part(
            events,
            as_json(overview(events)) if n < PICTURED_SERIES else None,
            {event.rank: as_json(zoom(events, event)) for event in events if (n, event.rank) in pictured},
            self_test.verdict(twins.get(events.series.name), tests.get(events.series.name)),
            tests.get(events.series.name),
        )
        for n, events in enumerate(ordered)
    ]
