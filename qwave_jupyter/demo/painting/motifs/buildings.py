"""Buildings, each standing on y = 0."""

from __future__ import annotations

import math
import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mix
from qwave_jupyter.demo.painting.shapes import DARK, GLASS, LAMP, WHITE, Pen, shade

__all__ = ["draw_castle", "draw_house", "draw_lighthouse", "draw_pagoda", "draw_windmill"]


def _draw_pane(pen: Pen, mood: Mood, left: float, top: float, right: float, bottom: float) -> None:
    if mood.night or mood.sun < 0.35:
        pen.box(left, top, right, bottom, (mix(LAMP, WHITE, 0.4), LAMP), 0.02)
        pen.glow((left + right) / 2, (top + bottom) / 2, max(right - left, bottom - top) * 1.8, LAMP)
    else:
        pen.box(left, top, right, bottom, (mix(GLASS, WHITE, 0.5), mix(GLASS, (40, 70, 100), 0.4)), 0.02)


def draw_house(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A cottage with a chimney."""
    wall = body or dice.choice(((246, 232, 208), (232, 196, 160), (214, 224, 226)))
    roof = (228, 236, 246) if mood.season == "winter" else mix((164, 72, 56), mood.accent, 0.3)
    pen.box(0.5, -2.1, 0.74, -1.3, shade((150, 92, 76)))
    pen.box(0.46, -2.16, 0.78, -2.06, (110, 66, 56), 0.02)
    pen.haze([(0.62, -2.16), (0.66, -2.38), (0.84, -2.56), (1.1, -2.74)], mix(mood.sky[-1], WHITE, 0.6), 0.2, 0.8)
    pen.box(-0.96, -1.1, 0.96, 0.02, shade(wall))
    pen.shape([(-1.18, -1.04), (-0.76, -1.86), (0.76, -1.86), (1.18, -1.04)], shade(roof))
    for row in range(1, 4):
        y = -1.86 + row * 0.2
        pen.line([(-0.78 - row * 0.1, y), (0.78 + row * 0.1, y)], mix(roof, DARK, 0.24), 0.018)
    pen.box(-0.2, -0.72, 0.2, 0.02, shade((122, 76, 52)), 0.03)
    pen.oval(0.12, -0.34, 0.03, 0.03, (240, 200, 90))
    for x in (-0.76, 0.4):
        pen.box(x - 0.04, -0.86, x + 0.4, -0.4, WHITE, 0.02)
        _draw_pane(pen, mood, x, -0.82, x + 0.36, -0.44)
        pen.line([(x + 0.18, -0.82), (x + 0.18, -0.44)], WHITE, 0.03)
        pen.line([(x, -0.63), (x + 0.36, -0.63)], WHITE, 0.03)


def draw_castle(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A castle with pointed towers."""
    stone = body or mix((196, 186, 190), mood.far, 0.3)
    roof = mix((84, 96, 156), mood.accent, 0.35)
    towers = ((-0.52, 1.5, 0.2), (0.52, 1.6, 0.2), (0.0, 2.1, 0.26), (-0.92, 1.1, 0.24), (0.92, 1.2, 0.24))
    for x, tall, half in towers:
        pen.box(x - half, -tall, x + half, 0.02, shade(mix(stone, mood.far, 0.2 if tall > 1.3 else 0.0)))
        pen.box(x - half * 1.2, -tall - 0.04, x + half * 1.2, -tall + 0.1, mix(stone, DARK, 0.16))
        pen.shape([(x - half * 1.34, -tall), (x, -tall - half * 3.0), (x + half * 1.34, -tall)], shade(roof))
        pen.line([(x, -tall - half * 3.0), (x, -tall - half * 3.0 - 0.2)], DARK, 0.02)
        pen.shape(
            [(x, -tall - half * 3.0 - 0.2), (x + 0.2, -tall - half * 3.0 - 0.14), (x, -tall - half * 3.0 - 0.07)],
            mood.accent,
        )
        _draw_pane(pen, mood, x - 0.06, -tall + 0.22, x + 0.06, -tall + 0.46)
    pen.box(-0.86, -0.82, 0.86, 0.02, shade(stone))
    for tooth in range(9):
        x = -0.84 + tooth * 0.2
        pen.box(x, -0.94, x + 0.11, -0.8, mix(stone, WHITE, 0.1))
    pen.blob([(-0.22, 0.02), (-0.22, -0.3), (0.0, -0.52), (0.22, -0.3), (0.22, 0.02)], (78, 54, 46))


def draw_lighthouse(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A lighthouse on its rock."""
    stripe = body or (214, 64, 58)
    pen.blob(
        [(-1.1, 0.12), (-0.8, -0.14), (-0.3, -0.3), (0.4, -0.28), (0.86, -0.1), (1.2, 0.12)],
        shade(mix((96, 84, 84), mood.near, 0.4)),
    )
    for band in range(5):
        low, high = band / 5, (band + 1) / 5
        left, right = 0.36 - 0.13 * low, 0.36 - 0.13 * high
        y, top = -0.22 - 1.6 * low, -0.22 - 1.6 * high
        tone = WHITE if band % 2 else stripe
        pen.shape([(-left, y), (left, y), (right, top), (-right, top)], tone)
    pen.box(-0.32, -1.9, 0.32, -1.8, (60, 56, 66), 0.02)
    pen.box(-0.19, -2.2, 0.19, -1.88, ((255, 246, 200), LAMP))
    for x in (-0.19, -0.06, 0.06, 0.19):
        pen.line([(x, -2.2), (x, -1.88)], (60, 56, 66), 0.02)
    pen.blob([(-0.26, -2.2), (0.26, -2.2), (0.0, -2.52)], shade(stripe))
    _draw_pane(pen, mood, -0.06, -1.2, 0.06, -1.02)
    pen.box(-0.1, -0.56, 0.1, -0.22, (84, 58, 50), 0.05)
    pen.glow(0, -2.04, 1.6 if mood.night or mood.sun < 0.35 else 0.7, (255, 236, 170))


def draw_pagoda(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A pagoda with curved roofs."""
    wall = body or (196, 62, 50)
    roof = mix((58, 76, 88), mood.near, 0.3)
    for floor in range(4):
        half, y = 0.72 - 0.13 * floor, -0.54 * floor
        pen.box(-half, y - 0.42, half, y + 0.02, shade(wall))
        for x in range(-1, 2):
            _draw_pane(pen, mood, x * half * 0.6 - 0.07, y - 0.32, x * half * 0.6 + 0.07, y - 0.12)
        reach = half * 1.46
        eave = [
            (-reach, y - 0.5),
            (-half * 0.8, y - 0.44),
            (half * 0.8, y - 0.44),
            (reach, y - 0.5),
            (half * 0.7, y - 0.6),
            (half * 0.5, y - 0.68),
            (-half * 0.5, y - 0.68),
            (-half * 0.7, y - 0.6),
        ]
        pen.shape(eave, shade(roof))
        pen.line(
            [(-reach, y - 0.5), (-half * 0.8, y - 0.44), (half * 0.8, y - 0.44), (reach, y - 0.5)],
            (226, 180, 84),
            0.025,
        )
    pen.line([(0, -2.24), (0, -2.64)], (226, 180, 84), 0.05)
    pen.oval(0, -2.44, 0.07, 0.07, (226, 180, 84))


def draw_windmill(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A windmill."""
    wall = body or (244, 236, 222)
    pen.shape([(-0.5, 0.02), (-0.3, -1.4), (0.3, -1.4), (0.5, 0.02)], shade(wall))
    pen.blob(
        [(-0.36, -1.36), (0.36, -1.36), (0.2, -1.66), (0.0, -1.76), (-0.2, -1.66)],
        shade(mix((140, 70, 58), mood.accent, 0.3)),
    )
    pen.box(-0.14, -0.46, 0.14, 0.02, (110, 72, 52), 0.06)
    _draw_pane(pen, mood, -0.08, -1.0, 0.08, -0.78)
    turn = dice.uniform(0, 1.5)
    for arm in range(4):
        angle = turn + arm * math.pi / 2
        dx, dy = math.cos(angle), math.sin(angle)
        tip = (dx * 1.1, -1.42 + dy * 1.1)
        start = (dx * 0.24, -1.42 + dy * 0.24)
        cloth = [start, tip, (tip[0] - dy * 0.26, tip[1] + dx * 0.26), (start[0] - dy * 0.26, start[1] + dx * 0.26)]
        pen.shape(cloth, (250, 246, 238))
        pen.line([(0, -1.42), tip], (98, 68, 52), 0.05)
    pen.oval(0, -1.42, 0.09, 0.09, (98, 68, 52))
