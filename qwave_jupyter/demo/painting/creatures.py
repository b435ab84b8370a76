"""Motifs that live: animals, people and robots, each standing on y = 0 and about two units tall."""

from __future__ import annotations

import math
import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mixed
from qwave_jupyter.demo.painting.shading import eyes, mirrored, mouth, shaded
from qwave_jupyter.demo.painting.shapes import Pen

__all__ = ["astronaut", "bird", "butterfly", "cat", "dog", "fish", "panda", "person", "rabbit", "robot", "whale"]

_DARK = (34, 30, 38)
_WHITE = (252, 250, 244)


def cat(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A sitting cat with a curled tail."""
    _ = mood
    fur = body or dice.choice(((232, 142, 66), (92, 88, 98), (216, 186, 148), (60, 54, 64), (238, 232, 222)))
    dark, pale = mixed(fur, (40, 20, 20), 0.42), mixed(fur, (255, 250, 240), 0.62)
    tail = [(0.42, -0.14), (0.9, -0.08), (1.16, -0.42), (1.06, -0.86), (0.82, -1.0)]
    pen.line(tail, mixed(fur, (30, 14, 40), 0.12), 0.22, smooth=True)
    pen.line(tail[3:], dark, 0.22, smooth=True)
    pen.blob(
        mirrored([(0.0, -1.34), (0.34, -1.2), (0.56, -0.72), (0.68, -0.26), (0.58, 0.0), (0.2, 0.02)]), shaded(fur)
    )
    pen.blob(mirrored([(0.0, -1.16), (0.22, -0.98), (0.27, -0.66), (0.13, -0.36)]), pale)
    for side in (-1, 1):
        pen.blob(
            [(side * 0.6, 0.02), (side * 0.7, -0.26), (side * 0.52, -0.46), (side * 0.34, 0.0)], mixed(fur, dark, 0.22)
        )
        pen.box(side * 0.2 - 0.11, -0.6, side * 0.2 + 0.11, 0.0, shaded(fur), 0.1)
        pen.oval(side * 0.21, -0.03, 0.17, 0.1, pale)
        pen.shape([(side * 0.56, -2.22), (side * 0.62, -1.62), (side * 0.1, -1.86)], shaded(fur))
        pen.shape([(side * 0.5, -2.06), (side * 0.52, -1.72), (side * 0.24, -1.86)], (240, 164, 164))
    pen.blob(
        mirrored([(0.0, -1.98), (0.36, -1.92), (0.64, -1.62), (0.56, -1.3), (0.24, -1.12), (0.0, -1.1)]), shaded(fur)
    )
    for stripe in (-0.15, 0.0, 0.15):
        pen.line([(stripe, -1.96), (stripe * 0.8, -1.78)], dark, 0.055)
    for side in (-1, 1):
        pen.line([(side * 0.6, -1.52), (side * 0.44, -1.5)], dark, 0.05)
        pen.oval(side * 0.12, -1.3, 0.18, 0.14, pale)
    eyes(pen, -1.53, 0.28, 0.13, dice.choice(((126, 190, 90), (236, 190, 60), (90, 160, 214))))
    mouth(pen, -1.4, 0.085, (226, 120, 120))
    for side in (-1, 1):
        for lift in (-0.06, 0.05):
            pen.line([(side * 0.3, -1.3 + lift * 0.3), (side * 0.84, -1.32 + lift * 1.6)], _WHITE, 0.018)


def dog(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A sitting dog, tongue out."""
    fur = body or dice.choice(((222, 160, 92), (176, 116, 70), (240, 226, 204), (128, 100, 84)))
    dark, pale = mixed(fur, (58, 30, 24), 0.6), mixed(fur, (255, 250, 240), 0.72)
    pen.line([(0.46, -0.3), (0.82, -0.5), (0.98, -0.86)], fur, 0.2, smooth=True)
    pen.oval(0.98, -0.88, 0.1, 0.12, pale)
    pen.blob(mirrored([(0.0, -1.4), (0.4, -1.24), (0.56, -0.72), (0.66, -0.22), (0.5, 0.02), (0.2, 0.02)]), shaded(fur))
    pen.blob(mirrored([(0.0, -1.22), (0.26, -1.06), (0.3, -0.66), (0.14, -0.26)]), pale)
    for side in (-1, 1):
        pen.blob(
            [(side * 0.62, 0.02), (side * 0.68, -0.3), (side * 0.5, -0.48), (side * 0.34, 0.0)], mixed(fur, dark, 0.2)
        )
        pen.box(side * 0.24 - 0.13, -0.66, side * 0.24 + 0.13, 0.0, shaded(fur), 0.12)
        pen.oval(side * 0.25, -0.04, 0.2, 0.11, pale)
    pen.box(-0.36, -1.24, 0.36, -1.1, mood.accent if body is None else (206, 60, 60), 0.07)
    pen.oval(0, -1.06, 0.1, 0.1, (246, 206, 90))
    pen.blob(
        mirrored([(0.0, -2.1), (0.34, -2.06), (0.58, -1.8), (0.52, -1.44), (0.3, -1.2), (0.0, -1.14)]), shaded(fur)
    )
    pen.blob(mirrored([(0.0, -2.06), (0.1, -1.9), (0.12, -1.66), (0.06, -1.54)]), pale)
    for side in (-1, 1):
        ear = [
            (side * 0.36, -2.08),
            (side * 0.66, -1.98),
            (side * 0.82, -1.56),
            (side * 0.7, -1.3),
            (side * 0.56, -1.5),
        ]
        pen.blob(ear, shaded(dark))
    pen.blob([(-0.1, -1.3), (0.12, -1.3), (0.1, -1.08), (0.0, -1.02), (-0.08, -1.1)], (240, 122, 130))
    pen.oval(0, -1.42, 0.3, 0.2, pale)
    eyes(pen, -1.7, 0.24, 0.09, None)
    mouth(pen, -1.52, 0.12, _DARK)


def rabbit(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A rabbit, upright."""
    _ = mood
    fur = body or dice.choice(((238, 230, 222), (186, 156, 130), (160, 158, 166)))
    pale = mixed(fur, (255, 255, 255), 0.65)
    pen.oval(0.6, -0.3, 0.2, 0.2, pale)
    pen.blob(mirrored([(0.0, -1.2), (0.36, -1.0), (0.6, -0.5), (0.58, -0.1), (0.3, 0.02)]), shaded(fur))
    pen.oval(0, -0.5, 0.32, 0.42, pale)
    for side in (-1, 1):
        pen.blob(
            [(side * 0.1, -1.7), (side * 0.12, -2.4), (side * 0.32, -2.62), (side * 0.44, -2.3), (side * 0.34, -1.6)],
            shaded(fur),
        )
        pen.blob(
            [(side * 0.18, -1.8), (side * 0.2, -2.3), (side * 0.3, -2.44), (side * 0.34, -2.2), (side * 0.28, -1.7)],
            (244, 178, 184),
        )
        pen.oval(side * 0.34, -0.06, 0.28, 0.13, pale)
        pen.oval(side * 0.2, -0.78, 0.12, 0.2, shaded(fur))
    pen.oval(0, -1.42, 0.5, 0.44, shaded(fur))
    for side in (-1, 1):
        pen.oval(side * 0.3, -1.28, 0.13, 0.08, (246, 190, 190))
        pen.oval(side * 0.09, -1.26, 0.13, 0.1, pale)
    eyes(pen, -1.48, 0.23, 0.085, None)
    mouth(pen, -1.36, 0.07, (228, 128, 140))


def panda(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A sitting panda with a stalk of bamboo."""
    _ = mood, dice
    white, black = body or (246, 244, 238), (40, 40, 48)
    pen.blob(mirrored([(0.0, -1.3), (0.5, -1.1), (0.78, -0.56), (0.7, -0.06), (0.3, 0.04)]), shaded(white))
    pen.blob(mirrored([(0.0, -1.34), (0.4, -1.26), (0.66, -0.96), (0.6, -0.8), (0.3, -0.92), (0.0, -0.98)]), black)
    for side in (-1, 1):
        pen.oval(side * 0.52, -2.02, 0.22, 0.22, black)
        pen.oval(side * 0.56, -0.12, 0.3, 0.24, shaded(black))
        pen.oval(side * 0.58, -0.1, 0.15, 0.12, (104, 96, 100))
    pen.blob(
        mirrored([(0.0, -2.1), (0.42, -2.0), (0.72, -1.6), (0.58, -1.24), (0.24, -1.08), (0.0, -1.06)]), shaded(white)
    )
    for side in (-1, 1):
        pen.blob([(side * 0.14, -1.66), (side * 0.34, -1.78), (side * 0.46, -1.56), (side * 0.3, -1.4)], black)
        pen.oval(side * 0.29, -1.6, 0.075, 0.085, _WHITE)
        pen.oval(side * 0.28, -1.59, 0.045, 0.055, _DARK)
    mouth(pen, -1.38, 0.1, _DARK)
    pen.line([(0.2, -0.3), (0.66, -1.36)], (106, 160, 70), 0.09)
    for lift in (0.55, 0.8, 1.0):
        x, y = 0.2 + 0.46 * lift, -0.3 - 1.06 * lift
        pen.blob([(x, y), (x + 0.3, y - 0.2), (x + 0.48, y - 0.16), (x + 0.26, y + 0.02)], (86, 150, 76))
    for side in (-1, 1):
        pen.blob(
            [(side * 0.62, -0.96), (side * 0.7, -0.7), (side * 0.42, -0.52), (side * 0.26, -0.62), (side * 0.4, -0.84)],
            black,
        )


def bird(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A bird on the wing."""
    _ = dice
    plumage = body or mixed(mood.accent, (255, 255, 255), 0.1)
    dark = mixed(plumage, (26, 20, 50), 0.45)
    pen.blob([(0.24, -0.9), (-0.1, -1.5), (-0.66, -1.96), (-0.9, -1.9), (-0.58, -1.3), (-0.24, -0.8)], shaded(dark))
    pen.blob([(-0.5, -0.66), (-1.24, -0.5), (-1.3, -0.3), (-0.5, -0.46)], dark)
    pen.blob(
        [(0.98, -0.98), (0.66, -1.08), (0.2, -0.92), (-0.56, -0.66), (-0.6, -0.48), (0.1, -0.42), (0.66, -0.62)],
        shaded(plumage),
    )
    pen.blob(
        [(0.6, -0.66), (0.1, -0.52), (-0.3, -0.48), (0.1, -0.42), (0.5, -0.5)], mixed(plumage, (255, 250, 236), 0.7)
    )
    pen.blob(
        [(0.34, -0.84), (0.3, -1.5), (0.02, -2.14), (-0.3, -2.3), (-0.3, -1.5), (-0.14, -0.72)],
        shaded(mixed(plumage, dark, 0.3)),
    )
    for feather in range(4):
        pen.line([(0.06, -0.98), (-0.24 + feather * 0.1, -2.0 + feather * 0.12)], dark, 0.022)
    pen.oval(0.84, -0.94, 0.26, 0.24, shaded(plumage))
    pen.shape([(1.06, -1.02), (1.34, -0.9), (1.04, -0.84)], (246, 178, 60))
    pen.oval(0.92, -0.99, 0.055, 0.055, _DARK)
    pen.oval(0.935, -1.005, 0.018, 0.018, _WHITE)


def butterfly(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A butterfly with open wings."""
    wing = body or mood.accent
    edge = mixed(wing, (30, 16, 50), 0.6)
    spot = dice.choice(((255, 240, 200), (160, 220, 255), (255, 200, 220)))
    for side in (-1, 1):
        pen.blob([(0, -1.1), (side * 0.5, -1.9), (side * 1.1, -2.0), (side * 1.16, -1.5), (side * 0.6, -1.02)], edge)
        pen.blob(
            [(side * 0.08, -1.12), (side * 0.52, -1.76), (side * 1.0, -1.86), (side * 1.02, -1.5), (side * 0.58, -1.1)],
            shaded(wing),
        )
        pen.blob([(0, -1.04), (side * 0.6, -1.0), (side * 0.9, -0.64), (side * 0.6, -0.26), (side * 0.2, -0.6)], edge)
        pen.blob(
            [
                (side * 0.08, -1.0),
                (side * 0.56, -0.94),
                (side * 0.78, -0.64),
                (side * 0.56, -0.38),
                (side * 0.22, -0.66),
            ],
            shaded(mixed(wing, spot, 0.3)),
        )
        pen.oval(side * 0.82, -1.62, 0.1, 0.1, spot)
        pen.oval(side * 0.56, -0.64, 0.1, 0.1, spot)
        pen.line([(0, -1.34), (side * 0.12, -1.7), (side * 0.26, -1.86)], edge, 0.03, smooth=True)
    pen.oval(0, -1.0, 0.07, 0.42, (52, 40, 48))


def fish(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A fish, swimming."""
    scale = body or dice.choice((mood.accent, (255, 140, 60), (90, 170, 220), (250, 196, 70)))
    dark = mixed(scale, (40, 10, 60), 0.35)
    pen.blob([(-0.7, -0.9), (-1.3, -1.5), (-1.36, -1.1), (-1.16, -0.86), (-1.36, -0.56), (-1.26, -0.28)], shaded(dark))
    pen.blob([(-0.3, -1.34), (0.1, -1.86), (0.5, -1.7), (0.44, -1.3)], dark)
    pen.blob(
        [
            (1.1, -0.88),
            (0.7, -1.28),
            (0.0, -1.46),
            (-0.6, -1.12),
            (-0.86, -0.9),
            (-0.6, -0.66),
            (0.0, -0.4),
            (0.7, -0.5),
        ],
        shaded(scale),
    )
    for band in (-0.3, 0.32):
        pen.blob(
            [
                (band - 0.1, -1.34),
                (band + 0.1, -1.36),
                (band + 0.16, -0.9),
                (band + 0.08, -0.46),
                (band - 0.08, -0.46),
                (band, -0.9),
            ],
            _WHITE,
        )
    pen.blob([(0.04, -0.82), (-0.3, -0.62), (-0.34, -0.42), (0.16, -0.6)], dark)
    pen.oval(0.74, -1.0, 0.13, 0.13, _WHITE)
    pen.oval(0.77, -1.0, 0.07, 0.08, _DARK)
    pen.line([(1.06, -0.8), (0.92, -0.72), (0.84, -0.74)], dark, 0.04, smooth=True)


def whale(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A whale."""
    _ = dice, mood
    skin = body or (62, 104, 156)
    pale = mixed(skin, (240, 248, 255), 0.75)
    pen.blob([(-1.1, -0.7), (-1.7, -1.3), (-1.96, -1.26), (-1.66, -0.84), (-1.98, -0.66), (-1.5, -0.5)], shaded(skin))
    pen.blob(
        [
            (1.5, -0.7),
            (1.2, -1.2),
            (0.4, -1.4),
            (-0.5, -1.2),
            (-1.4, -0.8),
            (-1.3, -0.56),
            (-0.5, -0.2),
            (0.6, -0.08),
            (1.3, -0.28),
        ],
        shaded(skin),
    )
    pen.blob([(1.46, -0.54), (0.8, -0.5), (0.0, -0.3), (-0.4, -0.22), (0.4, -0.08), (1.1, -0.18)], pale)
    for groove in range(4):
        y = -0.42 + groove * 0.08
        pen.line([(1.3 - groove * 0.05, y), (0.6 - groove * 0.1, y + 0.06)], mixed(pale, skin, 0.4), 0.025)
    pen.blob([(0.36, -0.36), (0.0, 0.1), (-0.3, 0.14), (0.06, -0.36)], mixed(skin, _DARK, 0.25))
    pen.oval(0.96, -0.66, 0.06, 0.07, _DARK)
    pen.oval(0.98, -0.68, 0.02, 0.02, _WHITE)


def person(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """Somebody who looks into the picture, in a coat and a scarf."""
    coat = body or dice.choice((mood.accent, (48, 78, 112), (140, 62, 54)))
    skin = dice.choice(((246, 206, 174), (198, 142, 104), (126, 84, 60)))
    hair = dice.choice(((44, 32, 30), (92, 56, 36), (30, 30, 40)))
    for side in (-1, 1):
        pen.box(side * 0.17 - 0.12, -0.84, side * 0.17 + 0.12, -0.06, (46, 50, 70), 0.06)
        pen.box(side * 0.2 - 0.17, -0.13, side * 0.2 + 0.17, 0.02, (42, 30, 30), 0.07)
        pen.blob(
            [(side * 0.34, -1.7), (side * 0.52, -1.36), (side * 0.56, -0.94), (side * 0.4, -0.92), (side * 0.28, -1.3)],
            shaded(coat),
        )
        pen.oval(side * 0.48, -0.88, 0.09, 0.1, skin)
    pen.blob(
        mirrored([(0.0, -1.82), (0.3, -1.76), (0.4, -1.4), (0.48, -0.62), (0.3, -0.56), (0.0, -0.56)]), shaded(coat)
    )
    pen.line([(0, -1.6), (0, -0.6)], mixed(coat, _DARK, 0.3), 0.025)
    for button in (-1.36, -1.12, -0.88):
        pen.oval(0.07, button, 0.03, 0.03, mixed(coat, (255, 255, 255), 0.6))
    pen.box(-0.1, -1.94, 0.1, -1.7, mixed(skin, _DARK, 0.12), 0.05)
    pen.oval(0, -2.14, 0.27, 0.31, shaded(skin))
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
        pen.oval(side * 0.1, -2.12, 0.027, 0.036, _DARK)
    pen.line([(-0.07, -1.98), (0.0, -1.955), (0.07, -1.98)], (176, 84, 76), 0.022, smooth=True)
    scarf = mixed((250, 236, 214), mood.accent, 0.2) if body is None else (244, 224, 180)
    pen.box(-0.26, -1.86, 0.26, -1.7, shaded(scarf), 0.08)
    pen.blob([(0.1, -1.74), (0.26, -1.74), (0.3, -1.3), (0.14, -1.28)], shaded(scarf))


def astronaut(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """An astronaut."""
    _ = dice
    suit, trim = body or (240, 242, 246), mood.accent
    pen.box(-0.5, -1.7, 0.5, -0.7, (176, 182, 194), 0.14)
    for side in (-1, 1):
        pen.box(side * 0.22 - 0.18, -0.8, side * 0.22 + 0.18, -0.02, shaded(suit), 0.14)
        pen.box(side * 0.24 - 0.22, -0.2, side * 0.24 + 0.22, 0.02, (112, 118, 134), 0.09)
        pen.blob(
            [(side * 0.34, -1.62), (side * 0.62, -1.46), (side * 0.78, -1.0), (side * 0.6, -0.86), (side * 0.4, -1.1)],
            shaded(suit),
        )
        pen.oval(side * 0.7, -0.88, 0.13, 0.14, (112, 118, 134))
        pen.line([(side * 0.56, -1.24), (side * 0.72, -1.14)], trim, 0.07)
    pen.box(-0.42, -1.66, 0.42, -0.66, shaded(suit), 0.2)
    pen.box(-0.22, -1.3, 0.22, -1.0, (92, 100, 120), 0.05)
    for place, lamp in enumerate(((240, 90, 80), (250, 210, 80), (90, 220, 150))):
        pen.oval(-0.12 + place * 0.12, -1.15, 0.035, 0.035, lamp)
    pen.oval(0, -2.02, 0.46, 0.46, shaded(suit))
    pen.blob(
        mirrored([(0.0, -2.3), (0.24, -2.24), (0.34, -2.02), (0.24, -1.8), (0.0, -1.76)]),
        (mixed(mood.sky[0], (20, 30, 70), 0.5), mixed(trim, (255, 200, 120), 0.4)),
    )
    pen.blob([(-0.22, -2.08), (-0.16, -2.2), (-0.02, -2.24), (-0.12, -2.12)], (236, 244, 255))


def robot(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A friendly robot with lamps for eyes."""
    steel = body or dice.choice(((186, 198, 212), (222, 214, 196), (140, 186, 196)))
    dark, lamp = mixed(steel, (34, 40, 62), 0.62), mixed(mood.accent, (255, 240, 180), 0.3)
    for side in (-1, 1):
        pen.box(side * 0.28 - 0.13, -0.5, side * 0.28 + 0.13, -0.08, dark, 0.06)
        pen.box(side * 0.32 - 0.25, -0.17, side * 0.32 + 0.25, 0.02, shaded(steel), 0.1)
        pen.line([(side * 0.56, -1.16), (side * 0.84, -0.96), (side * 0.8, -0.6)], dark, 0.13, smooth=True)
        pen.oval(side * 0.58, -1.18, 0.16, 0.16, shaded(steel))
        pen.oval(side * 0.8, -0.54, 0.16, 0.16, shaded(steel))
    pen.box(-0.56, -1.36, 0.56, -0.4, shaded(steel), 0.2)
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
    pen.box(-0.62, -2.26, 0.62, -1.46, shaded(steel), 0.24)
    pen.box(-0.48, -2.08, 0.48, -1.64, (26, 30, 46), 0.18)
    for side in (-1, 1):
        pen.oval(side * 0.22, -1.88, 0.115, 0.125, lamp)
        pen.oval(side * 0.22 - 0.03, -1.92, 0.035, 0.035, _WHITE)
        pen.glow(side * 0.22, -1.88, 0.36, lamp)
    smile = [(math.cos(turn) * 0.14, -1.75 + math.sin(turn) * 0.06) for turn in (math.pi, 2.4, 1.57, 0.74, 0.0)]
    pen.line(smile, lamp, 0.03, smooth=True)
