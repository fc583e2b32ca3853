"""The figures in the documentation are those of the tables that come with it."""

import re
from pathlib import Path

import pytest

from tsanomaly.evaluation.benchmark import read_results, summarise
from tsanomaly.resources import results_folder

ROOT = Path(__file__).parents[2]
DETECTION = (ROOT / "docs" / "detection.md").read_text()
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def measured():
    """Summaries by table and detector."""
    return {
        path.stem: {summary.detector: summary for summary in summarise(read_results(path))}
        for path in results_folder().glob("*.csv")
    }


def row(beginning):
    """Figures in the row of a table that begins so."""
    (line,) = [line for line in DETECTION.splitlines() if line.startswith(f"| {beginning} |")]
    return [number.strip(" *") for number in line.strip("|").split("|")][1:]


def short(number, digits=3):
    return f"{number:.{digits}f}".lstrip("0")


@pytest.mark.parametrize(
    ("beginning", "table"),
    [
        ("univariate", "univariate"),
        ("multivariate", "multivariate"),
        ("with time stamps (NAB), of 36 those with labels", "timestamped"),
    ],
)
def test_mean_vus_pr_is_as_the_page_says(measured, beginning, table):
    files, default, _, linear, variance, chance = row(beginning)
    of = measured[table]
    assert int(files) == of["default"].overall.files
    assert [default, linear, variance, chance] == [
        short(of[name].overall.means["vus_pr"]) for name in ("default", "linear", "moving-variance", "random")
    ]


def test_the_mean_of_sources_is_as_the_page_says(measured):
    _, default, _, linear, variance, chance = row("… mean of the 17 sources' means")
    of = measured["univariate"]
    assert [default, linear, variance, chance] == [
        short(of[name].source_mean) for name in ("default", "linear", "moving-variance", "random")
    ]


@pytest.mark.parametrize(("beginning", "metric"), [("event F1", "event_f1"), ("affiliation F1", "affiliation_f1")])
def test_what_holds_at_the_default_threshold_is_as_the_page_says(measured, beginning, metric):
    assert row(beginning) == [
        short(measured[table]["default"].overall.means[metric])
        for table in ("univariate", "multivariate", "timestamped")
    ]


def test_alarms_a_week_are_as_the_page_says():
    def mean(table):
        rows = [each for each in read_results(results_folder() / f"{table}.csv") if each.detector == "default"]
        return sum(each.flagged_per_week for each in rows) / len(rows)

    assert [float(number) for number in row("alarms a week, mean over files")] == [
        round(mean(table), 2) for table in ("univariate", "multivariate", "timestamped")
    ]


@pytest.mark.parametrize(
    ("beginning", "table"),
    [
        ("whole detector, 132 files", "univariate"),
        ("whole detector, 24 files", "multivariate"),
        ("whole detector, 30 files", "timestamped"),
    ],
)
def test_the_twin_is_beaten_as_often_as_the_page_says(measured, beginning, table):
    (line,) = [line for line in DETECTION.splitlines() if line.startswith(f"| {beginning}")]
    wins, fought = map(int, re.search(r"\| (\d+) of (\d+) \|", line).groups())
    duel = measured[table]["default"].against_linear
    assert (wins, fought) == (duel.wins, duel.wins + duel.losses)
    said = float(re.search(r"p = (\.\d+) \|", line)[1])
    assert float(f"{duel.p_value:.2g}") == pytest.approx(said) or round(duel.p_value, 2) == said


def test_the_readme_says_the_same(measured):
    said = re.findall(r"\.\d\d", README)
    for table in ("univariate", "multivariate", "timestamped"):
        assert short(measured[table]["default"].overall.means["vus_pr"], 2) in said
