import io
import json
import os
import signal
import stat
import time
from dataclasses import replace

import numpy as np
import psutil
import pytest
import rules
import worker
from runs import KEEP_DAYS, Request, Runs
from task import State

import tsanomaly
from tsanomaly.errors import ConfigurationError
from tsanomaly.report import self_test

QUICK = {"steps": 4, "window": 12, "threshold": "1/week"}


@pytest.fixture
def store(tmp_path):
    return Runs(tmp_path / "runs")


def ended(run):
    """Its status once it runs no more."""
    while (status := run.status()).state is State.RUNNING:
        time.sleep(0.05)
    return status


def pid_of(run):
    return json.loads((run.folder / "process.json").read_text())["pid"]


def started(run, **settings):
    run.ask(replace(run.request, **(QUICK | settings)))
    run.start()
    return run


def judged(run, **settings):
    """The run, done in this process: the work is the same."""
    run.ask(replace(run.request, **(QUICK | settings)))
    run.carry_out(lambda: worker.detect(run))
    return run


def test_a_run_gives_the_events_that_the_library_gives(store, content, tmp_path):
    run = judged(store.create("pump.csv", content))
    assert run.status().state is State.DONE
    result = run.result()

    (tmp_path / "pump.csv").write_bytes(content.getvalue())
    series = tsanomaly.read_csv(tmp_path / "pump.csv").one()
    detector = tsanomaly.Detector(budget="1/week", window=12, training=tsanomaly.Training(steps=4)).fit(series)
    wanted = detector.detect(series)
    found = result.detector.events(result.series, result.scores, result.detector.threshold_)
    assert found.to_json() == wanted.to_json()
    assert len(found) > 0
    np.testing.assert_array_equal(result.series.values, series.values)
    np.testing.assert_array_equal(result.series.times, series.times)
    np.testing.assert_array_equal(result.scores.total, wanted.scores.total)
    assert result.diagnosis == tsanomaly.read_csv(tmp_path / "pump.csv").diagnosis


def test_a_run_works_in_a_process_of_its_own_and_another_server_finds_it(store, content):
    run = started(store.create("pump.csv", content))
    other = Runs(store.home).open(run.id)
    assert other.status().state is State.RUNNING
    assert ended(other).state is State.DONE, (run.folder / "log.txt").read_text()
    assert other.request == run.request
    assert len(other.result().series) == 600
    while other.twin.status().state in (State.PREPARED, State.RUNNING):
        time.sleep(0.05)
    assert other.twin.status().state is State.DONE, (run.folder / "log.txt").read_text()
    assert "linear twin" in other.twin.verdict


def test_a_self_test_judges_the_threshold_of_its_budget_in_a_process_of_its_own(store, content):
    run = judged(store.create("pump.csv", content), threshold="1/month")
    trial = run.trial("1/day")
    assert trial.status().state is State.PREPARED
    trial.begin("1/day")
    assert ended(trial).state is State.DONE, (trial.folder / "log.txt").read_text()
    detector = run.result().detector
    wanted = detector.fit_threshold(tsanomaly.Budget.parse("1/day")).value
    assert trial.findings["threshold"] == pytest.approx(wanted, abs=1e-6)
    assert trial.findings["threshold"] != pytest.approx(detector.threshold_.value, abs=1e-6)
    assert self_test.verdict(None, trial.findings).startswith(("On this series", "The detector is refused"))
    assert run.trial("1/week").status().state is State.PREPARED


def test_a_self_test_that_was_cancelled_can_be_begun_again(store, content):
    trial = judged(store.create("pump.csv", content)).trial("3/week")
    trial.begin("3/week")
    trial.cancel()
    assert trial.status().state is State.CANCELLED
    trial.begin("3/week")
    assert ended(trial).state is State.DONE, (trial.folder / "log.txt").read_text()


def test_a_run_says_how_far_it_is_and_can_be_cancelled(store, content):
    run = started(store.create("pump.csv", content), steps=20_000)
    while not (status := run.status()).seconds_left:
        assert status.state is State.RUNNING
        time.sleep(0.05)
    assert status.stage == "learning"
    assert 0 < status.done < status.total
    assert status.seconds_left <= status.elapsed * (status.total - status.done) / status.done
    process = psutil.Process(pid_of(run))
    Runs(store.home).open(run.id).cancel()
    process.wait(timeout=30)
    assert run.status().state is State.CANCELLED
    assert run.status().message == "Cancelled; nothing was kept."
    assert not run.model.exists()


def test_cancelling_what_is_done_keeps_the_result(store, content):
    run = judged(store.create("pump.csv", content))
    run.cancel()
    assert run.status().state is State.DONE


