"""A trained detector as one safetensors file with JSON metadata: no pickle, no code, nothing but numbers and names.

Loading goes in four steps, each of which may refuse with one sentence: read the header, describe (format and version),
audit (the digest over every byte of content, then the shapes against the settings), and only then build.

The digest finds damage and careless edits. It is no signature: who can write the file can write a matching digest, so
the audit trusts nothing that it reads, and building runs no code from the file.

To raise ``FORMAT``: teach :func:`_build` the step from the last one, and keep a file of the old format in the tests.
Formats 1 and 2 are refused: their detectors knew no neighbours or no novelty, and their thresholds mean nothing to
today's scores.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor

import tsanomaly
from tsanomaly.detection.detector import Detector
from tsanomaly.detection.evidence import Usual
from tsanomaly.detection.member import Member, View, WindowModel
from tsanomaly.detection.neighbours import Neighbours
from tsanomaly.detection.novelty import Novelty
from tsanomaly.detection.plateaus import Plateaus
from tsanomaly.detection.residuals import Residuals
from tsanomaly.detection.scaling import KINDS, Scaling
from tsanomaly.detection.severity import Severity
from tsanomaly.detection.thresholds import RULES, Threshold
from tsanomaly.detection.training import History, Stop, Training
from tsanomaly.errors import BundleError, ConfigurationError

FORMAT = 3
NAME = "tsanomaly.detector"
MOST_BYTES = 2 * 1024**3
MOST_WINDOW = 100_000
MOST_WEIGHT = 100.0
MOST_ROWS = 10**9
MOST_NANOSECONDS = 2**63 - 1
"""Sizes beyond which a file is not believed, whatever it says of itself."""

_PARAMETERS = (
    "window",
    "scales",
    "early_scales",
    "neighbours",
    "novelty",
    "reference",
    "model",
    "twin",
    "stride",
    "scaling",
    "layers",
    "activation",
    "denoising",
    "dropout",
    "budget",
    "random_state",
)


def save(detector: Detector, path: str | os.PathLike[str]) -> Path:
    """Write a fitted detector.

    The file is written aside and renamed: a reader sees the old one or the new one, never half of it.

    Raises:
        NotFittedError: the detector has not learned.
        BundleError: the folder does not exist or cannot be written.
    """
    detector._check_fitted()
    target = Path(path)
    tensors = _tensors(detector)
    described = json.dumps(_describe(detector), sort_keys=True, allow_nan=False)
    metadata = {"name": NAME, "format": str(FORMAT), "detector": described, "digest": _digest(tensors, described)}
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        aside.write_bytes(to_bytes(tensors, metadata))
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise BundleError(f"the model could not be written to '{target}': {error.strerror}") from None
    return target


def load(path: str | os.PathLike[str]) -> Detector:
    """Read a detector back; it scores bit for bit as the one that was saved. It is placed on the CPU.

    Raises:
        BundleError: the file is missing, truncated, not of this program, newer than it, or was changed.
    """
    described, tensors = _read(Path(path))
    return _build(path, described, tensors)


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a file says of itself, audited but not built: settings, channels, training, data hash.

    Raises:
        BundleError: as :func:`load`.
    """
    return _read(Path(path))[0]


# --- writing --------------------------------------------------------------------------------------------------------


