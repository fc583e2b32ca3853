"""A job's detectors as they judge a series: what a calibration says holds for the model that it was made for alone."""

import pytest
from plants import at, job, name, plant_file

import tsanomaly
from tsanomaly.batch.detectors import as_it_judges, detector_of
from tsanomaly.batch.relearning import relearn
from tsanomaly.batch.runner import Runner

SHARED = {"scope": "shared", "window": 6}
"""Windows short enough for a threshold of each series' own within days."""


@pytest.fixture
def source(tmp_path):
    return plant_file(tmp_path, 2)


def calibrated(store):
    return store.watermarks.state("plant", name(0))["threshold"]["value"]


def test_a_shared_model_judges_a_series_at_the_series_own_threshold(store, source):
    wanted = job(source, model=SHARED)
    Runner(store).run(wanted, at(7))
    assert detector_of(store, wanted, name(0)).threshold_.value == calibrated(store)


def test_another_version_of_a_shared_model_keeps_its_own_threshold(store, source):
    wanted = job(source, model=SHARED)
    Runner(store).run(wanted, at(7))
    relearn(store, job(source, model=SHARED | {"window": 9}), None, activate=False)
    path = store.models.path("plant", 2)
    other = tsanomaly.load(path)
    judging = as_it_judges(store, "plant", name(0), path, other)
    assert judging.threshold_.value == other.threshold_.value != calibrated(store)
    assert judging.scaling_.kind != "none"  # it takes the series in its own units all the same


def test_a_series_own_model_takes_nothing_from_a_shared_one_before_it(store, source):
    Runner(store).run(job(source, model=SHARED), at(7))
    wanted = job(source, model={"scaling": "none"})
    Runner(store).run(wanted, at(8))
    stored = tsanomaly.load(store.models.current("plant", name(0)).path)
    judging = detector_of(store, wanted, name(0))
    assert judging.threshold_.value == stored.threshold_.value != calibrated(store)
    assert judging.scaling_.kind == "none"
