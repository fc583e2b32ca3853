"""What the browser gets of a table: every cell, and what repeats only once."""

import json

import event_table
from hypothesis import given
from hypothesis import strategies as st
from made_events import made_events

CELLS = st.fixed_dictionaries(
    {"text": st.text(max_size=3)}, optional={"by": st.floats(0, 2) | st.integers(0, 2), "title": st.text(max_size=2)}
)


def unpacked(sent):
    """As the page's script does it."""
    rows = []
    for place, name in enumerate(sent["ids"]):
        cells = [column["cells"][column["at"][place]] for column in sent["columns"]]
        rows.append({"id": name, "cells": cells, "quiet": place in sent["quiet"]})
    return rows


@given(st.lists(st.tuples(st.booleans(), st.lists(CELLS, min_size=2, max_size=2)), max_size=30))
def test_what_is_sent_holds_every_row(given):
    rows = [{"id": str(i), "cells": cells, "quiet": quiet} for i, (quiet, cells) in enumerate(given)]
    table = event_table.Rows([{"head": "a", "wide": True}, {"head": "b"}], rows)
    assert unpacked(table.packed) == rows
    assert [{k: v for k, v in c.items() if k not in ("cells", "at")} for c in table.packed["columns"]] == table.columns


def test_what_a_severity_means_is_sent_once_however_many_events_have_it():
    events = made_events([(at, at + 1) for at in range(100, 90_000, 20)], rows=100_000)
    table = event_table.of_run(events)
    for i, row in enumerate(table.rows):
        row["cells"][1] = event_table.severity(20 + i % 7)
    sent = json.dumps(table.packed)
    assert len(table.rows) > 4000
    assert sent.count("scores as high") == 7
    assert len(sent) < 150 * len(table.rows)
