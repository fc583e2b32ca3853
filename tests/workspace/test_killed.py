import random
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from postgres import administer
from rivals import CONTEXT, commit_overlapping, race, score_in_shards
from sqlalchemy import make_url
from store_samples import NOW, claimed, content, event, scored

from tsanomaly.errors import WorkspaceUnavailableError
from tsanomaly.workspace import Outcome, Workspace

DAYS = 6


def finished(url):
    with Workspace.open(url) as workspace:
        return [run.outcome for run in workspace.runs.list()] == [Outcome.SUCCEEDED]


def what_readers_see(url):
    """All but the run's own rows, and without numbers that a database gives out and may skip."""
    with Workspace.open(url) as workspace:
        scores = workspace.scores.read("pumps").to_csv()
        keys = sorted(message.key for message in workspace.outbox.list(limit=1000))
        return workspace.events.list(status=None), workspace.watermarks.all("pumps"), keys, scores


@pytest.fixture
def undisturbed(tmp_path, monkeypatch):
    """What readers see after a run that nobody disturbed."""
    url = f"sqlite:///{tmp_path / 'undisturbed' / 'workspace.sqlite'}"
    score_in_shards(0, url, tmp_path / "undisturbed", DAYS, NOW)
    return what_readers_see(url)


def test_a_run_killed_again_and_again_leaves_what_an_undisturbed_one_leaves(
    workspace_url, undisturbed, tmp_path, monkeypatch
):
    monkeypatch.setenv("TSANOMALY_DATA", str(tmp_path / "data"))
    dice, killed = random.Random(7), 0
    while not finished(workspace_url):
        # Ever longer, so that it ends on a slow machine, too.
        process = CONTEXT.Process(target=score_in_shards, args=(killed, workspace_url, tmp_path / "data", DAYS, NOW))
        process.start()
        process.join(dice.uniform(0.02, 0.1 * 1.3**killed))
        process.kill()
        process.join()
        killed += process.exitcode != 0
    assert killed >= 2
    assert what_readers_see(workspace_url) == undisturbed
    with Workspace.open(workspace_url) as workspace:
        assert workspace.check().faults == ()
        assert workspace.runs.list()[0].attempt > 1


def test_runs_that_score_the_same_series_at_once_leave_one_row_an_event(workspace, workspace_url):
    assert race(commit_overlapping, workspace_url, [(1, 4), (9, 12)], NOW) == [None] * 4
    standing = sorted((found.start, found.end) for found in workspace.events.list())
    assert [(start.hour, end.hour) for start, end in standing] == [(1, 4), (9, 12)]


def test_a_commit_that_the_server_cuts_stores_nothing_and_can_be_done_again(postgres_url, tmp_path, monkeypatch):
    monkeypatch.setenv("TSANOMALY_DATA", str(tmp_path))
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '{}'"
    database, plain = make_url(postgres_url).database, make_url(postgres_url).set(drivername="postgresql")
    with Workspace.open(postgres_url) as workspace, ThreadPoolExecutor(1) as thread:
        run = claimed(workspace)
        workspace.commit(run, [scored(series="south")], NOW)
        before = content(postgres_url, without=())
        with psycopg.connect(plain.render_as_string(hide_password=False)) as other:
            other.execute("SELECT * FROM series FOR UPDATE")  # holds the commit in its middle
            commit = thread.submit(workspace.commit, run, [scored(event(1, 2), series="south")], NOW)
            while not (held := administer(waiting.format(database))):
                time.sleep(0.01)
            administer(f"SELECT pg_terminate_backend({held[0][0]})")
            with pytest.raises(WorkspaceUnavailableError, match="cannot be reached"):
                commit.result(timeout=60)
        assert content(postgres_url, without=()) == before
        workspace.commit(run, [scored(event(1, 2), series="south")], NOW)
        assert workspace.events.count() == 1
