"""Files in ``deploy/``: what of them can be checked without building images or having a cluster."""

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
import yaml

from tsanomaly.cli.main import app

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
KUBERNETES = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "cronjob.yaml").read_text(encoding="utf-8")))
UNITS = sorted((DEPLOY / "systemd").iterdir())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def dockerfile():
    """Instructions of the Dockerfile, without comments, as ``(name, rest)``."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def pod():
    return KUBERNETES[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def called():
    """Every call of ``tsanomaly``, as words after the name, with where it stands."""
    (default,) = [json.loads(rest) for name, rest in dockerfile() if name == "CMD"]
    yield "Dockerfile", default
    for name, service in COMPOSE["services"].items():
        if service["image"] == "tsanomaly":
            yield f"compose.yaml: {name}", service.get("command", [])
    yield "cronjob.yaml", pod()["containers"][0]["args"]
    for unit in UNITS:
        for line in re.findall(r"^ExecStart=\S+/tsanomaly (.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE):
            yield unit.name, shlex.split(line)
    for node in ast.walk(ast.parse((DEPLOY / "airflow" / "tsanomaly_dag.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "bash_command":
            yield "tsanomaly_dag.py", shlex.split(re.sub(r"{{.*?}}", "2026-01-01", ast.literal_eval(node.value)))[1:]


CALLS = list(called())


def test_every_kind_of_file_calls_the_command():
    assert len(CALLS) == 8


@pytest.mark.parametrize(("where", "words"), CALLS, ids=[where for where, _ in CALLS])
def test_commands_and_options_exist(where, words):
    command = typer.main.get_command(app)
    words = list(words)
    while hasattr(command, "commands"):
        assert words[0] in command.commands, words
        command = command.commands[words.pop(0)]
    command.make_context("tsanomaly", words)  # parses and checks, and runs nothing


def test_variables_are_read_by_somebody():
    text = "".join(path.read_text(encoding="utf-8") for path in DEPLOY.rglob("*") if path.is_file())
    code = "".join(
        path.read_text(encoding="utf-8") for part in ("tsanomaly", "dashboards") for path in (ROOT / part).rglob("*.py")
    )
    named = set(re.findall(r"\bTSANOMALY_[A-Z]+(?:_[A-Z]+)*\b", text)) - {"TSANOMALY_DB_PASSWORD"}  # compose's own
    assert named == {name for name in named if name in code}
    assert len(named) >= 5


def test_the_image_gets_what_the_wheel_needs_and_is_not_root():
    copied = {word for name, rest in dockerfile() if name == "COPY" for word in rest.split()[:-1]}
    assert {"pyproject.toml", "constraints.txt", "README.md", "tsanomaly", "dashboards", "data"} <= copied
    assert all((ROOT / name).exists() for name in copied if not name.startswith(("--", "/")))
    sent = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    assert sent == {name for name in copied if not name.startswith(("--", "/"))}
    user = [rest for name, rest in dockerfile() if name == "USER"]
    assert user == ["10001"]
    assert f"--uid {user[0]}" in DOCKERFILE


def test_every_instruction_is_explained():
    """A comment stands over each, or over the lines of the same kind that it is one of."""
    said = False
    for line in DOCKERFILE.splitlines():
        word = line.split(" ")[0]
        if line.startswith("#"):
            said = True
        elif not line.strip():
            said = False
        elif word.isupper() and word not in ("COPY", "WORKDIR", "CMD"):
            assert said, line


def test_services_are_confined_and_only_this_machine_is_let_in():
    for name, service in COMPOSE["services"].items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
        if service["image"] == "tsanomaly":
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
            assert "${TSANOMALY_DB_PASSWORD:?" in service["environment"]["TSANOMALY_WORKSPACE"]
    assert "healthcheck" in COMPOSE["services"]["database"]
    assert "healthcheck" in COMPOSE["services"]["dashboard"]
    container = pod()["containers"][0]
    assert pod()["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]


def test_the_airflow_example_compiles():
    path = DEPLOY / "airflow" / "tsanomaly_dag.py"
    compile(path.read_text(encoding="utf-8"), str(path), "exec")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_accepts_the_units(tmp_path):
    script = Path(sys.executable).parent / "tsanomaly"
    units = []
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/tsanomaly/bin/tsanomaly", str(script))
        units.append(tmp_path / unit.name)
        units[-1].write_text(text, encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", *map(str, units)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
