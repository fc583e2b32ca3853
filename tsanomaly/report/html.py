"""One page for the events of one or more series: what was found, why it is thought so, and how to find it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from tsanomaly.detection.bands import Band, expected_band
from tsanomaly.detection.events import Event, Events
from tsanomaly.detection.explanation import Explanation, explain_all
from tsanomaly.detection.feedback import Feedback, Ruling, Span, apply
from tsanomaly.report import self_test
from tsanomaly.report.figures import overview, zoom
from tsanomaly.report.heat_map import heat_map
from tsanomaly.report.origin import Origin, data_of, learned_since, model_of, settings_of
from tsanomaly.report.page import as_json, render
from tsanomaly.series import Diagnosis

if TYPE_CHECKING:
    from tsanomaly.detection.detector import Detector

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
        heat: likewise of channel against time; ``None`` also where there is but one channel.
        pictures: figures of single events as JSON, by rank.
        explanations: of each listed event, by rank.
        rulings: what feedback makes of each listed event, by rank; empty without feedback.
        band: the expected range that pictures show; ``None`` where there are none.
        verdict: whether the autoencoder beats its linear twin on it.
        test: its self-test; ``None`` where none was made.
        data: what was judged, names and values.
        settings, model: of its detector, likewise; empty where it is not known.
    """

    events: Events
    overview: Markup | None
    heat: Markup | None
    pictures: dict[int, Markup]
    explanations: dict[int, Explanation]
    rulings: dict[int, Ruling]
    band: Band | None
    verdict: str
    test: Mapping[str, Any] | None
    data: list[tuple[str, str]]
    settings: list[tuple[str, str]]
    model: list[tuple[str, str]]

    @property
    def listed(self) -> tuple[Event, ...]:
        """Events in the table."""
        return self.events[:LISTED]


@dataclass(frozen=True)
class _Known:
    """What else is known of the series, by their names."""

    twins: Mapping[str, str]
    tests: Mapping[str, Mapping[str, Any]]
    detectors: Mapping[str, Detector]
    feedback: Feedback | None
    calendar: Sequence[Span]


def to_html(
    results: Sequence[Events],
    diagnosis: Diagnosis,
    written: datetime | None = None,
    *,
    twins: Mapping[str, str] | None = None,
    tests: Mapping[str, Mapping[str, Any]] | None = None,
    detectors: Mapping[str, Detector] | None = None,
    feedback: Feedback | None = None,
    calendar: Iterable[Span] = (),
    origin: Origin | None = None,
) -> str:
    """The page.

    Args:
        results: the events of each series that was judged.
        diagnosis: of the file they come from.
        written: the time stated on the page; ``None``: now.
        twins: by series, whether the autoencoder beats its linear twin: ``tsanomaly.evaluation.TwinVerdict.sentence``.
        tests: self-tests that were made, by series, each as ``tsanomaly.evaluation.SelfTest.to_dict``.
        detectors: what found the events, by series: then the page shows settings and model, and what the smallest
            repair of each pictured event would be, which scores a short stretch around it a dozen times.
        feedback: verdicts; events held back by them stay on the page, with the reason.
        calendar: spans of known maintenance.
        origin: how the page came about.
    """
    known = _Known(twins or {}, tests or {}, detectors or {}, feedback, tuple(calendar))
    parts = _parts(results, known)
    return render(
        "report.html", written, parts=parts, diagnosis=diagnosis, self_test=self_test, origin=origin or Origin()
    )


def _parts(results: Sequence[Events], known: _Known) -> list[Part]:
    """Series in the order of their most severe events; only the most severe ones are pictured."""
    ordered = sorted(results, key=lambda events: -events[0].severity if len(events) else 1.0)
    severe = sorted(
        ((event.severity, n, event.rank) for n, events in enumerate(ordered) for event in events), reverse=True
    )
    pictured: dict[int, set[int]] = {}
    for _, n, rank in severe[:PICTURED_EVENTS]:
        pictured.setdefault(n, set()).add(rank)
    return [_part(events, n < PICTURED_SERIES, pictured.get(n, set()), known) for n, events in enumerate(ordered)]


def _part(events: Events, drawn: bool, pictured: set[int], known: _Known) -> Part:
    name = events.series.name
    detector = known.detectors.get(name)
    band = expected_band(events) if pictured else None
    explanations = explain_all(events, detector, repairs=max(pictured, default=0), most=LISTED)
    rulings: tuple[Ruling, ...] = ()
    if known.feedback is not None or known.calendar:
        unlisted = (None,) * (len(events) - len(explanations))
        marks = (*(explanation.fingerprint for explanation in explanations), *unlisted)
        learned = {} if detector is None else {name: learned_since(detector)}
        feedback = known.feedback or Feedback()
        judged = apply(events, feedback, known.calendar, fingerprints=marks, learned_from=learned)
        rulings = judged.rulings[:LISTED]
    return Part(
        events,
        as_json(overview(events)) if drawn else None,
        as_json(heat_map(events)) if drawn and len(events.series.channels) > 1 else None,
        {event.rank: as_json(zoom(events, event, band=band)) for event in events if event.rank in pictured},
        {explanation.rank: explanation for explanation in explanations},
        {event.rank: ruling for event, ruling in zip(events, rulings, strict=False)},
        band,
        self_test.verdict(known.twins.get(name), known.tests.get(name)),
        known.tests.get(name),
        data_of(events.series),
        [] if detector is None else settings_of(detector),
        [] if detector is None else model_of(detector),
    )
