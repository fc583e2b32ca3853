import gc
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from torch import nn

from tsanomaly import Progress, TiedAutoencoder, Training
from tsanomaly.detection.training import Stop, split, train
from tsanomaly.detection.windows import cut
from tsanomaly.errors import CancelledError, ConfigurationError

LENGTH = 16
NONE_HELD = np.empty(0, np.intp)


def waves(rows=600, seed=0):
    rng = np.random.default_rng(seed)
    return (np.sin(np.arange(rows) / 3) + 0.05 * rng.normal(size=rows)).astype(np.float32)


def windows_over(values, observed=None):
    values = torch.as_tensor(values)[:, None]
    observed = torch.ones(values.shape, dtype=torch.bool) if observed is None else torch.as_tensor(observed)[:, None]
    return cut(values, observed, np.ones(len(values), bool), LENGTH)


def autoencoder(seed=0, **settings):
    torch.manual_seed(seed)
    return TiedAutoencoder((LENGTH, 8, 4), **settings)


def trained(training, *, seed=0, held_back=True, on_progress=None, **settings):
    windows = windows_over(waves())
    index, held = split(windows.usable, LENGTH) if held_back else (windows.usable, NONE_HELD)
    model = autoencoder(**settings)
    return model, train(model, windows, index, held, training, seed=seed, on_progress=on_progress)


class Constant(nn.Module):
    """Always answers one number: the mean of what it is trained on is the best it can do."""

    def __init__(self):
        super().__init__()
        self.level = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.level.expand(x.shape)


def error_of(model, windows, index):
    with torch.no_grad():
        x, mask = windows.gather(torch.from_numpy(index))
        return float(((model(x) - x).square() * mask).sum() / mask.sum())


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


# --- learning --------------------------------------------------------------------------------------------------------


def test_training_lowers_the_error_on_windows_it_never_saw():
    windows = windows_over(waves())
    index, held = split(windows.usable, LENGTH)
    model = autoencoder()
    before = error_of(model, windows, held)
    train(model, windows, index, held, Training(steps=300, batch=64))
    assert error_of(model, windows, held) < before / 10


def test_the_loss_is_the_mean_squared_error_over_observed_cells_alone():
    values = np.where(np.arange(200) % 4 == 0, 1000.0, 3.0).astype(np.float32)
    model = Constant()
    windows = windows_over(values, values < 10)
    history = train(model, windows, windows.usable, NONE_HELD, Training(steps=400, rate=0.1, decay=0))
    assert model.level.item() == pytest.approx(3, abs=1e-3)
    assert history.trained[-1] == pytest.approx(0, abs=1e-4)


def test_contaminated_data_still_teaches_what_is_normal():
    values = waves(3000)
    burst = np.zeros(3000, bool)
    for start in range(100, 3000, 300):
        burst[start : start + 12] = True  # one row in 25
    rng = np.random.default_rng(1)
    values[burst] += rng.choice([-2, 2], burst.sum()).astype(np.float32)
    windows = windows_over(values)
    index, held = split(windows.usable, LENGTH)
    model = autoencoder()
    train(model, windows, index, held, Training(steps=600, batch=128))
    x, _ = windows.gather(slice(None))
    with torch.no_grad():
        error = (model(x) - x).square().mean(dim=(1, 2)).numpy()
    holds_burst = np.lib.stride_tricks.sliding_window_view(burst, LENGTH).sum(axis=1) >= LENGTH // 4
    holds_none = np.lib.stride_tricks.sliding_window_view(burst, LENGTH).sum(axis=1) == 0
    judged = holds_burst | holds_none
    assert roc_auc_score(holds_burst[judged], error[judged]) > 0.99


# --- which weights stay ----------------------------------------------------------------------------------------------


def test_the_best_weights_are_restored_when_the_last_are_worse():
    # Trained where the answer is 10, judged where it is 3: on its way the level passes 3, and from there gets worse.
    windows = windows_over(np.repeat([10, 3], 100).astype(np.float32))
    index, held = np.arange(80), np.arange(100, 180)
    model, levels = Constant(), {}

    def watch(progress):
        levels[progress.done] = model.level.item()

    history = train(
        model, windows, index, held, Training(steps=600, check_every=10, patience=60, rate=0.1), on_progress=watch
    )
    best = history.steps[int(np.argmin(history.held_back))]
    assert levels[600] == pytest.approx(10, abs=0.1)
    assert history.best_step == best < 600
    assert model.level.item() == levels[best] == pytest.approx(3, abs=0.5)
    assert error_of(model, windows, held) == pytest.approx(min(history.held_back))
    assert min(history.held_back) < 1 < history.held_back[-1]


def test_training_stops_when_the_held_back_windows_stop_improving():
    model, history = trained(Training(steps=100_000, batch=16, check_every=5, patience=3, rate=0.05))
    assert history.stopped is Stop.PATIENCE
    assert history.steps[-1] == history.best_step + 3 * 5
    assert min(history.held_back) == history.held_back[history.steps.index(history.best_step)]
    assert not model.training


def test_without_held_back_windows_the_training_loss_judges():
    _, history = trained(Training(steps=40, check_every=10), held_back=False)
    assert history.held_back == ()
    assert history.best_step == history.steps[int(np.argmin(history.trained))]


def test_all_steps_are_taken_and_the_last_is_checked():
    _, history = trained(Training(steps=25, check_every=10, patience=99))
    assert history.steps == (10, 20, 25)
    assert len(history.trained) == len(history.held_back) == 3
    assert history.stopped is Stop.STEPS


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 10])
def test_very_few_steps_train_too(steps):
    model, history = trained(Training(steps=steps))
    assert history.steps == (steps,)
    assert not same(model, autoencoder())


