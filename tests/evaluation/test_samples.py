"""The bundled samples are what their generator writes, and hold what ``data/README.md`` says of them."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tsanomaly import Detector, read_csv
from tsanomaly.detection.grouping import group
from tsanomaly.evaluation import evaluate_scores, moving_variance, random_scores, sliding_window

DATA = Path(__file__).parents[2] / "data"
NAMES = ["machine", "pump", "tank", "web"]
TOLD = dict(
    re.findall(r"^## (\w+)\.csv\n(.*?)(?=^## |\Z)", (DATA / "README.md").read_text(encoding="utf-8"), re.M | re.S)
)


@pytest.fixture(scope="module", params=NAMES)
def reading(request):
    return read_csv(DATA / f"{request.param}.csv")


@pytest.fixture
def series(reading):
    return reading.one()


def test_the_files_are_what_the_generator_writes(tmp_path):
    subprocess.run([sys.executable, "-m", "tsanomaly.evaluation.samples", tmp_path], check=True)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    bundled = {path.name: path.read_bytes() for path in DATA.glob("*.csv")}
    assert sorted(written) == sorted(bundled)
    assert [name for name in written if written[name] != bundled[name]] == []


def test_the_readme_tells_of_every_sample():
    assert sorted(TOLD) == NAMES == sorted(path.stem for path in DATA.glob("*.csv"))


def test_rows_and_step_are_as_told(reading, series):
    rows, minutes = re.search(r"([\d,]+) rows, (?:about )?one every (\d+) minutes", TOLD[series.name]).groups()
    assert reading.diagnosis.rows == int(rows.replace(",", ""))
    assert series.step == np.timedelta64(int(minutes), "m")


def test_faults_are_labelled_when_told(series):
    told = re.findall(r"^\| (\d\S+) (\d\S+) \| (\d\S+) (\d\S+) \|", TOLD[series.name], re.M)
    missing_rows = 3  # the tank's, inside a fault
    labelled = [
        tuple(str(series.time_at(row).astype("M8[m]")) for row in fault) for fault in group(series.labels, missing_rows)
    ]
    assert [(f"{day}T{hour}", f"{last}T{end}") for day, hour, last, end in told] == labelled


def test_the_tank_is_repaired_and_has_gaps_as_told():
    reading = read_csv(DATA / "tank.csv")
    steps, empty = re.search(r"([\d,]+) steps, of which (\d+)\s+had no row", TOLD["tank"]).groups()
    assert len(reading.one()) == int(steps.replace(",", ""))
    assert int((~reading.one().observed).all(axis=1).sum()) == int(empty)
    found = {finding.code for finding in reading.diagnosis.findings}
    assert found >= {"missing-values", "unsorted", "repeated-stamps", "missing-rows"}


def test_the_most_severe_event_is_a_fault_and_scores_beat_the_baselines(series):
    events = Detector(twin=False).fit(series).detect(series)  # the twin has no part in either
    assert series.labels[events[0].start_row : events[0].end_row].any()
    if series.name in ("pump", "web"):
        found = {event.start_row: fault for event in events for fault in _faults(series) if _overlap(event, fault)}
        assert sorted(found.values()) == _faults(series)
        assert len(found) == len(events)
    window = sliding_window(series.values)
    ours, variance, chance = (
        evaluate_scores(series.labels, scores, window=window).vus_pr
        for scores in (events.scores.total, moving_variance(series.values, window), random_scores(series.values))
    )
    assert ours > max(variance, chance)


def _faults(series):
    return [tuple(fault) for fault in group(series.labels).tolist()]


def _overlap(event, fault):
    return event.start_row < fault[1] and fault[0] < event.end_row
