"""What ``docs/operations.md`` says is so: its commands run, its tables are whole, its rules name metrics that exist."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from receivers import receiver  # noqa: F401
from runnable_docs import command_lines
from typer.testing import CliRunner

from tsanomaly.batch.health import METRICS
from tsanomaly.cli.main import app
from tsanomaly.workspace import Outcome

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
(RULES,) = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yaml").read_text(encoding="utf-8"))["groups"]

JOB = """
name = "pump-hourly"
source = {kind = "files", path = "pump.csv"}
model = {learn_from = "100D", kind = "linear"}
schedule = {cron = "15 * * * *"}
alerts = {channels = [{url_env = "OPS"}]}
"""


def test_every_metric_is_documented():
    for metric in METRICS:
        assert f"| `{metric.name}` | {', '.join(metric.labels)} | {metric.meaning} |".replace("|  |", "| |") in PAGE


def test_every_outcome_has_a_remedy():
    told = re.findall(r"^\| ([a-z ]+) \| [^|]+ \| [^|]+ \|$", PAGE.split("## What each outcome means")[1], re.MULTILINE)
    assert [name for name in told if name != "outcome"][: len(Outcome)] == [str(outcome) for outcome in Outcome]


def test_rules_name_metrics_that_exist_and_each_is_explained():
    for rule in RULES["rules"]:
        names = re.findall(r"\btsanomaly_\w+", rule["expr"])
        assert names
        assert set(names) <= {metric.name for metric in METRICS}
        assert f"| {rule['alert']} | " in PAGE


@pytest.mark.parametrize("line", command_lines(PAGE))
def test_every_line_is_one_for_a_shell(line):
    done = subprocess.run(["sh", "-n", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_its_commands_run_in_their_order(tmp_path, monkeypatch, receiver):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TSANOMALY_DATA", str(tmp_path / "data"))
    shutil.copy(ROOT / "data" / "pump.csv", "pump.csv")
    Path("pump-hourly.toml").write_text(JOB, encoding="utf-8")
    ran = []
    for line in command_lines(PAGE):
        words = shlex.split(line, comments=True)
        if words[0] == "tsanomaly":
            words = [word.replace("/backup", str(tmp_path)) for word in words]
            result = CliRunner().invoke(app, words[1:])
            assert result.exit_code == 0, f"{line}\n{result.output}"
            ran.append(" ".join(words[1:3]))
    assert {"workspace init", "alerts test", "run pump-hourly.toml", "workspace backup", "workspace upgrade"} <= set(
        ran
    )
    assert receiver.titles[0] == "pump-hourly: a test"
