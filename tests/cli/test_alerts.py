"""``alerts test`` and ``alerts list``: a real receiver, a real workspace."""

import io
import json
from datetime import UTC, datetime

import pytest
from PIL import Image
from receivers import receiver  # noqa: F401

from tsanomaly.batch.alerts.content import Body, Content, Failure
from tsanomaly.workspace import AlertDraft, Workspace

NOW = datetime(2026, 3, 2, tzinfo=UTC)
JOB = 'name = "pumps"\n[source]\nkind = "files"\npath = "*.csv"\n[[alerts.channels]]\nurl_env = "OPS"\nname = "ops"\n'


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job file; the workspace is in the same folder."""
    monkeypatch.setenv("TSANOMALY_WORKSPACE", str(tmp_path / "w.sqlite"))
    path = tmp_path / "pumps.toml"
    path.write_text(JOB)
    return path


def test_a_test_message_arrives_with_a_picture(run, job, receiver):  # noqa: F811
    result = run("alerts", "test", job)
    assert (result.exit_code, result.stdout) == (0, "ops: sent\n")
    assert receiver.titles == ["pumps: a test"]
    assert "Alerts of the job 'pumps' arrive here. Nothing has happened." in receiver.texts[0]
    assert Image.open(io.BytesIO(receiver.pictures(0)[0])).format == "PNG"


def test_a_registered_job_is_tested_by_its_name(run, job, receiver):  # noqa: F811
    with Workspace.open() as store:
        store.jobs.put("pumps", JOB)
    assert run("alerts", "test", "pumps").exit_code == 0
    assert len(receiver.posts) == 1


def test_each_channel_is_tried_and_faults_are_named_without_secrets(run, job, receiver):  # noqa: F811
    job.write_text(JOB + '[[alerts.channels]]\nurl_env = "NOT_SET"\n')
    receiver.status = 500
    result = run("alerts", "test", job)
    assert result.exit_code == 5
    assert "ops: the receiver in OPS did not take the message" in result.stderr
    assert "the environment variable NOT_SET, which alerts.channels.url_env names, is not set" in result.stderr
    assert "hunter2secret" not in result.stderr + result.stdout


def test_a_job_that_tells_nobody_is_told_how(run, job):
    job.write_text(JOB[: JOB.index("[[")])
    result = run("alerts", "test", job)
    assert result.exit_code == 2
    assert "the job 'pumps' tells nobody; add [[alerts.channels]] with a url_env to it" in result.stderr


def test_alerts_are_listed_with_why_they_did_not_leave(run, job):
    def draft(key, content):
        return AlertDraft(key, "ops", Body(content=content, url_env="OPS").to_json())

    content = Content(job="pumps", runs=(NOW,), failure=Failure(outcome="crashed", message="x"))
    with Workspace.open() as store:
        store.outbox.put("pumps", [draft("a", content), draft("b", content), draft("memory", None)], NOW)
        sent, failing, _ = reversed(store.outbox.list())
        store.outbox.sent(sent.id, NOW)
        store.outbox.failed(failing.id, "refused", NOW)
    table = run("alerts", "list").stdout
    assert table.count("pumps: crashed") == 2
    assert "refused" in table
    (only,) = json.loads(run("alerts", "list", "--waiting", "--format", "json").stdout)["alerts"]
    assert (only["key"], only["state"], only["error"], only["tries"]) == ("b", "failing", "refused", 1)
