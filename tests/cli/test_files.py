import json

import pytest

import tsanomaly
from tsanomaly.resources import data_folder


def test_inspect_prints_the_diagnosis(run, file):
    diagnosis = tsanomaly.read_csv(file).diagnosis
    text = run("inspect", file).stdout
    assert [line.strip() for line in text.splitlines()] == diagnosis.lines()


def test_inspect_prints_the_diagnosis_as_json(run, file):
    result = run("inspect", file, "--format", "json")
    assert json.loads(result.stdout) == json.loads(json.dumps(tsanomaly.read_csv(file).diagnosis.to_dict()))
    assert result.stderr == ""


def test_sample_lists_the_samples(run):
    assert run("sample").stdout.split() == ["machine", "pump", "tank", "web"]


@pytest.mark.parametrize("arguments", [("tank",), ("tank", "--output", "tank.csv")])
def test_sample_writes_a_sample_into_the_current_folder(run, tmp_path, arguments):
    result = run("sample", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "written: tank.csv\n")
    assert (tmp_path / "tank.csv").read_bytes() == (data_folder() / "tank.csv").read_bytes()


def test_sample_writes_to_stdout(run, tmp_path):
    result = run("sample", "tank", "--output", "-")
    assert result.stdout == (data_folder() / "tank.csv").read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["nothing", "../README", "/etc/passwd"])
def test_a_sample_that_does_not_exist_is_refused(run, name):
    result = run("sample", name)
    sentence = f"error: there is no sample '{name}'; the samples are machine, pump, tank, web\n"
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", sentence)


def test_a_model_shows_what_it_learned_from(run, quiet, model):
    shown = run("models", "show", model).stdout
    detector = tsanomaly.load(model)
    for part in ("quiet, 720 rows", "flow, heat", detector.learned_from_["sha256"], "at most 3 events a week", "1 h"):
        assert part in shown, shown


def test_train_shows_the_model_it_wrote(run, tmp_path, quiet):
    result = run("train", quiet, "--out", "model", "--seconds", "1", "--threshold", "quantile=0.99")
    assert result.exit_code == 0
    assert result.stdout == run("models", "show", "model").stdout
    assert "quantile 0.99" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_file_of_several_series_cannot_be_learned_from_at_once(run, several):
    result = run("train", several, "--out", "model")
    assert result.exit_code == 3
    assert "3 series" in result.stderr
