"""tsanomaly: anomaly detection for time series with a tied-weight autoencoder.

>>> import tsanomaly
>>> series = tsanomaly.read_csv("pump.csv").one()            # doctest: +SKIP
>>> events = tsanomaly.Detector(budget="3/week").fit(series).detect(series)   # doctest: +SKIP

Names load when first used: importing the package costs next to nothing, torch is loaded by what needs it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Budget": "tsanomaly.detection.thresholds",
    "Detector": "tsanomaly.detection.detector",
    "Diagnosis": "tsanomaly.series",
    "Dynamic": "tsanomaly.detection.thresholds",
    "Event": "tsanomaly.detection.events",
    "EventKind": "tsanomaly.detection.kinds",
    "Events": "tsanomaly.detection.events",
    "Explanation": "tsanomaly.detection.explanation",
    "ExtremeValue": "tsanomaly.detection.thresholds",
    "Feedback": "tsanomaly.detection.verdicts",
    "Judgement": "tsanomaly.detection.verdicts",
    "MAD": "tsanomaly.detection.thresholds",
    "NotFittedError": "tsanomaly.detection.detector",
    "Progress": "tsanomaly.detection.training",
    "Quantile": "tsanomaly.detection.thresholds",
    "Reading": "tsanomaly.series",
    "Scores": "tsanomaly.detection.scores",
    "Series": "tsanomaly.series",
    "Threshold": "tsanomaly.detection.thresholds",
    "TiedAutoencoder": "tsanomaly.detection.autoencoder",
    "Training": "tsanomaly.detection.training",
    "Verdict": "tsanomaly.detection.verdicts",
    "explain": "tsanomaly.detection.explanation",
    "explain_all": "tsanomaly.detection.explanation",
    "from_array": "tsanomaly.series",
    "from_frame": "tsanomaly.series",
    "load": "tsanomaly.detection.bundle",
    "read_csv": "tsanomaly.series",
    "read_file": "tsanomaly.series",
    "read_parquet": "tsanomaly.series",
    "save": "tsanomaly.detection.bundle",
}

__all__ = [*sorted(_HOME), "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'tsanomaly' has no attribute '{name}'")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    from tsanomaly.detection.autoencoder import TiedAutoencoder as TiedAutoencoder
    from tsanomaly.detection.bundle import load as load
    from tsanomaly.detection.bundle import save as save
    from tsanomaly.detection.detector import Detector as Detector
    from tsanomaly.detection.detector import NotFittedError as NotFittedError
    from tsanomaly.detection.events import Event as Event
    from tsanomaly.detection.events import Events as Events
    from tsanomaly.detection.explanation import Explanation as Explanation
    from tsanomaly.detection.explanation import explain as explain
    from tsanomaly.detection.explanation import explain_all as explain_all
    from tsanomaly.detection.kinds import EventKind as EventKind
    from tsanomaly.detection.scores import Scores as Scores
    from tsanomaly.detection.thresholds import MAD as MAD
    from tsanomaly.detection.thresholds import Budget as Budget
    from tsanomaly.detection.thresholds import Dynamic as Dynamic
    from tsanomaly.detection.thresholds import ExtremeValue as ExtremeValue
    from tsanomaly.detection.thresholds import Quantile as Quantile
    from tsanomaly.detection.thresholds import Threshold as Threshold
    from tsanomaly.detection.training import Progress as Progress
    from tsanomaly.detection.training import Training as Training
    from tsanomaly.detection.verdicts import Feedback as Feedback
    from tsanomaly.detection.verdicts import Judgement as Judgement
    from tsanomaly.detection.verdicts import Verdict as Verdict
    from tsanomaly.series import Diagnosis as Diagnosis
    from tsanomaly.series import Reading as Reading
    from tsanomaly.series import Series as Series
    from tsanomaly.series import from_array as from_array
    from tsanomaly.series import from_frame as from_frame
    from tsanomaly.series import read_csv as read_csv
    from tsanomaly.series import read_file as read_file
    from tsanomaly.series import read_parquet as read_parquet
