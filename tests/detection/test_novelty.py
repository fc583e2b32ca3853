"""A model's error is new when no window at another time has one like it."""

import naive_neighbours
import numpy as np
import pytest
import torch

from tsanomaly.detection import nearest
from tsanomaly.detection.gaps import Prepared, prepare
from tsanomaly.detection.novelty import Novelty
from tsanomaly.detection.training import Progress
from tsanomaly.detection.windows import Windows
from tsanomaly.errors import CancelledError

LENGTH = 20


def prepared(values: np.ndarray) -> Prepared:
    return prepare(values.astype(np.float32)[:, None].copy(), 2)


def as_they_are(windows: Windows, index: np.ndarray) -> torch.Tensor:
    """The errors of a model that expects nothing but 0."""
    return windows.gather(torch.from_numpy(index))[0][:, 0]


def noise(rows: int = 400) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, rows)


def test_a_large_error_that_was_met_before_is_less_new_than_a_small_one_that_was_not():
    values = noise()
    often = np.linspace(-5, 5, LENGTH)
    for first in (50, 150, 350):
        values[first : first + LENGTH] += often
    values[250 : 250 + LENGTH] += np.tile([1.0, -1.0], LENGTH // 2)
    said = Novelty.fit(as_they_are, prepared(values), LENGTH, 1).score(as_they_are, prepared(values), 0)[:, 0]
    assert 250 <= said.argmax() < 250 + LENGTH
    assert said[160] < 0.5 * said.max()


def test_novelty_equals_the_distance_of_every_pair():
    series = prepared(noise(120) * 30)
    near = Novelty.fit(as_they_are, series, LENGTH, 1)
    windows = np.lib.stride_tricks.sliding_window_view(series.values.numpy()[:, 0], LENGTH)
    errors = (np.sign(windows) * np.log1p(np.abs(windows))).astype(np.float16).astype(np.float64)
    assert torch.equal(near.errors, torch.from_numpy(errors).float())
    rows = np.arange(len(windows))
    expected = naive_neighbours.nearest(errors, rows, errors, rows, LENGTH)
    said = near.score(as_they_are, series, 0)[:, 0]
    half = LENGTH // 2
    middle = 60
    around = expected[middle - half - half // 2 : middle - half + half // 2]
    assert said[middle] == pytest.approx(around.mean(), rel=0.02)


def test_a_cell_of_two_rows_is_compared_as_one_number():
    values = np.repeat(noise(200), 2)
    near = Novelty.fit(as_they_are, prepared(values), 2 * LENGTH, 2)
    assert near.errors.shape[1] == LENGTH
    assert near.score(as_they_are, prepared(values), 0).shape == (400, 1)


def test_rows_that_come_again_are_not_compared_with_themselves():
    values = noise()
    values[200 : 200 + LENGTH] += 3
    near = Novelty.fit(as_they_are, prepared(values), LENGTH, 1)
    whole = near.score(as_they_are, prepared(values), 0)[:, 0]
    part = near.score(as_they_are, prepared(values[150:300]), 150)[:, 0]
    assert part[60] == pytest.approx(whole[210], rel=0.2)
    later = near.score(as_they_are, prepared(values[150:300]), 10_000)[:, 0]
    assert later[60] < 0.1 * part[60]  # at another time it has been met before


def test_it_tells_how_far_it_is_and_can_be_cancelled_between_windows(monkeypatch):
    series = prepared(noise())
    near = Novelty.fit(as_they_are, series, LENGTH, 1)
    at_once = near.score(as_they_are, series, 0)
    monkeypatch.setattr(nearest, "CHUNK_CELLS", 5_000)  # a dozen windows at a time
    told: list[Progress] = []
    np.testing.assert_allclose(near.score(as_they_are, series, 0, on_progress=told.append), at_once, rtol=1e-4)
    done = [p.done for p in told]
    assert len(done) > 10
    assert done == sorted(set(done))
    assert done[-1] == told[-1].total
    told.clear()
    with pytest.raises(CancelledError, match="cancelled while scoring"):
        near.score(as_they_are, series, 0, on_progress=lambda p: told.append(p) or len(told) < 3)
    assert len(told) == 3


@pytest.mark.parametrize("rows", range(400, 404))
def test_every_row_that_a_window_covers_is_judged_and_no_other(rows):
    """Also those that only a window between two of the compared ones covers."""
    values = noise(rows)
    values[200:240] = np.nan
    length = 4 * LENGTH  # every fifth window is compared
    said = Novelty.fit(as_they_are, prepared(values), length, 1).score(as_they_are, prepared(values), 0)[:, 0]
    assert np.isfinite(said).tolist() == np.isfinite(values).tolist()
