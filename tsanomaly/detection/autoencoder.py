"""The tied-weight autoencoder: one weight a layer, used by the encoder and, transposed, by the decoder.

For layer sizes ``d0 > d1 > … > dk`` there are ``k`` weights ``W_i`` of shape ``(d_i, d_{i-1})`` and

    encoder   h_i = f(W_i h_{i-1} + b_i)                 h_0 = x
    decoder   g_{i-1} = f'(W_iᵀ g_i + b'_i)              g_k = h_k, output activation on g_0

``W_i`` enters the loss twice, so its gradient is the sum of two terms; :meth:`TiedAutoencoder.gradient_paths` shows
them apart. Tying halves the parameters and acts as a regulariser (Vincent et al., 2010, JMLR 11, section 2.1).
``docs/tied-weights.md`` explains, with code that runs, why the usual shortcuts do not tie anything.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tsanomaly.errors import ConfigurationError


def _identity(x: Tensor) -> Tensor:
    return x


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": _identity,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
}


class GradientPaths(NamedTuple):
    """One weight's gradient, split by the place where the weight is used; ``encoder + decoder`` is autograd's."""

    encoder: Tensor  # (d_i, d_{i-1})
    decoder: Tensor  # (d_i, d_{i-1})


def _check_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    if len(sizes) < 2 or any(not isinstance(size, Integral) or size < 1 for size in sizes):
        raise ConfigurationError(
            f"sizes is {tuple(sizes)}; expected at least two positive whole numbers, such as (784, 128)"
        )
    return tuple(int(size) for size in sizes)


def _activation(name: str, role: str) -> Callable[[Tensor], Tensor]:
    try:
        return ACTIVATIONS[name]
    except KeyError:
        raise ConfigurationError(f"{role} is '{name}'; expected one of {', '.join(sorted(ACTIVATIONS))}") from None


def _check_rate(value: float, role: str) -> float:
    if not 0.0 <= value < 1.0:
        raise ConfigurationError(f"{role} is {value}; expected a number from 0 up to, not including, 1")
    return float(value)


class Autoencoder(nn.Module):
    """What the tied autoencoder and its untied twin share: biases, activations, corruption and the forward pass.

    Args:
        sizes: layer sizes from the input to the bottleneck, ``(d0, …, dk)``.
        activation: after each encoder layer but, where ``latent_activation`` says otherwise, the last.
        decoder_activation: after each decoder layer but the last; ``None``: as ``activation``.
        latent_activation: after the bottleneck; ``None``: as ``activation``.
        output_activation: after the last decoder layer. Linear by default: a ReLU there cannot give back the
            negative half of standardised windows.
        decoder_bias: whether decoder layers have biases of their own.
        denoising: share of input cells replaced by 0 while training; the loss still asks for the clean input
            (masking noise of Vincent et al., 2010, section 3.3).
        dropout: share of hidden units dropped while training.

    Raises:
        ConfigurationError: a size, activation or rate is out of range.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: str = "gelu",
        decoder_activation: str | None = None,
        latent_activation: str | None = None,
        output_activation: str = "identity",
        decoder_bias: bool = True,
        denoising: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.sizes = _check_sizes(sizes)
        decoder_activation = activation if decoder_activation is None else decoder_activation
        latent_activation = activation if latent_activation is None else latent_activation
        self._encoder_activation = _activation(activation, "activation")
        self._decoder_activation = _activation(decoder_activation, "decoder_activation")
        self._latent_activation = _activation(latent_activation, "latent_activation")
        self._output_activation = _activation(output_activation, "output_activation")
        self.denoising = _check_rate(denoising, "denoising")
        self.dropout = _check_rate(dropout, "dropout")
        self.encoder_biases = nn.ParameterList(torch.zeros(size) for size in self.sizes[1:])
        self.decoder_biases = nn.ParameterList(torch.zeros(size) for size in self.sizes[:-1]) if decoder_bias else None
        self.settings = {
            "activation": activation,
            "decoder_activation": decoder_activation,
            "latent_activation": latent_activation,
            "output_activation": output_activation,
            "decoder_bias": decoder_bias,
            "denoising": self.denoising,
            "dropout": self.dropout,
        }

    def encoder_weights(self) -> list[Tensor]:
        """``k`` tensors of shape ``(d_i, d_{i-1})``."""
        raise NotImplementedError

    def decoder_weights(self) -> list[Tensor]:
        """``k`` tensors of shape ``(d_i, d_{i-1})``, applied transposed, in the encoder's order."""
        raise NotImplementedError

    def encode(self, x: Tensor) -> Tensor:
        """Map ``(…, d0)`` to the code ``(…, dk)``."""
        return self._encode(x, self.encoder_weights())

    def decode(self, code: Tensor) -> Tensor:
        """Map ``(…, dk)`` back to ``(…, d0)``."""
        return self._decode(code, self.decoder_weights())

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruct ``(…, d0)``; while training the input is corrupted first where ``denoising`` asks for it."""
        return self.decode(self.encode(self._corrupt(x)))

    @torch.enable_grad()
    def gradient_paths(self, x: Tensor) -> list[GradientPaths]:
        """Gradient of the mean squared reconstruction error, per weight, by path.

        Args:
            x: ``(batch, d0)``.

        Returns:
            For each layer what reaches its weight through the encoder and through the decoder.
            Denoising and dropout are left out, so that the answer is a function of ``x`` alone.
        """
        encoder = [w.detach().requires_grad_() for w in self.encoder_weights()]
        decoder = [w.detach().requires_grad_() for w in self.decoder_weights()]
        training = self.training
        self.eval()
        try:
            loss = F.mse_loss(self._decode(self._encode(x, encoder), decoder), x)
        finally:
            self.train(training)
        gradients = torch.autograd.grad(loss, [*encoder, *decoder])
        return [GradientPaths(e, d) for e, d in zip(gradients[: len(encoder)], gradients[len(encoder) :], strict=True)]

    def parameter_count(self) -> int:
        """Number of trained numbers, each shared one counted once."""
        return sum(p.numel() for p in self.parameters())

    def _corrupt(self, x: Tensor) -> Tensor:
        if not self.training or self.denoising == 0.0:
            return x
        return x * (torch.rand_like(x) >= self.denoising)

    def _drop(self, h: Tensor) -> Tensor:
        return F.dropout(h, self.dropout, self.training) if self.dropout else h

    def _encode(self, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        last = len(weights) - 1
        for i, (weight, bias) in enumerate(zip(weights, self.encoder_biases, strict=True)):
            activation = self._latent_activation if i == last else self._encoder_activation
            x = activation(F.linear(x, weight, bias))
            if i != last:
                x = self._drop(x)
        return x  # (…, dk)

    def _decode(self, code: Tensor, weights: Sequence[Tensor]) -> Tensor:
        for i in reversed(range(len(weights))):
            code = F.linear(code, weights[i].t(), None if self.decoder_biases is None else self.decoder_biases[i])
            code = self._output_activation(code) if i == 0 else self._drop(self._decoder_activation(code))
        return code  # (…, d0)


class TiedAutoencoder(Autoencoder):
    """One parameter a layer, used by both halves. See the module's text for formulas and :class:`Autoencoder`
    for the arguments.

    Weights start orthogonal (Saxe et al., 2014): then ``Wᵀ W`` is a projection, and the untrained autoencoder
    is near the identity on its bottleneck's subspace.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: str = "gelu",
        decoder_activation: str | None = None,
        latent_activation: str | None = None,
        output_activation: str = "identity",
        decoder_bias: bool = True,
        denoising: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(
            sizes,
            activation=activation,
            decoder_activation=decoder_activation,
            latent_activation=latent_activation,
            output_activation=output_activation,
            decoder_bias=decoder_bias,
            denoising=denoising,
            dropout=dropout,
        )
        self.weights = nn.ParameterList(
            nn.init.orthogonal_(torch.empty(d_out, d_in)) for d_in, d_out in itertools.pairwise(self.sizes)
        )

    def encoder_weights(self) -> list[Tensor]:
        return list(self.weights)

    def decoder_weights(self) -> list[Tensor]:
        return list(self.weights)

    def untied(self) -> UntiedAutoencoder:
        """A twin that gives the same output from two parameters a layer, each holding a copy of the one here."""
        return UntiedAutoencoder(self)


class UntiedAutoencoder(Autoencoder):
    """The ordinary autoencoder with the same sizes: encoder and decoder weights are parameters of their own.

    It starts as a copy of ``tied``, and its two gradients per layer are then the tied weight's two paths.
    """

    def __init__(self, tied: TiedAutoencoder) -> None:
        super().__init__(tied.sizes, **tied.settings)  # type: ignore[arg-type]
        self.encoder_biases = copy.deepcopy(tied.encoder_biases)
        self.decoder_biases = copy.deepcopy(tied.decoder_biases)
        self.down = nn.ParameterList(w.detach().clone() for w in tied.weights)
        self.up = nn.ParameterList(w.detach().clone() for w in tied.weights)
        self.train(tied.training)

    def encoder_weights(self) -> list[Tensor]:
        return list(self.down)

    def decoder_weights(self) -> list[Tensor]:
        return list(self.up)