def _tensors(detector: Detector) -> dict[str, Tensor]:
    tensors = {
        "scaling.centre": torch.from_numpy(detector.scaling_.centre),
        "scaling.scale": torch.from_numpy(detector.scaling_.scale),
        "severity.body": torch.from_numpy(detector.severity_.body),
        "calibration": torch.from_numpy(detector.calibration_),
    }
    for i, (member, usual) in enumerate(zip(detector.members_, detector.usual_, strict=True)):
        for name, value in member.model.autoencoder.state_dict().items():
            tensors[f"member.{i}.model.{name}"] = value.cpu()
        tensors[f"member.{i}.residuals.mean"] = member.residuals.mean
        tensors[f"member.{i}.residuals.root"] = member.residuals.root
        if member.novelty is not None:
            tensors[f"member.{i}.novelty.errors"] = member.novelty.errors.half()
            tensors[f"member.{i}.novelty.rows"] = torch.from_numpy(member.novelty.rows)
        tensors[f"member.{i}.usual.channel"] = torch.from_numpy(usual.channel)
        tensors[f"member.{i}.usual.mean"] = torch.from_numpy(usual.mean)
    for i, (near, usual) in enumerate(zip(detector.neighbours_, detector.neighbours_usual_, strict=True)):
        for name in ("floor", "mean", "components", "codes"):
            tensors[f"neighbours.{i}.{name}"] = getattr(near, name)
        tensors[f"neighbours.{i}.rows"] = torch.from_numpy(near.rows)
        tensors[f"neighbours.{i}.usual.channel"] = torch.from_numpy(usual.channel)
        tensors[f"neighbours.{i}.usual.mean"] = torch.from_numpy(usual.mean)
    if detector.twin_ is not None:
        tensors |= {f"twin.{name}": value for name, value in _tensors(detector.twin_).items()}
    return {name: value.contiguous().clone() for name, value in tensors.items()}


def _describe(detector: Detector) -> dict[str, Any]:
    parameters = {name: getattr(detector, name) for name in _PARAMETERS}
    rule = detector._rule()
    return {
        "version": tsanomaly.__version__,
        "parameters": parameters,
        "training": vars(detector.training or Training()),
        "rule": {"name": rule.name, **vars(rule)} if rule.name in RULES else None,
        "channels": list(detector.channels_),
        "step_ns": None if detector.step_ is None else int(detector.step_ / np.timedelta64(1, "ns")),
        "rows_per_week": detector.rows_per_week_,
        "window": detector.window_,
        "origin": detector.origin_,
        "vouched": detector.vouched_,
        "views": [vars(member.view) for member in detector.members_],
        "neighbours": [{"length": near.length, "shape": near.shape} for near in detector.neighbours_],
        "plateaus": vars(detector.plateaus_),
        "severity_per_ten": detector.severity_.per_ten,
        "threshold": vars(detector.threshold_) | {"value": _number(detector.threshold_.value)},
        "learned_from": detector.learned_from_,
        "history": [vars(h) | {"stopped": h.stopped.name} for h in detector.history_],
        "twin": None if detector.twin_ is None else _describe(detector.twin_),
    }


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else "infinite"


