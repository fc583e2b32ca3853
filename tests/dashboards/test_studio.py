"""What the threshold studio shows is what a job would do."""

import cases
import numpy as np
import pandas as pd
import pytest
import studio
from plants import at, job, name, plant_file

import tsanomaly
from tsanomaly.batch.detectors import as_it_judges, calibration_of, model_file
from tsanomaly.batch.runner import Runner
from tsanomaly.workspace import Workspace

NOW, THEN = "quantile=0.99", "quantile=0.95"


@pytest.fixture
def source(tmp_path):
    return plant_file(tmp_path, 3)


def ran(folder, source, rule, **model):
    """A workspace in which a job with such a threshold has run."""
    workspace = Workspace.open(folder)
    Runner(workspace).run(job(source, model={"window": 6} | model, threshold={"rule": rule}), at(7))
    return workspace


def study_of(workspace, series_name):
    path = model_file(workspace, "plant", series_name)
    detector = as_it_judges(workspace, "plant", series_name, path, tsanomaly.load(path))
    series, scores = cases.latest(workspace, "plant", series_name, detector)
    return studio.Study.of(
        f"{workspace.url} {series_name} {len(series)}",
        series,
        scores,
        detector,
        calibration_of(workspace, "plant", series_name, path),
    )


@pytest.mark.parametrize("scope", ["shared", "per-series"])
def test_a_rule_gives_the_threshold_that_the_job_would_give_that_series(tmp_path, source, scope):
    with (
        ran(tmp_path / "now.db", source, NOW, scope=scope) as now,
        ran(tmp_path / "then.db", source, THEN, scope=scope) as then,
    ):
        for number in range(3):
            study, wanted = study_of(now, name(number)), study_of(then, name(number))
            path = model_file(then, "plant", name(number))
            would = as_it_judges(then, "plant", name(number), path, tsanomaly.load(path)).threshold_
            assert wanted.threshold(THEN).value == pytest.approx(would.value)
            assert study.threshold(THEN).value == pytest.approx(would.value)
            assert study.threshold(NOW).value > study.threshold(THEN).value


def test_what_is_in_force_stays_as_it_was_fitted_while_rows_come(tmp_path, source):
    with ran(tmp_path / "now.db", source, NOW, scope="shared") as workspace:
        in_force = study_of(workspace, name(0)).threshold(NOW)
        Runner(workspace).run(job(source, model={"window": 6, "scope": "shared"}, threshold={"rule": NOW}), at(10))
        study = study_of(workspace, name(0))
        assert study.threshold(NOW) == in_force
        assert study.detector.fit_threshold(tsanomaly.Quantile(0.99)).value != in_force.value


def test_the_axis_has_round_times_on_the_clock_of_the_series():
    index = pd.date_range("2026-03-01 00:07", periods=2000, freq="10min", tz="Europe/Berlin")
    series = tsanomaly.from_frame(pd.DataFrame({"a": range(2000)}, index=index)).one()
    said = {each["text"].split("\n")[0]: each["row"] for each in studio._times(series)}
    assert said["Mar 4"] == round((3 * 1440 - 7) / 10)  # rows from the first one to midnight
    assert len(said) >= 5


def test_a_series_without_a_clock_is_told_by_rows():
    series = tsanomaly.from_array(np.arange(100.0)[:, None]).one()
    assert [each["row"] for each in studio._times(series)] == [10, 30, 50, 70, 90]
