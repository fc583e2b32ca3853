"""Labels from elsewhere, as the page of events takes them."""

from dataclasses import replace

import pytest
from store_samples import NOW, claimed, event, scored
from streamlit.testing.v1 import AppTest

from tsanomaly.workspace import Workspace
from tsanomaly.workspace.labels import Label


@pytest.fixture
def store(tmp_path):
    with Workspace.open(tmp_path / "workspace.db") as store:
        run = claimed(store)
        store.commit(run, [scored(event(1, 3), event(5, 7))], NOW)
        yield store


def given(store, labels):
    """The verdicts on the two events, the first one first, once the page has taken these labels."""

    def page(store, labels):
        import stored
        import streamlit as st

        if "said" not in st.session_state:  # it runs the page again
            stored.by_labels(store, store.events.list("pumps"), labels)

    AppTest.from_function(page, default_timeout=20, args=(store, labels)).run()
    return [each.verdict for each in store.events.list("pumps", order="start")][::-1]


def test_of_several_labels_on_an_event_the_last_counts_as_on_the_command_line(store):
    first, _ = store.events.list("pumps", order="start")[::-1]
    label = Label("north", first.start, first.end, "true", "", "")
    assert given(store, [label, replace(label, judgement="unclear")]) == ["unclear", None]


def test_a_label_of_a_moment_meets_the_event_that_begins_there_and_not_the_one_that_ends_there(store):
    first, second = store.events.list("pumps", order="start")[::-1]
    moments = [Label("", at, at, "true", "", "") for at in (first.end, second.start)]
    assert given(store, moments) == [None, "true"]
