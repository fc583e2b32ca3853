"""Jobs from the command line: what is printed, and the exit status."""

import csv
import io
import json

import pytest
from plants import at, plant_file, toml
from typer.testing import CliRunner

from tsanomaly.cli.exit_codes import ExitCode
from tsanomaly.cli.main import app
from tsanomaly.workspace import Workspace


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a job, its data, and a workspace with two runs of it."""
    folder = tmp_path_factory.mktemp("plant")
    plant_file(folder, 3)
    (folder / "plant.toml").write_text(toml("plant.parquet", zone="Europe/Berlin"), encoding="utf-8")
    for day in (4, 8.75):
        done = invoke(folder, "run", folder / "plant.toml", "--at", at(day).isoformat())
        assert done.exit_code == 0, done.output
    return folder


def invoke(folder, *arguments):
    return CliRunner().invoke(app, [*map(str, arguments), "--workspace", str(folder / "workspace.db")])


def test_runs_are_listed_the_latest_first(place):
    printed = invoke(place, "runs", "list").stdout
    assert printed.index("2026-01-09 18:00") < printed.index("2026-01-05 00:00")
    rows = json.loads(invoke(place, "runs", "list", "--format", "json").stdout)["runs"]
    assert [row["scheduled_at"] for row in rows] == [at(8.75).isoformat(), at(4).isoformat()]
    assert rows[0]["outcome"] == "succeeded"
    assert rows[0]["counts"]["series"] == 3
    assert len([*csv.DictReader(io.StringIO(invoke(place, "runs", "list", "--format", "csv").stdout))]) == 2
    assert invoke(place, "runs", "list", "--outcome", "crashed").stdout.strip() == "no runs"


def test_a_run_is_shown_with_its_series(place):
    shown = invoke(place, "runs", "show", 2).stdout
    assert "pump 001" in shown
    assert "attempt 1" in shown
    rows = json.loads(invoke(place, "runs", "show", 2, "--format", "json").stdout)["by_series"]
    assert [row["series"] for row in rows] == ["pump 000", "pump 001", "pump 002"]


def test_events_are_listed_as_table_json_and_csv(place):
    rows = json.loads(invoke(place, "events", "list", "--format", "json").stdout)["events"]
    assert rows
    assert [row["severity"] for row in rows] == sorted((row["severity"] for row in rows), reverse=True)
    table = [*csv.DictReader(io.StringIO(invoke(place, "events", "list", "--format", "csv").stdout))]
    assert [row["id"] for row in table] == [row["id"] for row in rows]
    assert "pump 00" in invoke(place, "events", "list").stdout
    assert invoke(place, "events", "list", "--since", "2027-01-01").stdout.strip() == "no events"


def test_a_run_that_is_done_is_not_done_again(place):
    done = invoke(place, "run", place / "plant.toml", "--at", at(8.75).isoformat())
    assert done.exit_code == 0
    assert "is done, or another process has it" in done.stderr


def test_times_without_an_offset_are_on_the_clock_of_the_schedule(place):
    done = invoke(place, "run", place / "plant.toml", "--at", "2026-01-09T19:00")
    assert "at 2026-01-09 18:00:00 UTC is done" in done.stderr


def test_a_backfill_scores_a_stretch_again(place):
    before = invoke(place, "events", "list", "--format", "json").stdout
    done = invoke(place, "backfill", place / "plant.toml", "--from", "2026-01-09", "--to", "2026-01-09T19:00")
    assert done.exit_code == 0, done.output
    after = invoke(place, "events", "list", "--format", "json").stdout
    assert {e["id"] for e in json.loads(after)["events"]} == {e["id"] for e in json.loads(before)["events"]}


def test_a_backtest_says_what_another_budget_would_have_reported(place):
    arguments = ("backtest", place / "plant.toml", "--from", "2026-01-05", "--to", "2026-01-10")
    printed = invoke(place, *arguments, "--threshold", "mad=1000").stdout
    assert "events were reported, 0 would be" in printed
    result = json.loads(invoke(place, *arguments, "--budget", "1/day", "--format", "json").stdout)
    assert {"were_reported", "would_be_reported", "events"} <= set(result)


def test_what_is_due_runs_and_a_failure_is_an_exit_status(tmp_path):
    with Workspace.open(tmp_path / "workspace.db") as store:
        store.jobs.put("plant", toml(tmp_path / "nowhere.parquet"))
    done = invoke(tmp_path, "run-due")
    assert done.exit_code == ExitCode.RUN_FAILED
    assert "source unreachable" in done.stdout
    assert invoke(tmp_path, "run-due").exit_code == 0  # nothing is due any more


def test_old_runs_are_forgotten(tmp_path):
    with Workspace.open(tmp_path / "workspace.db"):
        pass
    assert invoke(tmp_path, "runs", "prune", "--keep", "90d").stdout == "0 runs forgotten\n"


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("run", "nothing"), ExitCode.WORKSPACE, "there is no job 'nothing'"),
        (("run", "JOB", "--at", "2199-01-01"), ExitCode.USAGE, "--at 2199-01-01 lies in the future"),
        (("run", "JOB", "--at", "tomorrow"), ExitCode.USAGE, "--at is 'tomorrow'; expected a time such as 2026-11-24"),
        (("backfill", "JOB", "--from", "2026-02-01", "--to", "2026-01-01"), ExitCode.USAGE, "is not before --to"),
        (("backtest", "JOB", "--from", "2026-01-01", "--to", "2026-02-01", "--budget", "x"), ExitCode.USAGE, "'x'"),
        (("runs", "list", "--job", "nothing"), ExitCode.WORKSPACE, "there is no job 'nothing'"),
        (("events", "list", "--job", "nothing"), ExitCode.WORKSPACE, "there is no job 'nothing'"),
        (("labels", "export", "nothing", "--to", "nab"), ExitCode.WORKSPACE, "there is no job 'nothing'"),
        (("alerts", "list", "--job", "nothing"), ExitCode.WORKSPACE, "there is no job 'nothing'"),
        (("runs", "show", "99"), ExitCode.WORKSPACE, "there is no run 99"),
        (("runs", "list", "--outcome", "odd"), ExitCode.USAGE, "--outcome is 'odd'; expected one of succeeded"),
        (("runs", "prune", "--keep", "long"), ExitCode.USAGE, "--keep is 'long'; expected a duration such as 90d"),
        (("events", "list", "--since", "once"), ExitCode.USAGE, "--since is 'once'; expected a time"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(place, arguments, status, sentence):
    done = invoke(place, *(place / "plant.toml" if word == "JOB" else word for word in arguments))
    assert done.exit_code == status, done.output
    assert sentence in done.stderr
    assert done.stderr.count("error:") == 1
