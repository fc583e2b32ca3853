import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner
from waves import stamps, waves, wide, write

from tsanomaly.cli.main import app


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in an empty folder; the result has ``exit_code``, ``stdout`` and ``stderr``."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def script():
    """The command in a process of its own, as a shell starts it; a background job of a shell would ignore Ctrl-C."""

    def start(*arguments, **settings):
        code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n" + (
            "from tsanomaly.cli.main import run; run()"
        )
        command = [sys.executable, "-c", code, *map(str, arguments)]
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | settings
        return subprocess.Popen(command, **given)

    return start


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("command-line")


@pytest.fixture(scope="session")
def file(folder):
    """One series of two channels with one spike, labelled."""
    values = waves()
    return wide(folder / "waves.csv", values, labels=np.arange(len(values)) == 400)


@pytest.fixture(scope="session")
def quiet(folder):
    """The same without a spike."""
    return wide(folder / "quiet.csv", waves(spikes=()))


@pytest.fixture(scope="session")
def several(folder):
    """A long table: two series that can be judged and one that is too short."""
    rows = [
        (name, t, repr(float(v)))
        for name, count, seed in (("north", 720, 1), ("=south", 720, 2), ("short", 5, 3))
        for t, v in zip(stamps(count), waves(count, (400,) if count > 400 else (), seed)[:, 0], strict=True)
    ]
    return write(folder / "several.csv", ["series", "time", "value"], rows)


@pytest.fixture(scope="session")
def model(folder, quiet):
    """Trained on the quiet file."""
    path = folder / "model.safetensors"
    result = CliRunner().invoke(app, ["train", str(quiet), "--out", str(path), "--seconds", "3"])
    assert result.exit_code == 0, result.stderr
    return path
