"""Pieces of page, run as Streamlit runs them."""

import sys

import access
import pytest
from jobwork import JobWork
from streamlit.testing.v1 import AppTest


def test_where_there_is_nothing_to_say_nothing_is_said():
    def page():
        import pieces

        pieces.lead("", "")
        pieces.lead()

    shown = AppTest.from_function(page, default_timeout=60).run()
    assert not shown.exception
    assert len(shown.main.children) == 0


def test_who_asks_for_another_file_is_not_led_back_to_that_of_the_command_line(home, content, tmp_path, monkeypatch):
    def page():
        import session
        import streamlit as st

        run = session.current()
        st.text("none" if run is None else run.request.name)

    file = tmp_path / "given.csv"
    file.write_bytes(content.getvalue())
    monkeypatch.setattr(sys, "argv", ["app.py", str(file)])
    at_once = AppTest.from_function(page, default_timeout=60).run()
    assert at_once.text[0].value == "given.csv"
    other = AppTest.from_function(page, default_timeout=60)
    other.query_params["run"] = "none"
    assert other.run().text[0].value == "none"
    assert other.run().text[0].value == "none"


@pytest.mark.parametrize(("action", "may"), [("run", False), ("refit", False), ("backtest", True)])
def test_who_may_only_look_cannot_stop_what_changes_something(home, monkeypatch, action, may):
    def page(work):
        import watching

        watching.watch(work)

    def cancels():
        shown = AppTest.from_function(page, default_timeout=20, args=(work,)).run()
        assert not shown.exception
        seen.append([button.label for button in shown.button])

    work, seen = JobWork(home / "work"), []
    work.folder.mkdir(parents=True)
    work.write("request", {"job": "plant", "action": action})
    work.carry_out(cancels)
    monkeypatch.setenv(access.READ_ONLY, "1")
    work = JobWork(home / "other")
    work.folder.mkdir()
    work.write("request", {"job": "plant", "action": action})
    work.carry_out(cancels)
    assert seen == [["Cancel"], ["Cancel"] if may else []]
