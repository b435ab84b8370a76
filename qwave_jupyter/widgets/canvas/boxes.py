"""Boxes in a picture's own pixels: always whole, inside the picture, and at least one pixel wide and high."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

__all__ = ["fitted", "read"]

Box = list[int]


def read(given: Iterable[Any], size: tuple[int, int], most: int) -> list[Box]:
    """Boxes as they may be trusted: what isn't one is left out, and so is what is too many.

    Args:
        given: what a browser sent, or a program set: ``[x1, y1, x2, y2]`` each, in pixels.
        size: the picture's width and height, in pixels.
        most: how many.

    Example:
        >>> read([[90, 10, 20, 500]], (100, 80), 2)
        [[20, 10, 90, 80]]
    """
    found = []
    for one in given:
        box = fitted(one, size)
        if box is not None:
            found.append(box)
    return found[:most]


def fitted(given: Any, size: tuple[int, int]) -> Box | None:
    """One box inside a picture, or None for what can't be meant as one.

    Args:
        given: any two opposite corners, in pixels.
        size: the picture's width and height, in pixels.
    """
    if not isinstance(given, (list, tuple)) or len(given) != 4:
        return None
    if any(isinstance(edge, bool) or not isinstance(edge, (int, float)) or not math.isfinite(edge) for edge in given):
        return None
    left, right = _side(given[0], given[2], size[0])
    top, bottom = _side(given[1], given[3], size[1])
    return [left, top, right, bottom]


def _side(one: float, other: float, length: int) -> tuple[int, int]:
    low, high = sorted(min(max(round(edge), 0), length) for edge in (one, other))
    if low == high:
        low = min(low, length - 1)
        high = low + 1
    return low, high
