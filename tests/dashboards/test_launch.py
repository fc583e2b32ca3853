"""What ``tsanomaly dashboard FILE --model MODEL --budget 1/day`` opens."""

import time

import pytest
import streamlit as st
import worker
from runs import Request, Runs
from streamlit.testing.v1 import AppTest
from task import State

import tsanomaly
from tsanomaly.resources import dashboards_folder


@pytest.fixture
def launched(home, monkeypatch):
    """Opens the dashboard with arguments; gives the run it shows and the page."""

    def launch(*arguments):
        monkeypatch.setattr("sys.argv", ["app.py", *map(str, arguments)])
        page = AppTest.from_file(dashboards_folder() / "app.py", default_timeout=120).run()
        assert not page.exception
        name = page.query_params.get("run")
        return name and Runs(home / "runs").open(name), page

    st.cache_resource.clear()  # one server has one home
    return launch


@pytest.fixture
def file(tmp_path, content):
    (tmp_path / "pump.csv").write_bytes(content.getvalue())
    return tmp_path / "pump.csv"


def test_a_file_is_opened_and_waits(launched, file):
    run, page = launched(file, "--budget", "1/day")
    assert run.status().state is State.PREPARED
    assert run.request == Request("pump.csv", threshold="1/day")
    assert [button.label for button in page.button if button.label == "Find anomalies"]


def test_with_a_model_it_is_judged_at_once_at_the_model_s_own_budget(launched, file):
    series = tsanomaly.read_csv(file).one()
    training = tsanomaly.Training(steps=4)
    model = tsanomaly.save(
        tsanomaly.Detector(window=12, budget="2/month", training=training).fit(series), file.with_name("model")
    )
    run, _ = launched(file, "--model", model)
    while (status := run.status()).state is State.RUNNING:
        time.sleep(0.05)
    assert status.state is State.DONE, (run.folder / "log.txt").read_text()
    assert run.request.threshold == "2/month"
    run.ask(Request("pump.csv", threshold="5/day", trained=True))
    worker.detect(run)
    assert run.request.threshold == "5/day"


def test_a_file_that_is_not_there_is_one_sentence(launched, tmp_path):
    run, page = launched(tmp_path / "nowhere.csv")
    assert run is None
    assert [error.value.replace("\\", "") for error in page.error] == [
        f"'{tmp_path / 'nowhere.csv'}' cannot be opened (No such file or directory); check the path"
    ]
