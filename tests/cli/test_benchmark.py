import csv
import json
import re

import numpy as np
import pytest

from tsanomaly.cli.benchmark import spread
from tsanomaly.evaluation.benchmark.detectors import ABLATIONS, BASELINES, CONTENDERS


@pytest.fixture
def bench(tmp_path):
    """A folder of four labelled files, one of them broken."""
    folder = tmp_path / "bench"
    folder.mkdir()
    for number, rows in enumerate((300, 310, 320)):
        values = np.sin(np.arange(rows) / 4) + np.random.default_rng(number).normal(scale=0.05, size=rows)
        labels = np.zeros(rows, int)
        labels[200:220] = 1
        values[200:220] += 3 * np.random.default_rng(9).normal(size=20)
        lines = [f"{value!r},{label}" for value, label in zip(values.tolist(), labels, strict=True)]
        (folder / f"{number}_{'AB'[number % 2]}_tr_100.csv").write_text("\n".join(["value,Label", *lines]) + "\n")
    (folder / "3_<b>C_tr_100.csv").write_text("value,Label\nx,0\ny,1\n")
    return folder


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_it_writes_a_row_a_file_names_what_failed_and_says_means(run, bench, tmp_path):
    result = run(
        "benchmark",
        bench,
        "--detector",
        "moving-variance",
        "--detector",
        "random",
        "--workers",
        2,
        "--scores",
        "scores",
        "--report",
        "page.html",
    )
    assert result.exit_code == 0
    rows = table(tmp_path / "results.csv")
    assert len(rows) == 8
    assert {row["file"] for row in rows if row["failure"]} == {"3_<b>C_tr_100.csv"}
    scored = [float(row["vus_pr"]) for row in rows if row["detector"] == "moving-variance"]
    assert f"{np.mean(scored):.3f}" in next(line for line in result.stdout.splitlines() if "moving-variance   " in line)
    assert "failed, counted 0: 3_<b>C_tr_100.csv (random): 3_<b>C_tr_100.csv has text" in result.stdout
    assert result.stderr.splitlines() == ["written: results.csv", "written: scores", "written: page.html"]
    scores = np.load(tmp_path / "scores" / "random" / "0_A_tr_100.npy", allow_pickle=False)
    assert scores.shape == (300,)
    assert scores.dtype == np.float64


def test_its_page_shows_every_file_escapes_names_and_draws_the_means(run, bench, tmp_path):
    run("benchmark", bench, "--detector", "moving-variance", "--report", "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<b>C" not in page
    for name in ("0_A_tr_100.csv", "1_B_tr_100.csv", "2_A_tr_100.csv", "3_&lt;b&gt;C_tr_100.csv"):
        assert name in page
    assert page.index("3_&lt;b&gt;C_tr_100.csv") < page.index("0_A_tr_100.csv")
    figure = json.loads(re.search(r'id="source">(.*?)</script>', page).group(1))
    rows = {row["file"]: float(row["vus_pr"]) for row in table(tmp_path / "results.csv")}
    drawn = dict(zip(figure["data"][0]["y"], figure["data"][0]["x"], strict=True))
    assert drawn["A"] == pytest.approx((rows["0_A_tr_100.csv"] + rows["2_A_tr_100.csv"]) / 2)


def test_the_detector_beats_chance_here_and_meets_its_linear_twin(run, bench, tmp_path):
    result = run("benchmark", bench / "0_A_tr_100.csv", "--detector", "default", "--detector", "linear")
    assert result.exit_code == 0
    rows = {row["detector"]: row for row in table(tmp_path / "results.csv")}
    assert float(rows["default"]["vus_pr"]) > 0.5
    assert float(rows["linear"]["vus_pr"]) > 0.5
    assert 100 < float(rows["default"]["peak_megabytes"]) < 10_000
    assert "against the linear twin" in result.stdout


def test_scores_with_labels_hidden_are_the_same(run, bench, tmp_path):
    for number, option in enumerate(([], ["--labels-hidden"])):
        run("benchmark", bench, "--detector", "squared-differences", "--output", f"{number}.csv", *option)
    metrics = [[row["vus_pr"] for row in table(tmp_path / f"{number}.csv")] for number in range(2)]
    assert sorted(metrics[0]) == sorted(metrics[1])


def test_ablate_runs_the_default_its_variations_and_what_they_must_beat():
    from tsanomaly.evaluation.benchmark import with_ablations

    assert with_ablations("all") == ["default", *ABLATIONS, "linear", *BASELINES]
    assert set(with_ablations("all")) == set(CONTENDERS)
    first = next(iter(ABLATIONS))
    assert with_ablations(first) == ["default", first, "linear", *BASELINES]


def test_every_variation_names_parameters_that_the_detector_has():
    from tsanomaly import Detector

    for parameters in ABLATIONS.values():
        known = {*Detector().get_params(), "steps"}
        assert known.issuperset(parameters)


def test_unknown_names_and_places_are_refused(run, bench, tmp_path):
    for arguments, sentence in (
        (["--detector", "best"], "detector is 'best'; expected one of default, linear, "),
        (["--ablate", "some"], "ablation is 'some'; expected all, or one of "),
        (["--output", "none/r.csv"], "'none/r.csv' cannot be written: No such file or directory; give another path"),
    ):
        result = run("benchmark", bench, "--detector", "random", *arguments)
        assert result.exit_code == (5 if "--output" in arguments else 2)
        assert sentence in result.stderr
    assert run("benchmark", tmp_path / "nowhere").exit_code == 2
    assert not (tmp_path / "results.csv").exists()


def test_a_limit_takes_files_spread_over_all():
    assert spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3) == [0, 3, 6]
    assert spread([0, 1], 3) == spread([0, 1], None) == [0, 1]
