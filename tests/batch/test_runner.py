"""One run, from its claim to its end: what it scores, what it leaves, and how it ends."""

import threading
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from plants import DAY, START, STEP, at, job, name, plant, plant_file, results

from tsanomaly import Detector, from_frame, save
from tsanomaly.batch.detectors import model_file
from tsanomaly.batch.planning import Given
from tsanomaly.batch.runner import Runner, Stop
from tsanomaly.errors import LostRunError
from tsanomaly.workspace import Outcome, Workspace

LEASE = timedelta(seconds=30)


@pytest.fixture
def source(tmp_path):
    return plant_file(tmp_path)


def spans(store, series=None, **filters):
    return [(e.series, e.start, e.end) for e in store.events.list("plant", series, order="series", **filters)]


def over(store, series, *rows):
    """Whether one standing event of a series, and no more, lies at each of these rows."""
    events = store.events.list("plant", series)
    times = [START + row * STEP for row in rows]
    return all(sum(e.start <= t < e.end for e in events) == 1 for t in times)


@pytest.mark.parametrize("scope", ["per-series", "shared"])
def test_two_runs_score_what_came_in_between_and_find_each_spike_once(store, source, scope):
    wanted, runner = job(source, model={"scope": scope}), Runner(store)
    first = runner.run(wanted, at(7))
    assert (first.outcome, first.message) == (Outcome.SUCCEEDED, "")
    assert first.counts["series"] == 4
    assert first.counts["events"] >= 4
    assert first.counts["rows"] == 4 * 7 * 48
    assert set(store.watermarks.all("plant").values()) == {at(7)}
    second = runner.run(wanted, at(10))
    assert second.outcome is Outcome.SUCCEEDED
    assert second.counts["rows"] == 4 * 3 * 48
    assert set(store.watermarks.all("plant").values()) == {at(10)}
    for n in range(4):
        assert over(store, name(n), 201 + n, 401 + n)
    assert all(e.kind and e.details["fingerprint"] for e in store.events.list("plant", details=True))


def test_scores_are_kept_with_what_they_are_of(store, source):
    Runner(store).run(job(source), at(10))
    kept = store.scores.read("plant", name(2))
    assert len(kept) == 480
    np.testing.assert_array_equal(kept["value flow"], plant().query("pump == @name(2)")["flow"])
    assert {"score", "severity", "threshold", "expected flow", "error flow"} <= set(kept.columns)
    flagged = kept.loc[kept["score"] > kept["threshold"], "time"]
    assert {START + 202 * STEP, START + 402 * STEP} <= set(flagged)


def test_models_are_learned_once_and_used_afterwards(store, source):
    runner = Runner(store)
    runner.run(job(source), at(7))
    models = store.models.list("plant")
    assert sorted(m.series for m in models) == [name(n) for n in range(4)]
    runner.run(job(source), at(10))
    assert store.models.list("plant") == models


def test_a_model_is_learned_again_when_its_time_has_come(store, source):
    wanted, runner = job(source, model={"refit": "0 12 * * sun"}), Runner(store)
    runner.run(wanted, at(2))  # 2026-01-03, a Saturday
    runner.run(wanted, at(3))
    assert {m.version for m in store.models.list("plant")} == {1}
    runner.run(wanted, at(4))
    assert {m.version for m in store.models.all_current("plant").values()} == {2}
    runner.run(wanted, at(5))
    assert {m.version for m in store.models.all_current("plant").values()} == {2}


def test_a_model_learned_again_waits_for_a_hand_where_the_job_says_so(store, source):
    wanted, runner = job(source, model={"refit": "0 12 * * sun", "activate": "by-hand"}), Runner(store)
    for day in (2, 4, 5):
        runner.run(wanted, at(day))
    assert {(m.version, m.active) for m in store.models.list("plant")} == {(1, True), (2, False)}


