"""What the dashboard tells one to type is there."""

import re

import pytest
import typer

from tsanomaly.cli.main import app
from tsanomaly.resources import dashboards_folder

COMMAND = re.compile(r"(?<!from )(?<!import )\btsanomaly ([a-z]+(?:-[a-z]+)*)\b")
TEXTS = [path.read_text(encoding="utf-8") for path in dashboards_folder().rglob("*.py")]


@pytest.mark.parametrize("name", sorted({name for text in TEXTS for name in COMMAND.findall(text)}))
def test_a_command_that_is_named_is_one(name):
    assert name in typer.main.get_command(app).commands
