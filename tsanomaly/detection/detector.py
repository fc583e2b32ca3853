"""The detector: everything between a series and its ranked events, behind scikit-learn's conventions.

The main flow reads from top to bottom in :meth:`Detector.fit` and :meth:`Detector.detect`; each line of it is one
station of ``docs/architecture.md``.
"""

from __future__ import annotations

import hashlib
import warnings
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.exceptions import NotFittedError as ScikitNotFittedError
from sklearn.utils.validation import check_is_fitted, validate_data

from tsanomaly.detection import events as event_station
from tsanomaly.detection.events import Events
from tsanomaly.detection.gaps import Prepared, prepare
from tsanomaly.detection.grouping import group
from tsanomaly.detection.member import Architecture, learn
from tsanomaly.detection.scaling import Scaling
from tsanomaly.detection.scores import Scores
from tsanomaly.detection.scoring import Parts
from tsanomaly.detection.severity import Severity
from tsanomaly.detection.thresholds import Budget, Grouping, Rule, Threshold, rule_named
from tsanomaly.detection.training import OnProgress, Training
from tsanomaly.errors import ConfigurationError, DataError, TsAnomalyError
from tsanomaly.series import Series, estimate_period, from_array, from_frame

SHORTEST_PERIOD, LONGEST_PERIOD, NO_PERIOD = 10, 300, 100
"""Window lengths chosen by period, in rows; a series without a period gets ``NO_PERIOD``."""

MOST_CELLS = 640
"""Numbers in a window at most (rows × channels), where the length is chosen automatically: the covariance of errors
has the square of that many entries."""


class NotFittedError(TsAnomalyError, ScikitNotFittedError):  # type: ignore[misc]
    """The detector was asked before it learned."""