def test_a_new_series_under_a_shared_model_is_scored_from_its_first_day(store, source):
    wanted, runner = job(source, model={"scope": "shared"}), Runner(store)
    runner.run(wanted, at(7))
    data = plant(5)
    late = (data["pump"] == name(4)) & (data["time"] < at(8))
    data[~late].to_parquet(source, index=False)
    runner.run(wanted, at(9))
    assert store.watermarks.all("plant")[name(4)] == at(9)
    assert over(store, name(4), 405)
    assert store.watermarks.states("plant")[name(4)]["threshold"] is None
    assert store.watermarks.states("plant")[name(0)]["threshold"] is None  # 7 days are not 20 windows of a day


def test_a_series_of_its_own_model_waits_until_it_has_rows_enough(store, source):
    data = plant(2)
    short = (data["pump"] == name(1)) & (data["time"] < at(7) - 5 * STEP)
    data[~short].to_parquet(source, index=False)
    runner = Runner(store)
    first = runner.run(job(source), at(7))
    outcomes = {o.series: o for o in store.runs.series_outcomes(first)}
    assert outcomes[name(0)].outcome is Outcome.SUCCEEDED
    assert outcomes[name(1)].outcome is Outcome.NOT_ENOUGH_DATA
    assert "5 rows; at least 8 are needed" in outcomes[name(1)].message
    assert first.outcome is Outcome.SUCCEEDED
    runner.run(job(source), at(10))
    assert over(store, name(1), 402)


@pytest.mark.parametrize("scope", ["per-series", "shared"])
def test_the_same_range_scored_twice_leaves_the_store_the_same(store, source, scope):
    wanted, runner = job(source, model={"scope": scope}), Runner(store)
    runner.run(wanted, at(7))
    runner.run(wanted, at(10))
    before = results(store)
    runner.run(wanted, at(10), again=True)
    assert results(store) == before
    stood = spans(store)
    runner.run(wanted, at(11), given=Given(at(9), at(10)))
    assert spans(store) == stood


def test_late_rows_within_the_allowed_lateness_are_scored_and_leave_one_row_an_event(store, source):
    data = plant(2)
    outage = (data["pump"] == name(1)) & data["time"].between(START + 390 * STEP, START + 410 * STEP)
    data[~outage].to_parquet(source, index=False)
    wanted, runner = job(source, range={"allowed_lateness": "1D"}), Runner(store)
    runner.run(wanted, at(8.75))
    assert over(store, name(1), 202)
    data.to_parquet(source, index=False)
    runner.run(wanted, at(9))
    assert over(store, name(1), 202, 402)
    runner.run(wanted, at(9.25))
    assert over(store, name(1), 202, 402)


def test_a_run_that_is_done_is_not_done_again(store, source):
    runner = Runner(store)
    assert runner.run(job(source), at(7)) is not None
    assert runner.run(job(source), at(7)) is None


def test_a_dead_owners_run_is_taken_over_when_its_lease_has_lapsed(store, source):
    dead = store.runs.claim("plant", at(7), "dead", LEASE, datetime.now(UTC) - 2 * LEASE)
    run = Runner(store).run(job(source), at(7))
    assert (run.id, run.attempt, run.outcome) == (dead.id, 2, Outcome.SUCCEEDED)


def test_a_live_owners_run_is_left_alone(store, source):
    store.runs.claim("plant", at(7), "alive", LEASE, datetime.now(UTC))
    assert Runner(store).run(job(source), at(7)) is None


def test_what_an_earlier_attempt_committed_is_not_scored_again(store, source):
    wanted, stop = job(source, executor={"shard": 1}), Stop()
    runner = Runner(store, stop=stop)
    runner.on_series = lambda done, result: stop.release() if done == 2 else None
    left = runner.run(wanted, at(7))
    assert left.running
    done = {o.series for o in store.runs.series_outcomes(left)}
    assert 2 <= len(done) < 4
    scored = []
    after = Runner(store, on_series=lambda done, result: scored.append(result.series))
    run = after.run(wanted, at(7))  # at once: the lease was given back
    assert (run.attempt, run.outcome, run.counts["series"]) == (2, Outcome.SUCCEEDED, 4)
    assert set(scored) == {name(n) for n in range(4)} - done


