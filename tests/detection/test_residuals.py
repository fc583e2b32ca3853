import numpy as np
import pytest
import torch

from tsanomaly.detection.residuals import CALM, LEAST, RIDGE, Residuals


@pytest.fixture
def errors():
    """1,000 windows of two channels and five rows whose errors are not independent, in float64."""
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(2, 5, 5, generator=generator, dtype=torch.float64)
    noise = torch.randn(1000, 2, 5, generator=generator, dtype=torch.float64)
    return torch.einsum("wcl,clk->wck", noise, mix) + torch.tensor([[3.0], [-1.0]])


def covariance_by_hand(errors):
    """Mean and ridged covariance of the calm windows of one channel, ``(w, L)``."""
    size = (errors**2).mean(axis=1)
    calm = errors[np.argsort(size)[: 1 + int(CALM * (len(errors) - 1))]]
    covariance = np.cov(calm.T, ddof=0)
    ridge = RIDGE * np.trace(covariance) / len(covariance) + LEAST**2
    return calm.mean(axis=0), covariance + ridge * np.eye(len(covariance))


def test_the_mean_of_squares_is_the_mahalanobis_length_by_direct_inverse(errors):
    z = Residuals.fit(errors).whiten(errors).numpy()
    for j in range(2):
        mean, covariance = covariance_by_hand(errors[:, j].numpy())
        off = errors[:, j].numpy() - mean
        mahalanobis = np.einsum("wi,ij,wj->w", off, np.linalg.inv(covariance), off)
        assert np.allclose((z[:, j] ** 2).sum(axis=1), mahalanobis, rtol=1e-8)


def test_whitening_keeps_each_cell_in_its_place():
    # Independent rows of different sizes: each is divided by its own, and no other row takes part.
    sizes = torch.tensor([1.0, 10.0, 100.0, 10.0], dtype=torch.float64)
    signs = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 4)
    residuals = Residuals.fit((signs * sizes)[:, None])
    ridge = RIDGE * (sizes**2).mean() + LEAST**2
    one_row = torch.zeros(1, 1, 4, dtype=torch.float64)
    one_row[..., 1] = 10
    expected = torch.zeros(4, dtype=torch.float64)
    expected[1] = 10 / torch.sqrt(100 + ridge)
    assert torch.allclose(residuals.whiten(one_row)[0, 0], expected, atol=1e-12)
    assert torch.allclose(residuals.root[0], residuals.root[0].T)


def test_over_calm_windows_the_squares_average_somewhat_below_1(errors):
    size = errors.square().mean(dim=2)
    residuals = Residuals.fit(errors)
    z2 = residuals.whiten(errors).square().mean(dim=2)
    for j in range(2):
        _, covariance = covariance_by_hand(errors[:, j].numpy())
        ridged = np.linalg.eigvalsh(covariance)
        ridge = RIDGE * (ridged.mean() - LEAST**2) / (1 + RIDGE) + LEAST**2
        usual = z2[:, j][torch.argsort(size[:, j])[: 1 + int(CALM * 999)]].mean()
        assert float(usual) == pytest.approx(np.mean((ridged - ridge) / ridged))
        assert 0.5 < float(usual) < 1


def test_the_highest_tenth_teaches_nothing(errors):
    spoiled = errors.clone()
    worst = torch.argsort(errors[:, 0].square().mean(dim=1))[901:]
    spoiled[worst, 0] = 1e6
    clean, after = Residuals.fit(errors), Residuals.fit(spoiled)
    assert torch.equal(clean.mean, after.mean)
    assert torch.equal(clean.root, after.root)


def test_channels_are_measured_apart(errors):
    both, second = Residuals.fit(errors), Residuals.fit(errors[:, 1:])
    assert torch.equal(both.root[1], second.root[0])
    assert torch.equal(both.whiten(errors)[:, 1:], second.whiten(errors[:, 1:]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_errors_of_one_direction_only_are_measured_without_infinities(dtype):
    direction = torch.tensor([1.0, 2.0, 0.0, -1.0], dtype=dtype)
    errors = (torch.arange(-10, 11, dtype=dtype)[:, None] * direction)[:, None]
    residuals = Residuals.fit(errors)
    assert residuals.root.dtype == dtype
    assert torch.isfinite(residuals.root).all()
    never_seen = torch.tensor([[[0.0, 0.0, 1.0, 0.0]]], dtype=dtype)
    along = (direction / direction.norm())[None, None]
    assert residuals.whiten(never_seen).norm() > 3 * residuals.whiten(along).norm()


def test_one_window_is_its_own_mean_and_others_are_measured_in_the_least_size():
    error = torch.tensor([[[0.5, -0.25, 0.0]]])
    residuals = Residuals.fit(error)
    assert torch.equal(residuals.whiten(error), torch.zeros(1, 1, 3))
    assert torch.allclose(residuals.whiten(error + LEAST), torch.ones(1, 1, 3), rtol=1e-3)


def test_a_perfect_reconstruction_is_no_division_by_zero():
    residuals = Residuals.fit(torch.zeros(50, 2, 4))
    assert torch.equal(residuals.whiten(torch.zeros(1, 2, 4)), torch.zeros(1, 2, 4))
    assert torch.isfinite(residuals.whiten(torch.full((1, 2, 4), 40.0))).all()


def test_more_windows_than_torchs_quantile_takes_are_no_problem():
    errors = torch.zeros(2**24 + 1, 1, 1)
    errors[::2] = 1
    assert torch.isfinite(Residuals.fit(errors).root).all()
