"""Rules that turn scores into one number; a row is flagged when its score lies strictly above it.

Strictly, so that constant scores flag nothing under any rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from tsanomaly.detection.grouping import count_events, group
from tsanomaly.errors import ConfigurationError

Scores1D = NDArray[np.float64]


@dataclass(frozen=True)
class Threshold:
    """A fitted threshold.

    Attributes:
        value: flagged are scores strictly above.
        rule: the rule and its settings, in words.
        fitted_on: judged scores it was fitted on.
        note: what had to be done differently, such as a fallback; empty otherwise.
    """

    value: float
    rule: str
    fitted_on: int
    note: str = ""


@dataclass(frozen=True)
class Grouping:
    """What a rule that counts events needs to know.

    Attributes:
        rows_per_week: grid rows in a week.
        merge_gap, shortest: as in :func:`tsanomaly.detection.grouping.group`, in rows.
    """

    rows_per_week: float
    merge_gap: int = 0
    shortest: int = 1


class Rule(Protocol):
    """What every rule can do."""

    name: ClassVar[str]

    def fit(self, scores: Scores1D, grouping: Grouping) -> Threshold:
        """Fit on ``(n,)`` scores in time order, NaN where not judged."""
        ...


def _judged(scores: Scores1D) -> Scores1D:
    return scores[np.isfinite(scores)]


def _nothing(rule: str) -> Threshold:
    return Threshold(np.inf, rule, 0, "no score was judged, so nothing can be flagged")


@dataclass(frozen=True)
class Quantile:
    """The score that a given share of rows stays at or below; but the highest of all are flagged, however many tie."""

    q: float = 0.995
    name: ClassVar[str] = "quantile"

    def __post_init__(self) -> None:
        if not 0 < self.q < 1:
            raise ConfigurationError(f"the quantile is {self.q}; expected a number between 0 and 1, such as 0.995")

    def fit(self, scores: Scores1D, grouping: Grouping) -> Threshold:
        judged, rule = _judged(scores), f"quantile {self.q:g}"
        if not len(judged):
            return _nothing(rule)
        # method="higher": a value that was seen, so that interpolation cannot fall below it on tied scores
        level = float(np.quantile(judged, self.q, method="higher"))
        lower = judged[judged < judged.max()]
        return Threshold(min(level, float(lower.max())) if len(lower) else level, rule, len(judged))


@dataclass(frozen=True)
class MAD:
    """Median plus ``k`` median absolute deviations, scaled to the normal distribution's standard deviation
    (Leys et al., 2013)."""

    k: float = 6.0
    name: ClassVar[str] = "mad"
    NORMAL: ClassVar[float] = 1.4826

    def __post_init__(self) -> None:
        if not self.k > 0:
            raise ConfigurationError(f"the number of deviations is {self.k}; expected a number above 0, such as 6")

    def fit(self, scores: Scores1D, grouping: Grouping) -> Threshold:
        judged, rule = _judged(scores), f"median + {self.k:g} median absolute deviations"
        if not len(judged):
            return _nothing(rule)
        note = (
            "" if _deviation(judged) else "more than half of the scores are alike, so the standard deviation was used"
        )
        return Threshold(self.level(judged), rule, len(judged), note)

    def level(self, judged: Scores1D) -> float:
        """Median plus ``k`` deviations of finite scores; the standard one where more than half are alike."""
        return float(np.median(judged) + self.k * (_deviation(judged) or np.std(judged)))


def _deviation(judged: Scores1D) -> float:
    return MAD.NORMAL * float(np.median(np.abs(judged - np.median(judged))))


@dataclass(frozen=True)
class ExtremeValue:
    """Peaks over threshold: a generalised Pareto distribution fitted to the highest scores gives the level that is
    exceeded with probability ``risk`` (Siffer et al., 2017, section 3.2).

    Departure: the fit is scipy's maximum likelihood on excesses divided by their mean, not Grimshaw's trick, and it
    is checked against the excesses; with fewer than ``least`` of them, or a bad fit, the level is extrapolated
    exponentially (shape 0), and the note says so.
    """

    risk: float = 1e-4
    tail: float = 0.02
    least: int = 30
    name: ClassVar[str] = "extreme-value"

    def __post_init__(self) -> None:
        if not 0 < self.risk < self.tail < 1:
            raise ConfigurationError(
                f"risk is {self.risk} and tail is {self.tail}; expected 0 < risk < tail < 1, such as 0.0001 and 0.02"
            )

    def fit(self, scores: Scores1D, grouping: Grouping) -> Threshold:
        judged, rule = _judged(scores), f"extreme value, risk {self.risk:g}"
        if not len(judged):
            return _nothing(rule)
        start = float(np.quantile(judged, 1 - self.tail, method="higher"))
        excess = judged[judged > start] - start
        if len(excess) == 0:
            return Threshold(float(judged.max()), rule, len(judged), "no score lies in the tail: none can be flagged")
        size = float(excess.mean())
        ratio = max(1.0, len(excess) / (len(judged) * self.risk))  # ties may leave fewer in the tail than the risk asks
        exponential = start + size * float(np.log(ratio))
        if len(excess) < self.least:
            note = f"only {len(excess)} scores in the tail (at least {self.least} needed): exponential tail used"
            return Threshold(exponential, rule, len(judged), note)
        shape, scale, bad = _fit_pareto(excess / size)
        if bad:
            return Threshold(exponential, rule, len(judged), f"{bad}: exponential tail used")
        step = np.log(ratio) if abs(shape) < 1e-6 else np.expm1(shape * np.log(ratio)) / shape
        return Threshold(start + size * float(scale * step), rule, len(judged))


def _fit_pareto(excess: Scores1D) -> tuple[float, float, str]:
    """Shape and scale of excesses with mean 1, and what is wrong with them ('' where nothing is)."""
    from scipy import stats

    shape, _, scale = stats.genpareto.fit(excess, floc=0)
    if not (np.isfinite(shape) and np.isfinite(scale) and scale > 0):
        return 0.0, 1.0, "the tail's fit did not converge"
    if not -0.5 < shape < 1.0:
        return shape, scale, f"the tail's fit has shape {shape:.2f}, outside -0.5 to 1"
    distance = stats.kstest(excess, stats.genpareto(shape, scale=scale).cdf).statistic
    if distance > 1.63 / np.sqrt(len(excess)) + 0.05:  # 1 % critical value, plus slack for dependent scores
        return shape, scale, f"the tail's fit is {distance:.2f} off the data"
    return shape, scale, ""


@dataclass(frozen=True)
class Dynamic:
    """Non-parametric dynamic threshold (Hundman et al., 2018, section 3.2): of ``mean + z · deviation`` for z from 2
    to 12, the one whose removal of what lies above lowers mean and deviation most, for the fewest flagged rows and
    stretches.

    Departure: one threshold for all scores it is fitted on, not one per batch of 2,100 rows; scores come smoothed.
    """

    z: tuple[float, ...] = tuple(np.arange(2.0, 12.5, 0.5).tolist())
    name: ClassVar[str] = "dynamic"

    def fit(self, scores: Scores1D, grouping: Grouping) -> Threshold:
        judged, rule = _judged(scores), "dynamic"
        if not len(judged):
            return _nothing(rule)
        mean, deviation = float(judged.mean()), float(judged.std())
        if deviation <= 1e-12 * max(1.0, abs(mean)):
            return Threshold(float(judged.max()), rule, len(judged), "all scores are alike: none is flagged")
        best, best_gain = float(judged.max()), -np.inf
        filled = np.nan_to_num(scores, nan=-np.inf)
        for z in self.z:
            level = mean + z * deviation
            calm = judged[judged <= level]
            flagged = len(judged) - len(calm)
            if flagged == 0 or len(calm) == 0:
                continue
            runs = len(group(filled > level, grouping.merge_gap))
            fall = (mean - calm.mean()) / abs(mean or 1.0) + (deviation - calm.std()) / deviation
            gain = fall / (flagged + runs**2)
            if gain >= best_gain:
                best, best_gain = level, gain
        return Threshold(best, rule, len(judged))


ROUNDING = 1e-9
"""Of the way from the median to the highest score: a smaller deviation is none."""

_DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}


@dataclass(frozen=True)
class Budget:
    """At most ``events`` events in each ``per``, and only what stands out: the lowest threshold that keeps to both on
    the scores fitted on, as do all above it. (Far lower ones may again keep to the number of events, when all rows
    have merged into a few.)

    Events are counted as they will be shown, after merging; the time counted is what was judged. A stretch shorter
    than the budget's period may still hold one event: a detector that can never speak is of no use.

    Attributes:
        deviations: how many median absolute deviations (scaled as in :class:`MAD`) above the median a score must lie.
            Without that a budget is always used up, on calm data by ordinary rows: they are no anomalies because
            somebody has time to look at them.
        lone: likewise where nothing lies so high: the one most unusual event is shown from here on, and no other.
    """

    events: float = 3.0
    per: str = "week"
    deviations: float = 9.0
    lone: float = 5.0
    name: ClassVar[str] = "budget"

    def __post_init__(self) -> None:
        plausible = np.isfinite(self.events) and self.events > 0 and self.deviations >= 0 and self.lone >= 0
        if self.per not in _DAYS or not plausible:
            raise ConfigurationError(_budget_help(f"{self.events:g}/{self.per}"))

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read ``3/week``.

        Raises:
            ConfigurationError: with an example of what is expected.
        """
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:/|per|a|an)\s*(\w+?)s?\s*", text)
        if not match or match[2] not in _DAYS or float(match[1]) <= 0:
            raise ConfigurationError(_budget_help(text))
        return cls(float(match[1]), match[2])

    def allowed(self, judged_rows: int, rows_per_week: float) -> int:
        """Whole events allowed in that many judged rows, at least one."""
        weeks = judged_rows / rows_per_week
        return max(1, int(self.events * weeks * 7 / _DAYS[self.per] + 1e-9))

    def fit(self, scores: Scores1D, grouping: Grouping) -> Threshold:
        judged, rule = _judged(scores), self._in_words()
        if not len(judged):
            return _nothing(rule)
        allowed = self.allowed(len(judged), grouping.rows_per_week)
        filled = np.where(np.isfinite(scores), scores, -np.inf)
        levels = np.unique(judged)[::-1]  # the first flags nothing
        over = count_events(filled, levels, grouping.merge_gap, grouping.shortest) > allowed
        level = float(levels[over.argmax() - 1])  # the last before the first that is over; -1 where none is
        ordinary = self._ordinary(judged)
        if level >= ordinary:
            return Threshold(level, rule, len(judged))
        if judged.max() <= ordinary and (above_others := self._lone(filled, judged, level, grouping)):
            return Threshold(above_others, rule, len(judged), "one event stands out a little, and no other does")
        return Threshold(ordinary, rule, len(judged), "the budget is not used up: what is left is ordinary")

    def _ordinary(self, judged: Scores1D) -> float:
        """The score that what stands out lies above. Where more than half of the scores are alike, as of a channel that
        rests, standard deviations may reach beyond the highest of them; then what comes half as high stands out."""
        if not self.deviations:
            return -np.inf
        usual, highest = float(np.median(judged)), float(judged.max())
        if _deviation(judged) > ROUNDING * (highest - usual):
            return MAD(self.deviations).level(judged)
        level = usual + self.deviations * float(np.std(judged))
        return level if level < highest else (usual + highest) / 2

    def _lone(self, filled: Scores1D, judged: Scores1D, level: float, grouping: Grouping) -> float | None:
        """A level between the highest event and the second, half way in ratio; ``None``: no single one stands out."""
        level = max(level, MAD(self.lone).level(judged)) if self.lone else level
        runs = group(filled > level, grouping.merge_gap, grouping.shortest)
        if len(runs) == 0:
            return None
        usual = float(np.median(judged))
        heights = np.sort([filled[first:last].max() - usual for first, last in runs])
        if len(runs) == 1:
            return level
        return usual + float(np.sqrt(heights[-1] * heights[-2])) if heights[-1] > heights[-2] else None

    def _in_words(self) -> str:
        article = "an" if self.per == "hour" else "a"
        return f"at most {self.events:g} event{'s' * (self.events != 1)} {article} {self.per}"


