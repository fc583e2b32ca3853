import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tsanomaly import TiedAutoencoder
from tsanomaly.detection.autoencoder import ACTIVATIONS, Autoencoder
from tsanomaly.errors import ConfigurationError


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def shaken(sizes, **settings):
    """A tied autoencoder in float64 whose biases and weights are all different from where they start."""
    model = TiedAutoencoder(sizes, **settings).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return model


def backward(model, x):
    model.zero_grad()
    F.mse_loss(model(x), x).backward()


DEEP = (784, 64, 16, 4)


# --- the three forms in which tied autoencoders are shown ------------------------------------------------------------


def test_one_layer_applies_the_weight_and_then_its_transpose():
    model, x = shaken((784, 128), activation="sigmoid"), torch.rand(5, 784, dtype=torch.float64)
    [w], [b], [b_out] = model.weights, model.encoder_biases, model.decoder_biases
    assert w.shape == (128, 784)
    code = torch.sigmoid(x @ w.T + b)
    assert torch.allclose(model.encode(x), code)
    assert torch.allclose(model(x), code @ w + b_out)


def test_several_layers_have_an_activation_after_each_but_the_last():
    model, x = shaken(DEEP, activation="tanh"), torch.randn(5, 784, dtype=torch.float64)
    h = x
    for w, b in zip(model.weights, model.encoder_biases, strict=True):
        h = torch.tanh(h @ w.T + b)
    assert h.shape == (5, 4)
    for i in (2, 1):
        h = torch.tanh(h @ model.weights[i] + model.decoder_biases[i])
    assert torch.allclose(model(x), h @ model.weights[0] + model.decoder_biases[0])


