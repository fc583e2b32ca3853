"""A slow twin of event identity: stretches are sets of whole hours, and labels spread until nothing changes."""


def rescored(standing, found, since, until):
    """The standing events after a scoring of the hours ``since`` to ``until``.

    Args:
        standing: ``(start, end, judged)`` of known events.
        found: ``(start, end)`` within the stretch.

    Returns:
        ``(start, end)`` of each, sorted.
    """
    beyond = [(a, b) for a, b, _ in standing if b < since or a > until]
    outer = [(a, b) for a, b, _ in standing if (a < since or b > until) and (a, b) not in beyond]
    nodes = [*((a, b, True) for a, b in found), *((a, b, False) for a, b in outer)]
    label = list(range(len(nodes)))
    changed = True
    while changed:
        changed = False
        for i, one in enumerate(nodes):
            for j, other in enumerate(nodes):
                touching = one[0] <= other[1] and other[0] <= one[1]
                if touching and (one[2] or other[2]) and label[i] < label[j]:  # two known ones are not joined
                    label[j], changed = label[i], True
    events = []
    for number in set(label):
        group = [node for node, own in zip(nodes, label, strict=True) if own == number]
        hours = set()
        for a, b, is_found in group:
            unseen = {h for h in range(a, b) if not since <= h < until}
            hours |= set(range(a, b)) if is_found or len(group) == 1 else unseen
        events.append((min(hours), max(hours) + 1))
    anew = {h for (a, b), number in zip(events, set(label), strict=True) if number < len(found) for h in range(a, b)}
    judged = [(a, b) for a, b, judged in standing if judged and since <= a and b <= until]
    left = [(a, b) for a, b in judged if not anew & set(range(a, b))]
    return sorted([*beyond, *events, *left])
