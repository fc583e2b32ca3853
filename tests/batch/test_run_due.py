"""What is due runs once, whoever looks; dead runs are taken over or given up; a scheduler ends cleanly."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from plants import DAY, at, job, plant, plant_file, results, toml

from tsanomaly.batch.run_due import due_now, keep_running, run_due
from tsanomaly.batch.runner import Runner, Stop
from tsanomaly.workspace import Outcome, Workspace

LEASE = timedelta(minutes=2)


class Clock:
    """A clock that is set by hand."""

    def __init__(self, moment):
        self.moment = moment

    def __call__(self):
        return self.moment


@pytest.fixture
def source(tmp_path):
    return plant_file(tmp_path, 3)


def scheduled(store):
    return [run.scheduled_at for run in reversed(store.runs.list("plant"))]


def test_what_is_due_runs_once_and_is_not_due_again(store, source):
    store.jobs.put("plant", toml(source))
    clock = Clock(at(6.5))
    (run,) = run_due(Runner(store, clock=clock))
    assert (run.scheduled_at, run.outcome) == (at(6), Outcome.SUCCEEDED)
    assert run_due(Runner(store, clock=clock)) == []
    clock.moment = at(7)
    assert [run.scheduled_at for run in run_due(Runner(store, clock=clock))] == [at(7)]


def test_a_job_without_a_schedule_or_that_is_disabled_is_never_due(store, source):
    store.jobs.put("plant", toml(source), enabled=False)
    store.jobs.put("other", toml(source, "other").partition("[schedule]")[0])
    assert run_due(Runner(store, clock=Clock(at(6)))) == []


def test_a_faulty_job_does_not_stop_the_others(store, source):
    store.jobs.put("broken", "name = 3")
    store.jobs.put("plant", toml(source))
    fault, run = run_due(Runner(store, clock=Clock(at(6))))
    assert "broken" in str(fault)
    assert run.outcome is Outcome.SUCCEEDED


def test_after_a_standstill_the_latest_missed_time_runs_and_reaches_back(store, source):
    store.jobs.put("plant", toml(source))
    clock = Clock(at(4))
    run_due(Runner(store, clock=clock))
    clock.moment = at(9.2)
    run_due(Runner(store, clock=clock))
    assert scheduled(store) == [at(4), at(9)]
    assert len(store.scores.read("plant", "pump 000")) == 9 * 48


def test_after_a_standstill_each_missed_time_runs_where_the_job_says_so(store, source):
    store.jobs.put("plant", toml(source, extra='catch_up = "each"'))
    clock = Clock(at(4))
    run_due(Runner(store, clock=clock))
    clock.moment = at(7.2)
    run_due(Runner(store, clock=clock))
    assert scheduled(store) == [at(4), at(5), at(6), at(7)]


def test_a_dead_run_is_taken_over_once_its_lease_has_lapsed(store, source):
    store.jobs.put("plant", toml(source))
    store.runs.claim("plant", at(6), "dead", LEASE, at(6))
    assert run_due(Runner(store, clock=Clock(at(6) + LEASE / 2))) == []
    (run,) = run_due(Runner(store, clock=Clock(at(6) + LEASE)))
    assert (run.scheduled_at, run.attempt, run.outcome) == (at(6), 2, Outcome.SUCCEEDED)


def test_a_dead_run_is_given_up_where_a_later_time_is_due(store, source):
    store.jobs.put("plant", toml(source))
    store.runs.claim("plant", at(5), "dead", LEASE, at(5))
    (run,) = run_due(Runner(store, clock=Clock(at(6))))
    assert run.scheduled_at == at(6)
    dead = store.runs.list("plant")[-1]
    assert (dead.outcome, dead.message) == (Outcome.ABANDONED, "its process died; the run after it covers its data")


def test_a_run_asked_for_by_hand_counts_as_one(store, source):
    store.jobs.put("plant", toml(source))
    Runner(store).run(job(source), at(6.2))
    assert due_now(store, job(source), at(6.5)) == []
    assert [due.scheduled_at for due in due_now(store, job(source), at(7))] == [at(7)]


def test_a_clock_that_steps_back_makes_nothing_due_twice(store, source):
    store.jobs.put("plant", toml(source))
    clock = Clock(at(6))
    run_due(Runner(store, clock=clock))
    clock.moment = at(5.5)
    assert run_due(Runner(store, clock=clock)) == []


def test_the_loop_runs_what_is_due_and_ends_when_it_is_asked_to(store, source):
    store.jobs.put("plant", toml(source))
    clock, stop, seen = Clock(at(6)), Stop(), []

    def after(ended):
        seen.append([run.scheduled_at for run in ended])
        clock.moment += DAY / 2
        if len(seen) == 4:
            stop.release()

    keep_running(Runner(store, clock=clock, stop=stop), after, nap_s=0)
    assert seen == [[at(6)], [], [at(7)], []]


def tsanomaly(*arguments, env=None, **options):
    command = [sys.executable, "-c", "from tsanomaly.cli.main import run; run()", *map(str, arguments)]
    return subprocess.Popen(
        command, env=os.environ | (env or {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def race(url, gate, answers):
    with Workspace.open(url) as store:
        gate.wait()
        answers.put([run.id for run in run_due(Runner(store, clock=Clock(at(6))))])


def test_several_processes_on_one_due_run_do_it_once(workspace, source):
    workspace.jobs.put("plant", toml(source))
    spawn = multiprocessing.get_context("spawn")
    gate, answers = spawn.Barrier(3), spawn.Queue()
    racers = [spawn.Process(target=race, args=(workspace.url, gate, answers)) for _ in range(3)]
    for racer in racers:
        racer.start()
    done = [answers.get(timeout=120) for _ in racers]
    for racer in racers:
        racer.join()
    assert sorted(map(len, done)) == [0, 0, 1]
    assert [run.attempt for run in workspace.runs.list("plant")] == [1]


def test_a_scheduler_told_to_end_leaves_its_run_to_the_next(store, source, tmp_path):
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    plant(40, start=midnight - 10 * DAY).to_parquet(source, index=False)
    store.jobs.put("plant", toml(source))
    scheduler = tsanomaly("schedule", "--workspace", store.url)
    deadline = time.monotonic() + 60
    while not store.watermarks.all("plant") and time.monotonic() < deadline:
        time.sleep(0.05)
    scheduler.send_signal(signal.SIGTERM)
    _, errors = scheduler.communicate(timeout=60)
    assert scheduler.returncode == 0, errors
    (run,) = store.runs.list("plant")
    assert run.running, errors
    assert 0 < len(store.watermarks.all("plant")) < 40
    (again,) = run_due(Runner(store))
    assert (again.id, again.attempt, again.counts["series"]) == (run.id, 2, 40)
    with Workspace.open(tmp_path / "undisturbed" / "workspace.db") as other:
        Runner(other).run(job(source), run.scheduled_at)
        assert results(other) == results(store)
