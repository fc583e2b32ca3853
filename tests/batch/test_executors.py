"""Every piece of work gets its result, whoever dies on the way; the one at fault is named."""

import logging
import os
import signal
from pathlib import Path

import pytest
from piecework import dies_once, fails, halves, slow, squares, threads

from tsanomaly.batch import executors
from tsanomaly.batch.executors import crew_of, work_off
from tsanomaly.batch.job import Executor
from tsanomaly.errors import ConfigurationError


def alone(piece):
    return None


@pytest.fixture(scope="module")
def here():
    with crew_of(Executor()) as crew:
        yield crew


@pytest.fixture(scope="module")
def processes():
    with crew_of(Executor(kind="processes", workers=2, retries=0)) as crew:
        yield crew


@pytest.fixture(scope="module")
def cluster():
    import dask
    from distributed import LocalCluster

    few_deaths = dask.config.set({"distributed.scheduler.allowed-failures": 1})  # of workers, before a piece is blamed
    size = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with few_deaths, LocalCluster(**size, silence_logs=logging.CRITICAL) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def dask(cluster):
    with crew_of(Executor(kind="dask", address=cluster.scheduler_address)) as crew:
        yield crew


@pytest.fixture(params=["here", "processes", "dask"])
def crew(request):
    return request.getfixturevalue(request.param)


def test_every_piece_gets_its_result_from_any_executor(crew):
    pieces = [[n, n + 1] for n in range(20)]
    results = list(work_off(crew, squares, iter(pieces), halves))
    assert sorted(results) == [([n, n + 1], [n * n, (n + 1) ** 2]) for n in range(20)]


def test_what_a_piece_raises_is_raised_here(crew):
    with pytest.raises(ZeroDivisionError, match="one of the pieces"):
        list(work_off(crew, fails, [1, 2], alone))


def test_pieces_are_taken_as_workers_get_free(crew):
    taken = []
    source = (taken.append(n) or n for n in range(1000))
    results = work_off(crew, slow, source, alone)
    next(results)
    assert len(taken) <= 2 * crew.width + 1
    results.close()


def test_nothing_is_handed_out_after_a_stop(crew):
    done = []
    for piece, _ in work_off(crew, slow, range(1000), alone, go_on=lambda: len(done) < 3):
        done.append(piece)
    assert 3 <= len(done) <= 3 + 2 * crew.width


@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_a_piece_that_kills_its_worker_is_named_and_the_others_get_their_results(kind, request):
    crew = request.getfixturevalue(kind)
    pieces = [[0, 1, 2, 3], [4, -5, 6, 7], [8, 9, 10, 11]]
    results = {tuple(piece): result for piece, result in work_off(crew, squares, iter(pieces), halves)}
    assert results.pop((-5,)) is None
    assert sorted(n for result in results.values() for n in result) == [n * n for n in range(12) if n != 5]


@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_a_killed_worker_is_retried(kind, request, tmp_path):
    crew = request.getfixturevalue(kind)
    pieces = [(str(tmp_path / "died"), n) for n in range(6)]
    results = list(work_off(crew, dies_once, iter(pieces), alone))
    assert (tmp_path / "died").exists()
    assert sorted(results) == [(piece, piece[1]) for piece in pieces]


@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_workers_use_one_thread(kind, request):
    crew = request.getfixturevalue(kind)
    assert list(work_off(crew, threads, [0], alone)) == [(0, (1, "1"))]


def test_the_variables_of_this_process_stay_as_they_were(processes, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    list(work_off(processes, squares, [[1]], halves))
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_workers_end_with_the_one_they_work_for(tmp_path):
    import subprocess
    import sys

    import psutil

    code = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[1])\n"
        "from tsanomaly.batch.executors import crew_of, work_off\n"
        "from tsanomaly.batch.job import Executor\n"
        "from piecework import slow\n"
        "if __name__ == '__main__':\n"
        "    with crew_of(Executor(kind='processes', workers=1)) as crew:\n"
        "        list(work_off(crew, slow, [0], lambda piece: None))\n"
        "        import psutil; print(*(c.pid for c in psutil.Process().children(recursive=True)), flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(code, encoding="utf-8")
    here = str(Path(__file__).parents[1])
    done = subprocess.run([sys.executable, str(script), here], capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr
    children = [int(pid) for pid in done.stdout.split()]
    assert children
    psutil.wait_procs([psutil.Process(pid) for pid in children if psutil.pid_exists(pid)], timeout=10)
    assert not [pid for pid in children if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]


def test_a_cluster_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(executors, "CONNECT_S", 0.5)
    wish = Executor(kind="dask", address="tcp://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match=r"the Dask scheduler at tcp://127\.0\.0\.1:9 cannot be reached"):
        crew_of(wish).__enter__()
