"""Threshold rules as text and as steps of a slider: ``3/week``, ``quantile=0.999``, ``mad=8``, ``dynamic``.

The text is what an address, a run's folder and the command line (``--budget``, ``--threshold``) say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tsanomaly
from tsanomaly.errors import ConfigurationError

if TYPE_CHECKING:
    from tsanomaly import Budget


HOURS = {"hour": 1.0, "day": 24.0, "week": 168.0, "month": 730.5, "year": 8766.0}
"""Only to put budgets of different periods in order."""

BUDGETS = ("1/month", "2/month", "1/week", "2/week", "3/week", "5/week", "1/day", "2/day", "5/day", "1/hour")


@dataclass(frozen=True)
class Kind:
    """One rule, as the studio offers it.

    Attributes:
        title: what it is called.
        says: what it does, in one sentence.
        steps: its settings as text, the one that lets most events through last.
        usual: the setting it starts at.
    """

    title: str
    says: str
    steps: tuple[str, ...]
    usual: str


def _steps(name: str, *settings: float) -> tuple[str, ...]:
    return tuple(f"{name}={setting:.10g}" for setting in settings)


KINDS = {
    "budget": Kind(
        "Alert budget",
        "At most so many events, the most unusual ones, and only what stands out from the ordinary.",
        BUDGETS,
        "3/week",
    ),
    "quantile": Kind(
        "Quantile",
        "The score that a given share of rows stays at or below.",
        _steps("quantile", 0.99999, 0.9999, 0.9998, 0.9995, 0.999, 0.998, 0.995, 0.99, 0.98, 0.97, 0.95),
        "quantile=0.995",
    ),
    "mad": Kind(
        "Deviations",
        "The median score plus so many median absolute deviations.",
        _steps("mad", 60, 50, 40, 30, 25, 20, 15, 12, 10, 8, 7, 6, 5, 4, 3),
        "mad=6",
    ),
    "extreme-value": Kind(
        "Extreme value",
        "A distribution fitted to the highest scores gives the level that a row exceeds with this probability.",
        _steps("extreme-value", 1e-7, 1e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2),
        "extreme-value=0.0001",
    ),
    "dynamic": Kind(
        "Dynamic",
        "Of several levels, the one whose removal calms the remaining scores most, for the fewest events. "
        "It has no setting.",
        ("dynamic",),
        "dynamic",
    ),
}


def parse(text: str) -> Any:
    """The rule that a text means.

    Raises:
        ConfigurationError: it means none.
    """
    name, _, setting = text.partition("=")
    if name == "dynamic" and not setting:
        return tsanomaly.Dynamic()
    try:
        match name:
            case "quantile":
                return tsanomaly.Quantile(float(setting))
            case "mad":
                return tsanomaly.MAD(float(setting))
            case "extreme-value":
                return tsanomaly.ExtremeValue(float(setting))
    except ValueError as error:
        if isinstance(error, ConfigurationError):
            raise
        raise ConfigurationError(f"the threshold is '{text}'; expected a number after '=', such as mad=6") from None
    return tsanomaly.Budget.parse(text)


def parsed_or(text: str, otherwise: str) -> str:
    """A text that means a rule, or another one where it means none: for what comes out of an address."""
    try:
        rule = parse(text)
    except ConfigurationError:
        return otherwise
    return budget_text(rule) if isinstance(rule, tsanomaly.Budget) else text


def of(detector: tsanomaly.Detector) -> str:
    """The rule that a detector lays its threshold by, as text."""
    rule = detector.threshold
    if rule == tsanomaly.Budget.name:
        return str(detector.budget)
    if isinstance(rule, str):
        return KINDS[rule].usual
    if isinstance(rule, tsanomaly.Budget):
        return budget_text(rule)
    setting = next(iter(vars(rule).values()), None)
    return f"{rule.name}={setting:.10g}" if isinstance(setting, float) else str(rule.name)


def set_for(detector: tsanomaly.Detector, text: str) -> tsanomaly.Detector:
    """The detector, told to lay its threshold by that rule when it learns."""
    rule = parse(text)
    if isinstance(rule, tsanomaly.Budget):
        return detector.set_params(threshold=rule.name, budget=text)
    return detector.set_params(threshold=rule)


def lay(detector: tsanomaly.Detector, text: str) -> None:
    """Lay a detector's threshold anew, now and whenever it learns."""
    set_for(detector, text).threshold_ = detector.fit_threshold(parse(text))


def kind_of(text: str) -> str:
    """The name of its kind."""
    name = text.partition("=")[0]
    return name if name in KINDS else "budget"


def spoken(text: str) -> str:
    """``3 events a week``, ``quantile 0.995``."""
    kind, (_, _, setting) = kind_of(text), text.partition("=")
    match kind:
        case "budget":
            return budget_in_words(tsanomaly.Budget.parse(text))
        case "quantile":
            return f"{100 * float(setting):.6g} % of rows stay below"
        case "mad":
            return f"median + {float(setting):g} deviations"
        case "extreme-value":
            return f"one row in {1 / float(setting):,.0f} exceeds it"
    return "dynamic"


def with_step(kind: str, text: str) -> tuple[str, ...]:
    """The steps of a kind, and ``text`` at its place among them."""
    if kind_of(text) != kind or text in KINDS[kind].steps:
        return KINDS[kind].steps
    return tuple(sorted((*KINDS[kind].steps, text), key=_strictness, reverse=True))


def _strictness(text: str) -> float:
    """In order within a kind: the higher, the fewer events."""
    rule = parse(text)
    if isinstance(rule, tsanomaly.Budget):
        return -rule.events / hours(rule)
    if isinstance(rule, tsanomaly.ExtremeValue):
        return -rule.risk
    return rule.q if isinstance(rule, tsanomaly.Quantile) else getattr(rule, "k", 0.0)


def hours(budget: Budget) -> float:
    """Of its period."""
    return HOURS[budget.per]


def budget_in_words(budget: Budget) -> str:
    """``3 events a week``."""
    article = "an" if budget.per == "hour" else "a"
    return f"{budget.events:g} event{'s' * (budget.events != 1)} {article} {budget.per}"


def budget_text(budget: Budget) -> str:
    """``3/week``."""
    return f"{budget.events:g}/{budget.per}"
