"""What a job no longer keeps is forgotten once a day; what people said, and what is in use, stays."""

import os
import time

import pytest
from plants import START, STEP, at, job, name, plant_file

from tsanomaly.batch.runner import Runner
from tsanomaly.detection.verdicts import Judgement

EARLY, LATE = START + 201 * STEP, START + 401 * STEP
"""The spikes of the first pump, on the fifth and the ninth day."""


@pytest.fixture
def source(tmp_path):
    return plant_file(tmp_path, 2)


def over(store, moment, number=0):
    return [e for e in store.events.list("plant", name(number)) if e.start <= moment < e.end]


def test_old_events_go_but_not_what_somebody_judged(workspace, source):
    runner = Runner(workspace)
    runner.run(job(source), at(7))
    [judged], [other] = over(workspace, EARLY), over(workspace, EARLY + STEP, 1)
    workspace.verdicts.give(judged.id, Judgement.TRUE, author="ann", seen_version=0)
    runner.run(job(source, history={"events": "3d"}), at(10))
    assert [e.id for e in over(workspace, EARLY)] == [judged.id]
    assert over(workspace, EARLY + STEP, 1) == []
    assert other.id not in workspace.events.get_many([other.id])
    assert over(workspace, LATE)
    assert workspace.check().faults == ()


def test_an_event_that_late_rows_may_reach_is_the_same_event_afterwards(workspace, source):
    runner, wanted = Runner(workspace), job(source, history={"events": "1s"}, range={"allowed_lateness": "3D"})
    runner.run(wanted, at(7))
    runner.run(wanted, at(9))
    [before] = over(workspace, LATE)
    runner.run(wanted, at(10))
    assert [e.id for e in over(workspace, LATE)] == [before.id]
    assert {c.change for c in workspace.events.history(before.id)} <= {"found", "grown", "updated"}


def test_earlier_models_go_with_their_files(workspace, source):
    wanted = job(source, model={"refit": "0 0 * * *"}, history={"models": 1})
    for day in range(2, 6):
        Runner(workspace).run(wanted, at(day))
    kept = workspace.models.list("plant")
    assert sorted((m.series, m.version, m.active) for m in kept) == [
        (name(n), version, version == 4) for n in range(2) for version in (3, 4)
    ]
    assert {path.name for path in (workspace.folder / "models").rglob("*.*")} == {m.path.name for m in kept}


def test_files_that_killed_processes_left_are_removed_once_they_are_a_day_old(workspace, source):
    runner = Runner(workspace)
    runner.run(job(source), at(4))
    [*scores] = (workspace.folder / "scores").rglob("*.parquet")
    strays = [path.with_name("stray.parquet") for path in scores[:2]]
    strays.append(workspace.models.current("plant", name(0)).path.with_name("stray.part"))
    for path in strays:
        path.write_bytes(b"half")
    runner.run(job(source), at(5))
    assert all(path.exists() for path in strays)
    for path in strays:
        os.utime(path, (0, time.time() - 90_000))
    runner.run(job(source), at(6))
    assert not any(path.exists() for path in strays)
    assert workspace.check().strays == 0


def test_it_is_done_once_a_day(workspace, source):
    wanted = job(source, history={"events": "1s"})
    Runner(workspace).run(job(source), at(6))
    assert over(workspace, EARLY)
    Runner(workspace).run(wanted, at(6.5))
    assert over(workspace, EARLY)
    Runner(workspace).run(wanted, at(7))
    assert over(workspace, EARLY) == []
