"""Animals, each standing on y = 0 and about two units tall."""

from __future__ import annotations

import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mix
from qwave_jupyter.demo.painting.shapes import DARK, WHITE, Pen, draw_eyes, draw_mouth, mirror, shade

__all__ = [
    "draw_bear",
    "draw_bird",
    "draw_butterfly",
    "draw_cat",
    "draw_dinosaur",
    "draw_dog",
    "draw_dragon",
    "draw_elephant",
    "draw_fish",
    "draw_fox",
    "draw_horse",
    "draw_owl",
    "draw_panda",
    "draw_penguin",
    "draw_rabbit",
    "draw_turtle",
    "draw_whale",
]


def draw_cat(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A sitting cat with a curled tail."""
    fur = body or dice.choice(((232, 142, 66), (92, 88, 98), (216, 186, 148), (60, 54, 64), (238, 232, 222)))
    dark, pale = mix(fur, (40, 20, 20), 0.42), mix(fur, (255, 250, 240), 0.62)
    tail = [(0.42, -0.14), (0.9, -0.08), (1.16, -0.42), (1.06, -0.86), (0.82, -1.0)]
    pen.line(tail, mix(fur, (30, 14, 40), 0.12), 0.22, smooth=True)
    pen.line(tail[3:], dark, 0.22, smooth=True)
    pen.blob(mirror([(0.0, -1.34), (0.34, -1.2), (0.56, -0.72), (0.68, -0.26), (0.58, 0.0), (0.2, 0.02)]), shade(fur))
    pen.blob(mirror([(0.0, -1.16), (0.22, -0.98), (0.27, -0.66), (0.13, -0.36)]), pale)
    for side in (-1, 1):
        pen.blob(
            [(side * 0.6, 0.02), (side * 0.7, -0.26), (side * 0.52, -0.46), (side * 0.34, 0.0)], mix(fur, dark, 0.22)
        )
        pen.box(side * 0.2 - 0.11, -0.6, side * 0.2 + 0.11, 0.0, shade(fur), 0.1)
        pen.oval(side * 0.21, -0.03, 0.17, 0.1, pale)
        pen.shape([(side * 0.56, -2.22), (side * 0.62, -1.62), (side * 0.1, -1.86)], shade(fur))
        pen.shape([(side * 0.5, -2.06), (side * 0.52, -1.72), (side * 0.24, -1.86)], (240, 164, 164))
    pen.blob(mirror([(0.0, -1.98), (0.36, -1.92), (0.64, -1.62), (0.56, -1.3), (0.24, -1.12), (0.0, -1.1)]), shade(fur))
    for stripe in (-0.15, 0.0, 0.15):
        pen.line([(stripe, -1.96), (stripe * 0.8, -1.78)], dark, 0.055)
    for side in (-1, 1):
        pen.line([(side * 0.6, -1.52), (side * 0.44, -1.5)], dark, 0.05)
        pen.oval(side * 0.12, -1.3, 0.18, 0.14, pale)
    draw_eyes(pen, -1.53, 0.28, 0.13, dice.choice(((126, 190, 90), (236, 190, 60), (90, 160, 214))))
    draw_mouth(pen, -1.4, 0.085, (226, 120, 120))
    for side in (-1, 1):
        for lift in (-0.06, 0.05):
            pen.line([(side * 0.3, -1.3 + lift * 0.3), (side * 0.84, -1.32 + lift * 1.6)], WHITE, 0.018)


def draw_dog(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A sitting dog, tongue out."""
    fur = body or dice.choice(((222, 160, 92), (176, 116, 70), (240, 226, 204), (128, 100, 84)))
    dark, pale = mix(fur, (58, 30, 24), 0.6), mix(fur, (255, 250, 240), 0.72)
    pen.line([(0.46, -0.3), (0.82, -0.5), (0.98, -0.86)], fur, 0.2, smooth=True)
    pen.oval(0.98, -0.88, 0.1, 0.12, pale)
    pen.blob(mirror([(0.0, -1.4), (0.4, -1.24), (0.56, -0.72), (0.66, -0.22), (0.5, 0.02), (0.2, 0.02)]), shade(fur))
    pen.blob(mirror([(0.0, -1.22), (0.26, -1.06), (0.3, -0.66), (0.14, -0.26)]), pale)
    for side in (-1, 1):
        pen.blob(
            [(side * 0.62, 0.02), (side * 0.68, -0.3), (side * 0.5, -0.48), (side * 0.34, 0.0)], mix(fur, dark, 0.2)
        )
        pen.box(side * 0.24 - 0.13, -0.66, side * 0.24 + 0.13, 0.0, shade(fur), 0.12)
        pen.oval(side * 0.25, -0.04, 0.2, 0.11, pale)
    pen.box(-0.36, -1.24, 0.36, -1.1, mood.accent if body is None else (206, 60, 60), 0.07)
    pen.oval(0, -1.06, 0.1, 0.1, (246, 206, 90))
    pen.blob(mirror([(0.0, -2.1), (0.34, -2.06), (0.58, -1.8), (0.52, -1.44), (0.3, -1.2), (0.0, -1.14)]), shade(fur))
    pen.blob(mirror([(0.0, -2.06), (0.1, -1.9), (0.12, -1.66), (0.06, -1.54)]), pale)
    for side in (-1, 1):
        ear = [
            (side * 0.36, -2.08),
            (side * 0.66, -1.98),
            (side * 0.82, -1.56),
            (side * 0.7, -1.3),
            (side * 0.56, -1.5),
        ]
        pen.blob(ear, shade(dark))
    pen.blob([(-0.1, -1.3), (0.12, -1.3), (0.1, -1.08), (0.0, -1.02), (-0.08, -1.1)], (240, 122, 130))
    pen.oval(0, -1.42, 0.3, 0.2, pale)
    draw_eyes(pen, -1.7, 0.24, 0.09, None)
    draw_mouth(pen, -1.52, 0.12, DARK)


def draw_rabbit(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A rabbit, upright."""
    fur = body or dice.choice(((238, 230, 222), (186, 156, 130), (160, 158, 166)))
    pale = mix(fur, (255, 255, 255), 0.65)
    pen.oval(0.6, -0.3, 0.2, 0.2, pale)
    pen.blob(mirror([(0.0, -1.2), (0.36, -1.0), (0.6, -0.5), (0.58, -0.1), (0.3, 0.02)]), shade(fur))
    pen.oval(0, -0.5, 0.32, 0.42, pale)
    for side in (-1, 1):
        pen.blob(
            [(side * 0.1, -1.7), (side * 0.12, -2.4), (side * 0.32, -2.62), (side * 0.44, -2.3), (side * 0.34, -1.6)],
            shade(fur),
        )
        pen.blob(
            [(side * 0.18, -1.8), (side * 0.2, -2.3), (side * 0.3, -2.44), (side * 0.34, -2.2), (side * 0.28, -1.7)],
            (244, 178, 184),
        )
        pen.oval(side * 0.34, -0.06, 0.28, 0.13, pale)
        pen.oval(side * 0.2, -0.78, 0.12, 0.2, shade(fur))
    pen.oval(0, -1.42, 0.5, 0.44, shade(fur))
    for side in (-1, 1):
        pen.oval(side * 0.3, -1.28, 0.13, 0.08, (246, 190, 190))
        pen.oval(side * 0.09, -1.26, 0.13, 0.1, pale)
    draw_eyes(pen, -1.48, 0.23, 0.085, None)
    draw_mouth(pen, -1.36, 0.07, (228, 128, 140))


def draw_panda(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A sitting panda with a stalk of bamboo."""
    white, black = body or (246, 244, 238), (40, 40, 48)
    pen.blob(mirror([(0.0, -1.3), (0.5, -1.1), (0.78, -0.56), (0.7, -0.06), (0.3, 0.04)]), shade(white))
    pen.blob(mirror([(0.0, -1.34), (0.4, -1.26), (0.66, -0.96), (0.6, -0.8), (0.3, -0.92), (0.0, -0.98)]), black)
    for side in (-1, 1):
        pen.oval(side * 0.52, -2.02, 0.22, 0.22, black)
        pen.oval(side * 0.56, -0.12, 0.3, 0.24, shade(black))
        pen.oval(side * 0.58, -0.1, 0.15, 0.12, (104, 96, 100))
    pen.blob(
        mirror([(0.0, -2.1), (0.42, -2.0), (0.72, -1.6), (0.58, -1.24), (0.24, -1.08), (0.0, -1.06)]), shade(white)
    )
    for side in (-1, 1):
        pen.blob([(side * 0.14, -1.66), (side * 0.34, -1.78), (side * 0.46, -1.56), (side * 0.3, -1.4)], black)
        pen.oval(side * 0.29, -1.6, 0.075, 0.085, WHITE)
        pen.oval(side * 0.28, -1.59, 0.045, 0.055, DARK)
    draw_mouth(pen, -1.38, 0.1, DARK)
    pen.line([(0.2, -0.3), (0.66, -1.36)], (106, 160, 70), 0.09)
    for lift in (0.55, 0.8, 1.0):
        x, y = 0.2 + 0.46 * lift, -0.3 - 1.06 * lift
        pen.blob([(x, y), (x + 0.3, y - 0.2), (x + 0.48, y - 0.16), (x + 0.26, y + 0.02)], (86, 150, 76))
    for side in (-1, 1):
        pen.blob(
            [(side * 0.62, -0.96), (side * 0.7, -0.7), (side * 0.42, -0.52), (side * 0.26, -0.62), (side * 0.4, -0.84)],
            black,
        )


def draw_bird(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A bird on the wing."""
    plumage = body or mix(mood.accent, (255, 255, 255), 0.1)
    dark = mix(plumage, (26, 20, 50), 0.45)
    pen.blob([(0.24, -0.9), (-0.1, -1.5), (-0.66, -1.96), (-0.9, -1.9), (-0.58, -1.3), (-0.24, -0.8)], shade(dark))
    pen.blob([(-0.5, -0.66), (-1.24, -0.5), (-1.3, -0.3), (-0.5, -0.46)], dark)
    pen.blob(
        [(0.98, -0.98), (0.66, -1.08), (0.2, -0.92), (-0.56, -0.66), (-0.6, -0.48), (0.1, -0.42), (0.66, -0.62)],
        shade(plumage),
    )
    pen.blob([(0.6, -0.66), (0.1, -0.52), (-0.3, -0.48), (0.1, -0.42), (0.5, -0.5)], mix(plumage, (255, 250, 236), 0.7))
    pen.blob(
        [(0.34, -0.84), (0.3, -1.5), (0.02, -2.14), (-0.3, -2.3), (-0.3, -1.5), (-0.14, -0.72)],
        shade(mix(plumage, dark, 0.3)),
    )
    for feather in range(4):
        pen.line([(0.06, -0.98), (-0.24 + feather * 0.1, -2.0 + feather * 0.12)], dark, 0.022)
    pen.oval(0.84, -0.94, 0.26, 0.24, shade(plumage))
    pen.shape([(1.06, -1.02), (1.34, -0.9), (1.04, -0.84)], (246, 178, 60))
    pen.oval(0.92, -0.99, 0.055, 0.055, DARK)
    pen.oval(0.935, -1.005, 0.018, 0.018, WHITE)


def draw_butterfly(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A butterfly with open wings."""
    wing = body or mood.accent
    edge = mix(wing, (30, 16, 50), 0.6)
    spot = dice.choice(((255, 240, 200), (160, 220, 255), (255, 200, 220)))
    for side in (-1, 1):
        pen.blob([(0, -1.1), (side * 0.5, -1.9), (side * 1.1, -2.0), (side * 1.16, -1.5), (side * 0.6, -1.02)], edge)
        pen.blob(
            [(side * 0.08, -1.12), (side * 0.52, -1.76), (side * 1.0, -1.86), (side * 1.02, -1.5), (side * 0.58, -1.1)],
            shade(wing),
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
            shade(mix(wing, spot, 0.3)),
        )
        pen.oval(side * 0.82, -1.62, 0.1, 0.1, spot)
        pen.oval(side * 0.56, -0.64, 0.1, 0.1, spot)
        pen.line([(0, -1.34), (side * 0.12, -1.7), (side * 0.26, -1.86)], edge, 0.03, smooth=True)
    pen.oval(0, -1.0, 0.07, 0.42, (52, 40, 48))


def draw_fish(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A fish, swimming."""
    scale = body or dice.choice((mood.accent, (255, 140, 60), (90, 170, 220), (250, 196, 70)))
    dark = mix(scale, (40, 10, 60), 0.35)
    pen.blob([(-0.7, -0.9), (-1.3, -1.5), (-1.36, -1.1), (-1.16, -0.86), (-1.36, -0.56), (-1.26, -0.28)], shade(dark))
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
        shade(scale),
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
            WHITE,
        )
    pen.blob([(0.04, -0.82), (-0.3, -0.62), (-0.34, -0.42), (0.16, -0.6)], dark)
    pen.oval(0.74, -1.0, 0.13, 0.13, WHITE)
    pen.oval(0.77, -1.0, 0.07, 0.08, DARK)
    pen.line([(1.06, -0.8), (0.92, -0.72), (0.84, -0.74)], dark, 0.04, smooth=True)


def draw_whale(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A whale."""
    skin = body or (62, 104, 156)
    pale = mix(skin, (240, 248, 255), 0.75)
    pen.blob([(-1.1, -0.7), (-1.7, -1.3), (-1.96, -1.26), (-1.66, -0.84), (-1.98, -0.66), (-1.5, -0.5)], shade(skin))
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
        shade(skin),
    )
    pen.blob([(1.46, -0.54), (0.8, -0.5), (0.0, -0.3), (-0.4, -0.22), (0.4, -0.08), (1.1, -0.18)], pale)
    for groove in range(4):
        y = -0.42 + groove * 0.08
        pen.line([(1.3 - groove * 0.05, y), (0.6 - groove * 0.1, y + 0.06)], mix(pale, skin, 0.4), 0.025)
    pen.blob([(0.36, -0.36), (0.0, 0.1), (-0.3, 0.14), (0.06, -0.36)], mix(skin, DARK, 0.25))
    pen.oval(0.96, -0.66, 0.06, 0.07, DARK)
    pen.oval(0.98, -0.68, 0.02, 0.02, WHITE)


def draw_fox(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A sitting fox with a bushy tail."""
    # A red fox is red as foxes are.
    fur = mix((222, 112, 44), body, 0.45) if body else (222, 112, 44)
    dark = mix(fur, (46, 22, 18), 0.62)
    tail = [(0.36, -0.06), (0.94, 0.02), (1.3, -0.3), (1.3, -0.86), (1.1, -1.24), (1.0, -0.8), (0.8, -0.42)]
    pen.blob(tail, shade(fur))
    pen.blob([(1.32, -0.72), (1.28, -1.0), (1.1, -1.24), (1.04, -0.96), (1.14, -0.8)], WHITE)
    pen.blob(mirror([(0.0, -1.36), (0.32, -1.2), (0.5, -0.7), (0.6, -0.2), (0.46, 0.0), (0.2, 0.02)]), shade(fur))
    pen.blob(mirror([(0.0, -1.2), (0.26, -1.04), (0.24, -0.7), (0.06, -0.3)]), WHITE)
    for side in (-1, 1):
        pen.blob(
            [(side * 0.56, 0.02), (side * 0.64, -0.26), (side * 0.46, -0.46), (side * 0.3, 0)], mix(fur, dark, 0.2)
        )
        pen.box(side * 0.19 - 0.1, -0.56, side * 0.19 + 0.1, 0.0, (mix(fur, WHITE, 0.1), dark), 0.1)
        pen.oval(side * 0.2, -0.03, 0.15, 0.08, dark)
        pen.shape([(side * 0.6, -2.36), (side * 0.6, -1.66), (side * 0.12, -1.9)], shade(fur))
        pen.shape([(side * 0.58, -2.32), (side * 0.6, -2.06), (side * 0.4, -2.1)], dark)
        pen.shape([(side * 0.52, -2.1), (side * 0.5, -1.76), (side * 0.26, -1.88)], (246, 214, 190))
    pen.blob(mirror([(0.0, -2.0), (0.34, -1.94), (0.6, -1.64), (0.74, -1.4), (0.4, -1.28), (0.0, -1.06)]), shade(fur))
    for side in (-1, 1):
        cheek = [(0.0, -1.5), (side * 0.24, -1.46), (side * 0.7, -1.4), (side * 0.4, -1.28), (0.0, -1.07)]
        pen.blob(cheek, WHITE)
    draw_eyes(pen, -1.58, 0.27, 0.085, None)
    pen.oval(0, -1.2, 0.095, 0.075, DARK)


def draw_owl(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """An owl on a branch."""
    down = body or (142, 102, 72)
    dark, pale = mix(down, (40, 24, 24), 0.5), mix(down, (255, 244, 222), 0.66)
    pen.line([(-1.0, -0.06), (0.2, -0.1), (1.05, 0.02)], (92, 66, 50), 0.15, smooth=True)
    pen.blob([(-0.2, -0.3), (0.2, -0.3), (0.14, 0.3), (0.0, 0.36), (-0.14, 0.3)], dark)
    pen.blob(mirror([(0.0, -2.0), (0.46, -1.94), (0.7, -1.3), (0.62, -0.6), (0.3, -0.12), (0.0, -0.06)]), shade(down))
    pen.blob(mirror([(0.0, -1.3), (0.4, -1.16), (0.42, -0.6), (0.2, -0.22), (0.0, -0.16)]), pale)
    for row in range(4):
        for column in range(-1 - row % 2, 2):
            x, y = (column + 0.5 * (row % 2)) * 0.2, -1.02 + row * 0.2
            pen.blob([(x - 0.06, y), (x + 0.06, y), (x, y + 0.1)], mix(down, pale, 0.3))
    for side in (-1, 1):
        wing = [(side * 0.5, -1.4), (side * 0.78, -1.1), (side * 0.74, -0.5), (side * 0.5, -0.2), (side * 0.46, -0.8)]
        pen.blob(wing, shade(dark))
        pen.shape([(side * 0.2, -1.96), (side * 0.58, -2.3), (side * 0.56, -1.8)], shade(dark))
        pen.oval(side * 0.26, -1.62, 0.31, 0.31, pale)
        pen.oval(side * 0.26, -1.62, 0.2, 0.2, (250, 196, 60))
        pen.oval(side * 0.26, -1.62, 0.12, 0.13, DARK)
        pen.oval(side * 0.26 - 0.05, -1.68, 0.04, 0.04, WHITE)
        for claw in (-0.08, 0.0, 0.08):
            pen.oval(side * 0.2 + claw, -0.08, 0.035, 0.07, (236, 178, 70))
    pen.blob([(-0.08, -1.54), (0.08, -1.54), (0.0, -1.34)], (236, 168, 60))


def draw_bear(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A sitting bear."""
    fur = body or dice.choice(((134, 90, 62), (106, 72, 54), (168, 120, 84)))
    pale = mix(fur, (255, 236, 206), 0.5)
    pen.blob(mirror([(0.0, -1.34), (0.5, -1.14), (0.8, -0.56), (0.7, -0.06), (0.3, 0.04)]), shade(fur))
    pen.oval(0, -0.56, 0.44, 0.48, pale)
    for side in (-1, 1):
        pen.oval(side * 0.48, -2.02, 0.22, 0.22, shade(fur))
        pen.oval(side * 0.48, -2.0, 0.12, 0.12, pale)
        pen.blob([(side * 0.5, -1.1), (side * 0.84, -0.8), (side * 0.8, -0.44), (side * 0.56, -0.44)], shade(fur))
        pen.oval(side * 0.56, -0.12, 0.3, 0.25, shade(fur))
        pen.oval(side * 0.58, -0.1, 0.16, 0.13, pale)
    pen.blob(
        mirror([(0.0, -2.14), (0.42, -2.04), (0.68, -1.64), (0.56, -1.28), (0.24, -1.1), (0.0, -1.08)]), shade(fur)
    )
    pen.oval(0, -1.4, 0.3, 0.24, pale)
    draw_eyes(pen, -1.7, 0.25, 0.075, None)
    draw_mouth(pen, -1.48, 0.11, DARK)


def draw_penguin(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A penguin with a scarf."""
    coat = body or (48, 56, 78)
    for side in (-1, 1):
        pen.oval(side * 0.24, -0.03, 0.22, 0.09, (244, 164, 62))
        flap = [(side * 0.42, -1.4), (side * 0.74, -1.0), (side * 0.78, -0.6), (side * 0.6, -0.7), (side * 0.46, -0.9)]
        pen.blob(flap, shade(mix(coat, DARK, 0.25)))
    pen.blob(mirror([(0.0, -2.1), (0.36, -2.0), (0.44, -1.6), (0.6, -0.9), (0.5, -0.2), (0.2, -0.02)]), shade(coat))
    pen.blob(mirror([(0.0, -1.4), (0.3, -1.26), (0.44, -0.8), (0.36, -0.26), (0.1, -0.1)]), (WHITE, (216, 222, 232)))
    for side in (-1, 1):
        pen.oval(side * 0.16, -1.74, 0.19, 0.23, WHITE)
    draw_eyes(pen, -1.76, 0.15, 0.065, None)
    pen.shape([(-0.1, -1.66), (0.1, -1.66), (0.0, -1.48)], (244, 164, 62))
    scarf = mood.accent if body is None else (214, 60, 60)
    pen.box(-0.43, -1.46, 0.43, -1.3, shade(scarf), 0.08)
    pen.blob([(0.14, -1.36), (0.32, -1.36), (0.36, -0.94), (0.18, -0.94)], shade(scarf))


def draw_horse(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A horse from the side."""
    coat = body or dice.choice(((148, 92, 58), (112, 70, 50), (196, 150, 104), (226, 218, 206)))
    dark = mix(coat, (38, 20, 20), 0.55)
    pen.blob([(-0.98, -1.4), (-1.26, -1.2), (-1.34, -0.7), (-1.2, -0.34), (-1.1, -0.8)], shade(dark))
    for x, lean in ((-0.62, 0.1), (0.56, -0.06)):
        leg = [(x - 0.14, -0.9), (x + 0.12, -0.9), (x + 0.07 + lean, -0.04), (x - 0.08 + lean, -0.04)]
        pen.shape(leg, mix(coat, dark, 0.4))
    for x, lean in ((-0.84, -0.06), (0.7, 0.06)):
        leg = [(x - 0.16, -0.96), (x + 0.15, -0.96), (x + 0.08 + lean, -0.1), (x - 0.09 + lean, -0.1)]
        pen.shape(leg, (coat, mix(coat, dark, 0.3)))
        pen.box(x - 0.11 + lean, -0.14, x + 0.11 + lean, 0.02, DARK, 0.04)
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
        shade(coat),
    )
    neck = [(0.3, -1.4), (0.62, -2.0), (0.84, -2.36), (1.06, -2.34), (1.0, -1.9), (0.92, -1.2), (0.6, -1.0)]
    pen.blob(neck, shade(coat))
    pen.blob(
        [(0.8, -2.36), (1.02, -2.42), (1.3, -2.1), (1.5, -1.84), (1.38, -1.7), (1.2, -1.78), (0.96, -1.96)],
        shade(coat),
    )
    pen.shape([(0.84, -2.32), (0.86, -2.62), (1.0, -2.36)], coat)
    mane = [(0.86, -2.46), (0.62, -2.2), (0.42, -1.8), (0.26, -1.42), (0.46, -1.5), (0.66, -1.86), (0.88, -2.26)]
    pen.blob(mane, shade(dark))
    pen.oval(1.08, -2.14, 0.05, 0.055, DARK)
    pen.oval(1.4, -1.82, 0.03, 0.03, dark)


def draw_elephant(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """An elephant from the side, its trunk raised."""
    hide = body or (136, 144, 166)
    dark, pale = mix(hide, (40, 34, 60), 0.32), mix(hide, (255, 214, 214), 0.45)
    pen.line([(-1.18, -1.1), (-1.36, -0.8), (-1.32, -0.5)], dark, 0.07, smooth=True)
    for x in (-0.62, 0.5):
        pen.box(x - 0.2, -0.8, x + 0.2, 0.0, shade(dark), 0.12)
    for x in (-0.92, 0.22):
        pen.box(x - 0.22, -0.9, x + 0.22, 0.02, shade(hide), 0.13)
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
        shade(hide),
    )
    trunk = [(1.06, -1.3), (1.36, -1.0), (1.62, -1.06), (1.7, -1.44), (1.62, -1.76)]
    pen.line(trunk, hide, 0.26, smooth=True)
    pen.line(trunk[2:], mix(hide, WHITE, 0.06), 0.22, smooth=True)
    pen.blob(
        [(0.3, -1.7), (0.62, -2.1), (1.1, -2.04), (1.32, -1.6), (1.26, -1.16), (0.92, -0.98), (0.5, -1.1)], shade(hide)
    )
    pen.blob([(1.0, -1.12), (1.14, -1.02), (1.42, -0.84), (1.3, -1.0), (1.14, -1.2)], WHITE)
    ear = [(0.62, -1.96), (0.3, -2.06), (-0.06, -1.8), (-0.1, -1.3), (0.2, -1.0), (0.52, -1.16), (0.66, -1.5)]
    pen.blob(ear, shade(mix(hide, dark, 0.35)))
    pen.blob([(0.5, -1.8), (0.26, -1.88), (0.06, -1.66), (0.06, -1.36), (0.24, -1.16), (0.44, -1.3)], pale)
    pen.oval(0.94, -1.66, 0.065, 0.075, DARK)
    pen.oval(0.92, -1.69, 0.022, 0.022, WHITE)


def draw_dragon(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A small dragon with wings, friendly but on fire inside."""
    scale = body or (74, 156, 116)
    dark, belly = mix(scale, (16, 40, 50), 0.5), mix(scale, (255, 240, 170), 0.7)
    wing = mix(mood.accent, scale, 0.2) if body is None else mix(scale, (255, 220, 120), 0.4)
    for side in (-1, 1):
        tips = [(side * 0.3, -1.3), (side * 0.9, -2.2), (side * 1.56, -2.0), (side * 1.36, -1.64), (side * 1.3, -1.3)]
        pen.shape(
            [*tips, (side * 1.0, -1.36), (side * 0.84, -0.98), (side * 0.6, -1.14), (side * 0.36, -0.9)], shade(wing)
        )
        for x, y in ((1.5, -1.98), (1.26, -1.34), (0.82, -1.02)):
            pen.line([(side * 0.9, -2.18), (side * x, y)], mix(wing, DARK, 0.3), 0.035)
    tail = [(0.3, -0.2), (0.9, -0.06), (1.3, -0.2), (1.36, -0.6)]
    pen.line(tail, mix(scale, dark, 0.2), 0.2, smooth=True)
    pen.shape([(1.36, -0.98), (1.56, -0.6), (1.18, -0.56)], wing)
    pen.blob([(-0.5, 0.0), (-0.56, -0.6), (-0.3, -1.3), (0.3, -1.3), (0.56, -0.6), (0.5, 0.0)], shade(scale))
    pen.blob([(-0.28, -0.06), (-0.32, -0.6), (-0.16, -1.1), (0.16, -1.1), (0.32, -0.6), (0.28, -0.06)], belly)
    for row in range(4):
        y = -0.24 - row * 0.2
        pen.line([(-0.25, y), (0.25, y)], mix(belly, scale, 0.4), 0.025)
    for side in (-1, 1):
        pen.oval(side * 0.4, -0.05, 0.24, 0.12, shade(scale))
        pen.oval(side * 0.46, -0.82, 0.13, 0.22, shade(scale))
        pen.shape([(side * 0.14, -2.06), (side * 0.36, -2.46), (side * 0.4, -1.94)], shade((244, 226, 170)))
        pen.shape([(side * 0.5, -1.9), (side * 0.82, -1.96), (side * 0.54, -1.6)], shade(dark))
    pen.blob(
        [(-0.56, -1.6), (-0.4, -2.04), (0.0, -2.14), (0.4, -2.04), (0.56, -1.6), (0.36, -1.24), (-0.36, -1.24)],
        shade(scale),
    )
    pen.oval(0, -1.42, 0.36, 0.2, belly)
    for side in (-1, 1):
        pen.oval(side * 0.12, -1.48, 0.035, 0.03, dark)
    draw_eyes(pen, -1.76, 0.25, 0.11, (250, 200, 60))
    pen.line([(-0.2, -1.34), (0.0, -1.28), (0.2, -1.34)], dark, 0.03, smooth=True)


def draw_turtle(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A turtle from the side."""
    skin, shell = (134, 176, 96), body or (116, 104, 62)
    for x in (-0.72, 0.58):
        pen.box(x - 0.2, -0.36, x + 0.2, 0.02, shade(mix(skin, DARK, 0.15)), 0.12)
    pen.shape([(-1.0, -0.36), (-1.36, -0.2), (-1.0, -0.2)], skin)
    pen.blob(
        [(0.7, -0.5), (1.06, -0.96), (1.4, -1.02), (1.56, -0.78), (1.4, -0.58), (1.1, -0.5), (0.9, -0.24)], shade(skin)
    )
    pen.blob([(-1.1, -0.3), (-0.96, -0.9), (-0.3, -1.32), (0.4, -1.26), (0.9, -0.8), (0.96, -0.3)], shade(shell))
    pen.box(-1.14, -0.38, 1.0, -0.22, shade(mix(shell, (240, 220, 160), 0.5)), 0.08)
    for x, y, wide in (
        (-0.62, -0.72, 0.2),
        (-0.08, -0.94, 0.25),
        (0.46, -0.74, 0.2),
        (-0.34, -0.5, 0.13),
        (0.2, -0.52, 0.13),
    ):
        pen.blob(
            [(x - wide, y), (x, y - wide * 0.8), (x + wide, y), (x, y + wide * 0.7)], shade(mix(shell, WHITE, 0.22))
        )
    pen.oval(1.32, -0.84, 0.05, 0.06, DARK)
    pen.line([(1.52, -0.72), (1.4, -0.68), (1.3, -0.7)], mix(skin, DARK, 0.5), 0.025, smooth=True)


def draw_dinosaur(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A long-necked dinosaur."""
    hide = body or dice.choice(((104, 164, 122), (112, 146, 190), (198, 146, 98)))
    dark = mix(hide, (20, 40, 60), 0.36)
    pen.line([(-0.7, -0.9), (-1.3, -0.66), (-1.8, -0.2)], mix(hide, dark, 0.2), 0.24, smooth=True)
    for x in (-0.44, 0.52):
        pen.box(x - 0.15, -0.7, x + 0.15, 0.0, shade(dark), 0.1)
    for x in (-0.68, 0.3):
        pen.box(x - 0.17, -0.8, x + 0.17, 0.02, shade(hide), 0.11)
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
    pen.blob(neck, shade(hide))
    pen.blob(
        [(-1.0, -0.8), (-0.6, -1.3), (0.1, -1.42), (0.8, -1.1), (0.8, -0.66), (0.1, -0.44), (-0.7, -0.5)], shade(hide)
    )
    pen.blob([(0.86, -2.5), (1.1, -2.68), (1.5, -2.56), (1.64, -2.36), (1.4, -2.22), (1.0, -2.24)], shade(hide))
    for x, y, wide in ((-0.5, -1.14, 0.11), (-0.14, -1.2, 0.13), (0.24, -1.16, 0.1), (-0.78, -0.92, 0.08)):
        pen.oval(x, y, wide, wide * 0.8, mix(hide, dark, 0.4))
    pen.oval(1.2, -2.46, 0.055, 0.06, DARK)
    pen.line([(1.58, -2.34), (1.42, -2.3), (1.3, -2.32)], dark, 0.025, smooth=True)
