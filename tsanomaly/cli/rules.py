"""``--threshold`` and ``--budget`` as the rule they mean."""

from __future__ import annotations

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
    from tsanomaly.detection.thresholds import Budget, parse_rule

    if threshold is None or threshold == Budget.name:
        return Budget.parse(budget) if budget else Budget() if threshold else None
    if budget is not None:
        raise ConfigurationError(f"--budget and --threshold {threshold} contradict each other; give one of them")
    return parse_rule(threshold)
