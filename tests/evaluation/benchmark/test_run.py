import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from contenders import Distance, Reference, Stumbling

from tsanomaly.errors import OutputError
from tsanomaly.evaluation import evaluate_scores, sliding_window
from tsanomaly.evaluation.benchmark import Settings, Table, read_results, run
from tsanomaly.evaluation.benchmark.files import read_labels, read_values


def results_of(path, files, contenders, **settings):
    with Table(path) as table:
        return run(files, contenders, table, Settings(**settings))


def test_a_row_holds_what_the_metrics_say_of_the_scores_written(write, tmp_path):
    path = write("1_A_tr_100.csv", rows=400, anomalies=((150, 151), (300, 320)), channels=2)
    (row,) = results_of(tmp_path / "r.csv", [path], {"distance": Distance()}, scores=tmp_path / "scores", seed=3)
    scores = np.load(tmp_path / "scores" / "1_A_tr_100.npy", allow_pickle=False)
    judged = Distance().judge(read_values(path).series, 100, 3)
    assert scores.dtype == np.float64
    assert np.array_equal(scores, judged.scores)
    window = sliding_window(read_values(path).series.values)
    metrics = evaluate_scores(read_labels(path), scores, threshold=5.0, window=window)
    assert (row.vus_pr, row.vus_roc, row.auc_pr) == (metrics.vus_pr, metrics.vus_roc, metrics.auc_pr)
    assert (row.event_f1, row.affiliation_f1) == (metrics.flags.event.f1, metrics.flags.affiliation.f1) == (1.0, 1.0)
    assert (row.file, row.folder, row.detector, row.seed) == ("1_A_tr_100.csv", "data", "distance", 3)
    assert (row.rows, row.channels, row.anomalies, row.longest_anomaly) == (400, 2, 2, 20)
    assert row.flagged_per_week == row.labelled_per_week == pytest.approx(2 * 2016 / 400)
    assert (row.fit_seconds, row.score_seconds) == (1.5, 0.25)
    assert 20 < row.peak_megabytes < 10_000
    assert row.failure == ""


def test_a_contender_is_told_the_rows_to_learn_from(write, tmp_path):
    files = [write("named_tr_70.csv", rows=400), write("plain.csv", rows=200, anomalies=((150, 160),))]
    results_of(tmp_path / "r.csv", files, {"reference": Reference()}, scores=tmp_path)
    assert np.load(tmp_path / "named_tr_70.npy").sum() == 70
    assert np.load(tmp_path / "plain.npy").sum() == 50


def test_scores_of_a_file_with_times_are_in_the_order_and_number_of_its_rows(write, tmp_path):
    minutes = [*range(0, 500, 5), *range(600, 1100, 5)]
    times = [str(np.datetime64("2024-03-01T00:00:00") + m * np.timedelta64(60, "s")) for m in minutes]
    path = write("t.csv", rows=200, anomalies=((150, 160),), times=times)
    (row,) = results_of(tmp_path / "r.csv", [path], {"distance": Distance()}, scores=tmp_path)
    scores = np.load(tmp_path / "t.npy")
    assert scores.shape == (200,)
    assert set(np.argsort(-scores)[:10]) == set(range(150, 160))
    assert row.vus_pr > 0.9
    assert row.labelled_per_week == pytest.approx(7 * 24 * 60 / 1100)


def test_rows_that_were_not_judged_get_the_lowest_score(write, tmp_path):
    path = write("gap.csv")
    lines = path.read_text().splitlines()
    lines[11] = ",0"
    path.write_text("\n".join(lines) + "\n")
    results_of(tmp_path / "r.csv", [path], {"distance": Distance()}, scores=tmp_path)
    scores = np.load(tmp_path / "gap.npy")
    assert np.isfinite(scores).all()
    assert scores[10] == scores.min()


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("refused", "this series is of no use"),
        ("surprised", "unexpected ZeroDivisionError: division by zero"),
        ("silent", "not a single row was judged"),
        ("killed", "the process that scored it died, most likely for want of memory"),
    ],
)
def test_a_file_that_fails_counts_nothing_and_is_named_and_the_others_are_scored(write, tmp_path, how, reason):
    files = [write(f"{i}.csv", rows=rows) for i, rows in enumerate([400, 401, 402, 403, 404])]
    rows = results_of(tmp_path / "r.csv", files, {"stumbling": Stumbling(402, how)}, workers=2, scores=tmp_path)
    assert [row.failure for row in rows] == ["", "", reason, "", ""]
    assert [row.vus_pr > 0.9 for row in rows] == [True, True, False, True, True]
    assert rows[2].vus_pr == rows[2].event_f1 == 0.0
    assert not (tmp_path / "2.npy").exists()
    assert {row.file: row.failure for row in read_results(tmp_path / "r.csv")} == {r.file: r.failure for r in rows}


