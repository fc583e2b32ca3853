"""A backtest says what another setting would have reported, and touches nothing."""

import pytest
from plants import at, job, name, plant, results

from tsanomaly.batch.backtest import Standing, backtest
from tsanomaly.batch.job import Threshold
from tsanomaly.batch.runner import Runner
from tsanomaly.errors import JobError
from tsanomaly.workspace import Workspace


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("plant") / "plant.parquet"
    plant(3).to_parquet(path, index=False)
    return path


@pytest.fixture(scope="module", params=["per-series", "shared"])
def wanted(request, source):
    return job(source, model={"scope": request.param})


@pytest.fixture(scope="module")
def store(tmp_path_factory, wanted):
    with Workspace.open(tmp_path_factory.mktemp("workspace") / "workspace.db") as store:
        Runner(store).run(wanted, at(7))
        Runner(store).run(wanted, at(10))
        yield store


def everything(store):
    return results(store), store.runs.list(), store.models.list(), sorted(store.folder.rglob("*"))


def test_with_the_same_setting_all_events_are_the_same(store, wanted):
    result = backtest(store, wanted, at(0), at(10), None)
    assert (result.series, result.failed) == (3, {})
    assert result.were == store.events.count("plant")
    assert {(e.series, e.standing) for e in result.events if at(3.9) < e.end < at(4.8)} == {
        (name(n), Standing.BOTH) for n in range(3)
    }


def test_a_lower_threshold_would_have_reported_more_and_a_higher_one_less(store, wanted):
    loose = backtest(store, wanted, at(0), at(10), Threshold(rule="quantile=0.8"))
    assert loose.would_be >= loose.were
    assert loose.count(Standing.GONE) == 0
    strict = backtest(store, wanted, at(0), at(10), Threshold(rule="mad=1000"))
    assert strict.would_be == 0
    assert strict.count(Standing.GONE) == strict.were > 0
    assert [e.severity for e in strict.events] == sorted((e.severity for e in strict.events), reverse=True)


def test_nothing_is_touched(store, wanted):
    before = everything(store)
    backtest(store, wanted, at(5), at(10), Threshold(budget="1/day"))
    after = everything(store)
    assert repr(after) == repr(before)


def test_a_shared_model_must_be_there(tmp_path, source):
    with (
        Workspace.open(tmp_path / "empty.db") as empty,
        pytest.raises(JobError, match="job 'plant' has no model yet; run it once before"),
    ):
        backtest(empty, job(source, model={"scope": "shared"}), at(0), at(5), None)
