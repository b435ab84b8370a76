"""Motifs of journeys and of the table: train, bus, airplane, palm, bottle and more, each standing on y = 0."""

from __future__ import annotations

import math
import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mixed
from qwave_jupyter.demo.painting.shading import shaded
from qwave_jupyter.demo.painting.shapes import Pen

__all__ = ["airplane", "bicycle", "book", "bottle", "bus", "cactus", "palm", "train"]

_DARK: Colour = (34, 30, 38)
_WHITE: Colour = (252, 250, 244)
_GLASS: Colour = (178, 214, 230)
_LAMP: Colour = (255, 218, 140)


def train(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A steam engine with two carriages."""
    _ = dice
    paint = body or mixed(mood.accent, (150, 40, 40), 0.4)
    lit = mood.night or mood.sun < 0.35
    pane = (_LAMP, mixed(_LAMP, _WHITE, 0.3)) if lit else (mixed(_GLASS, _WHITE, 0.5), _GLASS)
    pen.box(-2.5, -0.07, 2.5, 0.02, (84, 76, 80))
    for left in (-2.4, -1.16):
        pen.box(left, -1.16, left + 1.12, -0.24, shaded(paint), 0.06)
        pen.box(left - 0.03, -1.24, left + 1.15, -1.12, mixed(paint, _DARK, 0.5), 0.04)
        for window in range(4):
            x = left + 0.1 + window * 0.25
            pen.box(x, -0.98, x + 0.18, -0.62, pane, 0.03)
        pen.line([(left + 0.04, -0.46), (left + 1.08, -0.46)], mixed(paint, (255, 220, 140), 0.7), 0.04)
    pen.box(0.1, -1.34, 0.82, -0.24, shaded(paint), 0.05)
    pen.box(0.04, -1.46, 0.9, -1.32, mixed(paint, _DARK, 0.5), 0.05)
    pen.box(0.24, -1.2, 0.6, -0.82, pane, 0.04)
    pen.box(0.8, -0.94, 2.1, -0.3, shaded(mixed((52, 58, 72), paint, 0.15)), 0.2)
    pen.shape([(1.62, -0.9), (1.56, -1.36), (1.94, -1.36), (1.86, -0.9)], shaded((46, 48, 60)))
    pen.oval(1.2, -0.96, 0.16, 0.16, shaded((214, 170, 82)))
    pen.shape([(2.06, -0.4), (2.42, -0.06), (2.06, -0.06)], shaded(mixed(paint, _DARK, 0.3)))
    pen.oval(2.08, -0.72, 0.1, 0.1, (255, 240, 190))
    if lit:
        pen.glow(2.2, -0.72, 0.9, (255, 240, 190))
    for x, wide in ((-2.1, 0.15), (-1.6, 0.15), (-0.86, 0.15), (-0.36, 0.15), (0.44, 0.25), (1.06, 0.25), (1.7, 0.2)):
        pen.oval(x, -wide - 0.04, wide, wide, (48, 44, 52))
        pen.oval(x, -wide - 0.04, wide * 0.56, wide * 0.56, mixed(paint, _WHITE, 0.25))
    pen.haze([(1.75, -1.4), (1.6, -1.9), (1.0, -2.1), (0.2, -2.3)], mixed(mood.sky[-1], _WHITE, 0.6), 0.34, 0.85)


def bicycle(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A bicycle with a basket."""
    _ = dice
    paint = body or mood.accent
    for x in (-0.8, 0.8):
        pen.oval(x, -0.54, 0.54, 0.54, (52, 48, 56))
        pen.oval(x, -0.54, 0.47, 0.47, mixed(mood.leaf, mood.near, 0.3))
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
    pen.box(0.52, -1.42, 1.02, -1.06, shaded((184, 132, 84)), 0.05)
    pen.oval(-0.1, -0.5, 0.12, 0.12, (90, 92, 100))


def palm(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A palm."""
    leaf = body or mixed((56, 136, 84), mood.leaf, 0.3)
    lean = dice.choice((-1, 1)) * dice.uniform(0.3, 0.6)
    trunk = [(0.0, 0.04), (lean * 0.25, -0.8), (lean * 0.8, -1.6), (lean, -2.0)]
    pen.line(trunk, (122, 88, 62), 0.17, smooth=True)
    for ring in range(9):
        part = ring / 9
        x, y = lean * part**1.6, -2.0 * part
        pen.line([(x - 0.08, y), (x + 0.08, y - 0.03)], (92, 64, 48), 0.025)
    for frond in range(9):
        turn = math.pi * (0.08 + 0.84 * frond / 8) + dice.uniform(-0.08, 0.08)
        dx, dy = math.cos(turn), -math.sin(turn) * 0.62
        tip = lean + dx * 1.08, -2.0 + dy * 0.8 + 0.5 * abs(dx)
        middle = lean + dx * 0.6, -2.06 + dy * 1.1
        tone = mixed(leaf, _WHITE if frond % 2 else _DARK, 0.14)
        pen.blob([(lean, -2.02), middle, tip, (middle[0] * 0.96 + lean * 0.04, middle[1] + 0.17)], shaded(tone))
    for x in (-0.08, 0.08):
        pen.oval(lean + x, -1.92, 0.09, 0.09, (112, 74, 48))


def cactus(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A cactus with two arms."""
    _ = mood, dice
    green = body or (74, 138, 92)
    for side, low, high in ((-1, -0.8, -1.5), (1, -1.05, -1.85)):
        pen.line([(0, low), (side * 0.5, low), (side * 0.52, high)], mixed(green, _DARK, 0.08), 0.26, smooth=True)
    pen.box(-0.24, -2.3, 0.24, 0.02, shaded(green), 0.24)
    for x in (-0.1, 0.0, 0.1):
        pen.line([(x, -2.1), (x, -0.05)], mixed(green, _WHITE, 0.2), 0.02)
    pen.oval(0.06, -2.32, 0.11, 0.09, (240, 110, 140))


def bottle(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A flask of scent, half full."""
    scent = body or dice.choice((mood.accent, (240, 178, 92), (150, 190, 214)))
    glass = mixed(mood.sky[-1], _WHITE, 0.5)
    pen.box(-0.62, -1.5, 0.62, 0.02, (mixed(glass, scent, 0.1), mixed(glass, scent, 0.25)), 0.16)
    pen.box(-0.5, -1.02, 0.5, -0.1, (mixed(scent, _WHITE, 0.25), mixed(scent, _DARK, 0.12)), 0.1)
    pen.box(-0.5, -1.06, 0.5, -0.98, mixed(scent, _WHITE, 0.5), 0.04)
    pen.box(-0.2, -1.7, 0.2, -1.48, shaded((208, 176, 110)), 0.03)
    pen.box(-0.3, -2.26, 0.3, -1.68, ((70, 66, 78), (34, 32, 40)), 0.07)
    pen.box(-0.3, -0.78, 0.3, -0.36, _WHITE, 0.03)
    for y, wide in ((-0.64, 0.18), (-0.54, 0.22), (-0.46, 0.12)):
        pen.line([(-wide, y), (wide, y)], (120, 108, 100), 0.022)
    pen.box(-0.54, -1.4, -0.46, -0.16, mixed(glass, _WHITE, 0.8), 0.04)
    pen.box(0.48, -1.36, 0.53, -0.3, mixed(glass, _WHITE, 0.5), 0.02)


def book(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A pile of books."""
    covers = [body or mood.accent, (62, 96, 134), (214, 176, 98), (120, 70, 88), (84, 136, 116)]
    y = 0.0
    for place, cover in enumerate(covers[:4]):
        wide, shift = dice.uniform(0.8, 1.05), dice.uniform(-0.12, 0.12)
        pen.box(shift - wide, y - 0.3, shift + wide, y, shaded(cover), 0.05)
        pen.box(shift - wide + 0.12, y - 0.25, shift + wide + 0.01, y - 0.05, (_WHITE, (226, 216, 196)))
        pen.box(shift - wide, y - 0.3, shift - wide + 0.16, y, shaded(mixed(cover, _DARK, 0.15)), 0.05)
        if place % 2:
            pen.box(shift - wide + 0.03, y - 0.2, shift - wide + 0.13, y - 0.1, mixed(cover, _WHITE, 0.6))
        y -= 0.31


def airplane(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """An airliner that climbs."""
    _ = dice
    paint, stripe = body or (242, 244, 248), mood.accent if body is None else _WHITE
    pen.shape([(-1.5, -1.0), (-1.86, -1.86), (-1.5, -1.86), (-0.96, -1.16)], shaded(stripe))
    pen.shape([(0.2, -1.2), (-0.5, -1.9), (-0.26, -1.9), (0.66, -1.24)], mixed(paint, _DARK, 0.2))
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
        shaded(paint),
    )
    pen.line([(-1.5, -1.0), (0.4, -0.98), (1.8, -0.96)], stripe, 0.07)
    for window in range(11):
        x = -0.96 + window * 0.19
        pen.box(x, -1.18, x + 0.1, -1.06, mixed(_GLASS, (40, 70, 110), 0.35), 0.04)
    pen.shape([(1.38, -1.22), (1.6, -1.16), (1.7, -1.04), (1.4, -1.06)], mixed(_GLASS, (40, 70, 110), 0.35))
    pen.shape([(0.3, -0.9), (-0.5, -0.1), (-0.16, -0.1), (0.9, -0.86)], shaded(mixed(paint, _DARK, 0.12)))
    pen.oval(0.26, -0.5, 0.24, 0.12, shaded(mixed(stripe, _DARK, 0.2)))
    pen.shape([(-1.4, -0.98), (-1.8, -0.66), (-1.6, -0.66), (-1.0, -0.94)], mixed(paint, _DARK, 0.2))


def bus(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A bus with a roof rack."""
    paint = body or dice.choice(((248, 190, 56), (222, 78, 66), (74, 150, 170)))
    lit = mood.night or mood.sun < 0.35
    pane = (_LAMP, mixed(_LAMP, _WHITE, 0.3)) if lit else (mixed(_GLASS, _WHITE, 0.5), _GLASS)
    pen.box(-1.6, -1.6, 1.6, -0.24, shaded(paint), 0.22)
    pen.box(-1.6, -0.72, 1.6, -0.6, mixed(paint, _WHITE, 0.75))
    for window in range(5):
        x = -1.44 + window * 0.5
        pen.box(x, -1.4, x + 0.4, -0.86, pane, 0.06)
    pen.box(1.1, -1.4, 1.5, -0.4, pane, 0.06)
    pen.box(-1.2, -1.72, 1.0, -1.6, mixed(paint, _DARK, 0.4), 0.04)
    pen.oval(1.54, -0.46, 0.09, 0.08, (255, 244, 200))
    if lit:
        pen.glow(1.6, -0.46, 0.8, (255, 240, 190))
    for x in (-0.95, 0.9):
        pen.oval(x, -0.27, 0.33, 0.33, mixed(paint, _DARK, 0.6))
        pen.oval(x, -0.27, 0.27, 0.27, (42, 40, 48))
        pen.oval(x, -0.27, 0.13, 0.13, (206, 210, 216))
