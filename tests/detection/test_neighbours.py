"""A window is rare when no other, at another time, is like it."""

import naive_neighbours
import numpy as np
import pytest
import torch

from tsanomaly.detection import nearest
from tsanomaly.detection.gaps import Prepared, prepare
from tsanomaly.detection.neighbours import Neighbours
from tsanomaly.detection.training import Progress
from tsanomaly.errors import CancelledError


def prepared(values: np.ndarray) -> Prepared:
    return prepare(np.atleast_2d(values.astype(np.float32).T).T.copy(), 2)


def wave(rows: int = 600, period: int = 30) -> np.ndarray:
    return np.sin(2 * np.pi * np.arange(rows) / period) + np.random.default_rng(0).normal(0, 0.01, rows)


def test_a_shape_without_its_like_stands_out_and_one_seen_twice_does_not():
    values = wave()
    values[300:330] = 0.0
    once = Neighbours.fit(prepared(values), 30, shape=False).score(prepared(values), 0)[:, 0]
    assert 300 <= once.argmax() < 330
    values[150:180] = 0.0
    twice = Neighbours.fit(prepared(values), 30, shape=False).score(prepared(values), 0)[:, 0]
    assert twice[315] < 0.1 * once[315]


def test_in_shape_a_larger_copy_is_no_stranger():
    values = wave()
    values[300:360] *= 3
    raw = Neighbours.fit(prepared(values), 30, shape=False).score(prepared(values), 0)[:, 0]
    shape = Neighbours.fit(prepared(values), 30, shape=True).score(prepared(values), 0)[:, 0]
    assert raw[330] > 20 * np.median(raw)
    assert shape[330] < 0.01 * 30  # the squared length of a scaled window is its rows


@pytest.mark.parametrize("shape", [False, True])
def test_distances_equal_those_of_every_pair(shape, monkeypatch):
    monkeypatch.setattr(nearest, "CHUNK_CELLS", 700)  # several pieces
    rng = np.random.default_rng(1)
    series = prepared(rng.normal(size=120))
    near = Neighbours.fit(series, 8, shape=shape)  # as many components as rows in a window: nothing is left out
    windows = series.values.numpy()[:, 0]
    windows = np.lib.stride_tricks.sliding_window_view(windows, 8)
    if shape:
        windows = windows - windows.mean(axis=1, keepdims=True)
        windows = windows / (windows.std(axis=1, keepdims=True) + near.floor.numpy())
    rows = np.arange(len(windows))
    expected = naive_neighbours.nearest(windows, rows, windows, rows, 8)
    found = nearest.nearest(near.codes[0], rows, near.codes[0], near.rows, 8)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_windows_kept_further_apart_than_any_series_is_long_cost_no_memory():
    series = prepared(wave(120))
    windows = nearest.asked(series, 30)
    code = windows.view[torch.from_numpy(windows.usable), 0]
    far = np.array([10**6, 2**61])
    found = nearest.distances(windows, code, 0, code[:2], far)  # a filter so wide would not fit into any memory
    distance = torch.cdist(code, code[:2]).square().min()
    np.testing.assert_allclose(found, float(distance), atol=1e-3)


def test_a_window_is_not_compared_with_itself_when_the_series_comes_again_in_part():
    values = wave()
    values[300:330] = 0.0
    near = Neighbours.fit(prepared(values), 30, shape=False)
    whole = near.score(prepared(values), 0)[:, 0]
    part = near.score(prepared(values[240:420]), 240)[:, 0]
    assert part[75] == pytest.approx(whole[315], rel=0.2)
    later = near.score(prepared(values[240:420]), 10_000)[:, 0]
    assert later[75] < 0.1 * part[75]  # at another time it has been seen before


def test_few_kept_windows_do_not_punish_what_falls_between_them(monkeypatch):
    values = wave(3000)
    values[1500:1530] = 0.0
    dense = Neighbours.fit(prepared(values), 30, shape=False).score(prepared(values), 0)[:, 0]
    monkeypatch.setattr(nearest, "MOST", 400)
    near = Neighbours.fit(prepared(values), 30, shape=False)
    sparse = near.score(prepared(values), 0)[:, 0]
    assert near.codes.shape[1] <= 400
    assert 1500 <= sparse.argmax() < 1530
    assert np.median(sparse) < 0.02 * sparse.max()
    assert np.median(dense) < 0.02 * dense.max()


def test_what_no_complete_window_covers_is_not_judged_and_silent_channels_say_nothing():
    values = np.column_stack([wave(), np.zeros(600), np.full(600, np.nan)])
    values[200:260] = np.nan
    said = Neighbours.fit(prepared(values), 30, shape=True).score(prepared(values), 0)
    assert np.isnan(said[225]).all()
    assert np.isfinite(said[100]).all()
    assert (said[100:150, 1:] == 0).all()
    assert torch.isfinite(torch.from_numpy(np.nan_to_num(said))).all()


def test_it_tells_how_far_it_is_over_all_channels_and_can_be_cancelled_between_windows(monkeypatch):
    monkeypatch.setattr(nearest, "CHUNK_CELLS", 5_000)  # a few windows at a time
    series = prepared(np.column_stack([wave(), wave()]))
    near = Neighbours.fit(series, 30, shape=False)
    told: list[Progress] = []
    near.score(series, 0, on_progress=told.append)
    shares = [p.done / p.total for p in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len({share for share in shares if share < 0.5}) > 10  # not only after a channel
    told.clear()
    with pytest.raises(CancelledError):
        near.score(series, 0, on_progress=lambda p: told.append(p) or len(told) < 3)
    assert len(told) == 3
