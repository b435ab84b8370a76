"""What many motifs have: soft shading, symmetry, eyes, a nose and a mouth."""

from __future__ import annotations

from qwave_jupyter.demo.painting.lighting import Colour, mix
from qwave_jupyter.demo.painting.shapes import Fill, Pen, Point

__all__ = ["eyes", "mirror", "mouth", "shade"]

_DARK: Colour = (34, 30, 38)
_WHITE: Colour = (252, 250, 244)


def shade(colour: Colour) -> Fill:
    """A colour with light on its upper side.

    Args:
        colour: in between.
    """
    return mix(colour, (255, 255, 255), 0.16), mix(colour, (30, 14, 40), 0.16)


def mirror(points: list[Point]) -> list[Point]:
    """An outline and its mirror image.

    Args:
        points: of the right half, from the top down.
    """
    return [*points, *((-x, y) for x, y in reversed(points))]


def eyes(pen: Pen, y: float, apart: float, size: float, iris: Colour | None) -> None:
    """Two eyes.

    Args:
        pen: draws them.
        y: how high.
        apart: half the distance of their middles.
        size: half their width.
        iris: a colour, or None for dark eyes.
    """
    for side in (-1, 1):
        x = side * apart
        if iris:
            pen.oval(x, y, size, size * 1.08, mix(iris, (255, 255, 255), 0.2))
            pen.oval(x, y, size * 0.5, size * 0.92, _DARK)
        else:
            pen.oval(x, y, size, size * 1.1, _DARK)
        pen.oval(x - size * 0.3, y - size * 0.42, size * 0.28, size * 0.28, _WHITE)


def mouth(pen: Pen, y: float, size: float, nose: Colour) -> None:
    """A nose, and a mouth below it.

    Args:
        pen: draws them.
        y: how high.
        size: half the width of the nose.
        nose: its colour.
    """
    for side in (-1, 1):
        curve = [(0.0, y + size * 0.5), (side * size * 0.5, y + size * 1.1), (side * size * 1.2, y + size * 0.75)]
        pen.line(curve, mix(nose, _DARK, 0.6), size * 0.2, smooth=True)
    pen.blob([(-size * 0.6, y - size * 0.15), (size * 0.6, y - size * 0.15), (0, y + size * 0.55)], nose)
