import math
from dataclasses import replace

import numpy as np
import pytest

from tsanomaly.evaluation.benchmark import Row, summarise
from tsanomaly.evaluation.benchmark.results import METRICS, failed
from tsanomaly.evaluation.benchmark.summary import bootstrap, channels_of, duel, kind_of


def row(file, vus_pr, detector="default", **more):
    given = {"rows": 100, "channels": 1, "anomalies": 2, "longest_anomaly": 10} | more
    metrics = dict.fromkeys(METRICS, vus_pr / 2) | {"vus_pr": vus_pr}
    return Row(file, "data", detector, 0, **{**given, **metrics})


def test_means_are_over_files_and_over_sources_and_a_failed_file_counts_nothing():
    rows = [
        row("1_A_id.csv", 0.9),
        row("2_A_id.csv", 0.5),
        failed("3_A_id.csv", "data", "default", 0, "it broke"),
        row("4_B_id.csv", 0.2, longest_anomaly=11),
    ]
    (summary,) = summarise(rows)
    assert summary.overall.files == 4
    assert summary.overall.means["vus_pr"] == pytest.approx(1.6 / 4)
    assert summary.overall.means["event_f1"] == pytest.approx(0.8 / 4)
    assert summary.source_mean == pytest.approx((1.4 / 3 + 0.2) / 2)
    assert [(g.name, g.files) for g in summary.groups["source"]] == [("A", 3), ("B", 1)]
    assert [(g.name, g.files, g.means["vus_pr"]) for g in summary.groups["kind"]] == [
        ("point", 2, pytest.approx(0.7)),
        ("sequence", 1, pytest.approx(0.2)),
    ]
    assert summary.failures == {"3_A_id.csv": "it broke"}


def test_a_file_without_anomalies_has_no_part_in_means_but_in_alarms():
    quiet = replace(Row("5_A.csv", "data", "default", 0, rows=100, channels=1), flagged_per_week=3.0)
    (summary,) = summarise([replace(row("1_A.csv", 0.9), flagged_per_week=1.0), quiet])
    assert summary.overall.files == 1
    assert summary.overall.means["vus_pr"] == 0.9
    assert summary.flagged_per_week == 2.0


def test_medians_of_time_leave_failed_files_out_and_the_highest_memory_is_kept():
    rows = [
        replace(row(f"{i}_A.csv", 0.5), fit_seconds=fit, score_seconds=score, peak_megabytes=peak)
        for i, (fit, score, peak) in enumerate([(1.0, 5.0, 100.0), (2.0, 1.0, 300.0), (9.0, 2.0, 200.0)])
    ]
    (summary,) = summarise([*rows, failed("x.csv", "data", "default", 0, "no")])
    assert (summary.fit_seconds, summary.score_seconds, summary.total_seconds) == (2.0, 2.0, 6.0)
    assert summary.peak_megabytes == 300.0


def test_the_kind_is_point_where_no_segment_is_longer_than_ten_rows():
    assert kind_of(row("a.csv", 0.5, longest_anomaly=10)) == "point"
    assert kind_of(row("a.csv", 0.5, longest_anomaly=11)) == "sequence"
    assert kind_of(failed("a.csv", "data", "default", 0, "no")) == ""


def test_series_are_grouped_by_channels():
    named = {count: channels_of(row("a.csv", 0.5, channels=count)) for count in (0, 1, 2, 10, 11, 30, 31)}
    assert named == {
        0: "",
        1: "1 channel",
        2: "2 to 10 channels",
        10: "2 to 10 channels",
        11: "11 to 30 channels",
        30: "11 to 30 channels",
        31: "more than 30 channels",
    }


def test_the_sign_test_is_the_exact_binomial_without_ties():
    ours = [row(f"{i}.csv", 0.5) for i in range(7)]
    theirs = [row(f"{i}.csv", v, "linear") for i, v in enumerate([0.1, 0.2, 0.3, 0.4, 0.45, 0.6, 0.5])]
    result = duel(ours, theirs)
    assert (result.wins, result.losses, result.ties) == (5, 1, 1)
    assert result.p_value == pytest.approx(2 * (1 + 6) / 2**6)


def test_the_twin_is_met_on_the_files_that_both_have_and_never_by_itself():
    rows = [row("1.csv", 0.5), row("2.csv", 0.5), row("2.csv", 0.4, "linear"), row("3.csv", 0.9, "linear")]
    default, linear = summarise(rows)
    assert default.against_linear is not None
    assert (default.against_linear.wins, default.against_linear.losses) == (1, 0)
    assert default.against_linear.p_value == 1.0
    assert linear.against_linear is None
    assert summarise(rows[:2])[0].against_linear is None


def test_equals_give_no_evidence_either_way():
    assert duel([row("1.csv", 0.5)], [row("1.csv", 0.5, "linear")]).p_value == 1.0


def test_the_bootstrap_interval_is_that_of_a_mean(rng):
    numbers = rng.normal(0.5, 0.2, size=400)
    low, high = bootstrap(list(numbers))
    error = numbers.std() / math.sqrt(400)
    assert low == pytest.approx(numbers.mean() - 1.96 * error, abs=error / 10)
    assert high == pytest.approx(numbers.mean() + 1.96 * error, abs=error / 10)
    assert bootstrap([0.3, 0.3]) == (pytest.approx(0.3), pytest.approx(0.3))
    assert all(map(np.isnan, (*bootstrap([]), *bootstrap([0.3]))))
