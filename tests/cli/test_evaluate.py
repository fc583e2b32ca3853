import json

import numpy as np
import pytest

import tsanomaly
from tsanomaly.evaluation import evaluate_scores, random_scores, sliding_window

SCORED = ["detector", "random", "moving variance"]


def test_metrics_stand_beside_random_scores_and_a_moving_variance(run, file, model):
    result = run("evaluate", file, "--model", model)
    header = result.stdout.splitlines()[1]
    assert header.split("  ")[-1].strip() or all(name in header for name in SCORED)
    for metric in ("VUS-PR", "affiliation F1", "event F1", "point-adjusted F1 *", "labelled events found"):
        assert metric in result.stdout
    assert "1 labelled in 1 events" in result.stdout


def test_json_holds_the_metrics_that_python_gives(run, file, model):
    content = json.loads(run("evaluate", file, "--model", model, "--format", "json").stdout)
    assert list(content["metrics"]) == SCORED
    series = tsanomaly.read_csv(file).one()
    events = tsanomaly.load(model).detect(series)
    window = sliding_window(series.values)
    flagged = np.zeros(len(series), bool)
    for event in events:
        flagged[event.start_row : event.end_row] = True
    expected = evaluate_scores(series.labels, events.scores.total, predicted=flagged, window=window)
    assert content["metrics"]["detector"] == json.loads(json.dumps(expected.to_dict()))
    chance = evaluate_scores(series.labels, random_scores(series.values), window=window)
    assert content["metrics"]["random"]["vus_pr"] == chance.vus_pr


def test_the_baselines_flag_as_many_rows_as_the_detector(run, file, model):
    content = json.loads(run("evaluate", file, "--model", model, "--format", "json").stdout)
    precisions = {name: content["metrics"][name]["flags"]["point"] for name in SCORED}
    # with one labelled row, precision is 1 / flagged rows where it was found and 0 elsewhere
    found = {1 / point["precision"] for point in precisions.values() if point["precision"]}
    assert len(found) == 1


def test_a_file_without_labels_is_refused_before_anything_is_learned(run, quiet):
    result = run("evaluate", quiet)
    sentence = "error: series 'quiet' has no labels to compare with; name their column with --label-column\n"
    assert (result.exit_code, result.stdout, result.stderr) == (3, "", sentence)


def test_labels_that_are_all_alike_are_refused(run, tmp_path):
    path = tmp_path / "calm.csv"
    path.write_text("a,label\n" + "1,0\n2,0\n" * 300, encoding="utf-8")
    result = run("evaluate", path)
    assert result.exit_code == 3
    assert result.stderr == "error: series 'calm' is labelled the same in every row; evaluation needs both kinds\n"


@pytest.mark.parametrize("format", ["csv", "xml"])
def test_a_format_it_cannot_print_is_a_usage_error(run, file, format):
    assert run("evaluate", file, "--format", format).exit_code == 2
