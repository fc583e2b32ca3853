"""A job over processes or a Dask cluster leaves what it leaves in one process, also when a worker is killed."""

import logging
import os
import signal

import pytest
from plants import at, job, plant, results

from tsanomaly.batch.runner import Runner
from tsanomaly.workspace import Outcome, Workspace

PUMPS = 8


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("plant") / "plant.parquet"
    plant(PUMPS).to_parquet(path, index=False)
    return path


@pytest.fixture(scope="module")
def alone(tmp_path_factory, source):
    """What one process leaves."""
    with Workspace.open(tmp_path_factory.mktemp("alone") / "workspace.db") as store:
        Runner(store).run(job(source, model={"scope": "shared"}), at(8.75))
        left = results(store)
    assert left["events"]
    return left


def differing(one, other):
    """What two jobs left differently; NaN is like NaN."""
    return [name for name in one if repr(one[name]) != repr(other[name])]


def test_processes_leave_the_same(store, source, alone):
    wanted = job(source, model={"scope": "shared"}, executor={"kind": "processes", "workers": 2, "shard": 2})
    assert Runner(store).run(wanted, at(8.75)).outcome is Outcome.SUCCEEDED
    assert differing(results(store), alone) == []


def test_a_cluster_of_two_workers_leaves_the_same_with_one_killed_in_the_middle(store, source, alone):
    from distributed import Client, LocalCluster

    size = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**size, silence_logs=logging.CRITICAL) as cluster:
        with Client(cluster, set_as_default=False) as client:
            workers = list(client.run(os.getpid).values())
        killed = []

        def kill_one(done, result):
            if not killed:
                killed.append(workers[0])
                os.kill(workers[0], signal.SIGKILL)

        executor = {"kind": "dask", "address": cluster.scheduler_address, "shard": 1}
        runner = Runner(store, on_series=kill_one)
        run = runner.run(job(source, model={"scope": "shared"}, executor=executor), at(8.75))
    assert killed
    assert (run.outcome, run.counts["series"]) == (Outcome.SUCCEEDED, PUMPS)
    assert differing(results(store), alone) == []