@pytest.mark.parametrize("sizes", [(20, 6), (20, 12, 6, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_the_two_gradient_paths_add_up_to_autograds(sizes, bias):
    model, x = shaken(sizes, decoder_bias=bias), torch.randn(7, 20, dtype=torch.float64)
    backward(model, x)
    paths = model.gradient_paths(x)
    assert len(paths) == len(model.weights)
    for path, weight in zip(paths, model.weights, strict=True):
        assert torch.allclose(path.encoder + path.decoder, weight.grad, rtol=1e-12, atol=1e-15)
        assert path.encoder.abs().max() > 1e-6
        assert path.decoder.abs().max() > 1e-6


def test_the_gradient_paths_of_one_linear_layer_are_the_ones_derived_by_hand():
    model, x = shaken((9, 4), activation="identity"), torch.randn(6, 9, dtype=torch.float64)
    [path] = model.gradient_paths(x)
    with torch.no_grad():
        w, h = model.weights[0], model.encode(x)
        r = 2 * (model(x) - x) / x.numel()  # dL/dy
        assert torch.allclose(path.decoder, h.T @ r)
        assert torch.allclose(path.encoder, (r @ w.T).T @ x)


def test_the_untied_twin_gives_the_same_output_and_the_two_gradients():
    model, x = shaken(DEEP), torch.randn(5, 784, dtype=torch.float64)
    twin = model.untied()
    assert torch.equal(twin(x), model(x))
    backward(twin, x)
    for path, down, up in zip(model.gradient_paths(x), twin.down, twin.up, strict=True):
        assert torch.equal(path.encoder, down.grad)
        assert torch.equal(path.decoder, up.grad)


def test_the_untied_twin_parts_from_the_tied_one_when_trained_and_leaves_it_as_it_was():
    model, x = shaken((20, 6)), torch.randn(5, 20, dtype=torch.float64)
    twin, before = model.untied(), copy.deepcopy(model.state_dict())
    optimiser = torch.optim.SGD(twin.parameters(), lr=0.1)
    backward(twin, x)
    optimiser.step()
    assert not torch.equal(twin.down[0], twin.up[0])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_gradient_paths_ignore_corruption_and_leave_the_mode_and_the_gradients_alone():
    plain = shaken((20, 12, 6))
    noisy = TiedAutoencoder((20, 12, 6), denoising=0.5, dropout=0.5).double()
    noisy.load_state_dict(plain.state_dict())
    x = torch.randn(7, 20, dtype=torch.float64)
    with torch.no_grad():
        for a, b in zip(plain.gradient_paths(x), noisy.gradient_paths(x), strict=True):
            assert torch.equal(a.encoder, b.encoder)
            assert torch.equal(a.decoder, b.decoder)
    assert noisy.training
    assert all(parameter.grad is None for parameter in noisy.parameters())
    noisy.eval()
    noisy.gradient_paths(x)
    assert not noisy.training


# --- tying -----------------------------------------------------------------------------------------------------------


def test_weights_stay_one_storage_through_steps_copies_and_loading():
    model = TiedAutoencoder((20, 12, 6))
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    start = [w.detach().clone() for w in model.weights]
    for _ in range(5):
        backward(model, torch.randn(8, 20))
        optimiser.step()
    assert not any(torch.equal(a, b) for a, b in zip(start, model.weights, strict=True))
    other = copy.deepcopy(model)
    other.load_state_dict(model.state_dict())
    for m in (model, other, other.double()):
        for down, up in zip(m.encoder_weights(), m.decoder_weights(), strict=True):
            assert down.data_ptr() == up.data_ptr()
    assert sorted(model.state_dict()) == sorted(name for name, _ in model.named_parameters())
    assert sum(name.startswith("weights") for name in model.state_dict()) == 2


def test_parameters_are_counted_once():
    assert TiedAutoencoder((784, 128)).parameter_count() == 784 * 128 + 128 + 784
    assert TiedAutoencoder((784, 128), decoder_bias=False).parameter_count() == 784 * 128 + 128
    assert TiedAutoencoder((784, 128)).untied().parameter_count() == 2 * 784 * 128 + 128 + 784
    weights, biases = 784 * 64 + 64 * 16 + 16 * 4, (64 + 16 + 4) + (784 + 64 + 16)
    assert TiedAutoencoder(DEEP).parameter_count() == weights + biases
    assert TiedAutoencoder(DEEP).untied().parameter_count() == 2 * weights + biases


def test_weights_start_orthogonal_so_that_the_linear_autoencoder_starts_as_a_projection():
    model = TiedAutoencoder((30, 8), activation="identity").double()
    [w] = model.weights
    assert torch.allclose(w @ w.T, torch.eye(8, dtype=torch.float64), atol=1e-6)
    y = model(torch.randn(4, 30, dtype=torch.float64))
    assert torch.allclose(model(y), y, atol=1e-6)


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(12, 5), (12, 8, 5)])
def test_the_decoders_biases_can_be_left_out(sizes):
    model = shaken(sizes, decoder_bias=False)
    assert model.decoder_biases is None
    assert model.untied().decoder_biases is None
    code = torch.zeros(1, 5, dtype=torch.float64)
    assert torch.equal(model.decode(code), torch.zeros(1, 12, dtype=torch.float64))
    assert not torch.equal(shaken(sizes).decode(code), torch.zeros(1, 12, dtype=torch.float64))


def test_each_role_has_its_own_activation():
    model = shaken(
        (10, 6, 3),
        activation="relu",
        latent_activation="tanh",
        decoder_activation="softplus",
        output_activation="sigmoid",
    )
    x = torch.randn(8, 10, dtype=torch.float64)
    (w1, w2), (b1, b2), (c1, c2) = model.weights, model.encoder_biases, model.decoder_biases
    code = torch.tanh(F.relu(x @ w1.T + b1) @ w2.T + b2)
    assert torch.allclose(model.encode(x), code)
    assert torch.allclose(model(x), torch.sigmoid(F.softplus(code @ w2 + c2) @ w1 + c1))


def test_activations_follow_the_first_one_but_the_output_is_linear():
    named = {"activation": "tanh", "latent_activation": "tanh", "decoder_activation": "tanh"}
    model = shaken((10, 6, 3), activation="tanh")
    spelled = TiedAutoencoder((10, 6, 3), **named, output_activation="identity").double()
    spelled.load_state_dict(model.state_dict())
    x = 3 * torch.randn(50, 10, dtype=torch.float64)
    assert torch.equal(model(x), spelled(x))


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_every_activation_reconstructs_and_learns(name):
    model, x = TiedAutoencoder((10, 6, 3), activation=name), torch.randn(8, 10)
    backward(model, x)
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())
    assert model.weights[0].grad.abs().max() > 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"sizes": (784,)}, "sizes is (784,); expected at least two positive whole numbers, such as (784, 128)"),
        ({"sizes": ()}, "sizes is (); expected at least two positive whole numbers, such as (784, 128)"),
        ({"sizes": (784, 0)}, "sizes is (784, 0); expected at least two positive whole numbers, such as (784, 128)"),
        ({"sizes": (8, 2.5)}, "sizes is (8, 2.5); expected at least two positive whole numbers, such as (784, 128)"),
        (
            {"sizes": (8, float("inf"))},
            "sizes is (8, inf); expected at least two positive whole numbers, such as (784, 128)",
        ),
        (
            {"activation": "rely"},
            "activation is 'rely'; "
            "expected one of elu, gelu, identity, leaky_relu, relu, sigmoid, silu, softplus, tanh",
        ),
        (
            {"output_activation": "linear"},
            "output_activation is 'linear'; "
            "expected one of elu, gelu, identity, leaky_relu, relu, sigmoid, silu, softplus, tanh",
        ),
        ({"denoising": 1.0}, "denoising is 1.0; expected a number from 0 up to, not including, 1"),
        ({"dropout": -0.1}, "dropout is -0.1; expected a number from 0 up to, not including, 1"),
        ({"dropout": float("nan")}, "dropout is nan; expected a number from 0 up to, not including, 1"),
    ],
)
def test_settings_out_of_range_are_refused_in_one_sentence(settings, sentence):
    with pytest.raises(ConfigurationError) as raised:
        TiedAutoencoder(**{"sizes": (8, 2), **settings})
    assert str(raised.value) == sentence