def test_a_killed_process_is_noticed(store, content):
    run = started(store.create("pump.csv", content), steps=1_000_000)
    os.kill(pid_of(run), signal.SIGKILL)
    status = ended(run)
    assert status.state is State.LOST
    assert status.message == "It ended without a result: it was stopped from outside or out of memory."


def test_a_file_that_cannot_be_judged_ends_in_the_library_s_own_sentence(store):
    status = judged(store.create("two.csv", io.BytesIO(b"time,a\n2026-01-01,1\n2026-01-02,2\n"))).status()
    assert status.state is State.FAILED
    assert "series 'two' has 2 rows" in status.message
    assert "Traceback" not in status.message


def test_a_run_with_a_model_learns_nothing(store, content):
    first = judged(store.create("pump.csv", content))
    content.seek(0)
    second = judged(store.create("again.csv", content, first.model))
    assert second.result().detector.learned_from_ == first.result().detector.learned_from_
    np.testing.assert_array_equal(second.result().scores.total, first.result().scores.total)


def test_a_run_again_leaves_the_first_as_it_was(store, content):
    first = store.create("pump.csv", content)
    second = store.again(first, replace(first.request, threshold="1/day"))
    assert second.id != first.id
    assert (first.request.threshold, second.request.threshold) == ("3/week", "1/day")
    with second.open_source() as source:
        assert source.read() == content.getvalue()
    assert second.status().state is State.PREPARED


def test_folders_are_for_their_owner_alone_and_cannot_be_guessed(store, content):
    run = store.create("pump.csv", content)
    assert stat.S_IMODE(store.home.stat().st_mode) == 0o700
    assert stat.S_IMODE(run.folder.stat().st_mode) == 0o700
    assert len(bytes.fromhex(run.id)) == 16
    assert store.create("pump.csv", content).id != run.id


@pytest.mark.parametrize("name", ["", "..", "../secret", "0" * 31, "0" * 32, "0" * 32 + "\n", "é" * 32])
def test_no_name_but_a_run_s_own_opens_anything(store, name):
    secret = store.home.parent / "secret"
    secret.mkdir()
    (secret / "request.json").write_text("{}")
    assert store.open(name) is None


def test_the_uploaded_name_is_never_a_path(store, content):
    run = store.create("../../../etc/passwd<b>.csv", content)
    assert sorted(path.name for path in run.folder.iterdir()) == ["request.json", "source"]
    assert run.read().diagnosis.source == "passwd<b>.csv"


def test_nothing_in_a_finished_run_is_a_pickle(store, content):
    run = judged(store.create("pump.csv", content))
    arrays = [np.load(path, allow_pickle=False) for path in (run.folder / "arrays").iterdir()]
    assert {array.dtype.kind for array in arrays} == set("fi")


def test_a_result_is_mapped_from_the_disk_and_keeps_its_labels(store):
    lines = [f"2026-01-{row // 24 + 1:02d} {row % 24:02d}:00,{row % 7},{int(row == 90)}" for row in range(200)]
    run = judged(store.create("labelled.csv", io.BytesIO("\n".join(["time,a,label", *lines]).encode())))
    series = run.result().series
    assert isinstance(series.values.base, np.memmap) or isinstance(series.values, np.memmap)
    assert np.flatnonzero(series.labels).tolist() == [90]


def test_a_threshold_is_applied_to_the_model_and_taken_back(store, content):
    run = judged(store.create("pump.csv", content))
    first = tsanomaly.load(run.model)
    assert run.applied == ["1/week"]
    run.apply("quantile=0.99")
    second = tsanomaly.load(run.model)
    assert second.threshold_ == first.fit_threshold(tsanomaly.Quantile(0.99))
    assert second.threshold == tsanomaly.Quantile(0.99)
    assert run.applied == ["1/week", "quantile=0.99"]
    run.undo()
    third = tsanomaly.load(run.model)
    assert third.threshold_ == first.threshold_
    assert rules.of(third) == "1/week"
    run.undo()
    assert run.applied == ["1/week"]


def test_runs_nobody_touched_are_forgotten(store, content):
    old, new = store.create("old.csv", content), store.create("new.csv", content)
    past = time.time() - (KEEP_DAYS + 1) * 86_400
    os.utime(old.folder, (past, past))
    (store.home / "notes").mkdir()
    os.utime(store.home / "notes", (past, past))
    store.sweep()
    assert store.open(old.id) is None
    assert store.open(new.id) is not None
    assert (store.home / "notes").is_dir()


def test_a_home_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="set TSANOMALY_HOME to a folder of your own"):
        Runs(tmp_path / "file" / "runs")


def test_a_request_that_was_written_is_read_back(store, content):
    run = store.create("pump.csv", content)
    request = Request("pump.csv", {"decimal": ",", "channels": ["a"]}, "one", "2/day", 48, 100, True)
    run.ask(request)
    assert run.request == request
