import naive_windows
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly import TiedAutoencoder
from tsanomaly.detection.gaps import prepare
from tsanomaly.detection.residuals import Residuals
from tsanomaly.detection.scoring import CHUNK_CELLS, score, spread
from tsanomaly.detection.windows import cut
from tsanomaly.errors import CancelledError

PARTS = ("pattern", "peak", "point", "expected")


def plain(channels, length):
    """Residuals that leave errors as they are."""
    return Residuals(torch.zeros(channels, length), torch.eye(length).expand(channels, length, length))


def windows_over(values, length, stride=1, observed=None, present=None):
    values = torch.as_tensor(values, dtype=torch.float32)
    observed = torch.ones(values.shape, dtype=torch.bool) if observed is None else torch.as_tensor(observed)
    present = np.ones(len(values), bool) if present is None else np.asarray(present)
    return cut(values, observed, present, length, stride)


def equal(a, b):
    return all(np.array_equal(getattr(a, part), getattr(b, part), equal_nan=True) for part in PARTS)


# --- the whole station against its loop twin -------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(2, 9),
    st.integers(1, 4),
    st.lists(st.booleans(), min_size=9, max_size=40),
    st.integers(0, 10**6),
)
def test_scoring_equals_its_loop_twin(channels, length, stride, present, seed):
    rng = np.random.default_rng(seed)
    n = len(present)
    values = rng.normal(size=(n, channels)).astype(np.float32)
    observed = rng.random((n, channels)) < 0.8
    mean, root = rng.normal(size=(channels, length)), rng.normal(size=(channels, length, length))
    mix = rng.normal(size=(length, length))
    parts = score(
        lambda x: x @ torch.from_numpy(mix).float(),
        Residuals(torch.from_numpy(mean).float(), torch.from_numpy(root).float()),
        windows_over(values, length, stride, observed, present),
    )
    twin = naive_windows.score(lambda x: x @ mix, mean, root, values, observed, present, length, stride)
    for part in PARTS:
        assert np.allclose(getattr(parts, part), twin[part], rtol=1e-3, atol=1e-3, equal_nan=True), part


def test_a_long_series_is_scored_in_chunks_that_leave_no_seam():
    length, rows = 100, 25_000
    assert rows > 2 * CHUNK_CELLS // length
    values = np.random.default_rng(0).normal(size=(rows, 1)).astype(np.float32)
    told = []
    whole = score(
        lambda x: 0.5 * x, plain(1, length), windows_over(values, length), on_progress=lambda p: told.append(p.done)
    )
    assert told == [10_000, 20_000, rows - length + 1]
    for seam in told[:2]:
        near = slice(seam - 300, seam + 300)
        piece = score(lambda x: 0.5 * x, plain(1, length), windows_over(values[near], length))
        for part in PARTS:
            inner = slice(150, -150)  # away from the piece's own ends
            assert np.allclose(getattr(whole, part)[near][inner], getattr(piece, part)[inner], rtol=1e-5), part


# --- what the parts mean ---------------------------------------------------------------------------------------------


def test_an_error_alike_everywhere_is_the_same_in_all_parts():
    parts = score(lambda x: x + 3, plain(2, 8), windows_over(np.zeros((40, 2)), 8, stride=2))
    for part in ("pattern", "peak", "point"):
        assert np.allclose(getattr(parts, part), 9)
    assert np.allclose(parts.expected, 3)


def test_one_spike_is_one_point_and_not_the_windows_around_it():
    values = np.zeros((200, 1))
    values[77] = 4
    parts = score(torch.zeros_like, plain(1, 32), windows_over(values, 32))
    assert np.flatnonzero(parts.point[:, 0]).tolist() == [77]
    assert parts.point[77] == pytest.approx(16)
    assert abs(int(np.argmax(parts.pattern)) - 77) <= 32
    assert parts.pattern.max() == pytest.approx(16 / 32)
    assert parts.peak.max() == pytest.approx(16)


def test_expected_is_the_mean_of_what_the_windows_over_a_row_reconstruct():
    values = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    parts = score(lambda x: x, plain(3, 7), windows_over(values, 7))
    assert np.allclose(parts.expected, values, atol=1e-6)


def test_with_cells_of_several_rows_each_row_gets_what_its_cells_say():
    """A series in which every value stands three times is, in cells of three, the series itself."""
    values = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    fine = score(lambda x: 0.5 * x, plain(2, 7), windows_over(values, 7))
    observed, present = torch.ones(150, 2, dtype=torch.bool), np.ones(150, bool)
    windows = cut(torch.from_numpy(np.repeat(values, 3, axis=0)), observed, present, 21, 3, grain=3)
    coarse = score(lambda x: 0.5 * x, plain(2, 7), windows)
    for part in ("point", "expected"):
        assert np.allclose(getattr(coarse, part), np.repeat(getattr(fine, part), 3, axis=0), atol=1e-5), part
    for part in ("pattern", "peak"):  # averaged over 10 rows there, over 3 here: only their sizes can be compared
        assert np.nanmedian(getattr(coarse, part)) == pytest.approx(np.nanmedian(getattr(fine, part)), rel=0.2), part


