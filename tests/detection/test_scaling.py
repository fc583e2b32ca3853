import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from tsanomaly.detection.scaling import CLIP, HUGE, KINDS, UNSCALED_CLIP, Scaling
from tsanomaly.errors import ConfigurationError

NAN = np.nan


@pytest.fixture
def readings():
    rng = np.random.default_rng(3)
    values = rng.normal([5, -200, 0.01], [2, 30, 0.001], (500, 3))
    values[rng.random(values.shape) < 0.1] = NAN
    return values


@pytest.mark.parametrize(
    ("kind", "scaler"),
    [("standard", StandardScaler()), ("robust", RobustScaler(unit_variance=True)), ("minmax", MinMaxScaler())],
)
def test_scaling_equals_scikit_learns_and_ignores_what_is_missing(readings, kind, scaler):
    scaled = Scaling.fit(readings, kind).apply(readings)
    assert scaled.dtype == np.float32
    assert np.allclose(scaled, scaler.fit_transform(readings), atol=1e-5, equal_nan=True)


def test_none_leaves_readings_as_they_are_however_large():
    values = np.array([[50.0, -3000.0], [60.0, NAN]])
    assert np.array_equal(Scaling.fit(values, "none").apply(values), values, equal_nan=True)


@pytest.mark.parametrize("kind", KINDS)
def test_inverting_gives_the_readings_back(readings, kind):
    scaling = Scaling.fit(readings, kind)
    off = (scaling.invert(scaling.apply(readings)) - readings) / readings.std(axis=0, where=~np.isnan(readings))
    assert np.nanmax(np.abs(off)) < 1e-5
    assert np.array_equal(np.isnan(off), np.isnan(readings))


@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_channel_and_one_without_readings_get_scale_1(kind):
    values = np.column_stack([np.full(9, 1e9), np.full(9, NAN), np.arange(9.0)])
    scaling = Scaling.fit(values, kind)
    assert scaling.scale[:2].tolist() == [1, 1]
    scaled = scaling.apply(values)
    assert scaled[:, 0].tolist() == [1e9 if kind == "none" else 0] * 9
    assert np.isnan(scaled[:, 1]).all()
    assert np.isfinite(scaled[:, 2]).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_are_scaled_without_complaint(kind, rows):
    values = np.arange(2.0 * rows).reshape(rows, 2)
    assert np.isfinite(Scaling.fit(values, kind).apply(values)).all()


@pytest.mark.parametrize("kind", ["standard", "robust", "minmax"])
@pytest.mark.parametrize(("offset", "size"), [(1.7e9, 1e-3), (0, 1e-25), (0, 1e50), (-1e12, 1.0)])
def test_neither_the_unit_nor_an_offset_changes_what_comes_out(kind, offset, size):
    plain = np.random.default_rng(0).integers(0, 100, (400, 1)).astype(float)
    values = offset + size * plain
    expected = Scaling.fit(plain, kind).apply(plain)
    assert np.allclose(Scaling.fit(values, kind).apply(values), expected, atol=2e-4)


@pytest.mark.parametrize("outlier", [1e17, 1e300, -1.7e308])
def test_robust_scaling_is_not_moved_by_one_absurd_reading(outlier):
    values = np.random.default_rng(0).normal(size=(1000, 1))
    clean = Scaling.fit(values, "robust")
    values[17] = outlier
    scaling = Scaling.fit(values, "robust")
    assert scaling.centre == pytest.approx(clean.centre, abs=0.01)
    assert scaling.scale == pytest.approx(clean.scale, rel=0.01)
    assert scaling.apply(values)[17] == np.sign(outlier) * CLIP


def test_robust_scaling_of_a_channel_that_mostly_rests_takes_the_standard_deviation():
    values = np.where(np.arange(100) % 5 == 0, 7.0, 0.0)[:, None]
    assert Scaling.fit(values, "robust").scale == pytest.approx(values.std())


@pytest.mark.parametrize("kind", KINDS)
def test_infinities_are_not_readings(kind):
    values = np.array([[1.0], [np.inf], [3.0], [-np.inf], [5.0]])
    scaling = Scaling.fit(values, kind)
    clean = Scaling.fit(values[::2], kind)
    assert (scaling.centre, scaling.scale) == (clean.centre, clean.scale)
    assert np.isnan(scaling.apply(values)[[1, 3]]).all()


@pytest.mark.parametrize(("kind", "clip"), [("standard", CLIP), ("none", UNSCALED_CLIP)])
def test_later_readings_far_outside_are_held_at_the_clip(kind, clip):
    scaling = Scaling.fit(np.random.default_rng(0).normal(size=(100, 1)), kind)
    later = np.array([[1e300], [-1e300], [0.5]])
    assert scaling.apply(later)[:2, 0].tolist() == pytest.approx([clip, -clip])
    assert abs(scaling.apply(later)[2, 0]) < 1


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=12),
    st.sampled_from(KINDS),
)
def test_any_readings_at_all_give_finite_numbers_within_the_clip(readings, kind):
    values = np.array(readings)[:, None]
    scaling = Scaling.fit(values, kind)
    assert np.isfinite(scaling.centre).all()
    assert (np.isfinite(scaling.scale) & (scaling.scale > 0)).all()
    scaled = scaling.apply(values)
    assert np.array_equal(np.isfinite(scaled), np.isfinite(values))
    assert np.nanmax(np.abs(scaled), initial=0) <= (np.float32(UNSCALED_CLIP) if kind == "none" else CLIP)
    assert np.isfinite(scaling.invert(np.nan_to_num(scaled))).all()
    assert HUGE > UNSCALED_CLIP


def test_an_unknown_scaling_is_refused_in_one_sentence():
    with pytest.raises(ConfigurationError) as raised:
        Scaling.fit(np.zeros((3, 1)), "zscore")
    assert str(raised.value) == "scaling is 'zscore'; expected one of standard, robust, minmax, none"