@pytest.mark.parametrize("labels_hidden", [False, True])
def test_a_file_without_labels_is_a_failure_and_one_without_anomalies_is_none(write, tmp_path, labels_hidden):
    quiet, bare = write("quiet.csv", anomalies=()), write("bare.csv")
    bare.write_text(bare.read_text().replace("Label", "Answer"))
    rows = results_of(tmp_path / "r.csv", [quiet, bare], {"distance": Distance()}, labels_hidden=labels_hidden)
    assert rows[0].failure == ""
    assert np.isnan(rows[0].vus_pr)
    assert (rows[0].anomalies, rows[0].flagged_per_week) == (0, 0.0)
    assert "'Answer' as its last column" in rows[1].failure
    assert rows[1].vus_pr == 0.0


def test_what_is_finished_is_not_run_again_but_what_failed_is(write, tmp_path):
    files = [write("a.csv", rows=400), write("b.csv", rows=401)]
    table = tmp_path / "r.csv"
    results_of(table, files, {"it": Stumbling(401, "refused")})
    before = table.read_text()
    seen = []
    with Table(table) as opened:
        rows = run(files, {"it": Distance()}, opened, Settings(), lambda *told: seen.append(told))
    assert [(row.file, done, total) for row, done, total in seen] == [("b.csv", 2, 2)]
    assert [row.failure for row in rows] == ["", ""]
    assert table.read_text().startswith(before)
    assert len(table.read_text().splitlines()) == 4
    assert len(read_results(table)) == 2


def test_finished_files_are_scored_again_where_scores_are_asked_for_and_not_there(write, tmp_path):
    path, table = write("a.csv"), tmp_path / "r.csv"
    results_of(table, [path], {"it": Distance()})
    results_of(table, [path], {"it": Distance()}, scores=tmp_path / "scores")
    assert (tmp_path / "scores" / "a.npy").exists()


@pytest.mark.parametrize("place", ["taken", "taken/deeper"])
def test_a_place_for_scores_that_is_no_folder_is_said_in_a_sentence(write, tmp_path, place):
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match=r"cannot be written: .*; give another folder"):
        results_of(tmp_path / "r.csv", [write("a.csv")], {"d": Distance()}, scores=tmp_path / place)


def test_several_contenders_have_folders_of_their_own_for_scores(write, tmp_path):
    path = write("a.csv")
    rows = results_of(tmp_path / "r.csv", [path], {"x": Distance(), "y": Reference()}, scores=tmp_path / "scores")
    assert [row.detector for row in rows] == ["x", "y"]
    assert {p.relative_to(tmp_path / "scores").as_posix() for p in (tmp_path / "scores").rglob("*.npy")} == {
        "x/a.npy",
        "y/a.npy",
    }


def test_a_killed_run_leaves_no_process_behind_and_goes_on_where_it_was(write, tmp_path):
    for i in range(300):
        write(f"{i:03d}_A.csv", rows=150, anomalies=((100, 110),))
    table = tmp_path / "r.csv"
    command = [
        sys.executable,
        "-c",
        "from tsanomaly.cli.main import run; run()",
        "benchmark",
        str(tmp_path / "data"),
        "--detector",
        "moving-variance",
        "--workers",
        "2",
        "--output",
        str(table),
    ]
    running = subprocess.Popen(command)
    while not table.exists() or table.read_text().count("\n") < 3:
        assert running.poll() is None
        time.sleep(0.005)
    children = psutil.Process(running.pid).children(recursive=True)
    running.kill()
    running.wait()
    gone, alive = psutil.wait_procs(children, timeout=60)
    assert len(gone) >= 2
    assert not alive
    before = table.read_text()
    assert 3 <= before.count("\n") < 301
    subprocess.run(command, check=True, capture_output=True)
    after = table.read_text()
    assert after.startswith(before[: before.rfind("\n") + 1])
    assert sorted(line.split(",")[0] for line in after.splitlines()[1:]) == [f"{i:03d}_A.csv" for i in range(300)]
