"""Whatever the order and overlap of runs, and however late rows come, there is one row an event."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plants import START, STEP, job, name, plant

from tsanomaly import Detector, from_frame, save
from tsanomaly.batch.planning import Given
from tsanomaly.batch.runner import Runner
from tsanomaly.workspace import Workspace

ROWS = 480


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    quiet = from_frame(plant(1, spikes=()).drop(columns="pump"), name=name(0)).one()
    path = tmp_path_factory.mktemp("model") / "given.safetensors"
    save(Detector(model="linear", twin=False, window=24).fit(quiet), path)
    return path


def row(moment):
    return START + int(moment) * STEP


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_overlapping_ranges_with_late_rows_leave_one_row_an_event(bundle, data):
    whole = plant(1)
    ends = [*sorted(data.draw(st.sets(st.integers(210, ROWS - 1), min_size=1, max_size=3), label="runs")), ROWS]
    late = data.draw(st.lists(st.integers(200, ROWS - 60), max_size=20, unique=True), label="late rows")
    again = data.draw(st.tuples(st.integers(150, 300), st.integers(310, ROWS)), label="scored again")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "plant.parquet")
        wanted = job(source, model={"bundle": str(bundle)}, range={"allowed_lateness": "10D"})
        with Workspace.open(Path(folder, "workspace.db")) as store:
            runner = Runner(store)
            for end in ends:
                rows = whole if end == ROWS else whole.drop(index=late)
                rows.to_parquet(source, index=False)
                runner.run(wanted, row(end))
            for _ in range(2):
                runner.run(wanted, row(ROWS), again=True)
            runner.run(wanted, row(ROWS + 1), given=Given(row(again[0]), row(again[1])))
            standing = store.events.list("plant", order="start")
        with Workspace.open(Path(folder, "once", "workspace.db")) as once:
            Runner(once).run(wanted, row(ROWS))
            expected = once.events.list("plant", order="start")
    for left, right in zip(standing[1:], standing, strict=False):  # the latest first
        assert left.end < right.start
    assert len(standing) == len(expected)
    apart = [abs((a.peak_time - b.peak_time) / STEP) for a, b in zip(standing, expected, strict=True)]
    assert np.max(apart, initial=0) <= 3