# --- seed, cancel, time, divergence ----------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    training = Training(steps=60, batch=32)
    first, _ = trained(training, denoising=0.2, dropout=0.2)
    again, _ = trained(training, denoising=0.2, dropout=0.2)
    other, _ = trained(training, seed=1, denoising=0.2, dropout=0.2)
    assert same(first, again)
    assert not same(first, other)


def test_a_callback_is_told_how_far_training_is():
    told = []
    trained(Training(steps=30, check_every=10), on_progress=told.append)
    assert [(p.stage, p.done, p.total) for p in told] == [("training", n, 30) for n in (10, 20, 30)]
    assert all(isinstance(p, Progress) and math.isfinite(p.loss) for p in told)


def test_a_callback_that_answers_false_cancels():
    told = []

    def stop_at_the_second(progress):
        told.append(progress.done)
        return len(told) < 2

    with pytest.raises(CancelledError) as raised:
        trained(Training(steps=1000, check_every=10), on_progress=stop_at_the_second)
    assert str(raised.value) == "cancelled while training; nothing was kept"
    assert told == [10, 20]


def test_a_time_budget_stops_training_with_the_best_weights_so_far():
    model, history = trained(Training(steps=10_000_000, check_every=1, patience=10_000_000, seconds=0.2))
    assert history.stopped is Stop.TIME
    assert history.best_step == history.steps[int(np.argmin(history.held_back))]
    assert not model.training


def test_a_time_budget_too_short_for_a_single_check_leaves_the_model_usable():
    model, history = trained(Training(steps=1000, seconds=1e-9))
    assert (history.steps, history.best_step, history.stopped) == ((), 0, Stop.TIME)
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())


def test_a_diverging_rate_is_refused_in_one_sentence():
    with pytest.raises(ConfigurationError) as raised:
        trained(Training(steps=200, rate=1e30, check_every=10))
    assert str(raised.value) == "training diverged by step 10; choose a rate below 1e+30"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"steps": 0}, "steps is 0; expected a whole number of at least 1"),
        ({"batch": -3}, "batch is -3; expected a whole number of at least 1"),
        ({"patience": 2.5}, "patience is 2.5; expected a whole number of at least 1"),
        ({"check_every": math.nan}, "check_every is nan; expected a whole number of at least 1"),
        ({"rate": 0}, "rate is 0; expected a number above 0"),
        ({"rate": math.inf}, "rate is inf; expected a number above 0"),
        ({"decay": -1.0}, "decay is -1.0; expected a number of at least 0"),
        ({"seconds": 0}, "seconds is 0; expected a number above 0, or None for no limit"),
    ],
)
def test_settings_out_of_range_are_refused_in_one_sentence(settings, sentence):
    with pytest.raises(ConfigurationError) as raised:
        Training(**settings)
    assert str(raised.value) == sentence


# --- batches and memory ----------------------------------------------------------------------------------------------


class Recorder(nn.Module):
    """Remembers the first value of each window it is trained on."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.seen = []

    def forward(self, x):
        if self.training:
            self.seen += x[:, 0, 0].int().tolist()
        return self.weight * x


@pytest.mark.parametrize("batch", [7, 20, 64])
def test_every_window_is_drawn_once_before_any_is_drawn_again(batch):
    model = Recorder()
    windows = windows_over(np.arange(35, dtype=np.float32))  # 20 windows, known by their first value
    train(model, windows, windows.usable, NONE_HELD, Training(steps=40, batch=batch))
    rounds = [model.seen[i : i + 20] for i in range(0, len(model.seen) - 19, 20)]
    assert len(rounds) >= 14
    assert all(sorted(drawn) == list(range(20)) for drawn in rounds)
    assert rounds[0] != rounds[1]


def live_tensors():
    gc.collect()
    return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())


def test_tensors_do_not_pile_up_over_the_steps():
    counts = {}

    def watch(progress):
        counts[progress.done] = live_tensors()

    trained(Training(steps=200, batch=8, check_every=50, patience=99), on_progress=watch, dropout=0.1)
    assert len(counts) == 4
    assert len(set(counts.values())) == 1


# --- held-back windows -----------------------------------------------------------------------------------------------


@st.composite
def usable_windows(draw):
    """Start rows of usable windows of a series with gaps, as cutting gives them."""
    length = draw(st.integers(2, 12))
    stretches = draw(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 30)), min_size=1, max_size=5))
    present = np.concatenate([np.r_[np.ones(rows, bool), np.zeros(gap, bool)] for rows, gap in stretches])
    complete = np.lib.stride_tricks.sliding_window_view(np.r_[present, np.zeros(length, bool)], length).all(axis=1)
    return np.flatnonzero(complete), length


@settings(max_examples=150, deadline=None)
@given(usable_windows())
def test_held_back_windows_share_no_row_with_trained_ones(drawn):
    usable, length = drawn
    learn, held = split(usable, length)
    assert np.isin(learn, usable).all()
    assert np.isin(held, usable).all()
    assert len(learn) or not len(usable)
    if len(held):
        assert np.abs(learn[:, None] - held[None, :]).min() >= length
        assert len(held) <= 0.1 * len(usable)
    else:
        assert np.array_equal(learn, usable)


def test_a_long_series_holds_back_a_tenth_in_five_stretches_spread_over_it():
    learn, held = split(np.arange(10_000), 50)
    assert len(held) == 1000
    starts = held[np.r_[True, np.diff(held) > 1]]
    assert len(starts) == 5
    assert np.allclose(starts, [900, 2900, 4900, 6900, 8900], atol=1)
    assert len(learn) == 10_000 - 1000 - 5 * 2 * 49


def test_a_short_series_holds_nothing_back():
    learn, held = split(np.arange(100), 20)
    assert len(learn) == 100
    assert len(held) == 0
