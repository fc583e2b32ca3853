"""Models learned again by hand: a series' own, and the one that all series share."""

from datetime import timedelta

import numpy as np
import pytest
from plants import START, STEP, at, job, name, plant_file

import tsanomaly
from tsanomaly.batch.relearning import relearn
from tsanomaly.batch.runner import Runner
from tsanomaly.detection.verdicts import Judgement
from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.workspace import Outcome
from tsanomaly.workspace.calendars import Calendar


@pytest.fixture
def source(tmp_path):
    return plant_file(tmp_path, 3)


def test_a_shared_model_learns_again_without_true_events_and_the_next_run_judges_by_it(store, source):
    wanted, runner = job(source, model={"scope": "shared"}), Runner(store)
    runner.run(wanted, at(7))
    assert store.watermarks.state("plant", name(0))["model"] == "version 1"
    event = next(e for e in store.events.list("plant", name(1)) if e.start <= START + 202 * STEP < e.end)
    store.verdicts.give(event.id, Judgement.TRUE, author="ann", seen_version=0)

    assert relearn(store, wanted, None, now=at(8)) == 2
    current = store.models.current("plant")
    assert (current.version, current.series) == (2, None)
    assert current.about["learned_until"] == at(7).isoformat()
    first, again = (tsanomaly.load(store.models.path("plant", version)) for version in (1, 2))
    assert again.scaling == "none"
    assert again.learned_from_["rows"] == first.learned_from_["rows"]
    assert again.learned_from_["sha256"] != first.learned_from_["sha256"]  # the true event is not among them

    second = runner.run(wanted, at(10))
    assert second.outcome is Outcome.SUCCEEDED
    assert store.watermarks.state("plant", name(0))["model"] == "version 2"


def test_from_the_same_data_and_verdicts_the_same_is_learned_as_in_the_run(store, source):
    wanted = job(source, model={"scope": "shared"})
    Runner(store).run(wanted, at(7))
    relearn(store, wanted, None)
    one, *others = {model.about["learned_from"]["sha256"] for model in store.models.list("plant")}
    assert others == []
    assert relearn(store, job(source), name(2), activate=False) == 1  # a series' own, its first
    assert store.models.list("plant", name(2))[0].about["learned_from"]["sha256"] != one


def test_maintenance_by_the_jobs_calendars_is_not_learned_from(store, source):
    wanted = job(source, calendar={"names": ["plant"]})
    Runner(store).run(wanted, at(7))
    begin = START + timedelta(days=1)
    for uid, entry in Calendar.once("wash", begin, begin + timedelta(days=1)).to_entries().items():
        store.calendars.put("plant", uid, entry)
    assert relearn(store, wanted, name(0), activate=False) == 2
    assert store.models.current("plant", name(0)).version == 1
    one, two = (tsanomaly.load(store.models.path("plant", version, name(0))) for version in (1, 2))
    assert not np.array_equal(one.scaling_.centre, two.scaling_.centre)


def test_a_job_that_is_given_its_model_and_a_series_that_is_gone_say_so(store, source, tmp_path):
    with pytest.raises(ConfigurationError, match=r"job 'plant' is given its model, 'x\.safetensors', and learns none"):
        relearn(store, job(source, model={"bundle": "x.safetensors"}), None)
    with pytest.raises(DataError, match="the source of job 'plant' has no series 'gone' between"):
        relearn(store, job(source), "gone")
    assert store.models.list("plant") == []