def test_a_run_that_was_taken_over_stores_nothing_more(store, source):
    runner = Runner(store, lease=timedelta(seconds=0.2))

    def stolen(done, result):
        store.runs.claim("plant", at(7), "thief", LEASE, datetime.now(UTC) + LEASE)

    runner.on_series = stolen
    with pytest.raises(LostRunError, match="was taken over"):
        runner.run(job(source, executor={"shard": 1}), at(7))
    assert len(store.watermarks.all("plant")) == 1
    assert store.runs.list("plant")[0].owner == "thief"


def test_the_lease_is_prolonged_while_it_works(store, source):
    runner = Runner(store, lease=timedelta(seconds=0.4))
    runner.on_series = lambda done, result: time.sleep(0.3)
    assert runner.run(job(source), at(7)).outcome is Outcome.SUCCEEDED


def test_a_cancelled_run_says_so_and_the_next_goes_on(store, source):
    Runner(store).run(job(source), at(4))
    stop = Stop()
    runner = Runner(store, stop=stop, on_series=lambda done, result: stop.cancel())
    run = runner.run(job(source, executor={"shard": 1}), at(7))
    assert run.outcome is Outcome.CANCELLED
    assert "asked to stop" in run.message
    assert set(store.watermarks.all("plant").values()) == {at(4), at(7)}
    Runner(store).run(job(source), at(10))
    for n in range(4):
        assert over(store, name(n), 201 + n, 401 + n)


def test_a_run_ends_when_its_time_is_used_up(store, source):
    wanted = job(source, executor={"shard": 1}, limits={"time": "1s"})
    run = Runner(store, on_series=lambda done, result: time.sleep(1.1)).run(wanted, at(7))
    assert run.outcome is Outcome.TIMED_OUT
    assert "longer than its limit of " in run.message


def test_a_series_that_needs_too_much_memory_is_named(store, source):
    run = Runner(store).run(job(source, limits={"memory": "10MB"}), at(7))
    assert run.outcome is Outcome.CRASHED
    assert "4 of 4 series: 'pump 000': scoring needs" in run.message
    assert "and the job allows 0.0 GB" in run.message


def test_a_source_that_is_not_there_is_named_and_the_next_run_catches_up(store, source):
    runner, away = Runner(store), source.with_suffix(".away")
    runner.run(job(source), at(4))
    source.rename(away)
    run = runner.run(job(source), at(7))
    assert run.outcome is Outcome.SOURCE_UNREACHABLE
    assert str(source) in run.message
    away.rename(source)
    assert runner.run(job(source), at(10)).outcome is Outcome.SUCCEEDED
    for n in range(4):
        assert over(store, name(n), 201 + n, 401 + n)