def _budget_help(text: str) -> str:
    return f"the budget is '{text}'; expected a number and a period ({', '.join(_DAYS)}), such as 3/week"


RULES: dict[str, type[Any]] = {rule.name: rule for rule in (Budget, Quantile, MAD, ExtremeValue, Dynamic)}


def rule_named(name: str) -> Rule:
    """The rule of that name with its defaults.

    Raises:
        ConfigurationError: no rule has that name.
    """
    if name not in RULES:
        raise ConfigurationError(f"threshold is '{name}'; expected one of {', '.join(sorted(RULES))}")
    rule: Rule = RULES[name]()
    return rule


def parse_rule(text: str) -> Rule:
    """A rule by its name, alone or with its first setting: ``quantile=0.999``, ``mad=8``, ``budget=3/week``.

    Raises:
        ConfigurationError: no rule has that name, or the setting is not one of it.
    """
    name, _, setting = text.partition("=")
    if not setting:
        return rule_named(name)
    if name == Budget.name:
        return Budget.parse(setting)
    first = fields(type(rule_named(name)))[0]  # type: ignore[arg-type]
    if not isinstance(first.default, float):
        raise ConfigurationError(f"the threshold {name} takes no setting; give {name} alone")
    try:
        number = float(setting)
    except ValueError:
        raise ConfigurationError(f"the threshold {text} needs a number after '=', such as quantile=0.999") from None
    rule: Rule = RULES[name](**{first.name: number})
    return rule
