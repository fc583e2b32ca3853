import json

import numpy as np
import pytest
from waves import stamps, waves, wide, write

import tsanomaly
from tsanomaly.evaluation import self_test


@pytest.fixture(scope="session")
def answer(folder, quiet, model):
    """What the test says in Python of the same file and model."""
    return self_test(tsanomaly.load(model), tsanomaly.read_csv(quiet).one())


@pytest.fixture(scope="session")
def untaught(folder):
    """A model to which no error is anything beside what it takes as usual."""
    noise = np.random.default_rng(0).normal(size=(720, 2))
    series = tsanomaly.from_array(noise, stamps(720), channels=("flow", "heat")).one()
    detector = tsanomaly.Detector(training=tsanomaly.Training(steps=1)).fit(series)
    for usual in detector.usual_:
        usual.channel[:], usual.mean[:] = 3e38, 1e308
    path = folder / "untaught.safetensors"
    tsanomaly.save(detector, path)
    return path


def test_it_tells_the_same_as_python(run, quiet, model, answer):
    result = run("self-test", quiet, "--model", model, "--format", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    content = json.loads(result.stdout)
    assert {name: content[name] for name in answer.to_dict()} == answer.to_dict()
    assert set(content) == {*answer.to_dict(), "format", "versions"}


def test_the_table_has_a_row_a_kind_and_says_how_to_read_it(run, quiet, model, answer):
    text = run("self-test", quiet, "--model", model).stdout
    caught, stood_out = answer.detector.counted()
    assert text.startswith(f"quiet: {caught} of 168 injected anomalies caught (")
    assert f"{stood_out} (" in text
    assert answer.twin_verdict.sentence in " ".join(text.split())
    for rate in answer.rates:
        [line] = [line for line in text.splitlines() if line.startswith(f"  {rate.kind.value} ")]
        assert f"{rate.caught}/{rate.injected} ({rate.stood_out})" in line
    assert "caught at the threshold" in text


def test_a_threshold_changes_what_is_caught_and_not_what_stands_out(run, quiet, model):
    def told(*options):
        return json.loads(run("self-test", quiet, "--model", model, "--format", "json", *options).stdout)

    own, low, high = told(), told("--threshold", "quantile=0.9"), told("--threshold", "mad=1000")
    assert high["caught"] == 0
    assert high["caught"] < own["caught"] < low["caught"]
    assert own["stood_out"] == low["stood_out"] == high["stood_out"]
    strict = run("self-test", quiet, "--model", model, "--threshold", "mad=1000")
    assert "1000 median absolute deviations" in strict.stdout
    assert "; a larger --budget or another --threshold catches more" in strict.stdout


def test_a_larger_budget_is_no_advice_where_the_budget_is_not_used_up(run, quiet, model):
    text = run("self-test", quiet, "--model", model, "--budget", "1000/week").stdout
    assert "the budget is not used up" in text
    assert "whatever the threshold; another --threshold catches more" in text


def test_without_a_model_it_learns_from_the_file(run, file):
    content = json.loads(run("self-test", file, "--seconds", "1", "--format", "json").stdout)
    assert (content["series"], content["outcome"]) == ("waves", "passed")


def test_a_detector_that_tells_nothing_is_refused_after_its_table(run, quiet, untaught):
    result = run("self-test", quiet, "--model", untaught)
    assert result.exit_code == 4
    assert "0 of 168 injected anomalies caught" in result.stdout
    assert result.stderr == (
        "error: the detector is refused on series 'quiet': every row scores the same; "
        "train on data that varies, or for more steps\n"
    )


def test_a_series_too_short_to_be_tested_is_one_sentence(run, tmp_path, model):
    path = wide(tmp_path / "short.csv", waves(60, spikes=()))
    result = run("self-test", path, "--model", model)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "give a longer series" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_several_series_must_be_tested_one_by_one(run, several):
    result = run("self-test", several)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "3 series" in result.stderr


def test_a_file_without_names_is_tested_too(run, tmp_path):
    path = write(tmp_path / "bare.csv", ["0.1"], ([f"{v:.3f}"] for v in waves(720, ())[:, 0]))
    assert run("self-test", path, "--seconds", "1").exit_code == 0
