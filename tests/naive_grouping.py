"""Grouping flagged rows and keeping to a budget, row by row and level by level."""

from __future__ import annotations

from collections.abc import Sequence


def group(flags: Sequence[bool], merge_gap: int, shortest: int) -> list[tuple[int, int]]:
    events: list[list[int]] = []
    for row, flagged in enumerate(flags):
        if not flagged:
            continue
        if events and row - events[-1][1] <= merge_gap:
            events[-1][1] = row + 1
        else:
            events.append([row, row + 1])
    return [(start, end) for start, end in events if end - start >= shortest]


def lowest_level_within(scores: Sequence[float], allowed: int, merge_gap: int, shortest: int) -> float:
    """From the highest score down, the last level before the first that gives too many events."""
    judged = [score for score in scores if score > float("-inf")]
    answer = max(judged)
    for level in sorted(set(judged), reverse=True):
        if len(group([score > level for score in scores], merge_gap, shortest)) > allowed:
            break
        answer = level
    return answer


def shortest_with(parts: list[int], share: float) -> tuple[int, int]:
    """The first of the shortest stretches that hold a share of the sum; all of it where the sum is 0."""
    if not sum(parts):
        return 0, len(parts)
    return next(
        (first, first + length)
        for length in range(1, len(parts) + 1)
        for first in range(len(parts) - length + 1)
        if sum(parts[first : first + length]) >= share * sum(parts)
    )
