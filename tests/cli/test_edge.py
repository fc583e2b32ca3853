import os
import re
import signal
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import typer
from typer.testing import CliRunner
from waves import waves, wide

from tsanomaly.cli.edge import Edge
from tsanomaly.cli.exit_codes import ExitCode
from tsanomaly.cli.output import write_aside
from tsanomaly.errors import OutputError

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")


def test_the_documented_exit_statuses_are_the_real_ones():
    documented = re.findall(r"^\| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert documented == [(str(int(code)), code.meaning) for code in ExitCode]


@pytest.mark.parametrize("command", ["inspect", "detect", "evaluate"])
def test_a_file_that_is_not_there_is_one_sentence(run, command):
    result = run(command, "nothing.csv")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == "error: nothing.csv does not exist; check the path\n"


def test_a_broken_model_is_one_sentence(run, tmp_path, file, model):
    (tmp_path / "cut.safetensors").write_bytes(model.read_bytes()[:5000])
    for arguments in (("detect", file, "--model", "cut.safetensors"), ("models", "show", "cut.safetensors")):
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (4, "")
        assert "cut.safetensors" in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_a_model_of_other_columns_is_one_sentence(run, tmp_path, model):
    other = wide(tmp_path / "other.csv", waves(), ("flow", "pressure"))
    result = run("detect", other, "--model", model)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "flow, pressure" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_model_that_cannot_be_written_leaves_nothing(run, tmp_path, quiet):
    result = run("train", quiet, "--out", "missing/model", "--seconds", "1")
    assert result.exit_code == 4
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def faulty():
    app = typer.Typer(cls=Edge, pretty_exceptions_enable=False)

    @app.callback()
    def settings(debug: bool = False):
        pass

    @app.command()
    def fail():
        raise RuntimeError("[bold]of its own[/]\x1b[2J")

    return app


def test_an_unexpected_error_is_one_sentence_that_says_how_to_see_more():
    result = CliRunner().invoke(faulty(), ["fail"])
    assert result.exit_code == ExitCode.UNEXPECTED
    sentence = "unexpected RuntimeError: [bold]of its own[/]\\x1b[2J; this is a fault of tsanomaly, --debug shows where"
    assert result.stderr == f"error: {sentence}\n"


def test_debug_shows_where_an_unexpected_error_comes_from():
    result = CliRunner().invoke(faulty(), ["--debug", "fail"])
    assert isinstance(result.exception, RuntimeError)


def test_ctrl_c_is_clean_and_leaves_nothing(script, tmp_path, folder):
    names = [f"c{j}" for j in range(20)]  # so many channels are learned for longer than it takes to interrupt
    long = wide(folder / "long.csv", np.tile(waves(20_000), (1, 10)), names)
    process = script("train", long, "--out", tmp_path / "model", env=os.environ | {"OMP_NUM_THREADS": "1"})
    learner = psutil.Process(process.pid)
    while process.poll() is None and learner.cpu_times().user < 5:  # in the midst of learning
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, "", "error: cancelled\n")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_is_no_error(script, file, model):
    with script("detect", file, "--model", model, "--format", "json") as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out.txt"
    write_aside(path, "old")
    write_aside(path, "new\r\n")
    assert path.read_bytes() == b"new\r\n"
    with pytest.raises(OutputError):
        write_aside(path, "\ud800 cannot be encoded")
    assert path.read_bytes() == b"new\r\n"
    assert list(tmp_path.iterdir()) == [path]


def test_an_output_that_is_a_folder_is_refused(tmp_path):
    with pytest.raises(OutputError, match=r"cannot be written: Is a directory; give another path"):
        write_aside(tmp_path, "text")
