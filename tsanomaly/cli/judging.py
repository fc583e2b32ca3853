"""From a file to judged series: the part that ``detect``, ``train``, ``evaluate`` and ``demo`` share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsanomaly.errors import DataError, TsAnomalyError

if TYPE_CHECKING:
    from tsanomaly import Detector, Events, Reading, Series
    from tsanomaly.cli.terminal import Watch


@dataclass(frozen=True)
class Judged:
    """One series with its events and the detector that found them."""

    events: Events
    detector: Detector

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        model = {"learned_from": self.detector.learned_from_, "window": self.detector.window_}
        return self.events.to_dict() | {"events_per_week": round(self.events.per_week, 4), "model": model}


@dataclass(frozen=True)
class Failed:
    """One series of several that could not be judged, and why."""

    name: str
    error: TsAnomalyError

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {"series": self.name, "error": str(self.error)}


def learned(series: Series, rule: Any, watch: Watch) -> Detector:
    """A detector that learned from ``series``; ``rule`` as of :func:`tsanomaly.cli.rules.rule_of`."""
    watch.say("loading the learner")
    from tsanomaly import Detector

    return Detector(**({} if rule is None else {"threshold": rule})).fit(series, on_progress=watch.detecting)


def loaded(model: Path, watch: Watch) -> Detector:
    """The detector in a model file."""
    watch.say("loading the model")
    from tsanomaly import load

    return load(model)


def judge(series: Series, detector: Detector | None, rule: Any, watch: Watch) -> Judged:
    """Events by a given detector, its threshold refitted where a rule asks for it, or by one that learns now."""
    if detector is None:
        detector = learned(series, rule, watch)
        rule = None
    scores = detector.score(series, on_progress=watch.detecting)
    threshold = None if rule is None else detector.fit_threshold(rule)
    return Judged(detector.events(series, scores, threshold), detector)


def judge_all(reading: Reading, model: Path | None, rule: Any, watch: Watch) -> list[Judged | Failed]:
    """Every series of a reading. Where there are several, one that cannot be judged does not stop the others.

    Raises:
        DataError: the only series cannot be judged.
    """
    detector = None if model is None else loaded(model, watch)
    if len(reading) == 1:
        return [judge(reading.one(), detector, rule, watch)]
    return [_judge_one_of_several(series, detector, rule, watch) for series in reading]


def _judge_one_of_several(series: Series, detector: Detector | None, rule: Any, watch: Watch) -> Judged | Failed:
    try:
        return judge(series, detector, rule, watch)
    except DataError as error:
        return Failed(series.name, error)
