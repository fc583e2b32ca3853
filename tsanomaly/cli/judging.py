"""From a file to judged series: the part that ``detect``, ``train``, ``evaluate`` and ``demo`` share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsanomaly.errors import DataError, TsAnomalyError

if TYPE_CHECKING:
    from tsanomaly import Detector, Events, Reading, Series
    from tsanomaly.cli.terminal import Watch
    from tsanomaly.evaluation import TwinVerdict


@dataclass(frozen=True)
class Judged:
    """One series with its events, the detector that found them, and how it stands against its twin, where asked for."""

    events: Events
    detector: Detector
    twin: TwinVerdict | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        model = {"learned_from": self.detector.learned_from_, "window": self.detector.window_}
        twin = None if self.twin is None else self.twin.to_dict()
        return self.events.to_dict() | {"events_per_week": round(self.events.per_week, 4), "model": model, "twin": twin}


@dataclass(frozen=True)
class Failed:
    """One series of several that could not be judged, and why."""

    name: str
    error: TsAnomalyError

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {"series": self.name, "error": str(self.error)}


@dataclass(frozen=True)
class Wish:
    """How to judge.

    Attributes:
        model: a model file; ``None``: learn from the series itself.
        rule: the threshold's, of :func:`tsanomaly.cli.rules.rule_of`; ``None``: the model's own, or the default.
        seconds: longest time to learn; ``None``: no limit.
        twin: whether to compare the detector with its linear twin.
    """

    model: Path | None = None
    rule: Any = None
    seconds: float | None = None
    twin: bool = False


def learned(series: Series, wish: Wish, watch: Watch) -> Detector:
    """A detector that learned from ``series``."""
    watch.say("loading the learner")
    from tsanomaly import Detector, Training

    threshold = {} if wish.rule is None else {"threshold": wish.rule}
    training = None if wish.seconds is None else Training(seconds=wish.seconds)
    return Detector(training=training, **threshold).fit(series, on_progress=watch.detecting)


def loaded(model: Path, watch: Watch) -> Detector:
    """The detector in a model file."""
    watch.say("loading the model")
    from tsanomaly import load

    return load(model)


def judge(series: Series, wish: Wish, watch: Watch, detector: Detector | None = None) -> Judged:
    """Events by a detector given, or in the model file (threshold refitted where asked), or by one that learns now."""
    if detector is None and wish.model is not None:
        detector = loaded(wish.model, watch)
    threshold = None
    if detector is None:
        detector = learned(series, wish, watch)
    elif wish.rule is not None:
        threshold = detector.fit_threshold(wish.rule)
    scores = detector.scores(series, on_progress=watch.detecting)
    return Judged(
        detector.events(series, scores, threshold), detector, compared(detector, series, watch) if wish.twin else None
    )


def compared(detector: Detector, series: Series, watch: Watch) -> TwinVerdict:
    """How the detector stands against its linear twin on this series."""
    from tsanomaly.evaluation import twin_verdict

    return twin_verdict(detector, series, on_progress=watch.detecting)


def judge_all(reading: Reading, wish: Wish, watch: Watch) -> list[Judged | Failed]:
    """Every series of a reading. Where there are several, one that cannot be judged does not stop the others.

    Raises:
        DataError: the only series cannot be judged.
    """
    if len(reading) == 1:
        return [judge(reading.one(), wish, watch)]
    detector = None if wish.model is None else loaded(wish.model, watch)
    return [_judge_one_of_several(series, wish, watch, detector) for series in reading]


def _judge_one_of_several(series: Series, wish: Wish, watch: Watch, detector: Detector | None) -> Judged | Failed:
    try:
        return judge(series, wish, watch, detector)
    except DataError as error:
        return Failed(series.name, error)
