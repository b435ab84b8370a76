"""Motifs larger or older than life: elephant, dragon, turtle, dinosaur, each standing on y = 0."""

from __future__ import annotations

import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mixed
from qwave_jupyter.demo.painting.shading import eyes, shaded
from qwave_jupyter.demo.painting.shapes import Pen

__all__ = ["dinosaur", "dragon", "elephant", "turtle"]

_DARK: Colour = (34, 30, 38)
_WHITE: Colour = (252, 250, 244)


def elephant(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """An elephant from the side, its trunk raised."""
    _ = mood, dice
    hide = body or (136, 144, 166)
    dark, pale = mixed(hide, (40, 34, 60), 0.32), mixed(hide, (255, 214, 214), 0.45)
    pen.line([(-1.18, -1.1), (-1.36, -0.8), (-1.32, -0.5)], dark, 0.07, smooth=True)
    for x in (-0.62, 0.5):
        pen.box(x - 0.2, -0.8, x + 0.2, 0.0, shaded(dark), 0.12)
    for x in (-0.92, 0.22):
        pen.box(x - 0.22, -0.9, x + 0.22, 0.02, shaded(hide), 0.13)
        for toe in (-0.12, 0.0, 0.12):
            pen.oval(x + toe, -0.03, 0.05, 0.05, pale)
    pen.blob(
        [
            (-1.2, -1.0),
            (-1.0, -1.62),
            (-0.3, -1.86),
            (0.5, -1.7),
            (0.74, -1.2),
            (0.5, -0.62),
            (-0.3, -0.5),
            (-1.0, -0.6),
        ],
        shaded(hide),
    )
    trunk = [(1.06, -1.3), (1.36, -1.0), (1.62, -1.06), (1.7, -1.44), (1.62, -1.76)]
    pen.line(trunk, hide, 0.26, smooth=True)
    pen.line(trunk[2:], mixed(hide, _WHITE, 0.06), 0.22, smooth=True)
    pen.blob(
        [(0.3, -1.7), (0.62, -2.1), (1.1, -2.04), (1.32, -1.6), (1.26, -1.16), (0.92, -0.98), (0.5, -1.1)], shaded(hide)
    )
    pen.blob([(1.0, -1.12), (1.14, -1.02), (1.42, -0.84), (1.3, -1.0), (1.14, -1.2)], _WHITE)
    ear = [(0.62, -1.96), (0.3, -2.06), (-0.06, -1.8), (-0.1, -1.3), (0.2, -1.0), (0.52, -1.16), (0.66, -1.5)]
    pen.blob(ear, shaded(mixed(hide, dark, 0.35)))
    pen.blob([(0.5, -1.8), (0.26, -1.88), (0.06, -1.66), (0.06, -1.36), (0.24, -1.16), (0.44, -1.3)], pale)
    pen.oval(0.94, -1.66, 0.065, 0.075, _DARK)
    pen.oval(0.92, -1.69, 0.022, 0.022, _WHITE)


def dragon(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A small dragon with wings, friendly but on fire inside."""
    _ = dice
    scale = body or (74, 156, 116)
    dark, belly = mixed(scale, (16, 40, 50), 0.5), mixed(scale, (255, 240, 170), 0.7)
    wing = mixed(mood.accent, scale, 0.2) if body is None else mixed(scale, (255, 220, 120), 0.4)
    for side in (-1, 1):
        tips = [(side * 0.3, -1.3), (side * 0.9, -2.2), (side * 1.56, -2.0), (side * 1.36, -1.64), (side * 1.3, -1.3)]
        pen.shape(
            [*tips, (side * 1.0, -1.36), (side * 0.84, -0.98), (side * 0.6, -1.14), (side * 0.36, -0.9)], shaded(wing)
        )
        for x, y in ((1.5, -1.98), (1.26, -1.34), (0.82, -1.02)):
            pen.line([(side * 0.9, -2.18), (side * x, y)], mixed(wing, _DARK, 0.3), 0.035)
    tail = [(0.3, -0.2), (0.9, -0.06), (1.3, -0.2), (1.36, -0.6)]
    pen.line(tail, mixed(scale, dark, 0.2), 0.2, smooth=True)
    pen.shape([(1.36, -0.98), (1.56, -0.6), (1.18, -0.56)], wing)
    pen.blob([(-0.5, 0.0), (-0.56, -0.6), (-0.3, -1.3), (0.3, -1.3), (0.56, -0.6), (0.5, 0.0)], shaded(scale))
    pen.blob([(-0.28, -0.06), (-0.32, -0.6), (-0.16, -1.1), (0.16, -1.1), (0.32, -0.6), (0.28, -0.06)], belly)
    for row in range(4):
        y = -0.24 - row * 0.2
        pen.line([(-0.25, y), (0.25, y)], mixed(belly, scale, 0.4), 0.025)
    for side in (-1, 1):
        pen.oval(side * 0.4, -0.05, 0.24, 0.12, shaded(scale))
        pen.oval(side * 0.46, -0.82, 0.13, 0.22, shaded(scale))
        pen.shape([(side * 0.14, -2.06), (side * 0.36, -2.46), (side * 0.4, -1.94)], shaded((244, 226, 170)))
        pen.shape([(side * 0.5, -1.9), (side * 0.82, -1.96), (side * 0.54, -1.6)], shaded(dark))
    pen.blob(
        [(-0.56, -1.6), (-0.4, -2.04), (0.0, -2.14), (0.4, -2.04), (0.56, -1.6), (0.36, -1.24), (-0.36, -1.24)],
        shaded(scale),
    )
    pen.oval(0, -1.42, 0.36, 0.2, belly)
    for side in (-1, 1):
        pen.oval(side * 0.12, -1.48, 0.035, 0.03, dark)
    eyes(pen, -1.76, 0.25, 0.11, (250, 200, 60))
    pen.line([(-0.2, -1.34), (0.0, -1.28), (0.2, -1.34)], dark, 0.03, smooth=True)


def turtle(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A turtle from the side."""
    _ = mood, dice
    skin, shell = (134, 176, 96), body or (116, 104, 62)
    for x in (-0.72, 0.58):
        pen.box(x - 0.2, -0.36, x + 0.2, 0.02, shaded(mixed(skin, _DARK, 0.15)), 0.12)
    pen.shape([(-1.0, -0.36), (-1.36, -0.2), (-1.0, -0.2)], skin)
    pen.blob(
        [(0.7, -0.5), (1.06, -0.96), (1.4, -1.02), (1.56, -0.78), (1.4, -0.58), (1.1, -0.5), (0.9, -0.24)], shaded(skin)
    )
    pen.blob([(-1.1, -0.3), (-0.96, -0.9), (-0.3, -1.32), (0.4, -1.26), (0.9, -0.8), (0.96, -0.3)], shaded(shell))
    pen.box(-1.14, -0.38, 1.0, -0.22, shaded(mixed(shell, (240, 220, 160), 0.5)), 0.08)
    for x, y, wide in (
        (-0.62, -0.72, 0.2),
        (-0.08, -0.94, 0.25),
        (0.46, -0.74, 0.2),
        (-0.34, -0.5, 0.13),
        (0.2, -0.52, 0.13),
    ):
        pen.blob(
            [(x - wide, y), (x, y - wide * 0.8), (x + wide, y), (x, y + wide * 0.7)], shaded(mixed(shell, _WHITE, 0.22))
        )
    pen.oval(1.32, -0.84, 0.05, 0.06, _DARK)
    pen.line([(1.52, -0.72), (1.4, -0.68), (1.3, -0.7)], mixed(skin, _DARK, 0.5), 0.025, smooth=True)


def dinosaur(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A long-necked dinosaur."""
    _ = mood
    hide = body or dice.choice(((104, 164, 122), (112, 146, 190), (198, 146, 98)))
    dark = mixed(hide, (20, 40, 60), 0.36)
    pen.line([(-0.7, -0.9), (-1.3, -0.66), (-1.8, -0.2)], mixed(hide, dark, 0.2), 0.24, smooth=True)
    for x in (-0.44, 0.52):
        pen.box(x - 0.15, -0.7, x + 0.15, 0.0, shaded(dark), 0.1)
    for x in (-0.68, 0.3):
        pen.box(x - 0.17, -0.8, x + 0.17, 0.02, shaded(hide), 0.11)
    neck = [
        (0.2, -1.2),
        (0.7, -1.5),
        (0.86, -2.0),
        (0.94, -2.46),
        (1.24, -2.44),
        (1.2, -1.9),
        (1.06, -1.2),
        (0.6, -0.7),
    ]
    pen.blob(neck, shaded(hide))
    pen.blob(
        [(-1.0, -0.8), (-0.6, -1.3), (0.1, -1.42), (0.8, -1.1), (0.8, -0.66), (0.1, -0.44), (-0.7, -0.5)], shaded(hide)
    )
    pen.blob([(0.86, -2.5), (1.1, -2.68), (1.5, -2.56), (1.64, -2.36), (1.4, -2.22), (1.0, -2.24)], shaded(hide))
    for x, y, wide in ((-0.5, -1.14, 0.11), (-0.14, -1.2, 0.13), (0.24, -1.16, 0.1), (-0.78, -0.92, 0.08)):
        pen.oval(x, y, wide, wide * 0.8, mixed(hide, dark, 0.4))
    pen.oval(1.2, -2.46, 0.055, 0.06, _DARK)
    pen.line([(1.58, -2.34), (1.42, -2.3), (1.3, -2.32)], dark, 0.025, smooth=True)