def test_one_window_alone_gives_every_row_its_number():
    parts = score(torch.zeros_like, plain(1, 4), windows_over([[1.0], [2.0], [3.0], [4.0]], 4))
    assert np.allclose(parts.pattern, (1 + 4 + 9 + 16) / 4)
    assert np.allclose(parts.peak, 16)
    assert parts.point[:, 0].tolist() == [1, 4, 9, 16]


# --- gaps and masks --------------------------------------------------------------------------------------------------


def test_rows_that_no_complete_window_covers_are_not_judged():
    present = np.ones(60, bool)
    present[20:25] = False
    present[30] = False  # rows 25 to 29 are fewer than a window
    parts = score(lambda x: x + 1, plain(2, 8), windows_over(np.zeros((60, 2)), 8, present=present))
    for part in PARTS:
        judged = np.isfinite(getattr(parts, part)).all(axis=1)
        assert np.flatnonzero(~judged).tolist() == list(range(20, 31))
        assert np.isnan(getattr(parts, part)[20:31]).all()


def test_the_first_rows_that_a_stride_leaves_over_are_not_judged():
    parts = score(lambda x: x, plain(1, 8), windows_over(np.zeros((30, 1)), 8, stride=4))
    assert np.flatnonzero(np.isnan(parts.point[:, 0])).tolist() == [0, 1]


def test_without_a_complete_window_nothing_is_judged():
    parts = score(lambda x: x, plain(1, 8), windows_over(np.zeros((30, 1)), 8, present=np.arange(30) % 5 > 0))
    assert all(np.isnan(getattr(parts, part)).all() for part in PARTS)


@pytest.fixture
def masked():
    """A series with a fifth unread, twice: what lies under the mask differs and nothing else."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, 2)).astype(np.float32)
    observed = rng.random((300, 2)) < 0.8
    other = np.where(observed, values, 1e3 * rng.normal(size=values.shape)).astype(np.float32)
    return windows_over(values, 16, observed=observed), windows_over(other, 16, observed=observed)


def test_values_under_the_mask_change_no_score_of_a_model_that_does_not_see_them(masked):
    residuals = Residuals(torch.randn(2, 16), torch.randn(2, 16, 16))
    first, second = (score(torch.zeros_like, residuals, windows) for windows in masked)
    assert equal(first, second)


def test_values_under_the_mask_reach_the_score_through_the_models_input_alone(masked):
    torch.manual_seed(0)
    model, residuals = TiedAutoencoder((16, 4)), plain(2, 16)
    first, second = masked
    assert not equal(score(model, residuals, first), score(model, residuals, second))
    inputs, _ = first.gather(slice(None))
    assert equal(score(model, residuals, first), score(lambda _: model(inputs), residuals, second))


def test_what_was_written_in_a_gap_never_matters_because_the_gap_is_bridged_anew():
    scaled = np.random.default_rng(0).normal(size=(300, 1)).astype(np.float32)
    holes = np.arange(300) % 10 == 4
    answers = []
    for absent in (np.nan, np.inf, -np.inf):
        prepared = prepare(np.where(holes[:, None], np.float32(absent), scaled), bridge=1)
        torch.manual_seed(0)
        windows = cut(prepared.values, prepared.observed, prepared.present, 16)
        answers.append(score(TiedAutoencoder((16, 4)), plain(1, 16), windows))
    assert equal(answers[0], answers[1])
    assert equal(answers[0], answers[2])


# --- spreading -------------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 9),
    st.integers(1, 4),
    st.lists(st.integers(0, 20), min_size=9, max_size=40).map(lambda counts: [c > 1 for c in counts]),
    st.integers(0, 10**6),
)
def test_spreading_equals_its_loop_twin(length, stride, present, seed):
    windows = windows_over(np.zeros((len(present), 2)), length, stride, present=present)
    numbers = np.random.default_rng(seed).integers(0, 99, (windows.count, 2)).astype(np.float32)
    numbers[~windows.complete] = np.nan
    judged = np.zeros(len(present), bool)
    for i in windows.usable:
        judged[windows.first + i * stride :][:length] = True
    answer = spread(numbers, windows, judged)
    for j in range(2):
        twin = naive_windows.spread(numbers[:, j].tolist(), windows.first, stride, length, judged.tolist())
        assert np.allclose(answer[:, j], twin, rtol=1e-5, equal_nan=True)


def test_one_huge_number_leaves_no_trace_beyond_half_a_window():
    windows = windows_over(np.zeros((1000, 1)), 20)
    numbers = np.full((windows.count, 1), 0.1, np.float32)
    calm = spread(numbers, windows, np.ones(1000, bool))
    numbers[300] = 1e30
    answer = spread(numbers, windows, np.ones(1000, bool))
    touched = np.flatnonzero(answer != calm)
    assert (touched.min(), touched.max()) == (310 - 4, 310 + 5)
    assert (answer > 0).all()


# --- progress --------------------------------------------------------------------------------------------------------


def test_a_callback_that_answers_false_cancels():
    with pytest.raises(CancelledError) as raised:
        score(lambda x: x, plain(1, 8), windows_over(np.zeros((30, 1)), 8), on_progress=lambda _: False)
    assert str(raised.value) == "cancelled while scoring; nothing was kept"
