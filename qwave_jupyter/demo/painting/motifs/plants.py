"""Plants, each standing on y = 0."""

from __future__ import annotations

import math
import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mix
from qwave_jupyter.demo.painting.shapes import DARK, WHITE, Pen, shade

__all__ = ["draw_cactus", "draw_flower", "draw_palm", "draw_tree"]


def draw_flower(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A flower with two leaves."""
    petal = body or dice.choice((mood.accent, (246, 120, 150), (250, 180, 60), (150, 110, 220)))
    lean = dice.uniform(-0.16, 0.16)
    stem = mix((78, 140, 76), mood.near, 0.2)
    pen.line([(0, 0.02), (lean * 0.3, -0.7), (lean, -1.5)], stem, 0.075, smooth=True)
    for side in (-1, 1):
        y = -0.3 - 0.22 * (side > 0)
        leaf = [(lean * 0.2, y), (side * 0.3, y - 0.34), (side * 0.62, y - 0.36), (side * 0.42, y - 0.04)]
        pen.blob(leaf, shade(stem))
    turn = dice.uniform(0, 1)
    for ring, (reach, wide) in enumerate(((0.42, 0.25), (0.28, 0.2))):
        for one in range(8):
            angle = math.tau * (one + ring * 0.5) / 8 + turn
            x, y = lean + math.cos(angle) * reach, -1.6 + math.sin(angle) * reach
            pen.oval(x, y, wide, wide, shade(mix(petal, WHITE, 0.2 * ring + 0.05 * (one % 2))))
    pen.oval(lean, -1.6, 0.19, 0.19, ((255, 220, 100), (222, 150, 40)))


def draw_tree(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A broad tree; bare and white in winter, in blossom in spring."""
    seasons = {"autumn": (222, 116, 40), "spring": (246, 170, 196), "winter": (226, 234, 244)}
    crown = body or seasons.get(mood.season, mix((70, 140, 74), mood.leaf, 0.4))
    if mood.night and body is None:
        crown = mix(crown, mood.near, 0.5)
    bark = mix((104, 72, 54), mood.near, 0.3)
    pen.blob([(-0.26, 0.04), (-0.13, -0.3), (-0.11, -1.0), (0.11, -1.0), (0.14, -0.3), (0.3, 0.04)], shade(bark))
    for side in (-1, 1):
        pen.line([(0, -0.8), (side * 0.42, -1.4)], bark, 0.09)
    clumps = [(dice.uniform(-0.72, 0.72), -1.62 + dice.uniform(-0.62, 0.44), dice.uniform(0.3, 0.5)) for _ in range(17)]
    for x, y, wide in sorted(clumps, key=lambda one: -one[1]):
        near = (-y - 1.0) / 1.3
        tone = mix(mix(crown, (24, 20, 60), 0.34), mix(crown, (255, 250, 220), 0.22), max(0.0, min(1.0, near)))
        pen.oval(x * (1.25 - 0.35 * near), y, wide, wide * 0.88, shade(tone))
    for _ in range(26):
        x, y = dice.uniform(-0.8, 0.8), -1.7 + dice.uniform(-0.6, 0.5)
        pen.oval(x, y, 0.06, 0.05, mix(crown, (255, 252, 226), 0.42))


def draw_palm(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A palm."""
    leaf = body or mix((56, 136, 84), mood.leaf, 0.3)
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
        tone = mix(leaf, WHITE if frond % 2 else DARK, 0.14)
        pen.blob([(lean, -2.02), middle, tip, (middle[0] * 0.96 + lean * 0.04, middle[1] + 0.17)], shade(tone))
    for x in (-0.08, 0.08):
        pen.oval(lean + x, -1.92, 0.09, 0.09, (112, 74, 48))


def draw_cactus(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A cactus with two arms."""
    green = body or (74, 138, 92)
    for side, low, high in ((-1, -0.8, -1.5), (1, -1.05, -1.85)):
        pen.line([(0, low), (side * 0.5, low), (side * 0.52, high)], mix(green, DARK, 0.08), 0.26, smooth=True)
    pen.box(-0.24, -2.3, 0.24, 0.02, shade(green), 0.24)
    for x in (-0.1, 0.0, 0.1):
        pen.line([(x, -2.1), (x, -0.05)], mix(green, WHITE, 0.2), 0.02)
    pen.oval(0.06, -2.32, 0.11, 0.09, (240, 110, 140))
