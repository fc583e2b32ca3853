import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from tsanomaly.cli.file_options import FileOptions
from tsanomaly.cli.main import app

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")
HEAVY = {"torch", "sklearn", "pandas", "streamlit", "scipy", "plotly", "pyarrow", "numpy"}


def commands(group=None, names=()):
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*names, name))
        else:
            yield (*names, name), command


COMMANDS = {" ".join(names): command for names, command in commands()}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help_and_every_command_is_documented(name):
    command = COMMANDS[name]
    assert command.help
    assert all(parameter.help for parameter in command.params)
    assert f"`tsanomaly {name}" in PAGE
    assert CliRunner().invoke(app, [*name.split(), "--help"]).exit_code == 0


def test_every_option_for_reading_is_documented():
    for name in FileOptions.__dataclass_fields__:
        assert f"`--{name.replace('_', '-')}`" in PAGE


def test_help_loads_no_heavy_module():
    look = """
import sys
from tsanomaly.cli.main import app
app(["--help"], standalone_mode=False)
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "typer" in loaded
    assert not loaded & HEAVY


def test_without_a_command_it_shows_its_help(run):
    result = run()
    assert result.exit_code == 2
    assert "inspect" in result.stdout + result.stderr


def test_it_prints_its_version(run):
    import tsanomaly

    assert run("--version").stdout == f"tsanomaly {tsanomaly.__version__}\n"