def _digest(tensors: dict[str, Tensor], described: str) -> str:
    digest = hashlib.sha256(described.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


# --- reading --------------------------------------------------------------------------------------------------------


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Header, description and audit; nothing is built."""
    try:
        size = path.stat().st_size
        if path.is_dir() or size > MOST_BYTES:
            raise BundleError(f"'{path}' is no model file; expected a file written by tsanomaly train or save")
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        _check_format(path, metadata)
        tensors = from_bytes(path.read_bytes())  # safe_open's own get_tensor keeps some bytes for good with each call
    except OSError as error:
        raise BundleError(f"the model '{path}' cannot be read: {error.strerror or error}") from None
    except SafetensorError:
        raise BundleError(
            f"'{path}' is truncated or no model file; expected a file written by tsanomaly train or save"
        ) from None
    described = metadata.get("detector", "")
    if metadata.get("digest") != _digest(tensors, described):
        raise BundleError(f"the model '{path}' was changed after it was written; train it again")
    try:
        content = json.loads(described)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise _inconsistent(path)
    return content, tensors


def _check_format(path: Path, metadata: dict[str, str]) -> None:
    if metadata.get("name") != NAME:
        raise BundleError(f"'{path}' holds no detector of this program; expected a file written by tsanomaly train")
    written = metadata.get("format", "")
    if written in ("1", "2"):
        raise BundleError(
            f"the model '{path}' was written before 0.1.0 was released, and scored otherwise; train it again"
        )
    if not written.isdigit() or int(written) > FORMAT:
        raise BundleError(
            f"the model '{path}' has format {written or 'unknown'}; this program reads up to {FORMAT}: "
            "upgrade tsanomaly"
        )


def _inconsistent(path: str | os.PathLike[str]) -> BundleError:
    return BundleError(f"the model '{path}' contradicts itself; train it again")


def _build(path: str | os.PathLike[str], described: dict[str, Any], tensors: dict[str, Tensor]) -> Detector:
    try:
        return _Builder(described, tensors).detector()
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError, OverflowError, ConfigurationError):
        # Whatever a hostile description makes fail, fails here, and means the same to the user.
        raise _inconsistent(path) from None


class _Builder:
    """Puts a detector together from checked parts. Every shape follows from the settings and is compared with them."""

    def __init__(self, described: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.described = described
        self.tensors = tensors
        self.channels = tuple(str(name) for name in described["channels"])
        self.views = [
            View(
                int(v["length"]),
                bool(v["joint"]),
                bool(v["early"]),
                float(v["point"]),
                int(v["grain"]),
                float(v["novelty"]),
            )
            for v in described["views"]
        ]
        if not self.channels or not self.views or not all(_plausible(view) for view in self.views):
            raise ValueError("channels or views")

    def detector(self) -> Detector:
        d = self.described
        parameters = {name: d["parameters"][name] for name in _PARAMETERS}
        for name in ("layers", "scales", "early_scales"):
            if parameters[name] is not None:
                parameters[name] = tuple(int(s) if float(s).is_integer() else float(s) for s in parameters[name])
        detector = Detector(**parameters, training=Training(**d["training"]))
        if d["rule"] is not None:
            rule = dict(d["rule"])
            detector.threshold = RULES[rule.pop("name")](**{k: _rule_value(v) for k, v in rule.items()})
        c = len(self.channels)
        detector.scaling_ = Scaling(
            _one_of(str(parameters["scaling"]), KINDS), self.array("scaling.centre", c), self.array("scaling.scale", c)
        )
        detector.severity_ = Severity(self.array("severity.body", 91), float(d["severity_per_ten"]))
        detector.members_ = [self.member(i, detector) for i in range(len(self.views))]
        detector.usual_ = [self.usual(f"member.{i}", len(view.weights)) for i, view in enumerate(self.views)]
        detector.neighbours_ = [self.near(i, int(n["length"]), bool(n["shape"])) for i, n in enumerate(d["neighbours"])]
        detector.neighbours_usual_ = [self.usual(f"neighbours.{i}", 1) for i in range(len(d["neighbours"]))]
        detector.plateaus_ = Plateaus(float(d["plateaus"]["usual"]), int(d["plateaus"]["reach"]))
        detector.origin_ = _within(int(d["origin"]), -MOST_NANOSECONDS, MOST_NANOSECONDS)
        detector.vouched_ = _within(int(d["vouched"]), 0, MOST_ROWS)
        detector.history_ = [_history(h) for h in d["history"]]
        detector.window_ = _within(int(d["window"]), 2, MOST_WINDOW)
        detector.channels_ = self.channels
        detector.n_features_in_ = c
        step = None if d["step_ns"] is None else _within(int(d["step_ns"]), 1, MOST_NANOSECONDS)
        detector.step_ = None if step is None else np.timedelta64(step, "ns")
        detector.rows_per_week_ = _positive(float(d["rows_per_week"]))
        detector.calibration_ = self.tensors["calibration"].to(torch.float32).flatten().numpy()
        threshold = dict(d["threshold"])
        value = math.inf if threshold["value"] == "infinite" else float(threshold["value"])
        detector.threshold_ = Threshold(
            value, str(threshold["rule"]), int(threshold["fitted_on"]), str(threshold["note"])
        )
        detector.learned_from_ = dict(d["learned_from"])
        detector.twin_ = None if d["twin"] is None else _Builder(d["twin"], self.under("twin.")).detector()
        return detector

    def under(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names start so, without it."""
        return {name.removeprefix(prefix): value for name, value in self.tensors.items() if name.startswith(prefix)}

    def member(self, i: int, detector: Detector) -> Member:
        view, channels = self.views[i], len(self.channels)
        cells = view.cells * (channels if view.joint else 1)
        state = self.under(f"member.{i}.model.")
        _, architecture, _, _ = detector._settings()
        if max(architecture.sizes(cells)) > 10 * cells:
            raise ValueError("sizes")
        model = WindowModel(architecture.build(cells), view.joint)
        model.autoencoder.load_state_dict(state)
        model.eval()
        mean = self.tensor(f"member.{i}.residuals.mean", channels, view.cells)
        root = self.tensor(f"member.{i}.residuals.root", channels, view.cells, view.cells)
        return Member(view, model, Residuals(mean, root), self.novelty(i, view) if view.novelty else None)

    def novelty(self, i: int, view: View) -> Novelty:
        """The errors that others are compared with."""
        if len(self.channels) > 1:
            raise ValueError("novelty")
        name = f"member.{i}.novelty"
        count = len(self.tensors[f"{name}.errors"])
        errors = self.tensor(f"{name}.errors", count, view.cells, dtype=torch.float16).to(torch.float32)
        return Novelty(view.length, view.grain, errors, self.rows(f"{name}.rows", count))

    def usual(self, voice: str, numbers: int) -> Usual:
        """The usual sizes of what a voice says."""
        return Usual(
            self.array(f"{voice}.usual.channel", numbers, len(self.channels)),
            self.array(f"{voice}.usual.mean", numbers),
        )

    def near(self, i: int, length: int, shape: bool) -> Neighbours:
        """The windows that others are compared with."""
        name, c = f"neighbours.{i}", len(self.channels)
        kept, width = self.tensors[f"{name}.codes"].shape[1:]
        if not 2 <= length <= MOST_WINDOW:
            raise ValueError(name)
        return Neighbours(
            length,
            shape,
            self.tensor(f"{name}.floor", c),
            self.tensor(f"{name}.mean", c, length),
            self.tensor(f"{name}.components", c, length, width),
            self.tensor(f"{name}.codes", c, kept, width),
            self.rows(f"{name}.rows", kept),
        )

    def rows(self, name: str, count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Row numbers of the series learned from, in order, at least one."""
        rows = np.sort(self.tensor(name, count, dtype=torch.int64).numpy())
        if not count or not 0 <= rows[0] <= rows[-1] < MOST_ROWS:
            raise ValueError(name)
        return rows

    def tensor(self, name: str, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """A tensor that must have this shape and kind, and hold only finite numbers."""
        tensor = self.tensors[name]
        if tensor.shape != shape or tensor.dtype != dtype or not bool(torch.isfinite(tensor).all()):
            raise ValueError(name)
        return tensor

    def array(self, name: str, *shape: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Likewise, of float64."""
        return self.tensor(name, *shape, dtype=torch.float64).numpy()


def _one_of(value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(value)
    return value


def _within(value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise ValueError(value)
    return value


def _positive(value: float) -> float:
    if not 0 < value < math.inf:
        raise ValueError(value)
    return value


def _rule_value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _history(h: dict[str, Any]) -> History:
    numbers = {name: tuple(float(x) for x in h[name]) for name in ("trained", "held_back")}
    return History(
        tuple(int(x) for x in h["steps"]),
        numbers["trained"],
        numbers["held_back"],
        int(h["best_step"]),
        Stop[h["stopped"]],
    )


def _plausible(view: View) -> bool:
    whole = view.grain >= 1 and view.length % view.grain == 0
    sized = whole and view.cells >= 2 and view.length <= MOST_WINDOW
    return sized and 0 <= view.point <= MOST_WEIGHT and 0 <= view.novelty <= MOST_WEIGHT
