"""What the documents name is there, and the README runs as it stands."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from itertools import takewhile
from pathlib import Path

import jsonschema
import pytest
import typer.main
from runnable_docs import command_lines, examples, run

from tsanomaly.cli.main import app

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CHANGELOG.md", ROOT / "data" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = typer.main.get_command(app)


def each_page(test):
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))(test)


def prose(page):
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page):
    """What a link may name after ``#``: headings as they become addresses."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_somewhere(page, target):
    """Whether a link names a file of the project, and a heading in it."""
    path, _, anchor = target.partition("#")
    aim = (page.parent / path).resolve() if path else page
    return aim.is_relative_to(ROOT) and aim.exists() and (not anchor or anchor in anchors(aim))


@each_page
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    assert not [link for link in links if not link.startswith("https://") and not leads_somewhere(page, link)]


def named_commands(page):
    """Calls of ``tsanomaly`` in a page's blocks and in its prose, as words after the name."""
    spans = re.findall(r"`(tsanomaly [^`]+)`", prose(page))
    for line in [*command_lines(page.read_text(encoding="utf-8")), *spans]:
        words = shlex.split(line)
        for at, word in enumerate(words):
            if word == "tsanomaly":
                yield list(takewhile(lambda word: word not in ("&&", "||", "|", ">"), words[at + 1 :]))


def options(command):
    """Every spelling of a command's options."""
    return {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}


def all_options(group=COMMAND):
    """Those of a group and of all commands in it."""
    inner = [all_options(one) if hasattr(one, "commands") else options(one) for one in group.commands.values()]
    return options(group).union(*inner)


@each_page
def test_named_commands_and_their_options_exist(page):
    for words in named_commands(page):
        command = COMMAND
        given = [word.partition("=")[0] for word in words if word.startswith("--")]
        while hasattr(command, "commands") and words and not words[0].startswith("-") and words[0].islower():
            assert words[0] in command.commands, words
            command, words = command.commands[words[0]], words[1:]
        assert set(given) <= options(command), words


@pytest.mark.parametrize("page", [README, ROOT / "docs" / "command-line.md"], ids=lambda page: page.name)
def test_options_named_by_themselves_exist(page):
    named = set(re.findall(r"`(--[a-z][a-z-]*)", prose(page)))
    assert named
    assert named <= all_options()


def test_the_architecture_names_modules_that_exist():
    named = re.findall(r"`((?:\w+/)+(?:\w+\.(?:py|json))?|\w+\.py)`", prose(ROOT / "docs" / "architecture.md"))
    assert len(named) > 50
    elsewhere = {"tsanomaly/_dashboards/"}  # in a wheel
    lost = [name for name in named if not (ROOT / name).exists() and not (ROOT / "tsanomaly" / name).exists()]
    assert set(lost) == elsewhere


def test_the_readme_names_every_document():
    linked = set(re.findall(r"\]\(([^)#\s]+)", prose(README)))
    assert {page.relative_to(ROOT).as_posix() for page in PAGES if page != README} <= linked


def test_the_readme_runs_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("TSANOMALY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TSANOMALY_WORKSPACE", f"sqlite:///{tmp_path / 'workspace.db'}")
    monkeypatch.setenv("TSANOMALY_DATA", str(tmp_path / "kept"))
    shutil.copytree(ROOT / "data", "data")
    text = README.read_text(encoding="utf-8")
    for line in command_lines(text):
        if line.startswith("make "):
            subprocess.run(["make", "--dry-run", line.split()[1]], cwd=ROOT, check=True, capture_output=True)
        elif line.startswith("tsanomaly dashboard"):
            check_serving(line)
        else:
            done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    schema = json.loads((ROOT / "docs" / "detect.schema.json").read_text(encoding="utf-8"))
    result = json.loads(Path("events.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(result)
    assert result["events"]
    assert Path("pump.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert run(README) == len(examples(text)) > 0


def check_serving(line):
    """The dashboard answers and ends by Ctrl-C."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*shlex.split(line), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        while True:
            assert server.poll() is None, server.communicate()[0].decode()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
                    assert answer.read() == b"ok"
                    break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
    finally:
        os.killpg(server.pid, signal.SIGINT)
        said, _ = server.communicate(timeout=60)
    assert server.returncode == 0, said.decode()
