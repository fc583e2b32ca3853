"""What people said of earlier events changes what the next run shows, through the whole way of a run."""

from datetime import timedelta

import pytest
from plants import START, STEP, at, job, name, plant, plant_file

from tsanomaly.batch.runner import Runner
from tsanomaly.detection.verdicts import Judgement
from tsanomaly.workspace.calendars import Calendar

EARLY, LATE = START + 201 * STEP, START + 401 * STEP


@pytest.fixture
def source(tmp_path):
    return plant_file(tmp_path, 1)


def spike(store, moment):
    """The standing event at a spike."""
    [found] = [e for e in store.events.list("plant", name(0)) if e.start <= moment < e.end]
    return found


def test_a_spike_like_a_false_alarm_is_held_back_by_the_next_run(store, source):
    runner, wanted = Runner(store), job(source)
    runner.run(wanted, at(7))
    store.verdicts.give(spike(store, EARLY).id, Judgement.FALSE_ALARM, author="ann", seen_version=0)
    runner.run(wanted, at(10))
    assert "like the false alarm of 2026-01-05 03:30" in spike(store, LATE).held_back
    store.verdicts.undo(spike(store, EARLY).id, author="ann", seen_version=1)
    assert spike(store, EARLY).held_back == spike(store, LATE).held_back == ""


def test_a_spike_in_known_maintenance_is_held_back(store, source):
    calendar = Calendar.once("filters are changed", LATE - timedelta(hours=10), LATE + timedelta(hours=10))
    for uid, entry in calendar.to_entries().items():
        store.calendars.put("plant", uid, entry)
    runner, wanted = Runner(store), job(source, calendar={"names": ["plant"]})
    runner.run(wanted, at(10))
    assert spike(store, LATE).held_back == "maintenance: filters are changed"
    assert spike(store, EARLY).held_back == ""


def test_a_new_normal_holds_back_until_the_model_has_learned_from_it(store, source):
    plant(1, spikes=(200, 340, 450)).to_parquet(source, index=False)
    runner = Runner(store)
    runner.run(job(source), at(7))
    store.verdicts.give(spike(store, EARLY).id, Judgement.NEW_NORMAL, author="ann", seen_version=0)
    runner.run(job(source), at(9))
    assert "the model has not learned it yet" in spike(store, START + 341 * STEP).held_back
    runner.run(job(source, model={"refit": "0 0 * * *"}), at(10))
    assert spike(store, START + 451 * STEP).held_back == ""