@pytest.mark.parametrize("role", ["decoder_activation", "latent_activation"])
def test_the_refused_activation_is_named_by_its_role(role):
    with pytest.raises(ConfigurationError, match=f"^{role} is 'x'; expected one of "):
        TiedAutoencoder((8, 2), **{role: "x"})


def test_numpy_sizes_are_whole_numbers_too():
    assert TiedAutoencoder(np.array([8, 2])).sizes == (8, 2)


# --- corruption ------------------------------------------------------------------------------------------------------


def test_denoising_hides_its_share_of_the_input_only_while_training():
    model = TiedAutoencoder((1000, 1000), activation="identity", decoder_bias=False, denoising=0.3)
    with torch.no_grad():
        model.weights[0].copy_(torch.eye(1000))
    x = 1 + torch.rand(50, 1000)
    y = model(x)
    hidden = y == 0
    assert torch.equal(y[~hidden], x[~hidden])
    assert float(hidden.float().mean()) == pytest.approx(0.3, abs=0.01)
    assert torch.equal(model.eval()(x), x)


def test_dropout_drops_hidden_units_but_neither_code_nor_output_and_only_while_training():
    model, x = shaken((40, 30, 20), dropout=0.5), torch.randn(200, 40, dtype=torch.float64)
    assert not torch.equal(model(x), model(x))
    assert (model(x) != 0).all()
    assert (model.encode(x) != 0).all()
    one_layer = shaken((40, 20), dropout=0.5)
    assert torch.equal(one_layer(x), one_layer(x))
    model.eval()
    assert torch.equal(model(x), model(x))


def test_without_corruption_training_and_evaluation_give_the_same():
    model, x = shaken(DEEP), torch.randn(3, 784, dtype=torch.float64)
    assert torch.equal(model(x), model.eval()(x))


# --- types and places ------------------------------------------------------------------------------------------------


def test_it_works_in_float64_and_on_inputs_with_more_dimensions():
    model, x = shaken((10, 6, 3)), torch.randn(2, 5, 10, dtype=torch.float64)
    assert model(x).dtype == torch.float64
    assert model.untied()(x).dtype == torch.float64
    assert model.encode(x).shape == (2, 5, 3)
    assert torch.allclose(model(x)[1], model(x[1]))


@pytest.mark.parametrize("device", ["meta", *(["cuda"] if torch.cuda.is_available() else [])])
def test_it_moves_to_another_device_and_stays_tied(device):
    model = TiedAutoencoder((10, 6, 3)).to(device)
    assert {p.device.type for p in [*model.parameters(), *model.untied().parameters()]} == {device}
    assert model(torch.randn(4, 10, device=device)).device.type == device
    assert all(a is b for a, b in zip(model.encoder_weights(), model.decoder_weights(), strict=True))


def test_the_common_base_leaves_the_weights_to_its_kinds():
    base = Autoencoder((10, 3))
    assert isinstance(base, nn.Module)
    with pytest.raises(NotImplementedError):
        base(torch.randn(1, 10))
