import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly.evaluation.places import Calm, calm_starts, lay_out


def test_suspicious_and_unread_stretches_are_left_out():
    score = np.ones(400)
    score[50:60] = 9
    observed = np.ones((400, 2), bool)
    observed[120:140, 1] = False
    starts = calm_starts([score], observed, length=10, margin=5)
    # With its margin a stretch from row a sees rows a - 5 to a + 14; with nine rows in ten read it will do. The 29 that
    # see a high score are fewer than a tenth of all, so that all of them go.
    assert np.array_equal(np.flatnonzero(starts[:, 0]), np.setdiff1d(np.arange(5, 386), np.arange(36, 65)))
    assert np.flatnonzero(starts[:, 0] & ~starts[:, 1]).tolist() == list(range(112, 139))


def test_a_tenth_of_the_places_is_suspicious_where_scores_rise_evenly():
    starts = calm_starts([np.arange(1009.0)], np.ones((1009, 1), bool), length=10, margin=0)
    assert np.flatnonzero(starts[:, 0]).tolist() == list(range(900))


def test_a_place_must_be_calm_for_every_detector():
    score = np.arange(1009.0)
    starts = calm_starts([score, -score], np.ones((1009, 1), bool), length=10, margin=0)
    # The second looks among what the first left.
    assert np.flatnonzero(starts[:, 0]).tolist() == list(range(90, 900))


def test_constant_scores_leave_every_place_calm():
    score = np.full(500, 0.1)
    assert calm_starts([score], np.ones((500, 1), bool), length=7, margin=3).sum() == 500 - 7 - 6 + 1


def test_rows_that_were_not_judged_are_no_place():
    score = np.ones(100)
    score[:50] = np.nan
    starts = calm_starts([score], np.ones((100, 1), bool), length=10, margin=0)
    assert np.flatnonzero(starts[:, 0]).tolist() == list(range(49, 91))


def test_a_series_shorter_than_the_stretch_has_no_place():
    assert not calm_starts([np.ones(20)], np.ones((20, 1), bool), length=15, margin=4).any()


def test_rows_that_a_calm_stretch_covers():
    starts = np.zeros(10, bool)
    starts[[1, 2, 8]] = True
    assert np.flatnonzero(Calm(starts, 2, margin=1).rows).tolist() == [1, 2, 3, 8, 9]


def test_a_calm_stretch_is_as_high_as_its_highest_row_margins_included():
    score = np.zeros(30)
    score[[4, 15, 16, 22]] = 4, 15, np.nan, 22
    starts = np.zeros(30, bool)
    starts[[6, 10, 20]] = True
    calm = Calm(starts, 4, margin=2)
    # Of 4 rows, they see rows 4 to 11, 8 to 15 and 18 to 25; of 3 rows the second no longer sees row 15.
    assert [calm.height(score, 4, share) for share in (0, 0.5, 0.6, 1)] == [4, 15, 22, 22]
    assert [calm.height(score, 3, share) for share in (0, 0.5, 0.6, 1)] == [0, 4, 22, 22]


@settings(deadline=None)
@given(seed=st.integers(0, 999), length=st.integers(1, 9), margin=st.integers(0, 6), share=st.floats(0, 1))
def test_no_more_than_the_rest_of_the_calm_stretches_are_higher(seed, length, margin, share):
    rng = np.random.default_rng(seed)
    score = rng.normal(size=60)
    starts = np.zeros(60, bool)
    starts[rng.choice(np.arange(margin, 60 - 9 - margin + 1), 20)] = True
    height = Calm(starts, 9, margin).height(score, length, share)
    highest = [score[at - margin : at + length + margin].max() for at in np.flatnonzero(starts)]
    assert height in highest
    assert np.mean(np.array(highest) > height) <= 1 - share


@settings(deadline=None)
@given(
    rows=st.sets(st.integers(0, 299), min_size=1),
    count=st.integers(1, 40),
    spacing=st.integers(1, 120),
    seed=st.integers(0, 999),
)
def test_places_are_calm_starts_that_keep_their_distance(rows, count, spacing, seed):
    starts = np.zeros((300, 2), bool)
    starts[sorted(rows), 1] = True
    sheets = lay_out(starts, count, spacing, np.random.default_rng(seed))
    assert sum(map(len, sheets)) == count
    for sheet in sheets:
        at = sorted(place.start for place in sheet)
        assert all(np.diff(at) >= spacing)
        assert all(place.start in rows and place.channel == 1 for place in sheet)


def test_as_many_places_share_a_sheet_as_their_spacing_allows():
    starts = np.ones((1000, 1), bool)
    sheets = lay_out(starts, 18, 100, np.random.default_rng(0))
    assert len(sheets) == 2
    assert len(sheets[0]) in (9, 10)
