"""Reports from the dashboard say what they rest on, and the command in them gives the same events."""

import hashlib
import json
import shlex
from datetime import UTC, datetime

import reporting
import saving
from runs import Request
from typer.testing import CliRunner

from tsanomaly.cli.main import app
from tsanomaly.detection.verdicts import Judgement
from tsanomaly.workspace import Workspace


def test_a_runs_report_holds_data_model_settings_hash_and_a_command_that_finds_the_same(run, tmp_path, monkeypatch):
    result = run.result()
    events = result.detector.events(result.series, result.scores)
    page = reporting.of_run(run, events, "1/day")
    assert hashlib.sha256((run.folder / "source").read_bytes()).hexdigest() in page
    assert result.detector.learned_from_["sha256"] in page
    for heading in ("What was judged", "What judged it", "How it was set", "How to make this page again"):
        assert f">{heading}</" in page
    assert "the score falls from" in page  # the smallest repair of a pictured event

    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pump 3.csv").write_bytes((run.folder / "source").read_bytes())
    (tmp_path / "Pump-3.safetensors").write_bytes(run.model.read_bytes())
    said = reporting.command(run.request, "1/day")
    assert said == "tsanomaly detect 'Pump 3.csv' --model Pump-3.safetensors --budget 1/day --report Pump-3.html"
    told = CliRunner().invoke(app, [*shlex.split(said)[1:], "--format", "json"])
    assert told.exit_code == 0, told.stderr
    found = json.loads(told.stdout)["events"]
    assert [(e["start_row"], e["end_row"]) for e in found] == [(e.start_row, e.end_row) for e in events]
    assert (tmp_path / "Pump-3.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_command_reads_the_file_as_the_run_did():
    overrides = {"delimiter": "\t", "header": False, "channels": ["a", "b, c"], "zone": "Europe/Berlin", "step": None}
    said = reporting.command(Request("-x;rm.csv", overrides, series="north", threshold="mad=6"), "mad=6")
    assert shlex.split(said) == [
        *("tsanomaly", "detect", "./-x;rm.csv", "--threshold", "mad=6", "--delimiter", "tab", "--no-header"),
        *("--channels", 'a,"b, c"', "--zone", "Europe/Berlin", "--series", "north", "--report", "x-rm.html"),
    ]


def test_the_report_of_a_saved_job_has_verdicts_the_job_and_the_command(run, tmp_path):
    with Workspace.open(tmp_path / "workspace.db") as workspace:
        job = saving.save(run, "1/day", workspace, "ada")
        event = workspace.events.list(job)[0]
        workspace.verdicts.give(
            event.id, Judgement.FALSE_ALARM, author="ada", seen_version=event.verdict_version, note="<b>washed</b>"
        )
        since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
        page = reporting.of_job(workspace, job, since, until)
    assert "held back: judged a false alarm by ada on" in page
    assert "&lt;b&gt;washed&lt;/b&gt;" in page
    assert "tsanomaly events report pump-3 --since 2026-01-01T00:00:00Z --until 2026-02-01T00:00:00Z" in page
    assert "budget = &#34;1/day&#34;" in page
    assert run.result().detector.learned_from_["sha256"] in page
