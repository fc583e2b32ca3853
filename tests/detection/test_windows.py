import naive_windows
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly.detection.windows import cut, fold
from tsanomaly.errors import DataError


def windows_over(values, length, stride=1, present=None, grain=1):
    values = torch.as_tensor(values, dtype=torch.float32)
    present = np.ones(len(values), bool) if present is None else np.asarray(present)
    return cut(values, torch.ones(values.shape, dtype=torch.bool), present, length, stride, grain)


def test_windows_of_two_channels_by_hand():
    values = [[0, 10], [1, 11], [2, 12], [3, 13]]
    windows = windows_over(values, 3)
    assert (windows.count, windows.channels, windows.length, windows.rows) == (2, 2, 3, 4)
    assert windows.view.tolist() == [[[0, 1, 2], [10, 11, 12]], [[1, 2, 3], [11, 12, 13]]]
    x, mask = windows.gather(torch.tensor([1, 0, 1]))
    assert x.tolist() == [windows.view[i].tolist() for i in (1, 0, 1)]
    assert mask.shape == (3, 2, 3)


def test_cells_of_two_rows_by_hand():
    values = torch.tensor([[0.0], [2.0], [4.0], [10.0], [6.0]])
    observed = torch.tensor([[True], [True], [False], [False], [True]])
    windows = cut(values, observed, np.ones(5, bool), 4, grain=2)
    assert (windows.length, windows.cells) == (4, 2)
    x, mask = windows.gather(slice(0, 2))
    assert x.tolist() == [[[1, 7]], [[3, 8]]]
    assert mask.tolist() == [[[True, False]], [[True, True]]]
    assert windows.by_row(x).tolist() == [[[1, 1, 7, 7]], [[3, 3, 8, 8]]]


@pytest.mark.parametrize("stride", [1, 3])
def test_cells_of_one_row_are_the_rows(stride):
    values = np.random.default_rng(0).normal(size=(20, 2))
    rows, cells = windows_over(values, 6, stride), windows_over(np.repeat(values, 4, axis=0), 24, 4 * stride, grain=4)
    assert torch.allclose(rows.gather(slice(0, rows.count))[0], cells.gather(slice(0, rows.count))[0])


@pytest.mark.parametrize(("rows", "first", "count"), [(10, 0, 3), (11, 1, 3), (12, 2, 3), (13, 0, 4)])
def test_the_last_window_ends_at_the_last_row_whatever_the_stride(rows, first, count):
    windows = windows_over(np.arange(rows)[:, None], 4, stride=3)
    assert (windows.first, windows.count) == (first, count)
    assert windows.view[:, 0, 0].tolist() == list(range(first, rows - 3, 3))
    assert windows.view[-1, 0, -1] == rows - 1


def test_a_window_as_long_as_the_series_is_one_window():
    assert windows_over(np.zeros((5, 1)), 5).view.shape == (1, 1, 5)


def test_fewer_rows_than_a_window_are_refused():
    with pytest.raises(DataError) as raised:
        windows_over(np.zeros((4, 2)), 5)
    assert str(raised.value) == "the series has 4 rows; a window needs at least 5"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 8), st.integers(1, 4))
def test_usable_windows_are_those_without_a_missing_row(present, length, stride):
    if len(present) < length:
        return
    windows = windows_over(np.zeros((len(present), 1)), length, stride, present)
    expected = naive_windows.starts(present, length, stride)
    assert windows.count == len(expected)
    assert [windows.first + stride * i for i in windows.usable] == [start for start, complete in expected if complete]


@pytest.mark.parametrize("channels", [1, 3])
def test_windows_are_views_that_share_the_series_memory(channels):
    values = torch.zeros(100_000, channels)
    observed = torch.ones(100_000, channels, dtype=torch.bool)
    windows = cut(values, observed, np.ones(100_000, bool), 500)
    assert windows.view.shape == (99_501, channels, 500)
    for view, source in ((windows.view, values), (windows.observed, observed)):
        assert view.untyped_storage().data_ptr() == source.untyped_storage().data_ptr()
        assert view.untyped_storage().nbytes() == source.nbytes
    values[700] = 9
    assert (windows.view[700 - 123, :, 123] == 9).all()


def test_gathering_copies_only_the_batch_and_of_a_slice_nothing():
    windows = windows_over(np.zeros((100_000, 2)), 500)
    x, mask = windows.gather(torch.arange(64))
    assert x.shape == mask.shape == (64, 2, 500)
    assert x.untyped_storage().nbytes() == x.nbytes
    x, mask = windows.gather(slice(10, 74))
    assert x.shape == mask.shape == (64, 2, 500)
    assert x.untyped_storage().data_ptr() == windows.view.untyped_storage().data_ptr()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(1, 3), st.integers(1, 7), st.integers(1, 4), st.randoms(use_true_random=False))
def test_folding_equals_its_loop_twin(count, channels, length, stride, random):
    parts = np.array([random.randint(-9, 9) for _ in range(count * channels * length)], float)
    parts = parts.reshape(count, channels, length)
    folded = fold(torch.from_numpy(parts), stride)
    assert folded.numpy().tolist() == naive_windows.fold(parts, stride).tolist()


def test_folding_is_the_adjoint_of_cutting():
    # <cut(x), p> = <x, fold(p)> for any x and p, which is what makes it a sum over the windows that cover a row.
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 3, generator=generator, dtype=torch.float64)
    parts = torch.randn(34, 3, 7, generator=generator, dtype=torch.float64)
    assert float((x.unfold(0, 7, 1) * parts).sum()) == pytest.approx(float((x * fold(parts, 1)).sum()))


def test_folding_ones_counts_the_windows_over_each_row():
    assert fold(torch.ones(4, 1, 3), 1)[:, 0].tolist() == [1, 2, 3, 3, 2, 1]
    assert fold(torch.ones(2, 1, 3), 2)[:, 0].tolist() == [1, 1, 2, 1, 1]