class Detector(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """Finds anomalies in a time series by the reconstruction error of tied autoencoders.

    Args:
        window: rows in a window; ``None``: the series' own period.
        stride: rows between windows trained on; scoring always looks at every row.
        scaling: ``standard``, ``robust``, ``minmax`` or ``none``.
        layers: sizes of the autoencoder's layers after its input; below 1: shares of the window's cells.
        activation: of its layers; the output is linear.
        denoising: share of input cells hidden while training.
        dropout: share of hidden units dropped while training.
        training: steps, batch, rate, time budget; ``None``: the defaults of :class:`Training`.
        threshold: ``budget``, ``quantile``, ``mad``, ``extreme-value``, ``dynamic``, or a rule object.
        budget: for the rule ``budget``: at most so many events, such as ``3/week``.
        device: ``auto`` (CUDA where there is one), ``cpu``, ``cuda``.
        random_state: seed; the same seed gives the same bits on one machine.

    Attributes:
        scaling_, members_, usual_, severity_, threshold_: what was learned, one for each station.
        history_: how each member's training went.
        window_: the window lengths, in rows.
        channels_, step_: of the series learned from; a later series must agree.
        calibration_: ``(n,)`` float32 scores that thresholds are fitted on.
        learned_from_: name, rows, first and last time, and hash of the data.
        n_features_in_: channels.
    """

    def __init__(
        self,
        *,
        window: int | None = None,
        stride: int = 1,
        scaling: str = "standard",
        layers: tuple[float, ...] = (0.5, 0.1),
        activation: str = "gelu",
        denoising: float = 0.0,
        dropout: float = 0.0,
        training: Training | None = None,
        threshold: str | Rule = "budget",
        budget: str = "3/week",
        device: str = "auto",
        random_state: int = 0,
    ) -> None:
        self.window = window
        self.stride = stride
        self.scaling = scaling
        self.layers = layers
        self.activation = activation
        self.denoising = denoising
        self.dropout = dropout
        self.training = training
        self.threshold = threshold
        self.budget = budget
        self.device = device
        self.random_state = random_state

    # --- the main flow -------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, *, on_progress: OnProgress | None = None) -> Self:
        """Learn what is normal, from data that may hold anomalies.

        Args:
            X: a :class:`Series`, a DataFrame (time as index or column), or an array ``(n, c)``.
            y: ignored; labels are never read.
            on_progress: told how far it is; returning ``False`` cancels.

        Raises:
            DataError: too few rows, or none without gaps long enough for a window.
            ConfigurationError: a parameter is out of range.
            CancelledError: the callback asked to stop; the detector stays as it was.
        """
        series = self._series(X, learning=True)
        rule = self._rule()
        scaling = Scaling.fit(series.values, self.scaling)
        scaled = scaling.apply(series.values)
        length = self._length(series, scaled)
        prepared = prepare(scaled, _bridge(length))
        _check_windows(series, prepared, length)
        member, history, held_back = learn(
            prepared, length, Architecture(tuple(self.layers), self.activation, self.denoising, self.dropout),
            self.training or Training(), stride=self.stride, seed=self.random_state, device=self._device(),
            on_progress=on_progress,
        )
        parts = member.score(prepared, stage="scoring", on_progress=on_progress)
        usual = _usual(parts, prepared)
        scores = _scores(series, prepared, parts, usual, scaling)
        calibration = _as_if_unseen(scores.total, held_back, length)

        self.scaling_ = scaling
        self.members_ = [member]
        self.history_ = [history]
        self.window_ = [length]
        self.usual_ = usual
        self.channels_ = series.channels
        self.step_ = series.step
        self.n_features_in_ = len(series.channels)
        self.calibration_ = calibration.astype(np.float32)
        self.rows_per_week_ = series.rows_per_week
        self.severity_ = Severity.fit(calibration)
        self.threshold_ = rule.fit(calibration, self._grouping())
        self.learned_from_ = _learned_from(series)
        return self

    def score(self, X: Any, *, on_progress: OnProgress | None = None) -> Scores:
        """Scores per row and channel; higher is more unusual, NaN is not judged.

        Raises:
            DataError: channels or step differ from what was learned, or the series is shorter than a window.
        """
        self._check_fitted()
        series = self._series(X)
        return self._score(series, on_progress)

    def detect(self, X: Any, *, on_progress: OnProgress | None = None) -> Events:
        """Ranked events of a series.

        Raises:
            DataError: as :meth:`score`.
            CancelledError: the callback asked to stop.
        """
        self._check_fitted()
        series = self._series(X)
        scores = self._score(series, on_progress)
        return self.events(series, scores)

    def events(self, series: Series, scores: Scores, threshold: Threshold | None = None) -> Events:
        """Group scores above a threshold (``None``: the learned one) into ranked events."""
        threshold = self.threshold_ if threshold is None else threshold
        grouping = self._grouping()
        flags = np.nan_to_num(scores.total, nan=-np.inf) > threshold.value
        runs = group(flags, grouping.merge_gap, grouping.shortest)
        return event_station.build(series, scores, threshold, self.severity_.of(scores.total), runs)

    def fit_threshold(self, rule: Rule) -> Threshold:
        """The threshold another rule gives on the scores learned from; the detector stays as it is."""
        self._check_fitted()
        return rule.fit(self.calibration_.astype(np.float64), self._grouping())

    # --- scikit-learn's outlier conventions ------------------------------------------------------------------------

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """``(n,)`` the negated total score: lower is more unusual, as scikit-learn has it."""
        return -self.score(X).total

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """``(n,)`` :meth:`score_samples` minus ``offset_``: negative is anomalous."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> NDArray[np.int64]:
        """``(n,)`` -1 where anomalous, 1 elsewhere, also where a row could not be judged."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    @property
    def offset_(self) -> float:
        """The negated threshold."""
        self._check_fitted()
        return -self.threshold_.value

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    # --- one concern each ------------------------------------------------------------------------------------------

    def _check_fitted(self) -> None:
        try:
            check_is_fitted(self, "threshold_")
        except ScikitNotFittedError:
            raise NotFittedError("this detector has not learned yet; call fit, or load a saved model") from None

    def _series(self, X: Any, *, learning: bool = False) -> Series:
        if isinstance(X, Series):
            series = X
        elif isinstance(X, pd.DataFrame):
            series = from_frame(X).one()
        else:
            series = from_array(validate_data(self, X, reset=learning, dtype=np.float64,
                                              ensure_all_finite="allow-nan")).one()
        if not learning:
            _check_contract(series, self.channels_, self.step_)
        return series

    def _rule(self) -> Rule:
        if not isinstance(self.threshold, str):
            return self.threshold
        return Budget.parse(self.budget) if self.threshold == Budget.name else rule_named(self.threshold)

    def _length(self, series: Series, scaled: NDArray[np.float32]) -> int:
        if self.stride < 1:
            raise ConfigurationError(f"stride is {self.stride}; expected a whole number of at least 1")
        if self.window is not None:
            if self.window < 2:
                raise ConfigurationError(f"window is {self.window}; expected at least 2 rows")
            return int(self.window)
        period = estimate_period(scaled, SHORTEST_PERIOD, LONGEST_PERIOD, NO_PERIOD) or NO_PERIOD
        longest = min(len(series) // 8, MOST_CELLS // len(series.channels))
        return max(2, min(period, longest))

    def _device(self) -> str:
        if self.device != "auto":
            return self.device
        return "cuda" if torch.cuda.is_available() else "cpu"

    def _grouping(self) -> Grouping:
        return Grouping(self.rows_per_week_, merge_gap=max(1, self.window_[0] // 2))

    def _score(self, series: Series, on_progress: OnProgress | None) -> Scores:
        length = self.window_[0]
        if len(series) < length:
            raise DataError(
                f"series '{series.name}' has {len(series)} rows; this detector's window needs at least {length}"
            )
        prepared = prepare(self.scaling_.apply(series.values), _bridge(length))
        parts = self.members_[0].score(prepared, on_progress=on_progress)
        return _scores(series, prepared, parts, self.usual_, self.scaling_)


def _learned_from(series: Series) -> dict[str, Any]:
    return {
        "name": series.name,
        "rows": len(series),
        "start": event_station.moment(series, 0),
        "end": event_station.moment(series, len(series)),
        "sha256": hashlib.sha256(np.ascontiguousarray(series.values).tobytes()).hexdigest(),
    }


def _bridge(length: int) -> int:
    """Longest gap a window may hold: an eighth of it."""
    return max(1, length // 8)


def _check_windows(series: Series, prepared: Prepared, length: int) -> None:
    if len(series) < length + 1:
        raise DataError(
            f"series '{series.name}' has {len(series)} row{'s' * (len(series) != 1)}; "
            f"a window of {length} rows needs at least {length + 1}"
        )
    from tsanomaly.detection.member import windows_of

    if len(windows_of(prepared, length).usable) < 2:
        raise DataError(
            f"series '{series.name}' has no stretch of {length + 1} rows without a gap; "
            "choose a shorter window or a coarser step"
        )


def _check_contract(series: Series, channels: tuple[str, ...], step: np.timedelta64 | None) -> None:
    if series.channels != channels:
        raise DataError(
            f"series '{series.name}' has the columns {', '.join(series.channels)}; "
            f"this detector learned {', '.join(channels)}: rename or reorder them, or train on this file"
        )
    if series.step is not None and step is not None and series.step != step:
        raise DataError(
            f"series '{series.name}' has a step of {pd.Timedelta(series.step)}; "
            f"this detector learned {pd.Timedelta(step)}: read it with that step, or train on this file"
        )


def _usual(parts: Parts, prepared: Prepared) -> dict[str, NDArray[np.float64]]:
    """Typical sizes of the parts, that they are measured in: medians of what was judged."""
    observed = prepared.observed.numpy()
    cells = np.where(observed, parts.cells, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a channel without a single judged cell
        per_channel = np.nanmean(np.minimum(cells, np.nanquantile(cells, 0.99, axis=0)), axis=0)
    per_channel = np.where(np.isfinite(per_channel) & (per_channel > 0), per_channel, 1.0)
    point = np.nanmean(cells / per_channel, axis=1) if cells.shape[1] > 1 else (cells / per_channel)[:, 0]
    return {
        "channel": per_channel,
        "pattern": np.array([_median(parts.pattern)]),
        "point": np.array([_median(point)]),
    }


def _median(numbers: NDArray[Any]) -> float:
    finite = numbers[np.isfinite(numbers)]
    value = float(np.median(finite)) if len(finite) else 1.0
    return value if value > 1e-9 else max(float(finite.mean()) if len(finite) else 0.0, 1e-9)


def _scores(
    series: Series, prepared: Prepared, parts: Parts, usual: dict[str, NDArray[np.float64]], scaling: Scaling
) -> Scores:
    """Put the parts together: the sum of ``log(1 + part / its usual size)``."""
    observed = prepared.observed.numpy()
    by_channel = np.where(observed, parts.cells / usual["channel"].astype(np.float32), np.nan)
    seen = observed.any(axis=1) & np.isfinite(parts.pattern)
    point = np.full(len(series), np.nan)
    point[seen] = np.nanmean(by_channel[seen], axis=1)
    total = np.log1p(parts.pattern / usual["pattern"]) + np.log1p(point / usual["point"])
    expected = scaling.invert(parts.expected).astype(np.float32)
    by_channel[~seen] = np.nan
    return Scores(series.times, np.where(seen, total, np.nan), by_channel, expected, series.channels)


def _as_if_unseen(total: NDArray[np.float64], held_back: NDArray[np.intp], length: int) -> NDArray[np.float64]:
    """Scores as they would be on unseen data.

    Rows trained on are reconstructed a little better than new ones. Held-back rows show by how much: the difference of
    the two 90th percentiles is added to the rows trained on. Without held-back rows nothing is added.
    """
    if len(held_back) == 0:
        return total
    held = np.zeros(len(total), bool)
    middle = held_back + length // 2
    held[middle] = True
    unseen, seen = total[held & np.isfinite(total)], total[~held & np.isfinite(total)]
    if len(unseen) < 20 or len(seen) < 20:
        return total
    optimism = max(0.0, float(np.quantile(unseen, 0.9) - np.quantile(seen, 0.9)))
    return np.where(held, total, total + optimism)
