import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from naive_thinning import gaps_seen

from tsanomaly.report.thinning import lonely, rows_to_draw

NOTHING = np.empty(0, np.intp)


def series_with_gaps():
    value = st.one_of(st.just(np.nan), st.floats(-1e6, 1e6))
    return arrays(np.float64, st.integers(1, 400), elements=value)


@given(series_with_gaps(), st.sampled_from([8, 40, 1000]))
def test_the_highest_and_the_lowest_value_are_always_drawn(values, most):
    drawn = values[rows_to_draw(values, NOTHING, most)]
    observed = values[np.isfinite(values)]
    if len(observed):
        assert np.nanmax(drawn) == observed.max()
        assert np.nanmin(drawn) == observed.min()


@given(series_with_gaps(), st.sampled_from([8, 40, 1000]))
def test_a_line_breaks_at_every_gap_that_can_be_seen_and_nowhere_else(values, most):
    rows = rows_to_draw(values, NOTHING, most)
    breaks = rows[np.isnan(values[rows])]
    gaps = gaps_seen(values.tolist(), most)
    assert all(any(first <= row < last for first, last in gaps) for row in breaks)
    assert all(((breaks >= first) & (breaks < last)).any() for first, last in gaps)


@given(series_with_gaps(), st.sampled_from([8, 40]))
def test_a_gap_is_drawn_as_wide_as_it_is(values, most):
    rows = set(rows_to_draw(values, NOTHING, most).tolist())
    for first, last in gaps_seen(values.tolist(), most):
        assert first == 0 or first - 1 in rows
        assert last == len(values) or last in rows


@given(series_with_gaps(), st.data())
@settings(max_examples=50)
def test_the_rows_of_short_events_are_all_drawn(values, data):
    rows = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=8, unique=True).map(sorted))
    drawn = rows_to_draw(values, np.array(rows, np.intp), 8)
    assert {row for row in rows if np.isfinite(values[row])} <= set(drawn.tolist())


@given(series_with_gaps(), st.sampled_from([8, 40]))
def test_no_more_rows_are_drawn_than_promised(values, most):
    everything = np.arange(len(values))
    assert len(rows_to_draw(values, everything, most)) <= 3.5 * most + 3


def test_a_short_series_is_drawn_whole():
    values = np.arange(100.0)
    assert rows_to_draw(values, NOTHING, 100).tolist() == list(range(100))


def test_values_alone_between_gaps_are_found():
    nan = np.nan
    assert lonely(np.array([1, nan, 2, 3, nan, 4, nan, nan, 5])).tolist() == [0, 5, 8]
    assert lonely(np.array([1.0, 2.0])).tolist() == []
