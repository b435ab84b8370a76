"""People and figures of their shape, each standing on y = 0."""

from __future__ import annotations

import math
import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mix
from qwave_jupyter.demo.painting.shapes import DARK, WHITE, Pen, mirror, shade

__all__ = ["draw_astronaut", "draw_person", "draw_robot", "draw_snowman"]


def draw_person(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A person in a coat and a scarf."""
    coat = body or dice.choice((mood.accent, (48, 78, 112), (140, 62, 54)))
    skin = dice.choice(((246, 206, 174), (198, 142, 104), (126, 84, 60)))
    hair = dice.choice(((44, 32, 30), (92, 56, 36), (30, 30, 40)))
    for side in (-1, 1):
        pen.box(side * 0.17 - 0.12, -0.84, side * 0.17 + 0.12, -0.06, (46, 50, 70), 0.06)
        pen.box(side * 0.2 - 0.17, -0.13, side * 0.2 + 0.17, 0.02, (42, 30, 30), 0.07)
        pen.blob(
            [(side * 0.34, -1.7), (side * 0.52, -1.36), (side * 0.56, -0.94), (side * 0.4, -0.92), (side * 0.28, -1.3)],
            shade(coat),
        )
        pen.oval(side * 0.48, -0.88, 0.09, 0.1, skin)
    pen.blob(mirror([(0.0, -1.82), (0.3, -1.76), (0.4, -1.4), (0.48, -0.62), (0.3, -0.56), (0.0, -0.56)]), shade(coat))
    pen.line([(0, -1.6), (0, -0.6)], mix(coat, DARK, 0.3), 0.025)
    for button in (-1.36, -1.12, -0.88):
        pen.oval(0.07, button, 0.03, 0.03, mix(coat, (255, 255, 255), 0.6))
    pen.box(-0.1, -1.94, 0.1, -1.7, mix(skin, DARK, 0.12), 0.05)
    pen.oval(0, -2.14, 0.27, 0.31, shade(skin))
    pen.blob(
        [
            (-0.3, -2.1),
            (-0.28, -2.42),
            (0.0, -2.54),
            (0.28, -2.42),
            (0.3, -2.1),
            (0.2, -2.3),
            (-0.04, -2.34),
            (-0.22, -2.26),
        ],
        hair,
    )
    for side in (-1, 1):
        pen.oval(side * 0.1, -2.12, 0.027, 0.036, DARK)
    pen.line([(-0.07, -1.98), (0.0, -1.955), (0.07, -1.98)], (176, 84, 76), 0.022, smooth=True)
    scarf = mix((250, 236, 214), mood.accent, 0.2) if body is None else (244, 224, 180)
    pen.box(-0.26, -1.86, 0.26, -1.7, shade(scarf), 0.08)
    pen.blob([(0.1, -1.74), (0.26, -1.74), (0.3, -1.3), (0.14, -1.28)], shade(scarf))


def draw_astronaut(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """An astronaut."""
    suit, trim = body or (240, 242, 246), mood.accent
    pen.box(-0.5, -1.7, 0.5, -0.7, (176, 182, 194), 0.14)
    for side in (-1, 1):
        pen.box(side * 0.22 - 0.18, -0.8, side * 0.22 + 0.18, -0.02, shade(suit), 0.14)
        pen.box(side * 0.24 - 0.22, -0.2, side * 0.24 + 0.22, 0.02, (112, 118, 134), 0.09)
        pen.blob(
            [(side * 0.34, -1.62), (side * 0.62, -1.46), (side * 0.78, -1.0), (side * 0.6, -0.86), (side * 0.4, -1.1)],
            shade(suit),
        )
        pen.oval(side * 0.7, -0.88, 0.13, 0.14, (112, 118, 134))
        pen.line([(side * 0.56, -1.24), (side * 0.72, -1.14)], trim, 0.07)
    pen.box(-0.42, -1.66, 0.42, -0.66, shade(suit), 0.2)
    pen.box(-0.22, -1.3, 0.22, -1.0, (92, 100, 120), 0.05)
    for index, lamp in enumerate(((240, 90, 80), (250, 210, 80), (90, 220, 150))):
        pen.oval(-0.12 + index * 0.12, -1.15, 0.035, 0.035, lamp)
    pen.oval(0, -2.02, 0.46, 0.46, shade(suit))
    pen.blob(
        mirror([(0.0, -2.3), (0.24, -2.24), (0.34, -2.02), (0.24, -1.8), (0.0, -1.76)]),
        (mix(mood.sky[0], (20, 30, 70), 0.5), mix(trim, (255, 200, 120), 0.4)),
    )
    pen.blob([(-0.22, -2.08), (-0.16, -2.2), (-0.02, -2.24), (-0.12, -2.12)], (236, 244, 255))


def draw_robot(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A friendly robot with lamps for eyes."""
    steel = body or dice.choice(((186, 198, 212), (222, 214, 196), (140, 186, 196)))
    dark, lamp = mix(steel, (34, 40, 62), 0.62), mix(mood.accent, (255, 240, 180), 0.3)
    for side in (-1, 1):
        pen.box(side * 0.28 - 0.13, -0.5, side * 0.28 + 0.13, -0.08, dark, 0.06)
        pen.box(side * 0.32 - 0.25, -0.17, side * 0.32 + 0.25, 0.02, shade(steel), 0.1)
        pen.line([(side * 0.56, -1.16), (side * 0.84, -0.96), (side * 0.8, -0.6)], dark, 0.13, smooth=True)
        pen.oval(side * 0.58, -1.18, 0.16, 0.16, shade(steel))
        pen.oval(side * 0.8, -0.54, 0.16, 0.16, shade(steel))
    pen.box(-0.56, -1.36, 0.56, -0.4, shade(steel), 0.2)
    pen.box(-0.34, -1.14, 0.34, -0.66, dark, 0.08)
    pen.line([(-0.26, -0.9), (-0.12, -0.9), (-0.04, -1.06), (0.06, -0.74), (0.14, -0.9), (0.26, -0.9)], lamp, 0.035)
    for bolt in (-0.46, 0.46):
        for y in (-1.26, -0.5):
            pen.oval(bolt, y, 0.035, 0.035, dark)
    pen.box(-0.14, -1.5, 0.14, -1.32, dark, 0.04)
    pen.line([(0, -2.2), (0, -2.46)], dark, 0.05)
    pen.oval(0, -2.5, 0.085, 0.085, lamp)
    pen.glow(0, -2.5, 0.4, lamp)
    for side in (-1, 1):
        pen.box(side * 0.66 - 0.07, -2.0, side * 0.66 + 0.07, -1.7, dark, 0.06)
    pen.box(-0.62, -2.26, 0.62, -1.46, shade(steel), 0.24)
    pen.box(-0.48, -2.08, 0.48, -1.64, (26, 30, 46), 0.18)
    for side in (-1, 1):
        pen.oval(side * 0.22, -1.88, 0.115, 0.125, lamp)
        pen.oval(side * 0.22 - 0.03, -1.92, 0.035, 0.035, WHITE)
        pen.glow(side * 0.22, -1.88, 0.36, lamp)
    smile = [(math.cos(turn) * 0.14, -1.75 + math.sin(turn) * 0.06) for turn in (math.pi, 2.4, 1.57, 0.74, 0.0)]
    pen.line(smile, lamp, 0.03, smooth=True)


def draw_snowman(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A snowman with a hat and a scarf."""
    snow = mix(WHITE, body, 0.3) if body else WHITE
    fill = snow, mix(snow, (120, 150, 200), 0.4)
    for side in (-1, 1):
        pen.line([(side * 0.4, -1.2), (side * 0.86, -1.5), (side * 0.98, -1.74)], (98, 70, 52), 0.05, smooth=True)
        pen.line([(side * 0.84, -1.48), (side * 1.04, -1.5)], (98, 70, 52), 0.04)
    pen.oval(0, -0.46, 0.66, 0.52, fill)
    pen.oval(0, -1.16, 0.48, 0.42, fill)
    pen.oval(0, -1.78, 0.35, 0.34, fill)
    for y in (-1.3, -1.1, -0.9, -0.6):
        pen.oval(0, y, 0.045, 0.045, DARK)
    pen.box(-0.36, -1.54, 0.36, -1.4, shade(mood.accent), 0.07)
    pen.blob([(0.12, -1.46), (0.3, -1.46), (0.36, -1.0), (0.18, -1.0)], shade(mood.accent))
    for side in (-1, 1):
        pen.oval(side * 0.12, -1.86, 0.04, 0.045, DARK)
    pen.shape([(-0.02, -1.8), (0.0, -1.7), (0.4, -1.72)], (246, 140, 50))
    pen.box(-0.4, -2.12, 0.4, -2.04, (52, 46, 58), 0.04)
    pen.box(-0.26, -2.5, 0.26, -2.08, ((74, 66, 80), (44, 38, 50)), 0.05)
    pen.box(-0.26, -2.22, 0.26, -2.12, mood.accent)
