"""The detector that a job uses for a series, as it judges that very series, for whoever looks at events afterwards."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path

from tsanomaly.batch.given_model import GIVEN
from tsanomaly.batch.job import Job
from tsanomaly.batch.registered import registered
from tsanomaly.batch.scoring import Calibration
from tsanomaly.detection.bundle import load
from tsanomaly.detection.detector import Detector
from tsanomaly.workspace import Workspace
from tsanomaly.workspace.files import content_of


def model_file(workspace: Workspace, job: str, series: str, given: Job | None = None) -> Path | None:
    """The file of the model that a job uses for a series: the one it was given, the series' own, or the shared one;
    ``None``: there is none.

    Args:
        given: the job, where it is not the registered one.
    """
    wanted = given or registered(workspace, job)
    current = workspace.models.current(job)
    if wanted is not None and wanted.model.bundle is not None:
        if current is not None and GIVEN in current.about:
            return current.path  # what the last run used, even if the file is another by now, or gone
        path = Path(wanted.located(wanted.model.bundle))
        return path if path.is_file() else None
    stored = workspace.models.current(job, series) or current
    return None if stored is None else stored.path


def as_it_judges(workspace: Workspace, job: str, series: str, path: Path, detector: Detector) -> Detector:
    """A detector as it judges one series: a shared one on the series' own scale, and with the threshold that was found
    for the series with that very model.

    Args:
        path: of its file, as :func:`model_file` gives it, or of another version.
        detector: the one in that file, which stays as it is.
    """
    calibration = calibration_of(workspace, job, series, path)
    return detector if calibration is None else fitted_to(detector, calibration)


def calibration_of(workspace: Workspace, job: str, series: str, path: Path) -> Calibration | None:
    """What the shared model in a file knows of a series; ``None``: the model is the series' own, and has learned in its
    units. A threshold that was found with another model is left out."""
    state = workspace.watermarks.state(job, series)
    if state is None or any(one.path == path for one in workspace.models.list(job, series)):
        return None
    calibration, shared = Calibration.from_dict(dict(state)), workspace.models.current(job)
    called = {content_of(path)} | ({f"version {shared.version}"} if shared and shared.path == path else set())
    return calibration if calibration.model in called else replace(calibration, threshold=None)


def detector_of(workspace: Workspace, job: Job, series: str) -> Detector | None:
    """Both: the detector of a series, as it judges it; ``None``: there is none.

    Raises:
        BundleError: its file cannot be read.
    """
    path = model_file(workspace, job.name, series, job)
    return None if path is None else as_it_judges(workspace, job.name, series, path, load(path))


def fitted_to(detector: Detector, calibration: Calibration) -> Detector:
    """A shared detector that takes a series in its own units; it gives what ``shared_scores`` gives."""
    own = copy(detector)
    if detector.scaling_.kind == "none":
        own.scaling_ = calibration.scaling
    if calibration.threshold is not None:
        own.threshold_ = calibration.threshold
    return own
