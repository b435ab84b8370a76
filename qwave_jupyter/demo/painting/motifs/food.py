"""Food and drink, each standing on y = 0."""

from __future__ import annotations

import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mix
from qwave_jupyter.demo.painting.shapes import DARK, WHITE, Pen, mirror, shade

__all__ = ["draw_apple", "draw_bottle", "draw_cake", "draw_cup"]


def draw_cup(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A steaming cup on its saucer."""
    china = body or dice.choice(((250, 246, 238), (96, 148, 156), (226, 128, 104)))
    band = mood.accent if body is None else mix(body, WHITE, 0.6)
    pen.oval(0, -0.06, 1.26, 0.17, shade(mix(china, (90, 80, 90), 0.14)))
    pen.oval(0, -0.1, 0.98, 0.11, mix(china, WHITE, 0.3))
    pen.oval(0.98, -0.78, 0.34, 0.34, shade(china))
    pen.oval(0.98, -0.78, 0.19, 0.2, mix(china, (60, 50, 70), 0.5))
    pen.blob([(-0.94, -1.22), (0.94, -1.22), (0.86, -0.6), (0.5, -0.16), (-0.5, -0.16), (-0.86, -0.6)], shade(china))
    pen.blob([(-0.92, -0.96), (0.0, -0.86), (0.92, -0.96), (0.88, -0.74), (0.0, -0.64), (-0.88, -0.74)], band)
    pen.oval(0, -1.22, 0.94, 0.2, mix(china, WHITE, 0.45))
    pen.oval(0, -1.2, 0.83, 0.15, ((112, 66, 38), (76, 40, 24)))
    for x, high in ((-0.3, 0.86), (0.04, 1.1), (0.36, 0.8)):
        path = [(x, -1.36), (x - 0.12, -1.36 - high * 0.35), (x + 0.12, -1.36 - high * 0.7), (x - 0.02, -1.36 - high)]
        pen.haze(path, mix(mood.sky[-1], WHITE, 0.7), 0.13, 0.8)


def draw_bottle(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A flask of scent, half full."""
    scent = body or dice.choice((mood.accent, (240, 178, 92), (150, 190, 214)))
    glass = mix(mood.sky[-1], WHITE, 0.5)
    pen.box(-0.62, -1.5, 0.62, 0.02, (mix(glass, scent, 0.1), mix(glass, scent, 0.25)), 0.16)
    pen.box(-0.5, -1.02, 0.5, -0.1, (mix(scent, WHITE, 0.25), mix(scent, DARK, 0.12)), 0.1)
    pen.box(-0.5, -1.06, 0.5, -0.98, mix(scent, WHITE, 0.5), 0.04)
    pen.box(-0.2, -1.7, 0.2, -1.48, shade((208, 176, 110)), 0.03)
    pen.box(-0.3, -2.26, 0.3, -1.68, ((70, 66, 78), (34, 32, 40)), 0.07)
    pen.box(-0.3, -0.78, 0.3, -0.36, WHITE, 0.03)
    for y, wide in ((-0.64, 0.18), (-0.54, 0.22), (-0.46, 0.12)):
        pen.line([(-wide, y), (wide, y)], (120, 108, 100), 0.022)
    pen.box(-0.54, -1.4, -0.46, -0.16, mix(glass, WHITE, 0.8), 0.04)
    pen.box(0.48, -1.36, 0.53, -0.3, mix(glass, WHITE, 0.5), 0.02)


def draw_apple(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """An apple with a leaf."""
    skin = body or dice.choice(((214, 52, 48), (150, 186, 70), (226, 96, 52)))
    outline = [(0.0, -1.42), (0.34, -1.6), (0.76, -1.42), (0.88, -0.9), (0.66, -0.26), (0.28, 0.02), (0.0, -0.06)]
    pen.blob(mirror(outline), shade(skin))
    pen.blob([(-0.6, -1.2), (-0.42, -1.4), (-0.34, -1.24), (-0.52, -0.8), (-0.66, -0.76)], mix(skin, WHITE, 0.5))
    pen.blob([(-0.24, -1.46), (0.0, -1.36), (0.24, -1.46), (0.0, -1.28)], mix(skin, DARK, 0.45))
    pen.line([(0.0, -1.36), (0.04, -1.64), (0.14, -1.84)], (104, 70, 48), 0.075, smooth=True)
    pen.blob([(0.08, -1.62), (0.34, -1.92), (0.74, -1.9), (0.5, -1.62)], shade((96, 162, 78)))


def draw_cake(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A cake with candles that burn."""
    icing = body or dice.choice(((246, 170, 190), (250, 236, 214), (150, 200, 214)))
    sponge = (226, 176, 116)
    pen.oval(0, -0.02, 1.3, 0.14, (WHITE, (206, 204, 214)))
    for half, low, high in ((1.0, -0.06, -0.66), (0.7, -0.66, -1.14)):
        pen.box(-half, high, half, low, shade(sponge), 0.07)
        drops = [(-half, high), (half, high)]
        for drop in range(9):
            x = half - drop * half / 4
            drops += [(x, high + 0.16 + 0.14 * (drop % 2)), (x - half / 8, high + 0.12)]
        pen.blob(drops, icing)
        pen.oval(0, high, half, 0.09, mix(icing, WHITE, 0.35))
        for cherry in range(5):
            pen.oval((cherry - 2) * half * 0.42, low - 0.06, 0.05, 0.05, mix(mood.accent, WHITE, 0.2))
    for index, x in enumerate((-0.4, 0.0, 0.4)):
        pen.box(x - 0.04, -1.52, x + 0.04, -1.14, (mix(mood.accent, WHITE, 0.3 * index), WHITE))
        pen.blob([(x - 0.05, -1.56), (x, -1.76), (x + 0.05, -1.56), (x, -1.5)], ((255, 240, 170), (255, 160, 60)))
        pen.glow(x, -1.62, 0.5, (255, 210, 120))
