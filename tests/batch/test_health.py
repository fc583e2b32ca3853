"""The Prometheus file: read back by the client's own parser, from real workspaces."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tsanomaly import __version__
from tsanomaly.batch.health import write_metrics
from tsanomaly.errors import OutputError
from tsanomaly.workspace import AlertDraft, Outcome, SeriesResult

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def read(path):
    """``{(name, labels as pairs): value}``."""
    families = text_string_to_metric_families(path.read_text(encoding="utf-8"))
    return {
        (s.name.removeprefix("tsanomaly_"), *sorted(s.labels.items())): s.value for f in families for s in f.samples
    }


def event(start):
    end = start + HOUR
    found = {"start": start, "end": end, "peak_time": start, "severity": 50.0, "score": 5.0, "direction": "above"}
    return found | {"channels": [{"name": "x", "share": 1.0, "direction": "above"}]}


def run(workspace, at, outcome, results=(), counts=None):
    begun = workspace.runs.claim("pumps", at, "host:1", HOUR, at + 5 * MINUTE)
    workspace.commit(begun, results, at + 6 * MINUTE)
    workspace.runs.finish(begun, outcome, at + 8 * MINUTE, counts=counts)


def test_the_file_says_how_jobs_are(workspace, tmp_path):
    a = SeriesResult("a", Outcome.SUCCEEDED, "", NOON - DAY, NOON, NOON, [event(NOON - 3 * HOUR)])
    b = SeriesResult("b", Outcome.FOUND_NOTHING, "", NOON - DAY, NOON, NOON - 2 * HOUR)
    run(workspace, NOON, Outcome.SUCCEEDED, [a, b], {"rows": 48, "outcomes": {"succeeded": 1, "found nothing": 1}})
    run(workspace, NOON + HOUR, Outcome.SOURCE_UNREACHABLE)
    run(workspace, NOON + 2 * HOUR, Outcome.SOURCE_UNREACHABLE)
    workspace.runs.claim("pumps", NOON + 3 * HOUR, "host:1", HOUR, NOON + 3 * HOUR)
    workspace.jobs.put("idle", "", now=NOON)
    workspace.outbox.put("pumps", [AlertDraft("k1", "ops"), AlertDraft("k2", "ops", due_at=NOON + DAY)], NOON)
    workspace.outbox.failed(workspace.outbox.list()[0].id, "no", NOON)

    path, now = tmp_path / "tsanomaly.prom", NOON + 4 * HOUR
    write_metrics(workspace, path, now)
    pumps = ("job", "pumps")
    outcomes = {
        ("last_run_outcome", pumps, ("outcome", str(o))): float(o == Outcome.SOURCE_UNREACHABLE) for o in Outcome
    }
    assert read(path) == outcomes | {
        ("info", ("version", __version__)): 1,
        ("metrics_timestamp_seconds",): now.timestamp(),
        ("runs", pumps, ("outcome", "succeeded")): 1,
        ("runs", pumps, ("outcome", "source unreachable")): 2,
        ("runs_running", pumps): 1,
        ("runs_running", ("job", "idle")): 0,
        ("last_run_timestamp_seconds", pumps): (NOON + 2 * HOUR + 8 * MINUTE).timestamp(),
        ("last_good_run_timestamp_seconds", pumps): (NOON + 8 * MINUTE).timestamp(),
        ("last_run_duration_seconds", pumps): 180,
        ("last_run_delay_seconds", pumps): 300,
        ("last_run_rows", pumps): 0,
        ("failed_runs_in_a_row", pumps): 2,
        ("series", pumps): 2,
        ("lag_seconds", pumps, ("of", "newest")): 4 * 3600,
        ("lag_seconds", pumps, ("of", "oldest")): 6 * 3600,
        ("events", pumps, ("status", "found")): 1,
        ("events_last_day", pumps): 1,
        ("events_last_day", ("job", "idle")): 0,
        ("outbox_waiting",): 2,
        ("outbox_failing",): 1,
        ("outbox_oldest_seconds",): 4 * 3600,
    }
    assert [one.name for one in tmp_path.iterdir() if "prom" in one.name] == ["tsanomaly.prom"]


def test_series_of_the_last_run_are_counted_by_outcome(workspace, tmp_path):
    run(workspace, NOON, Outcome.CRASHED, counts={"rows": 7, "outcomes": {"crashed": 1, "succeeded": 39}})
    write_metrics(workspace, tmp_path / "x.prom", NOON)
    found = read(tmp_path / "x.prom")
    assert found["last_run_series", ("job", "pumps"), ("outcome", "crashed")] == 1
    assert found["last_run_series", ("job", "pumps"), ("outcome", "succeeded")] == 39
    assert found["failed_runs_in_a_row", ("job", "pumps")] == 1
    assert ("last_good_run_timestamp_seconds", ("job", "pumps")) not in found


def test_an_empty_workspace_has_a_file_too(workspace, tmp_path):
    write_metrics(workspace, tmp_path / "x.prom", NOON)
    assert read(tmp_path / "x.prom")["outbox_waiting",] == 0


def test_a_folder_that_is_not_there_is_named(workspace, tmp_path):
    with pytest.raises(OutputError, match=r"the metrics cannot be written to '.*missing/x\.prom': No such file"):
        write_metrics(workspace, tmp_path / "missing" / "x.prom", NOON)
