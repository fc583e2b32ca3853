"""Likeness of events: 1 to itself, the same both ways, and blind to the length and the order of columns."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly.detection import similarity as station
from tsanomaly.detection.similarity import Fingerprint, channel_likenesses, likenesses, most_similar, similarity
from tsanomaly.errors import DataError


def mark(
    channels=(("flow", 0.8, "above"), ("heat", 0.2, "below")),
    kind=0,
    deviation=(0.0, 2.0, 4.0, 2.0),
    windows=0.5,
    code=(),
    model="",
):
    return Fingerprint(
        station.channel_parts(channels),
        station.rounded(np.eye(8)[kind]),
        station.shape_of(np.array(deviation, float)),
        station.duration_class(windows),
        code,
        model,
    )


marks = st.builds(
    mark,
    channels=st.lists(
        st.tuples(st.text(max_size=5), st.floats(0, 1), st.sampled_from(["above", "below", "both"])),
        min_size=1,
        max_size=4,
    ),
    kind=st.integers(0, 7),
    deviation=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40),
    windows=st.floats(0, 1e9),
)


@settings(deadline=None)
@given(marks, marks)
def test_likeness_is_between_0_and_1_and_the_same_both_ways(a, b):
    assert 0 <= similarity(a, b) <= 1
    assert similarity(a, b) == pytest.approx(similarity(b, a))


@settings(deadline=None)
@given(marks)
def test_an_event_is_entirely_like_itself_after_a_trip_through_json(a):
    again = Fingerprint.from_dict(json.loads(json.dumps(a.to_dict())))
    assert again == a
    assert similarity(a, again) == pytest.approx(1, abs=1e-6)
    assert len(json.dumps(a.to_dict())) < 1500


@settings(deadline=None)
@given(st.lists(marks, max_size=4), st.lists(marks, max_size=5))
def test_many_at_once_are_as_one_by_one(some, others):
    one_by_one = np.array([[naive_likeness(a, b) for b in others] for a in some]).reshape(len(some), len(others))
    np.testing.assert_allclose(likenesses(some, others), one_by_one, atol=1e-9)


def naive_likeness(a, b):
    """The definition, part by part."""

    def flat(mark):
        return {(name, side): share for name, *sides in mark.channels for side, share in enumerate(sides)}

    def cosine(x, y):
        size = np.linalg.norm(x) * np.linalg.norm(y)
        return np.dot(x, y) / size if size > 0 else None

    names = sorted({*flat(a), *flat(b)})
    cosines = {"channels": cosine([flat(a).get(n, 0.0) for n in names], [flat(b).get(n, 0.0) for n in names])}
    for part in ("kind", "shape", "duration", "code"):
        cosines[part] = cosine(getattr(a, part), getattr(b, part)) if part != "code" or a.model == b.model else None
    known = {part: value for part, value in cosines.items() if value is not None}
    total = sum(station.WEIGHTS[part] * value for part, value in known.items())
    return min(1.0, max(0.0, total / sum(station.WEIGHTS[part] for part in known))) if known else 0.0


def test_the_same_shape_at_another_length_and_size_is_the_same():
    course = np.sin(np.linspace(0, 3, 64))
    short, long = mark(deviation=course[::4]), mark(deviation=np.repeat(100 * course, 3))
    assert np.corrcoef(short.shape, long.shape)[0, 1] > 0.98
    assert similarity(short, long) > 0.98


def test_columns_in_another_order_are_the_same_and_other_names_are_not():
    turned = mark(channels=(("heat", 0.2, "below"), ("flow", 0.8, "above")))
    other = mark(channels=(("speed", 0.8, "above"), ("torque", 0.2, "below")))
    assert similarity(mark(), turned) == pytest.approx(1)
    assert channel_likenesses([mark()], [turned, other])[0] == pytest.approx([1, 0])
    assert similarity(mark(), other) == pytest.approx(0.5 / 0.9)  # all but channels and code, of all but code


def test_above_and_below_are_not_alike_and_both_lies_between():
    up, down, both = (mark(channels=(("flow", 1.0, way),)) for way in ("above", "below", "both"))
    assert channel_likenesses([up], [up, both, down])[0] == pytest.approx([1, 0.7071, 0], abs=1e-3)


def test_a_longer_event_is_less_like_the_longer_it_is():
    likeness = likenesses([mark(windows=1)], [mark(windows=w) for w in (1, 2, 8, 64)])[0]
    assert (np.diff(likeness) <= 0).all()
    assert likeness[0] > likeness[-1]


def test_codes_count_only_where_the_same_model_made_them():
    code = tuple(np.eye(16)[0])
    turned = tuple(-np.eye(16)[0])
    a, b = mark(code=code, model="m1"), mark(code=turned, model="m1")
    assert similarity(a, b) == pytest.approx(0.8)
    assert similarity(a, mark(code=turned, model="m2")) == pytest.approx(1)
    assert similarity(a, mark()) == pytest.approx(1)


def test_the_most_similar_come_first_and_strangers_not_at_all():
    others = [mark(kind=3, channels=(("speed", 1.0, "below"),)), mark(windows=8), mark()]
    assert [place for place, _ in most_similar(mark(), others)] == [2, 1]
    assert most_similar(mark(), others, most=1) == [(2, pytest.approx(1))]
    assert most_similar(mark(), []) == []


def test_the_difference_of_two_codes_is_a_direction_of_sixteen_numbers():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 40))
    assert len(station.code_difference(a, b)) == 16
    assert np.linalg.norm(station.code_difference(a, b)) == pytest.approx(1, abs=1e-3)
    assert station.code_difference(a + 3 * (a - b), b) == pytest.approx(station.code_difference(a, b), abs=1e-3)
    assert station.code_difference(a, a) == ()


def test_a_shape_without_a_single_reading_is_flat():
    assert set(station.shape_of(np.full(5, np.nan))) == {0.0}


@pytest.mark.parametrize(
    "plain", [{}, {"channels": 1}, None, [], mark().to_dict() | {"shape": [1.0]}, mark().to_dict() | {"model": 3}]
)
def test_what_is_no_fingerprint_is_refused(plain):
    with pytest.raises(DataError, match="fingerprint"):
        Fingerprint.from_dict(plain)
