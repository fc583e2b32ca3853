"""``--threshold`` and ``--budget`` as the rule they mean."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from tsanomaly.errors import ConfigurationError


def rule_of(threshold: str | None, budget: str | None) -> Any:
    """The threshold rule asked for; ``None`` where neither option was given.

    Args:
        threshold: a rule's name, alone or with its first setting: ``quantile=0.999``, ``mad=8``.
        budget: such as ``3/week``.

    Raises:
        ConfigurationError: an unknown rule, a setting that is no number, or both a budget and another rule.
    """
    from tsanomaly import MAD, Budget, Dynamic, ExtremeValue, Quantile

    if threshold is None or threshold == Budget.name:
        return Budget.parse(budget) if budget else Budget() if threshold else None
    if budget is not None:
        raise ConfigurationError(f"--budget and --threshold {threshold} contradict each other; give one of them")
    name, _, setting = threshold.partition("=")
    if name == Budget.name:
        return Budget.parse(setting)
    kinds: dict[str, Any] = {kind.name: kind for kind in (Quantile, MAD, ExtremeValue, Dynamic)}
    if name not in kinds:
        raise ConfigurationError(f"threshold is '{name}'; expected one of {', '.join(sorted([*kinds, Budget.name]))}")
    return kinds[name](**_first_setting(kinds[name], threshold, setting)) if setting else kinds[name]()


def _first_setting(kind: Any, threshold: str, setting: str) -> dict[str, float]:
    first = fields(kind)[0]
    if not isinstance(first.default, float):
        raise ConfigurationError(f"the threshold {kind.name} takes no setting; give --threshold {kind.name}")
    try:
        return {first.name: float(setting)}
    except ValueError:
        raise ConfigurationError(f"--threshold {threshold} needs a number after '=', such as quantile=0.999") from None
