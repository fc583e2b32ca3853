"""What the two commands would do, as make itself says."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def planned(target, **settings):
    """The commands that make would run on a fresh clone."""
    told = ("CI", "SERVE", "PORT", "VENV", "PYTHON", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in told}
    command = ["make", "--dry-run", "--always-make", "VENV=fresh", target]
    done = subprocess.run(command, cwd=ROOT, env=environment | settings, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("target", ["demo", "test"])
def test_a_fresh_clone_needs_python_and_pip_alone(target):
    first, second, *rest = planned(target)
    assert first == "python3 -m venv --without-pip fresh"
    assert second.startswith("python3 -m pip ")
    assert {line.split()[0].partition("/")[0] for line in rest} == {"fresh", "touch"}
    assert any("-c constraints.txt" in line for line in rest)


def test_the_demo_serves_what_it_found():
    assert planned("demo")[-1].split() == ["fresh/bin/tsanomaly", "demo"]
    assert planned("demo", PORT="8600")[-1].split()[2:] == ["--port", "8600"]


@pytest.mark.parametrize("settings", [{"CI": "true"}, {"SERVE": "0"}, {"CI": "true", "SERVE": "0"}])
def test_the_demo_stops_before_serving_where_nobody_looks(settings):
    assert planned("demo", **settings)[-1].split()[2:] == ["--no-serve"]


def test_the_suite_checks_style_format_and_types_before_it_runs():
    steps = [line.removeprefix("fresh/bin/") for line in planned("test")[-4:]]
    assert steps[:3] == ["ruff check .", "ruff format --check .", "mypy"]
    assert steps[3].startswith("python -m pytest")


def test_continuous_integration_runs_the_suite():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "export CI=true" in script.splitlines()
    assert script.splitlines()[-1] == "make test"
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)
