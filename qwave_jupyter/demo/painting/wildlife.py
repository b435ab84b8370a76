"""Motifs from woods and ice: fox, owl, bear, penguin, horse, snowman, each standing on y = 0."""

from __future__ import annotations

import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mixed
from qwave_jupyter.demo.painting.shading import eyes, mirrored, mouth, shaded
from qwave_jupyter.demo.painting.shapes import Pen

__all__ = ["bear", "fox", "horse", "owl", "penguin", "snowman"]

_DARK: Colour = (34, 30, 38)
_WHITE: Colour = (252, 250, 244)


def fox(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A sitting fox with a bushy tail."""
    _ = mood, dice
    # A red fox is red as foxes are.
    fur = mixed((222, 112, 44), body, 0.45) if body else (222, 112, 44)
    dark = mixed(fur, (46, 22, 18), 0.62)
    tail = [(0.36, -0.06), (0.94, 0.02), (1.3, -0.3), (1.3, -0.86), (1.1, -1.24), (1.0, -0.8), (0.8, -0.42)]
    pen.blob(tail, shaded(fur))
    pen.blob([(1.32, -0.72), (1.28, -1.0), (1.1, -1.24), (1.04, -0.96), (1.14, -0.8)], _WHITE)
    pen.blob(mirrored([(0.0, -1.36), (0.32, -1.2), (0.5, -0.7), (0.6, -0.2), (0.46, 0.0), (0.2, 0.02)]), shaded(fur))
    pen.blob(mirrored([(0.0, -1.2), (0.26, -1.04), (0.24, -0.7), (0.06, -0.3)]), _WHITE)
    for side in (-1, 1):
        pen.blob(
            [(side * 0.56, 0.02), (side * 0.64, -0.26), (side * 0.46, -0.46), (side * 0.3, 0)], mixed(fur, dark, 0.2)
        )
        pen.box(side * 0.19 - 0.1, -0.56, side * 0.19 + 0.1, 0.0, (mixed(fur, _WHITE, 0.1), dark), 0.1)
        pen.oval(side * 0.2, -0.03, 0.15, 0.08, dark)
        pen.shape([(side * 0.6, -2.36), (side * 0.6, -1.66), (side * 0.12, -1.9)], shaded(fur))
        pen.shape([(side * 0.58, -2.32), (side * 0.6, -2.06), (side * 0.4, -2.1)], dark)
        pen.shape([(side * 0.52, -2.1), (side * 0.5, -1.76), (side * 0.26, -1.88)], (246, 214, 190))
    pen.blob(
        mirrored([(0.0, -2.0), (0.34, -1.94), (0.6, -1.64), (0.74, -1.4), (0.4, -1.28), (0.0, -1.06)]), shaded(fur)
    )
    for side in (-1, 1):
        cheek = [(0.0, -1.5), (side * 0.24, -1.46), (side * 0.7, -1.4), (side * 0.4, -1.28), (0.0, -1.07)]
        pen.blob(cheek, _WHITE)
    eyes(pen, -1.58, 0.27, 0.085, None)
    pen.oval(0, -1.2, 0.095, 0.075, _DARK)


def owl(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """An owl on a branch."""
    _ = mood, dice
    down = body or (142, 102, 72)
    dark, pale = mixed(down, (40, 24, 24), 0.5), mixed(down, (255, 244, 222), 0.66)
    pen.line([(-1.0, -0.06), (0.2, -0.1), (1.05, 0.02)], (92, 66, 50), 0.15, smooth=True)
    pen.blob([(-0.2, -0.3), (0.2, -0.3), (0.14, 0.3), (0.0, 0.36), (-0.14, 0.3)], dark)
    pen.blob(
        mirrored([(0.0, -2.0), (0.46, -1.94), (0.7, -1.3), (0.62, -0.6), (0.3, -0.12), (0.0, -0.06)]), shaded(down)
    )
    pen.blob(mirrored([(0.0, -1.3), (0.4, -1.16), (0.42, -0.6), (0.2, -0.22), (0.0, -0.16)]), pale)
    for row in range(4):
        for column in range(-1 - row % 2, 2):
            x, y = (column + 0.5 * (row % 2)) * 0.2, -1.02 + row * 0.2
            pen.blob([(x - 0.06, y), (x + 0.06, y), (x, y + 0.1)], mixed(down, pale, 0.3))
    for side in (-1, 1):
        wing = [(side * 0.5, -1.4), (side * 0.78, -1.1), (side * 0.74, -0.5), (side * 0.5, -0.2), (side * 0.46, -0.8)]
        pen.blob(wing, shaded(dark))
        pen.shape([(side * 0.2, -1.96), (side * 0.58, -2.3), (side * 0.56, -1.8)], shaded(dark))
        pen.oval(side * 0.26, -1.62, 0.31, 0.31, pale)
        pen.oval(side * 0.26, -1.62, 0.2, 0.2, (250, 196, 60))
        pen.oval(side * 0.26, -1.62, 0.12, 0.13, _DARK)
        pen.oval(side * 0.26 - 0.05, -1.68, 0.04, 0.04, _WHITE)
        for claw in (-0.08, 0.0, 0.08):
            pen.oval(side * 0.2 + claw, -0.08, 0.035, 0.07, (236, 178, 70))
    pen.blob([(-0.08, -1.54), (0.08, -1.54), (0.0, -1.34)], (236, 168, 60))


def bear(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A sitting bear."""
    _ = mood
    fur = body or dice.choice(((134, 90, 62), (106, 72, 54), (168, 120, 84)))
    pale = mixed(fur, (255, 236, 206), 0.5)
    pen.blob(mirrored([(0.0, -1.34), (0.5, -1.14), (0.8, -0.56), (0.7, -0.06), (0.3, 0.04)]), shaded(fur))
    pen.oval(0, -0.56, 0.44, 0.48, pale)
    for side in (-1, 1):
        pen.oval(side * 0.48, -2.02, 0.22, 0.22, shaded(fur))
        pen.oval(side * 0.48, -2.0, 0.12, 0.12, pale)
        pen.blob([(side * 0.5, -1.1), (side * 0.84, -0.8), (side * 0.8, -0.44), (side * 0.56, -0.44)], shaded(fur))
        pen.oval(side * 0.56, -0.12, 0.3, 0.25, shaded(fur))
        pen.oval(side * 0.58, -0.1, 0.16, 0.13, pale)
    pen.blob(
        mirrored([(0.0, -2.14), (0.42, -2.04), (0.68, -1.64), (0.56, -1.28), (0.24, -1.1), (0.0, -1.08)]), shaded(fur)
    )
    pen.oval(0, -1.4, 0.3, 0.24, pale)
    eyes(pen, -1.7, 0.25, 0.075, None)
    mouth(pen, -1.48, 0.11, _DARK)


def penguin(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A penguin with a scarf."""
    _ = dice
    coat = body or (48, 56, 78)
    for side in (-1, 1):
        pen.oval(side * 0.24, -0.03, 0.22, 0.09, (244, 164, 62))
        flap = [(side * 0.42, -1.4), (side * 0.74, -1.0), (side * 0.78, -0.6), (side * 0.6, -0.7), (side * 0.46, -0.9)]
        pen.blob(flap, shaded(mixed(coat, _DARK, 0.25)))
    pen.blob(mirrored([(0.0, -2.1), (0.36, -2.0), (0.44, -1.6), (0.6, -0.9), (0.5, -0.2), (0.2, -0.02)]), shaded(coat))
    pen.blob(mirrored([(0.0, -1.4), (0.3, -1.26), (0.44, -0.8), (0.36, -0.26), (0.1, -0.1)]), (_WHITE, (216, 222, 232)))
    for side in (-1, 1):
        pen.oval(side * 0.16, -1.74, 0.19, 0.23, _WHITE)
    eyes(pen, -1.76, 0.15, 0.065, None)
    pen.shape([(-0.1, -1.66), (0.1, -1.66), (0.0, -1.48)], (244, 164, 62))
    scarf = mood.accent if body is None else (214, 60, 60)
    pen.box(-0.43, -1.46, 0.43, -1.3, shaded(scarf), 0.08)
    pen.blob([(0.14, -1.36), (0.32, -1.36), (0.36, -0.94), (0.18, -0.94)], shaded(scarf))


def horse(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A horse from the side."""
    _ = mood
    coat = body or dice.choice(((148, 92, 58), (112, 70, 50), (196, 150, 104), (226, 218, 206)))
    dark = mixed(coat, (38, 20, 20), 0.55)
    pen.blob([(-0.98, -1.4), (-1.26, -1.2), (-1.34, -0.7), (-1.2, -0.34), (-1.1, -0.8)], shaded(dark))
    for x, lean in ((-0.62, 0.1), (0.56, -0.06)):
        leg = [(x - 0.14, -0.9), (x + 0.12, -0.9), (x + 0.07 + lean, -0.04), (x - 0.08 + lean, -0.04)]
        pen.shape(leg, mixed(coat, dark, 0.4))
    for x, lean in ((-0.84, -0.06), (0.7, 0.06)):
        leg = [(x - 0.16, -0.96), (x + 0.15, -0.96), (x + 0.08 + lean, -0.1), (x - 0.09 + lean, -0.1)]
        pen.shape(leg, (coat, mixed(coat, dark, 0.3)))
        pen.box(x - 0.11 + lean, -0.14, x + 0.11 + lean, 0.02, _DARK, 0.04)
    pen.blob(
        [
            (-1.04, -1.3),
            (-0.7, -1.52),
            (0.0, -1.42),
            (0.56, -1.5),
            (0.84, -1.2),
            (0.7, -0.78),
            (0.0, -0.7),
            (-0.8, -0.74),
        ],
        shaded(coat),
    )
    neck = [(0.3, -1.4), (0.62, -2.0), (0.84, -2.36), (1.06, -2.34), (1.0, -1.9), (0.92, -1.2), (0.6, -1.0)]
    pen.blob(neck, shaded(coat))
    pen.blob(
        [(0.8, -2.36), (1.02, -2.42), (1.3, -2.1), (1.5, -1.84), (1.38, -1.7), (1.2, -1.78), (0.96, -1.96)],
        shaded(coat),
    )
    pen.shape([(0.84, -2.32), (0.86, -2.62), (1.0, -2.36)], coat)
    mane = [(0.86, -2.46), (0.62, -2.2), (0.42, -1.8), (0.26, -1.42), (0.46, -1.5), (0.66, -1.86), (0.88, -2.26)]
    pen.blob(mane, shaded(dark))
    pen.oval(1.08, -2.14, 0.05, 0.055, _DARK)
    pen.oval(1.4, -1.82, 0.03, 0.03, dark)


def snowman(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A snowman with a hat and a scarf."""
    _ = dice
    snow = mixed(_WHITE, body, 0.3) if body else _WHITE
    fill = snow, mixed(snow, (120, 150, 200), 0.4)
    for side in (-1, 1):
        pen.line([(side * 0.4, -1.2), (side * 0.86, -1.5), (side * 0.98, -1.74)], (98, 70, 52), 0.05, smooth=True)
        pen.line([(side * 0.84, -1.48), (side * 1.04, -1.5)], (98, 70, 52), 0.04)
    pen.oval(0, -0.46, 0.66, 0.52, fill)
    pen.oval(0, -1.16, 0.48, 0.42, fill)
    pen.oval(0, -1.78, 0.35, 0.34, fill)
    for y in (-1.3, -1.1, -0.9, -0.6):
        pen.oval(0, y, 0.045, 0.045, _DARK)
    pen.box(-0.36, -1.54, 0.36, -1.4, shaded(mood.accent), 0.07)
    pen.blob([(0.12, -1.46), (0.3, -1.46), (0.36, -1.0), (0.18, -1.0)], shaded(mood.accent))
    for side in (-1, 1):
        pen.oval(side * 0.12, -1.86, 0.04, 0.045, _DARK)
    pen.shape([(-0.02, -1.8), (0.0, -1.7), (0.4, -1.72)], (246, 140, 50))
    pen.box(-0.4, -2.12, 0.4, -2.04, (52, 46, 58), 0.04)
    pen.box(-0.26, -2.5, 0.26, -2.08, ((74, 66, 80), (44, 38, 50)), 0.05)
    pen.box(-0.26, -2.22, 0.26, -2.12, mood.accent)
