"""What counts as a number: how it is typed, and which are amounts of money."""

from __future__ import annotations

import math
from numbers import Real

__all__ = ["read_amount", "to_ascii_digits", "to_finite"]

#: USD; nothing costs more, and what is written down or shown as an amount has to stay exact.
_MAX_USD = 1e9
#: What a Chinese keyboard makes of the characters of a number.
_WIDE = str.maketrans("０１２３４５６７８９．＋－−，", "0123456789.+--,")


def read_amount(value: object) -> float | None:
    """A number from 0 to 1e9; None for anything else: NaN, infinities, negative numbers, booleans, texts."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    number = to_finite(value)
    return number if number is not None and 0 <= number <= _MAX_USD else None


def to_finite(number: float | Real) -> float | None:
    """A number as a float; None for NaN, infinities, and what is too large for one."""
    try:
        converted = float(number)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) else None


def to_ascii_digits(text: str) -> str:
    """The text of a number with full-width digits and signs as plain ones."""
    return text.translate(_WIDE)
