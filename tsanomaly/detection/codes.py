"""How the autoencoder itself sees an event: its latent code of what came, against that of what was expected."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from tsanomaly.detection.events import Event, Events
from tsanomaly.detection.similarity import code_difference

if TYPE_CHECKING:
    from tsanomaly.detection.detector import Detector


def latent_code(events: Events, event: Event, detector: Detector) -> tuple[tuple[float, ...], str]:
    """The part ``code`` of an event's fingerprint, and the model that it comes from; empty where none can be made.

    The first member's encoder sees the window around the peak; where it takes one channel at a time, that of the
    leading channel.
    """
    view = detector.members_[0].view
    channels, length = len(events.series.channels), view.length
    if length > len(events.series):
        return (), ""
    first = int(np.clip(event.peak_row - length // 2, 0, len(events.series) - length))
    rows = slice(first, first + length)
    columns = list(range(channels)) if view.joint else [events.series.channels.index(event.channels[0].name)]
    actual = detector.scaling_.apply(events.series.values[rows])[:, columns]
    expected = detector.scaling_.apply(events.scores.expected[rows])[:, columns]
    known = np.isfinite(actual) & np.isfinite(expected)
    if not known.any():
        return (), ""
    expected = np.where(np.isfinite(expected), expected, 0)
    return code_difference(*_codes(detector, np.where(known, actual, expected), expected)), _name(detector)


@torch.no_grad()
def _codes(detector: Detector, *windows: NDArray[np.floating]) -> list[NDArray[np.float32]]:
    """The code of each window ``(L, c)``."""
    first = detector.members_[0]
    autoencoder, grain = first.model.autoencoder, first.view.grain
    device = next(autoencoder.parameters()).device
    cells = [window.T.reshape(-1, grain).mean(axis=1) for window in windows]
    stacked = torch.from_numpy(np.stack(cells).astype(np.float32)).to(device)
    return list(autoencoder.encode(stacked).cpu().numpy())


def _name(detector: Detector) -> str:
    """The same for the same weights: codes of two models mean nothing to each other."""
    first = next(detector.members_[0].model.autoencoder.parameters())
    return hashlib.blake2s(first.detach().cpu().numpy().tobytes(), digest_size=8).hexdigest()
