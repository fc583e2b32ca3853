import json

import pytest
from waves import waves, wide

import tsanomaly
from tsanomaly.evaluation import twin_verdict


def twin_of(result):
    assert result.exit_code == 0
    return json.loads(result.stdout)["twin"]


@pytest.fixture(scope="session")
def verdict(file, model):
    """What Python says of the file and the model."""
    return twin_verdict(tsanomaly.load(model), tsanomaly.read_csv(file).one())


def test_detect_says_how_a_model_stands_against_its_twin_when_asked(run, file, model, verdict):
    assert twin_of(run("detect", file, "--model", model, "--twin", "--format", "json")) == verdict.to_dict()
    assert f"  {verdict.sentence}" in run("detect", file, "--model", model, "--twin").stdout.splitlines()


def test_a_model_is_not_compared_unless_asked(run, file, model):
    assert twin_of(run("detect", file, "--model", model, "--format", "json")) is None
    assert "twin" not in run("detect", file, "--model", model).stdout


def test_what_learns_is_compared_unless_told_not_to(run, file):
    learned = twin_of(run("detect", file, "--seconds", "1", "--format", "json"))
    assert learned["standing"] in ("better", "even", "worse")
    assert 0 < learned["found"] <= learned["injected"]
    assert twin_of(run("detect", file, "--seconds", "1", "--no-twin", "--format", "json")) is None


def test_where_nothing_can_be_told_events_are_still_found(run, tmp_path, model):
    path = wide(tmp_path / "short.csv", waves(100, spikes=(50,)))
    content = json.loads(run("detect", path, "--model", model, "--twin", "--format", "json").stdout)
    assert any(event["start_row"] <= 50 < event["end_row"] for event in content["events"])
    assert content["twin"]["standing"] == "unknown"
    assert content["twin"]["sentence"].startswith(
        "Whether the autoencoder beats its linear twin cannot be told: series 'short' has 100 rows; "
    )


def test_the_report_says_it_too(run, tmp_path, file, model, verdict):
    run("detect", file, "--model", model, "--twin", "--report", "out.html")
    assert verdict.sentence in (tmp_path / "out.html").read_text(encoding="utf-8")
