"""Vehicles, each standing on y = 0."""

from __future__ import annotations

import math
import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mix
from qwave_jupyter.demo.painting.shapes import DARK, GLASS, LAMP, WHITE, Pen, shade

__all__ = [
    "draw_airplane",
    "draw_balloon",
    "draw_bicycle",
    "draw_boat",
    "draw_bus",
    "draw_car",
    "draw_rocket",
    "draw_train",
]

_WARM_LAMP: Colour = (255, 218, 140)


def draw_car(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A small car from the side."""
    paint = body or dice.choice((mood.accent, (220, 70, 62), (58, 126, 180), (240, 184, 60)))
    dark = mix(paint, (24, 14, 34), 0.4)
    pen.blob(
        [(-0.74, -0.72), (-0.5, -1.18), (-0.1, -1.3), (0.42, -1.26), (0.86, -0.8), (0.8, -0.62), (-0.7, -0.62)],
        shade(dark),
    )
    pen.shape([(-0.6, -0.76), (-0.42, -1.08), (-0.04, -1.16), (-0.04, -0.76)], (mix(GLASS, WHITE, 0.45), GLASS))
    pen.shape([(0.06, -0.76), (0.06, -1.16), (0.38, -1.12), (0.7, -0.76)], (mix(GLASS, WHITE, 0.45), GLASS))
    pen.blob(
        [
            (-1.3, -0.5),
            (-1.2, -0.74),
            (-0.6, -0.82),
            (0.7, -0.82),
            (1.22, -0.68),
            (1.36, -0.42),
            (1.28, -0.2),
            (-1.24, -0.2),
        ],
        shade(paint),
    )
    pen.box(-1.3, -0.32, 1.32, -0.2, dark, 0.05)
    pen.line([(0.01, -0.76), (0.0, -0.34)], dark, 0.022)
    pen.line([(0.14, -0.6), (0.3, -0.6)], mix(paint, WHITE, 0.6), 0.04)
    for x in (-0.78, 0.78):
        pen.oval(x, -0.24, 0.31, 0.31, mix(dark, DARK, 0.5))
        pen.oval(x, -0.24, 0.26, 0.26, (40, 40, 48))
        pen.oval(x, -0.24, 0.14, 0.14, ((226, 230, 236), (148, 154, 164)))
        pen.oval(x, -0.24, 0.05, 0.05, (90, 94, 104))
    pen.oval(1.24, -0.54, 0.1, 0.09, (255, 244, 200))
    pen.box(-1.3, -0.6, -1.18, -0.48, (226, 60, 56), 0.03)
    if mood.night or mood.sun < 0.35:
        pen.glow(1.3, -0.54, 0.8, (255, 240, 190))


def draw_boat(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A sailing boat."""
    hull, sail = (146, 82, 54), body or (250, 246, 236)
    pen.line([(0, -0.3), (0, -2.36)], (92, 62, 46), 0.06)
    pen.blob([(0.06, -2.3), (0.5, -1.5), (0.98, -0.56), (0.5, -0.5), (0.06, -0.52)], shade(sail))
    pen.blob(
        [(-0.06, -2.06), (-0.4, -1.4), (-0.74, -0.6), (-0.4, -0.54), (-0.06, -0.54)],
        shade(mix(mood.accent, sail, 0.12)),
    )
    pen.shape([(0, -2.36), (0.34, -2.27), (0, -2.18)], mood.accent)
    pen.blob([(-1.0, -0.42), (1.16, -0.46), (0.96, -0.16), (0.7, 0.04), (-0.68, 0.04), (-0.9, -0.14)], shade(hull))
    pen.line([(-0.96, -0.38), (1.1, -0.41)], mix(hull, WHITE, 0.5), 0.05)


def draw_rocket(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A rocket that has just taken off."""
    hull, fin = body or (240, 240, 244), mood.accent if body is None else mix(body, DARK, 0.5)
    pen.blob([(-0.24, -0.52), (0.24, -0.52), (0.2, -0.1), (0.0, 0.22), (-0.2, -0.1)], (255, 150, 50))
    pen.blob([(-0.13, -0.52), (0.13, -0.52), (0.1, -0.22), (0.0, 0.0), (-0.1, -0.22)], (255, 236, 150))
    pen.glow(0, -0.2, 1.0, (255, 170, 80))
    for side in (-1, 1):
        pen.blob([(side * 0.3, -1.2), (side * 0.7, -0.76), (side * 0.72, -0.36), (side * 0.3, -0.56)], shade(fin))
    pen.blob(
        [
            (0.0, -2.6),
            (0.26, -2.2),
            (0.4, -1.6),
            (0.36, -0.9),
            (0.26, -0.52),
            (-0.26, -0.52),
            (-0.36, -0.9),
            (-0.4, -1.6),
            (-0.26, -2.2),
        ],
        shade(hull),
    )
    pen.blob([(0.0, -2.62), (0.17, -2.36), (0.27, -2.1), (0.0, -2.04), (-0.27, -2.1), (-0.17, -2.36)], shade(fin))
    pen.oval(0, -1.6, 0.2, 0.2, (104, 114, 134))
    pen.oval(0, -1.6, 0.15, 0.15, (mix(GLASS, WHITE, 0.6), (74, 138, 190)))
    pen.box(-0.38, -1.16, 0.38, -1.08, fin)
    pen.blob([(-0.07, -1.0), (0.07, -1.0), (0.06, -0.4), (-0.06, -0.4)], shade(fin))


def draw_balloon(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A hot-air balloon."""
    silk = body or dice.choice((mood.accent, (234, 96, 78), (70, 140, 190), (246, 184, 70)))
    other = mix(silk, (255, 246, 226), 0.75)
    for side in (-1, 1):
        pen.line([(side * 0.5, -0.96), (side * 0.16, -0.3)], (94, 66, 48), 0.025)
    pen.oval(0, -1.66, 0.98, 0.94, shade(silk))
    pen.blob([(-0.72, -1.24), (0.72, -1.24), (0.3, -0.72), (-0.3, -0.72)], mix(silk, (30, 14, 40), 0.12))
    for wide in (0.7, 0.28):
        tone = other if wide == 0.7 else silk
        shape = [
            (math.cos(turn) * wide, -1.66 + math.sin(turn) * 0.94) for turn in (x * math.tau / 40 for x in range(40))
        ]
        pen.shape(shape, shade(tone))
    pen.blob([(-0.44, -0.92), (0.44, -0.92), (0.2, -0.66), (-0.2, -0.66)], mix(silk, (30, 14, 40), 0.3))
    pen.box(-0.19, -0.34, 0.19, 0.0, shade((150, 98, 58)), 0.05)
    pen.line([(-0.19, -0.3), (0.19, -0.3)], (90, 56, 36), 0.04)
    if mood.night or mood.sun < 0.35:
        pen.glow(0, -0.9, 0.9, LAMP)


def draw_train(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A steam engine with two carriages."""
    paint = body or mix(mood.accent, (150, 40, 40), 0.4)
    light_up = mood.night or mood.sun < 0.35
    pane = (_WARM_LAMP, mix(_WARM_LAMP, WHITE, 0.3)) if light_up else (mix(GLASS, WHITE, 0.5), GLASS)
    pen.box(-2.5, -0.07, 2.5, 0.02, (84, 76, 80))
    for left in (-2.4, -1.16):
        pen.box(left, -1.16, left + 1.12, -0.24, shade(paint), 0.06)
        pen.box(left - 0.03, -1.24, left + 1.15, -1.12, mix(paint, DARK, 0.5), 0.04)
        for window in range(4):
            x = left + 0.1 + window * 0.25
            pen.box(x, -0.98, x + 0.18, -0.62, pane, 0.03)
        pen.line([(left + 0.04, -0.46), (left + 1.08, -0.46)], mix(paint, (255, 220, 140), 0.7), 0.04)
    pen.box(0.1, -1.34, 0.82, -0.24, shade(paint), 0.05)
    pen.box(0.04, -1.46, 0.9, -1.32, mix(paint, DARK, 0.5), 0.05)
    pen.box(0.24, -1.2, 0.6, -0.82, pane, 0.04)
    pen.box(0.8, -0.94, 2.1, -0.3, shade(mix((52, 58, 72), paint, 0.15)), 0.2)
    pen.shape([(1.62, -0.9), (1.56, -1.36), (1.94, -1.36), (1.86, -0.9)], shade((46, 48, 60)))
    pen.oval(1.2, -0.96, 0.16, 0.16, shade((214, 170, 82)))
    pen.shape([(2.06, -0.4), (2.42, -0.06), (2.06, -0.06)], shade(mix(paint, DARK, 0.3)))
    pen.oval(2.08, -0.72, 0.1, 0.1, (255, 240, 190))
    if light_up:
        pen.glow(2.2, -0.72, 0.9, (255, 240, 190))
    for x, wide in ((-2.1, 0.15), (-1.6, 0.15), (-0.86, 0.15), (-0.36, 0.15), (0.44, 0.25), (1.06, 0.25), (1.7, 0.2)):
        pen.oval(x, -wide - 0.04, wide, wide, (48, 44, 52))
        pen.oval(x, -wide - 0.04, wide * 0.56, wide * 0.56, mix(paint, WHITE, 0.25))
    pen.haze([(1.75, -1.4), (1.6, -1.9), (1.0, -2.1), (0.2, -2.3)], mix(mood.sky[-1], WHITE, 0.6), 0.34, 0.85)


def draw_bicycle(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A bicycle with a basket."""
    paint = body or mood.accent
    for x in (-0.8, 0.8):
        pen.oval(x, -0.54, 0.54, 0.54, (52, 48, 56))
        pen.oval(x, -0.54, 0.47, 0.47, mix(mood.leaf, mood.near, 0.3))
        for spoke in range(10):
            turn = math.tau * spoke / 10
            pen.line([(x, -0.54), (x + math.cos(turn) * 0.47, -0.54 + math.sin(turn) * 0.47)], (206, 208, 214), 0.014)
        pen.oval(x, -0.54, 0.06, 0.06, (90, 92, 100))
    for path in (
        [(-0.8, -0.54), (-0.32, -1.2), (0.52, -1.2), (-0.1, -0.5), (-0.8, -0.54)],
        [(-0.1, -0.5), (-0.38, -1.34)],
        [(0.8, -0.54), (0.46, -1.5), (0.66, -1.62)],
    ):
        pen.line(path, paint, 0.075)
    pen.box(-0.6, -1.42, -0.18, -1.32, (72, 48, 40), 0.05)
    pen.box(0.52, -1.42, 1.02, -1.06, shade((184, 132, 84)), 0.05)
    pen.oval(-0.1, -0.5, 0.12, 0.12, (90, 92, 100))


def draw_airplane(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """An airliner that climbs."""
    paint, stripe = body or (242, 244, 248), mood.accent if body is None else WHITE
    pen.shape([(-1.5, -1.0), (-1.86, -1.86), (-1.5, -1.86), (-0.96, -1.16)], shade(stripe))
    pen.shape([(0.2, -1.2), (-0.5, -1.9), (-0.26, -1.9), (0.66, -1.24)], mix(paint, DARK, 0.2))
    pen.blob(
        [
            (-1.76, -1.1),
            (-1.0, -1.26),
            (0.8, -1.36),
            (1.5, -1.24),
            (1.86, -0.98),
            (1.5, -0.78),
            (0.6, -0.72),
            (-1.0, -0.86),
        ],
        shade(paint),
    )
    pen.line([(-1.5, -1.0), (0.4, -0.98), (1.8, -0.96)], stripe, 0.07)
    for window in range(11):
        x = -0.96 + window * 0.19
        pen.box(x, -1.18, x + 0.1, -1.06, mix(GLASS, (40, 70, 110), 0.35), 0.04)
    pen.shape([(1.38, -1.22), (1.6, -1.16), (1.7, -1.04), (1.4, -1.06)], mix(GLASS, (40, 70, 110), 0.35))
    pen.shape([(0.3, -0.9), (-0.5, -0.1), (-0.16, -0.1), (0.9, -0.86)], shade(mix(paint, DARK, 0.12)))
    pen.oval(0.26, -0.5, 0.24, 0.12, shade(mix(stripe, DARK, 0.2)))
    pen.shape([(-1.4, -0.98), (-1.8, -0.66), (-1.6, -0.66), (-1.0, -0.94)], mix(paint, DARK, 0.2))


def draw_bus(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A bus with a roof rack."""
    paint = body or dice.choice(((248, 190, 56), (222, 78, 66), (74, 150, 170)))
    light_up = mood.night or mood.sun < 0.35
    pane = (_WARM_LAMP, mix(_WARM_LAMP, WHITE, 0.3)) if light_up else (mix(GLASS, WHITE, 0.5), GLASS)
    pen.box(-1.6, -1.6, 1.6, -0.24, shade(paint), 0.22)
    pen.box(-1.6, -0.72, 1.6, -0.6, mix(paint, WHITE, 0.75))
    for window in range(5):
        x = -1.44 + window * 0.5
        pen.box(x, -1.4, x + 0.4, -0.86, pane, 0.06)
    pen.box(1.1, -1.4, 1.5, -0.4, pane, 0.06)
    pen.box(-1.2, -1.72, 1.0, -1.6, mix(paint, DARK, 0.4), 0.04)
    pen.oval(1.54, -0.46, 0.09, 0.08, (255, 244, 200))
    if light_up:
        pen.glow(1.6, -0.46, 0.8, (255, 240, 190))
    for x in (-0.95, 0.9):
        pen.oval(x, -0.27, 0.33, 0.33, mix(paint, DARK, 0.6))
        pen.oval(x, -0.27, 0.27, 0.27, (42, 40, 48))
        pen.oval(x, -0.27, 0.13, 0.13, (206, 210, 216))
