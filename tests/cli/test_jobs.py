"""The commands about jobs, and the example that lies in data/jobs."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from tsanomaly import read_file
from tsanomaly.batch.job_file import parse_job, read_job
from tsanomaly.workspace import Workspace

EXAMPLE = Path(__file__).parents[2] / "data" / "jobs" / "pump.toml"
SAMPLE = EXAMPLE.parents[1] / "pump.csv"


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TSANOMALY_DATA", str(tmp_path / "store"))
    monkeypatch.delenv("TSANOMALY_WORKSPACE", raising=False)


@pytest.fixture
def job(tmp_path, file):
    path = tmp_path / "waves.toml"
    path.write_text(f'name = "waves"\n[source]\nkind = "files"\npath = "{file.name}"\n[schedule]\ncron = "0 3 * * *"\n')
    shutil.copy(file, tmp_path)
    return path


def test_check_names_every_fault_of_every_file(run, job, tmp_path):
    (tmp_path / "bad.toml").write_text('name = "Bad"\n[source]\nkind = "files"\npth = "x"\n')
    result = run("jobs", "check", job, "bad.toml", "none.toml")
    assert result.exit_code == 2
    assert result.stdout == f"{job}: job 'waves' is sound\n"
    assert result.stderr.splitlines() == [
        "error: bad.toml: line 1: name is wrong: expected up to 64 small letters, digits, '-' and '_', such as "
        "'pump-hourly'",
        "error: bad.toml: line 2: source.path is missing",
        "error: bad.toml: line 4: source.pth is not known here; did you mean path?",
        "error: none.toml does not exist; 'tsanomaly jobs new' writes a job file",
    ]


@pytest.mark.parametrize("command", [("run",), ("jobs", "enable"), ("jobs", "show")])
def test_every_command_names_each_fault_in_a_line_of_its_own(run, tmp_path, command):
    (tmp_path / "bad.toml").write_text('name = "Bad"\n[source]\nkind = "files"\n[history]\nmodels = 0\n')
    result = run(*command, "bad.toml")
    assert result.exit_code == 2
    first, second, third = result.stderr.splitlines()
    assert first.startswith("error: bad.toml: line 1: name is wrong")
    assert second == "error: bad.toml: line 2: source.path is missing"
    assert third == "error: bad.toml: line 5: history.models is wrong: expected 1 or more"


def test_show_says_whether_the_job_runs(run, job):
    assert "# a file; 'tsanomaly jobs enable' registers it" in run("jobs", "show", job).stdout
    run("jobs", "enable", job)
    assert "# enabled\n# next: " in run("jobs", "show", "waves").stdout
    run("jobs", "disable", "waves")
    shown = run("jobs", "show", "waves").stdout
    assert "# disabled: it does not run until it is enabled" in shown
    assert "# next" not in shown


def test_check_looks_at_the_data_when_asked(run, job):
    assert run("jobs", "check", job, "--data").stdout == f"{job}: job 'waves' is sound, 1 series\n"
    job.write_text(job.read_text().replace('path = "', 'path = "gone-'))
    result = run("jobs", "check", job, "--data")
    assert result.exit_code == 3
    assert result.stderr.endswith("is not there (any more)\n")


def test_a_job_is_registered_listed_switched_off_and_on(run, job):
    assert "no jobs" in run("jobs", "list").stderr
    assert run("jobs", "enable", job).stderr == "enabled: waves\n"
    line = run("jobs", "list").stdout.splitlines()[1]
    assert line.split()[:2] == ["waves", "enabled"]
    assert line.rstrip().endswith("03:00")
    with Workspace.open() as workspace:
        stored = workspace.jobs.get("waves")
    assert parse_job(stored.toml).folder == str(job.parent)  # where its data lies, wherever it runs from
    assert run("jobs", "disable", "waves").stderr == "disabled: waves\n"
    assert run("jobs", "list").stdout.splitlines()[1].split() == ["waves", "disabled", "never"]
    assert run("jobs", "enable", "waves").stderr == "enabled: waves\n"
    assert run("jobs", "disable", job).stderr == "disabled: waves\n"
    result = run("jobs", "enable", "tides")
    assert result.exit_code != 0
    assert result.stderr == "error: there is no job 'tides' in this workspace; tsanomaly jobs list names them\n"


def test_a_faulty_job_is_not_registered(run, job):
    job.write_text(job.read_text() + 'zone = "Mars"\n')
    result = run("jobs", "enable", job)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {job}: line 7: schedule.zone is wrong: 'Mars' is no time zone")
    assert "no jobs" in run("jobs", "list").stderr


def test_show_prints_the_whole_job_and_its_next_times(run, job):
    run("jobs", "enable", job)
    for name in ("waves", job):
        lines = run("jobs", "show", name).stdout.splitlines()
        shown = parse_job("\n".join(lines))
        assert shown == read_job(job)
        times = [line.removeprefix("# next: ") for line in lines if line.startswith("# next: ")]
        assert len(times) == 5
        assert all(time.endswith("03:00 UTC") for time in times)


def test_new_writes_a_job_for_a_file(run, file, tmp_path):
    shutil.copy(file, tmp_path / "Waves of today.csv")
    result = run(
        "jobs", "new", "Waves of today.csv", "--budget", "1/day", "--cron", "5 4 * * *", "--clock", "Asia/Tokyo"
    )
    assert (result.exit_code, result.stderr) == (0, "written: waves-of-today.toml\n")
    job = read_job(tmp_path / "waves-of-today.toml")
    assert job.source.path == ("Waves of today.csv",)
    assert job.columns.values == read_file(file).one().channels
    assert (job.threshold.budget, job.schedule.cron, job.schedule.zone) == ("1/day", "5 4 * * *", "Asia/Tokyo")
    again = run("jobs", "new", "Waves of today.csv")
    assert again.exit_code == 5
    assert again.stderr == "error: 'waves-of-today.toml' is there already; remove it or give --output\n"
    channel = job.columns.values[1]
    printed = run(
        "jobs", "new", "Waves of today.csv", "--output", "-", "--name", "w", "--channels", channel, "--step", "1h"
    )
    job = parse_job(printed.stdout)
    assert (job.name, job.columns.values, job.columns.step) == ("w", (channel,), "1h")


def test_new_refuses_what_would_be_no_job(run, file):
    result = run("jobs", "new", file, "--cron", "whenever", "--name", "A b")
    assert result.exit_code == 2
    assert "name is wrong" in result.stderr
    assert "schedule.cron is wrong" in result.stderr


# --- the example ----------------------------------------------------------------------------------------------------


def test_the_example_finds_the_five_faults_of_the_pump(run, tmp_path):
    (tmp_path / "jobs").mkdir()
    shutil.copy(SAMPLE, tmp_path)
    text = EXAMPLE.read_text(encoding="utf-8").replace("seconds = 60", 'seconds = 60\nkind = "linear"')  # quicker
    path = tmp_path / "jobs" / "pump.toml"
    path.write_text(text, encoding="utf-8")
    assert run("jobs", "check", path, "--data").stdout == f"{path}: job 'pump' is sound, 1 series\n"
    result = run("run", path, "--at", "2026-04-13")
    assert result.exit_code == 0, result.stderr
    assert "succeeded" in result.stdout
    events = pd.read_csv(tmp_path / "jobs" / "events.csv")
    assert set(events["job"]) == {"pump"}
    assert 3 <= len(events) <= 8
    labelled = pd.read_csv(SAMPLE, parse_dates=["time"]).query("anomaly == 1")["time"].dt.tz_localize("UTC")
    worst = events.loc[events["severity"].idxmax()]
    assert labelled.between(pd.Timestamp(worst["start"]), pd.Timestamp(worst["end"])).any()
    assert run("run", path, "--at", "2026-04-13").exit_code == 0
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "jobs" / "events.csv"), events)


def test_the_example_says_what_its_comments_say():
    job = read_job(EXAMPLE)
    assert job.name == "pump"
    assert Path(job.located(job.source.path[0])).resolve() == SAMPLE
    commented = EXAMPLE.read_text(encoding="utf-8").replace("# [[", "[[").replace("# url_env", "url_env")
    for key in ("min_severity", "start", "end"):
        commented = commented.replace(f"# {key} =", f"{key} =")
    assert parse_job(commented).alerts.channels[0].url_env == "OPS_SLACK"
