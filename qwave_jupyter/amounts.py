"""What counts as an amount of money: a finite number that isn't negative, and nothing else."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

__all__ = ["read_amount", "to_finite"]

#: USD; nothing costs more, and what is written down or shown as an amount has to stay exact.
_MOST = 1e9


def read_amount(value: Any) -> float | None:
    """A number from 0 to 1e9; None for anything else: NaN, infinities, negative numbers, booleans, texts.

    Args:
        value: a price or a cost, from a server, an edition, a live list or a setting.

    Example:
        >>> read_amount(0.5), read_amount(float("nan")), read_amount(-1)
        (0.5, None, None)
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    number = to_finite(value)
    return number if number is not None and 0 <= number <= _MOST else None


def to_finite(number: float | Real) -> float | None:
    """A number as a float; None for NaN, infinities, and what is too large for one."""
    try:
        converted = float(number)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) else None
