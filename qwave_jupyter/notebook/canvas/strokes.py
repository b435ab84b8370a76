"""Brush strokes as numbers, and the mask that they make, pixel by pixel.

A stroke is a mapping as the browser sends it: ``kind`` (``paint``, ``erase``, ``clear`` or ``invert``) and, for the
first two, ``size`` (the brush's diameter) and ``points`` (``[x, y]`` or ``[x, y, size]``), all in the picture's own
pixels. Pixel (i, j) belongs to a stroke when its centre (i + ½, j + ½) lies under the brush, so a mask is the same on
every machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

__all__ = ["KINDS", "MOST_POINTS", "MOST_STROKES", "rastered", "read"]

KINDS = ("paint", "erase", "clear", "invert")
MOST_STROKES = 5000
MOST_POINTS = 20_000
_FULL = b"\xff"
_FLIP = bytes(255 - value for value in range(256))

Disc = tuple[float, float, float]


def read(given: Iterable[Any], size: tuple[int, int]) -> list[dict[str, Any]]:
    """Strokes as they may be trusted: what isn't one is left out, coordinates are kept near the picture.

    Args:
        given: what a browser sent, or a program set.
        size: the picture's width and height, in pixels.
    """
    found = []
    for one in list(given)[:MOST_STROKES]:
        kind = one.get("kind") if isinstance(one, Mapping) else None
        if kind in {"clear", "invert"}:
            found.append({"kind": kind})
        elif kind in KINDS:
            brush = _number(one.get("size"), 0.5, 4.0 * max(size))
            points = [point for raw in _listed(one.get("points")) if (point := _point(raw, size))]
            if brush is not None and points:
                found.append({"kind": kind, "size": brush, "points": points})
    return found


def rastered(strokes: Iterable[Mapping[str, Any]], size: tuple[int, int]) -> bytes:
    """The painted area: one byte per pixel, row by row, 255 where it is painted and 0 elsewhere.

    Args:
        strokes: what :func:`read` returned.
        size: width and height, in pixels.

    Example:
        >>> rastered([{"kind": "paint", "size": 2, "points": [[1, 1]]}], (3, 2)).hex(" ", 3)
        'ffff00 ffff00'
    """
    width, height = size
    area = bytearray(width * height)
    for stroke in strokes:
        if stroke["kind"] == "clear":
            area = bytearray(width * height)
        elif stroke["kind"] == "invert":
            area = area.translate(_FLIP)
        else:
            full = (_FULL if stroke["kind"] == "paint" else b"\0") * width
            for row, left, right in _spans(stroke, width, height):
                area[row * width + left : row * width + right] = full[: right - left]
    return bytes(area)


def _spans(stroke: Mapping[str, Any], width: int, height: int) -> Iterator[tuple[int, int, int]]:
    """Rows with the first pixel and the one behind the last."""
    discs = [_disc(point, stroke["size"]) for point in stroke["points"]]
    links = list(pairwise(discs)) or [(discs[0], discs[0])]
    for one, other in links:
        top = min(one[1] - one[2], other[1] - other[2])
        bottom = max(one[1] + one[2], other[1] + other[2])
        sides = _sides(one, other)
        for row in range(max(0, math.ceil(top - 0.5)), min(height, math.floor(bottom - 0.5) + 1)):
            reach = _reach(row + 0.5, one, other, sides)
            if reach is None:
                continue
            left = max(0, math.ceil(reach[0] - 0.5))
            right = min(width, math.floor(reach[1] - 0.5) + 1)
            if left < right:
                yield row, left, right


def _reach(
    y: float, one: Disc, other: Disc, sides: Sequence[tuple[float, float, float, float]]
) -> tuple[float, float] | None:
    """From where to where a line at one height is covered; what is covered is convex, so that says it all."""
    low, high = math.inf, -math.inf
    for x, centre, radius in (one, other):
        off = radius * radius - (y - centre) ** 2
        if off >= 0:
            half = math.sqrt(off)
            low, high = min(low, x - half), max(high, x + half)
    for x1, y1, x2, y2 in sides:
        if min(y1, y2) <= y <= max(y1, y2) and y1 != y2:
            x = x1 + (x2 - x1) * (y - y1) / (y2 - y1)
            low, high = min(low, x), max(high, x)
    return (low, high) if low <= high else None


def _sides(one: Disc, other: Disc) -> tuple[tuple[float, float, float, float], ...]:
    """The two straight edges between two discs, as a browser's canvas draws them in the same way."""
    length = math.hypot(other[0] - one[0], other[1] - one[1])
    if not length:
        return ()
    across, along = (one[1] - other[1]) / length, (other[0] - one[0]) / length
    return tuple(
        (
            one[0] + sign * across * one[2],
            one[1] + sign * along * one[2],
            other[0] + sign * across * other[2],
            other[1] + sign * along * other[2],
        )
        for sign in (1, -1)
    )


def _disc(point: Sequence[float], size: float) -> Disc:
    return point[0], point[1], (point[2] if len(point) > 2 else size) / 2


def _point(raw: Any, size: tuple[int, int]) -> list[float] | None:
    numbers = _listed(raw)
    if len(numbers) not in {2, 3}:
        return None
    margin = 4.0 * max(size)
    limits = ((-margin, size[0] + margin), (-margin, size[1] + margin), (0.5, margin))
    found = [_number(number, *limit) for number, limit in zip(numbers, limits, strict=False)]
    return [number for number in found if number is not None] if None not in found else None


def _listed(given: Any) -> list[Any]:
    return list(given)[:MOST_POINTS] if isinstance(given, (list, tuple)) else []


def _number(given: Any, low: float, high: float) -> float | None:
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not math.isfinite(given):
        return None
    return min(max(given, low), high)
