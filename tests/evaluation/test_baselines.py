import numpy as np
import pytest

from tsanomaly.errors import ConfigurationError
from tsanomaly.evaluation import moving_variance, random_scores, squared_differences


def test_random_scores_repeat_with_their_seed_and_differ_between_seeds():
    values = np.zeros((50, 2))
    assert np.array_equal(random_scores(values, seed=3), random_scores(values, seed=3))
    assert not np.array_equal(random_scores(values, seed=3), random_scores(values, seed=4))


@pytest.mark.parametrize("score", [random_scores, lambda values: moving_variance(values, 3)])
def test_rows_without_an_observation_are_not_judged(score):
    values = np.arange(20.0).reshape(10, 2) % 7
    values[4] = np.nan
    values[6, 0] = np.nan
    values[7] = np.inf
    assert np.flatnonzero(np.isnan(score(values))).tolist() == [4, 7]


def test_moving_variance_worked_by_hand():
    # Overall variance of 0 0 3 0 0 is 1.44; of three in the middle 2, of two at an end 0.
    assert moving_variance([0, 0, 3, 0, 0], 3) == pytest.approx(np.array([0, 2, 2, 2, 0]) / 1.44)


def test_moving_variance_leaves_gaps_out():
    # The window around row 1 sees 0 and 4 alone: variance 4; overall, 0 4 4 4 has 3.
    assert moving_variance([0, np.nan, 4, 4, 4], 3)[[2, 3]] == pytest.approx([0, 0])
    assert moving_variance([0, np.nan, 4, 4, 4], 4)[2] == pytest.approx((32 / 9) / 3)


def test_channels_count_alike_whatever_their_units(rng):
    values = rng.normal(size=(300, 2))
    scaled = values * [1, 1e6] + [0, 1e3]
    assert moving_variance(scaled, 10) == pytest.approx(moving_variance(values, 10), rel=1e-6)


def test_constant_channels_have_no_part_in_it(rng):
    values = rng.normal(size=(100, 1))
    with_constant = np.column_stack((values, np.full(100, 0.1)))
    assert moving_variance(with_constant, 10) == pytest.approx(moving_variance(values, 10))
    assert moving_variance(np.full(30, 0.1), 10).tolist() == [0.0] * 30


def test_a_window_of_one_row_has_no_variance():
    with pytest.raises(ConfigurationError, match="moving variance is 1; give at least 2 rows"):
        moving_variance([1, 2, 3], 1)


def test_squared_differences_are_the_mean_squared_step_around_each_row_over_the_mean_of_all(rng):
    values = rng.normal(size=(50, 2)).cumsum(axis=0)
    values[20:23, 1] = np.nan
    window = 7
    expected = np.zeros((50, 2))
    for channel in range(2):
        steps = np.diff(values[:, channel], prepend=np.nan) ** 2
        for row in range(50):
            expected[row, channel] = np.nanmean(steps[max(0, row - 3) : row + 4]) / np.nanmean(steps)
    assert np.allclose(squared_differences(values, window), expected.mean(axis=1))


def test_squared_differences_know_no_more_than_was_observed():
    values = np.array([1.0, np.nan, 3.0, 4.0, 4.0, 9.0])
    assert np.array_equal(np.isnan(squared_differences(values, 3)), [False, True, False, False, False, False])
    assert (squared_differences(np.ones(9), 3) == 0).all()
    with pytest.raises(ConfigurationError, match="the window of the squared differences is 1; give at least 2 rows"):
        squared_differences(values, 1)