def test_a_half_written_file_is_named_and_the_next_run_catches_up(store, source):
    runner, whole = Runner(store), source.read_bytes()
    runner.run(job(source), at(4))
    source.write_bytes(whole[: len(whole) // 2])
    run = runner.run(job(source), at(7))
    assert run.outcome is Outcome.SOURCE_UNREACHABLE
    source.write_bytes(whole)
    assert runner.run(job(source), at(10)).outcome is Outcome.SUCCEEDED
    assert over(store, name(3), 204, 404)


def test_another_column_is_no_anomaly(store, source):
    runner = Runner(store)
    runner.run(job(source, columns={"values": None}), at(7))
    plant().rename(columns={"flow": "flow_lps"}).to_parquet(source, index=False)
    run = runner.run(job(source, columns={"values": None}), at(10))
    assert run.outcome is Outcome.SCHEMA_CHANGED
    assert "column 'flow' was learned and is missing now" in run.message
    assert set(store.watermarks.all("plant").values()) == {at(7)}
    plant().to_parquet(source, index=False)
    assert runner.run(job(source), at(10.5)).outcome is Outcome.SUCCEEDED
    assert over(store, name(0), 201, 401)


def test_duplicate_rows_change_nothing(store, source, tmp_path):
    Runner(store).run(job(source), at(7))
    doubled = pd.concat([plant(), plant()])
    doubled.to_parquet(source, index=False)
    with Workspace.open(tmp_path / "other" / "workspace.db") as other:
        Runner(other).run(job(source), at(7))
        assert results(other)["events"] == results(store)["events"]


def test_rows_after_the_scheduled_time_are_not_looked_at(store, source):
    Runner(store).run(job(source), at(5))
    assert store.scores.read("plant")["time"].max() < at(5)
    assert {o.scored_until for o in store.runs.series_outcomes(store.runs.list("plant")[0])} == {at(5)}


def test_no_new_rows_are_no_failure(store, source):
    runner = Runner(store)
    runner.run(job(source), at(10))
    run = runner.run(job(source), at(11))
    assert (run.outcome, run.counts["rows"]) == (Outcome.FOUND_NOTHING, 0)
    assert {o.message for o in store.runs.series_outcomes(run)} == {"no new rows"}


def test_an_empty_source_is_no_failure(store, source):
    run = Runner(store).run(job(source), START - DAY)
    assert (run.outcome, run.message) == (Outcome.FOUND_NOTHING, "the source had no rows")


def test_a_given_stretch_is_scored_again_without_moving_watermarks_over_rows_that_never_were(store, source):
    runner = Runner(store)
    runner.run(job(source), at(3))
    runner.run(job(source), at(20), given=Given(at(5), at(8)))
    assert set(store.watermarks.all("plant").values()) == {at(3)}
    runner.run(job(source), at(21), given=Given(at(2), at(5)))
    assert set(store.watermarks.all("plant").values()) == {at(5)}


def test_an_event_that_mended_data_does_not_show_no_longer_stands(store, source):
    wanted, runner = job(source, range={"allowed_lateness": "3D"}), Runner(store)
    runner.run(wanted, at(4))
    runner.run(wanted, at(8.75))
    assert over(store, name(0), 201, 401)
    plant(spikes=(200,)).to_parquet(source, index=False)
    runner.run(wanted, at(10))
    assert over(store, name(0), 201)
    assert not over(store, name(0), 401)


def given_model(path, rows=336):
    """A model as ``tsanomaly train`` writes it."""
    one = from_frame(plant(1).drop(columns="pump"), name="pump 000").one()
    return save(Detector(model="linear", twin=False).fit(one.between(0, rows)), path)


@pytest.mark.parametrize("scope", ["per-series", "shared"])
def test_one_model_from_a_bundle_serves_every_series_and_is_kept_as_the_one_in_use(store, source, tmp_path, scope):
    path = given_model(tmp_path / "given.safetensors")
    plant(1).to_parquet(source, index=False)
    wanted, runner = job(source, model={"bundle": str(path), "scope": scope}), Runner(store)
    for day in (9, 10):
        assert runner.run(wanted, at(day)).outcome is Outcome.SUCCEEDED
    assert over(store, name(0), 201, 401)
    [kept] = store.models.list("plant")
    assert (kept.series, kept.version, kept.active, kept.about["given"]) == (None, 1, True, str(path))
    assert kept.path.read_bytes() == path.read_bytes()
    assert kept.about["learned_from"]["rows"] == 336
    assert model_file(store, "plant", name(0), wanted) == kept.path


def test_another_bundle_is_another_version_and_what_was_learned_is_not_mixed_up_with_it(store, source, tmp_path):
    path = given_model(tmp_path / "given.safetensors")
    plant(1).to_parquet(source, index=False)
    given, learned, runner = (
        job(source, model={"bundle": str(path)}),
        job(source, model={"scope": "shared"}),
        Runner(store),
    )
    versions = []
    for day, wanted in enumerate((given, learned, given, learned), start=6):
        assert runner.run(wanted, at(day)).outcome in (Outcome.SUCCEEDED, Outcome.FOUND_NOTHING)
        current = store.models.current("plant")
        versions.append((current.version, "given" in current.about))
    assert versions == [(1, True), (2, False), (3, True), (4, False)]
    runner.run(given, at(9.1))
    given_model(path, rows=300)
    runner.run(given, at(9.2))
    assert store.models.current("plant").version == 6
    store.models.activate("plant", 5)  # by hand; but the job says which
    runner.run(given, at(9.3))
    assert store.models.current("plant").version == 6
    assert store.check().faults == ()


def test_a_bundle_that_is_no_model_is_named(store, source, tmp_path):
    (tmp_path / "given.safetensors").write_bytes(b"nothing")
    run = Runner(store).run(job(source, model={"bundle": str(tmp_path / "given.safetensors")}), at(7))
    assert run.outcome is Outcome.CRASHED
    assert "given.safetensors" in run.message
    assert "fault of tsanomaly" not in run.message
    assert store.models.list() == []


def test_a_bundle_that_is_not_there_is_named(store, source):
    run = Runner(store).run(job(source, model={"bundle": "nowhere.safetensors"}), at(7))
    assert run.outcome is Outcome.CRASHED
    assert "names the model" in run.message
    assert "nowhere.safetensors', which does not exist" in run.message


@pytest.mark.parametrize("folder", ["scores", "models", "scratch"])
def test_a_folder_beside_the_workspace_that_cannot_be_written_is_named_and_the_next_run_catches_up(
    store, source, folder
):
    (store.folder / folder).write_text("in the way", encoding="utf-8")
    run = Runner(store).run(job(source), at(7))
    assert run.outcome is Outcome.OUTPUT_FAILED
    assert str(store.folder / folder) in run.message
    assert store.watermarks.all("plant") == {}
    (store.folder / folder).unlink()
    assert Runner(store).run(job(source), at(7.5)).outcome is Outcome.SUCCEEDED
    assert store.check().faults == ()


def test_nothing_is_left_beside_the_workspace_but_models_and_scores(store, source):
    Runner(store).run(job(source), at(7))
    assert not list((store.folder / "scratch").iterdir())


def test_several_threads_on_one_due_run_do_it_once(store, source):
    runs, gate = [], threading.Barrier(4)

    def race():
        with Workspace.open(store.url) as own:
            gate.wait()
            runs.append(Runner(own).run(job(source), at(7)))

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [run is not None for run in sorted(runs, key=bool)] == [False, False, False, True]
    assert len(store.runs.list("plant")) == 1


def test_sinks_get_what_was_found_and_what_the_last_run_could_not_hand_over(store, source, tmp_path):
    sinks = [
        {"kind": "csv", "path": str(tmp_path / "out" / "events.csv")},
        {"kind": "parquet", "what": "scores", "path": str(tmp_path / "out" / "scores")},
    ]
    runner = Runner(store)
    run = runner.run(job(source, sinks=sinks), at(5))
    assert run.outcome is Outcome.SUCCEEDED
    before = pd.read_csv(tmp_path / "out" / "events.csv")
    assert set(before["series"]) == {name(n) for n in range(4)}
    (tmp_path / "out").rename(tmp_path / "aside")
    (tmp_path / "out").write_text("in the way", encoding="utf-8")
    run = runner.run(job(source, sinks=sinks), at(8.75))
    assert run.outcome is Outcome.OUTPUT_FAILED
    assert "events.csv' cannot be written" in run.message
    (tmp_path / "out").unlink()
    (tmp_path / "aside").rename(tmp_path / "out")
    run = runner.run(job(source, sinks=[{"kind": "sql", "url_env": "NOT_SET", "table": "events"}]), at(9))
    assert (run.outcome, run.message) == (
        Outcome.OUTPUT_FAILED,
        "the environment variable NOT_SET, which sinks.url_env names, is not set",
    )
    assert runner.run(job(source, sinks=sinks), at(10)).outcome is Outcome.SUCCEEDED
    after = pd.read_csv(tmp_path / "out" / "events.csv", parse_dates=["start", "end"])
    assert [*zip(after["series"], after["start"], after["end"], strict=True)] == sorted(spans(store))
    scores = pd.concat([pd.read_parquet(path) for path in (tmp_path / "out" / "scores").rglob("*.parquet")])
    assert len(scores) == 4 * 480
