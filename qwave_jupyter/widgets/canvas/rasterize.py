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
Edge = tuple[float, float, float, float]


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


def rastered(strokes: Iterable[Mapping[str, Any]], size: tuple[int, int], ground: bytes | None = None) -> bytes:
    """The painted area: one byte per pixel, row by row, 255 where it is painted and 0 elsewhere.

    Args:
        strokes: what :func:`read` returned.
        size: width and height, in pixels.
        ground: the area that earlier strokes made, to go on from; None for nothing painted.

    Example:
        >>> rastered([{"kind": "paint", "size": 2, "points": [[1, 1]]}], (3, 2)).hex(" ", 3)
        'ffff00 ffff00'
    """
    width, height = size
    area = bytearray(width * height) if ground is None else bytearray(ground)
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
    """Rows with the first pixel and the one behind the last; what a link covers is convex, so that says it all."""
    discs = [_disc(point, stroke["size"]) for point in stroke["points"]]
    links = list(pairwise(discs)) or [(discs[0], discs[0])]
    for one, other in links:
        rounds = [(x, y, radius * radius) for x, y, radius in {one, other}]
        edges = _sides(one, other)
        top = min(one[1] - one[2], other[1] - other[2])
        bottom = max(one[1] + one[2], other[1] + other[2])
        for row in range(max(0, math.ceil(top - 0.5)), min(height, math.floor(bottom - 0.5) + 1)):
            found = _reach(row + 0.5, rounds, edges)
            if found:
                left, right = max(0, math.ceil(min(found) - 0.5)), min(width, math.floor(max(found) - 0.5) + 1)
                if left < right:
                    yield row, left, right


def _reach(middle: float, rounds: Sequence[Disc], edges: Sequence[Edge]) -> list[float]:
    """Where a line at one height enters and leaves the discs and edges of a link."""
    # This is run for every row of every link, a million times for a big picture: no calls that can be spared.
    found: list[float] = []
    for x, y, square in rounds:
        off = square - (middle - y) ** 2
        if off >= 0:
            half = off**0.5
            found += (x - half, x + half)
    for x1, y1, x2, y2 in edges:
        if y1 <= middle <= y2:
            found.append(x1 + (x2 - x1) * (middle - y1) / (y2 - y1))
    return found


def _sides(one: Disc, other: Disc) -> list[Edge]:
    """The straight edges between two discs, as a browser's canvas draws them too; each from its upper end down."""
    length = math.hypot(other[0] - one[0], other[1] - one[1])
    if not length:
        return []
    across, along = (one[1] - other[1]) / length, (other[0] - one[0]) / length
    ends = [
        (
            (one[0] + sign * across * one[2], one[1] + sign * along * one[2]),
            (other[0] + sign * across * other[2], other[1] + sign * along * other[2]),
        )
        for sign in (1, -1)
    ]
    # A level edge adds nothing to the discs that it joins.
    return [(*upper, *lower) for upper, lower in (sorted(pair, key=_height) for pair in ends) if upper[1] != lower[1]]


def _height(point: tuple[float, float]) -> float:
    return point[1]


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
