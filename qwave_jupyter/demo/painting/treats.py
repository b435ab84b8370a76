"""Motifs for a table or a card: apple, cake, heart, star, gift, each standing on y = 0."""

from __future__ import annotations

import math
import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mixed
from qwave_jupyter.demo.painting.shading import mirrored, shaded
from qwave_jupyter.demo.painting.shapes import Pen

__all__ = ["apple", "cake", "gift", "heart", "star"]

_DARK: Colour = (34, 30, 38)
_WHITE: Colour = (252, 250, 244)


def apple(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """An apple with a leaf."""
    _ = mood
    skin = body or dice.choice(((214, 52, 48), (150, 186, 70), (226, 96, 52)))
    outline = [(0.0, -1.42), (0.34, -1.6), (0.76, -1.42), (0.88, -0.9), (0.66, -0.26), (0.28, 0.02), (0.0, -0.06)]
    pen.blob(mirrored(outline), shaded(skin))
    pen.blob([(-0.6, -1.2), (-0.42, -1.4), (-0.34, -1.24), (-0.52, -0.8), (-0.66, -0.76)], mixed(skin, _WHITE, 0.5))
    pen.blob([(-0.24, -1.46), (0.0, -1.36), (0.24, -1.46), (0.0, -1.28)], mixed(skin, _DARK, 0.45))
    pen.line([(0.0, -1.36), (0.04, -1.64), (0.14, -1.84)], (104, 70, 48), 0.075, smooth=True)
    pen.blob([(0.08, -1.62), (0.34, -1.92), (0.74, -1.9), (0.5, -1.62)], shaded((96, 162, 78)))


def cake(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A cake with candles that burn."""
    icing = body or dice.choice(((246, 170, 190), (250, 236, 214), (150, 200, 214)))
    sponge = (226, 176, 116)
    pen.oval(0, -0.02, 1.3, 0.14, (_WHITE, (206, 204, 214)))
    for half, low, high in ((1.0, -0.06, -0.66), (0.7, -0.66, -1.14)):
        pen.box(-half, high, half, low, shaded(sponge), 0.07)
        drops = [(-half, high), (half, high)]
        for drop in range(9):
            x = half - drop * half / 4
            drops += [(x, high + 0.16 + 0.14 * (drop % 2)), (x - half / 8, high + 0.12)]
        pen.blob(drops, icing)
        pen.oval(0, high, half, 0.09, mixed(icing, _WHITE, 0.35))
        for cherry in range(5):
            pen.oval((cherry - 2) * half * 0.42, low - 0.06, 0.05, 0.05, mixed(mood.accent, _WHITE, 0.2))
    for place, x in enumerate((-0.4, 0.0, 0.4)):
        pen.box(x - 0.04, -1.52, x + 0.04, -1.14, (mixed(mood.accent, _WHITE, 0.3 * place), _WHITE))
        pen.blob([(x - 0.05, -1.56), (x, -1.76), (x + 0.05, -1.56), (x, -1.5)], ((255, 240, 170), (255, 160, 60)))
        pen.glow(x, -1.62, 0.5, (255, 210, 120))


def heart(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A heart."""
    _ = mood, dice
    tone = body or (226, 58, 84)
    pen.blob(
        mirrored([(0.0, -1.42), (0.42, -1.76), (0.92, -1.56), (0.94, -1.02), (0.46, -0.44), (0.02, -0.04)]),
        shaded(tone),
    )
    pen.blob([(-0.68, -1.34), (-0.46, -1.56), (-0.34, -1.44), (-0.56, -1.18), (-0.7, -1.1)], mixed(tone, _WHITE, 0.5))


def star(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A star with five points."""
    _ = mood, dice
    gold = body or (250, 200, 66)
    points = []
    for step in range(10):
        turn, reach = math.tau * (step / 10 - 0.25), 1.0 if step % 2 == 0 else 0.46
        points.append((math.cos(turn) * reach, -1.04 + math.sin(turn) * reach))
    pen.shape(points, shaded(gold))
    for step in range(0, 10, 2):
        pen.shape([(0, -1.04), points[step], points[step - 1]], mixed(gold, _WHITE, 0.3))
    pen.glow(0, -1.04, 1.2, (255, 226, 150))


def gift(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A parcel with a bow."""
    _ = dice
    paper = body or mood.accent
    band = mixed((255, 236, 170), paper, 0.1)
    pen.box(-0.84, -1.2, 0.84, 0.02, shaded(paper), 0.04)
    pen.box(-0.14, -1.2, 0.14, 0.02, shaded(band))
    pen.box(-0.94, -1.46, 0.94, -1.16, shaded(mixed(paper, _WHITE, 0.14)), 0.04)
    pen.box(-0.16, -1.46, 0.16, -1.16, shaded(band))
    for side in (-1, 1):
        pen.blob([(0, -1.46), (side * 0.3, -1.9), (side * 0.66, -1.86), (side * 0.5, -1.5)], shaded(band))
        pen.blob(
            [(side * 0.12, -1.54), (side * 0.34, -1.76), (side * 0.5, -1.72), (side * 0.4, -1.56)],
            mixed(band, _DARK, 0.25),
        )
    pen.oval(0, -1.5, 0.13, 0.12, shaded(band))
