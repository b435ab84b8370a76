"""Shares that always add up to 100 exactly: whole units, divided by the largest remainder.

The pages of two editions differ (whole percentages that sum to 100; decimals that sum to 100.00), so a share is counted
in units: hundredths of a percent where decimals are wanted, and percents otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["divided", "ratio", "units"]


def units(decimals: int) -> int:
    """How many units 100 % are."""
    return int(100 * 10**decimals)


def ratio(share: int, decimals: int) -> float | int:
    """A share in percent: a whole number where no decimals are wanted."""
    return round(share / 10**decimals, decimals) if decimals else share


def divided(weights: Sequence[float], total: int) -> list[int]:
    """Whole shares in the proportion of the weights, each at least 1, that sum to the total exactly.

    Args:
        weights: any numbers; what isn't finite or is negative counts as 0.
        total: units; at least as many as there are weights.

    Example:
        >>> divided([1, 1, 1], 100)
        [34, 33, 33]
    """
    sound = [float(weight) if math.isfinite(weight) and weight > 0 else 0.0 for weight in weights]
    largest = max(sound, default=0.0)
    # Scaled first: the sum of huge weights would be infinite.
    sound = [weight / largest for weight in sound] if largest else [1.0] * len(sound)
    whole = sum(sound)
    wanted = [weight * total / whole for weight in sound]
    # Shares that are whole already stay what they are, whatever the floating point made of them.
    if all(abs(want - round(want)) < 1e-9 and want >= 1 for want in wanted):
        return [round(want) for want in wanted]
    found = [max(1, math.floor(want)) for want in wanted]
    while sum(found) > total:
        found[max(range(len(found)), key=lambda place: found[place])] -= 1
    rest = sorted(range(len(found)), key=lambda place: found[place] - wanted[place])
    for step in range(total - sum(found)):
        found[rest[step % len(rest)]] += 1
    return found
