"""That a detector cannot have seen the labels when it scores."""

import subprocess
import sys

import numpy as np
import pytest
from contenders import Distance

from tsanomaly.evaluation import evaluate_scores
from tsanomaly.evaluation.benchmark import Settings, Table, contender_named, run
from tsanomaly.evaluation.benchmark.files import read_labels, read_values


def pry(tests_folder, mode, scores, files, folder):
    """VUS-PR by file of a detector that takes the labels from wherever it can, with its files on the command line."""
    command = [sys.executable, str(tests_folder / "contenders.py"), mode, str(scores), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    return [float(line) for line in done.stdout.splitlines()]


def vus_pr_of_constant_scores(file):
    material = read_values(file)
    return evaluate_scores(read_labels(file), np.zeros(len(material)), window=material.window).vus_pr


@pytest.fixture
def files(write):
    return [write("a_tr_100_1st_300.csv"), write("b_tr_100_1st_200.csv.gz", rows=500, anomalies=((200, 230),))]


def test_a_detector_that_looks_for_labels_finds_them_only_where_they_are_not_hidden(files, tests_folder, tmp_path):
    home = files[0].parent
    blind = [vus_pr_of_constant_scores(file) for file in files]
    assert min(pry(tests_folder, "open", tmp_path / "open", files, home)) > 0.9
    assert pry(tests_folder, "hidden", tmp_path / "hidden", files, home) == pytest.approx(blind)
    assert max(blind) < 0.4


def test_no_label_is_compared_before_the_scores_of_all_files_are_written(files, tmp_path):
    written = {}
    for hidden in (False, True):
        folder, counts = tmp_path / str(hidden), []
        with Table(tmp_path / f"{hidden}.csv") as table:
            run(
                files,
                {"it": Distance()},
                table,
                Settings(scores=folder, labels_hidden=hidden),
                lambda *told, folder=folder, counts=counts: counts.append(len(list(folder.glob("*.npy")))),
            )
        written[hidden] = counts
    assert written == {False: [1, 2], True: [2, 2]}


def test_hiding_labels_changes_no_bit_of_scores_and_metrics(files, tmp_path):
    rows = {}
    for hidden in (False, True):
        with Table(tmp_path / f"{hidden}.csv") as table:
            settings = Settings(scores=tmp_path / str(hidden), labels_hidden=hidden)
            rows[hidden] = run(files, {"it": contender_named("moving-variance")}, table, settings)
    for first, second, file in zip(rows[False], rows[True], ("a_tr_100_1st_300", "b_tr_100_1st_200"), strict=True):
        assert (first.vus_pr, first.event_f1, first.rows) == (second.vus_pr, second.event_f1, second.rows)
        scores = [np.load(tmp_path / str(hidden) / f"{file}.npy") for hidden in (False, True)]
        assert np.array_equal(*scores)


def test_other_labels_give_the_same_scores(write, tmp_path):
    path = write("a.csv")
    scores = []
    for turn in range(2):
        with Table(tmp_path / f"{turn}.csv") as table:
            run([path], {"it": contender_named("squared-differences")}, table, Settings(scores=tmp_path / str(turn)))
        scores.append(np.load(tmp_path / str(turn) / "a.npy"))
        header, *lines = path.read_text().splitlines()
        turned = [f"{line[:-1]}{1 - int(line[-1])}" for line in lines]
        path.write_text("\n".join([header, *turned]) + "\n")
    assert np.array_equal(*scores)


def test_nothing_is_left_of_the_copies(files, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with Table(tmp_path / "r.csv") as table:
        run(files, {"it": Distance()}, table, Settings(labels_hidden=True))
    assert list(scratch.iterdir()) == []
