"""A verdict for several events at once, and the way from one event to the next."""

import bulk
import pytest
import stored
from store_samples import NOW, claimed, event, like, scored
from streamlit.testing.v1 import AppTest

from tsanomaly.detection.verdicts import Judgement
from tsanomaly.workspace import Workspace


@pytest.fixture
def store(tmp_path):
    with Workspace.open(tmp_path / "workspace.db") as store:
        store.commit(claimed(store), [scored(like(1), like(3), like(5, channel="level", kind=3), event(8, 9))], NOW)
        yield store


def in_time(store):
    return store.events.list("pumps", order="start")[::-1]


def held_back(store):
    return [bool(each.held_back) for each in in_time(store)]


def test_what_a_verdict_on_several_would_change_is_what_it_changes(store):
    first, second, third, _ = in_time(store)
    said = bulk.foreseen(store, [first, third], Judgement.FALSE_ALARM)
    assert said == "Of 4 events shown in the last three months, 3 would go, 1 of them not ticked, and 1 would stay."
    for each in (first, third):
        store.verdicts.give(each.id, Judgement.FALSE_ALARM, author="ada", seen_version=0)
    assert held_back(store) == [True, True, True, False]
    said = bulk.foreseen(store, [first, second], Judgement.TRUE)
    assert said.endswith("0 would go and 1 would stay. 2 events held back would be shown again.")


def page(store, wanted):
    import bulk
    import session
    import streamlit as st

    session.workspace = lambda: store
    if "bulk-verdict" not in st.session_state:
        st.session_state["bulk-verdict"] = wanted
    bulk.show(store, [each for each in store.events.list("pumps") if each.start.hour != 5])


def test_several_are_judged_and_all_of_it_is_undone(store):
    shown = AppTest.from_function(page, default_timeout=20, args=(store, Judgement.FALSE_ALARM)).run()
    shown.button(key="bulk-apply").click().run()
    assert not shown.exception
    assert [each.verdict for each in in_time(store)] == ["false alarm", "false alarm", None, "false alarm"]
    assert shown.button(key="bulk-apply").disabled  # until another verdict is chosen
    shown.button(key="bulk-undo").click().run()
    assert not shown.exception
    assert [each.verdict for each in in_time(store)] == [None] * 4
    assert held_back(store) == [False] * 4


def test_what_somebody_else_has_judged_meanwhile_is_not_undone(store):
    shown = AppTest.from_function(page, default_timeout=20, args=(store, Judgement.UNCLEAR)).run()
    shown.button(key="bulk-apply").click().run()
    first = in_time(store)[0]
    store.verdicts.give(first.id, Judgement.TRUE, author="bob", seen_version=first.verdict_version)
    shown.button(key="bulk-undo").click().run()
    assert [each.verdict for each in in_time(store)] == ["true", None, None, None]
    assert "1 event left as they are" in shown.session_state["said"][1]


def test_an_event_that_has_just_left_the_list_keeps_its_place_between_its_neighbours(store):
    store.commit(
        claimed(store, 13), [scored(*(event(2 * i, 2 * i + 1, 90.0 - 10 * i) for i in range(5)), series="s")], NOW
    )
    ranked = store.events.list("pumps", "s")
    assert [stored.around(ranked, each) for each in ranked] == [(i - 1, i + 1) for i in range(5)]
    for place, judged in enumerate(ranked):
        others = [each for each in ranked if each.id != judged.id]
        assert stored.around(others, judged) == (place - 1, place)
