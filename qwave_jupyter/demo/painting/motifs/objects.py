"""Objects, each standing on y = 0."""

from __future__ import annotations

import math
import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mix
from qwave_jupyter.demo.painting.shapes import DARK, WHITE, Pen, mirror, shade

__all__ = ["draw_book", "draw_gift", "draw_heart", "draw_lantern", "draw_star", "draw_umbrella"]


def draw_lantern(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A paper lantern, lit."""
    paper = body or (226, 52, 44)
    pen.line([(0, -2.3), (0, -2.0)], (90, 60, 40), 0.04)
    pen.oval(0, -1.3, 0.78, 0.66, (mix(paper, (255, 220, 120), 0.35), mix(paper, (255, 160, 60), 0.2)))
    for wide in (0.52, 0.22):
        ring = [
            (math.cos(turn) * wide, -1.3 + math.sin(turn) * 0.66) for turn in (x * math.tau / 40 for x in range(41))
        ]
        pen.line(ring, mix(paper, (90, 10, 10), 0.35), 0.02)
    for y in (-2.0, -0.7):
        pen.box(-0.36, y, 0.36, y + 0.12, (226, 178, 70), 0.04)
    for x in (-0.12, 0.0, 0.12):
        pen.line([(x, -0.58), (x * 1.3, -0.1)], (236, 190, 80), 0.04)
    pen.glow(0, -1.3, 1.7, (255, 170, 80))


def draw_umbrella(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """An open umbrella on its stick."""
    cloth = body or mood.accent
    pen.line([(0, -2.0), (0, -0.2), (0.1, -0.02), (0.28, -0.06), (0.3, -0.22)], (86, 60, 48), 0.07, smooth=True)
    pen.line([(0, -2.36), (0, -2.1)], (86, 60, 48), 0.05)
    top = [
        (math.cos(turn) * 1.2, -1.3 + math.sin(turn) * 0.94) for turn in (math.pi + x * math.pi / 24 for x in range(25))
    ]
    scallop = [(1.2 - x * 0.05, -1.3 - abs(math.sin(x / 12 * math.pi)) * 0.13) for x in range(49)]
    pen.shape([*top, *scallop], shade(cloth))
    for wide in (-0.8, -0.27, 0.27, 0.8):
        rib = [(0.0, -2.24), (wide * 0.62, -1.86), (wide, -1.42)]
        pen.line(rib, mix(cloth, (30, 10, 30), 0.3), 0.02, smooth=True)
    pen.blob([(-0.2, -2.16), (-0.7, -1.86), (-0.96, -1.5), (-0.6, -1.66)], mix(cloth, WHITE, 0.3))


def draw_book(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A pile of books."""
    covers = [body or mood.accent, (62, 96, 134), (214, 176, 98), (120, 70, 88), (84, 136, 116)]
    y = 0.0
    for index, cover in enumerate(covers[:4]):
        wide, shift = dice.uniform(0.8, 1.05), dice.uniform(-0.12, 0.12)
        pen.box(shift - wide, y - 0.3, shift + wide, y, shade(cover), 0.05)
        pen.box(shift - wide + 0.12, y - 0.25, shift + wide + 0.01, y - 0.05, (WHITE, (226, 216, 196)))
        pen.box(shift - wide, y - 0.3, shift - wide + 0.16, y, shade(mix(cover, DARK, 0.15)), 0.05)
        if index % 2:
            pen.box(shift - wide + 0.03, y - 0.2, shift - wide + 0.13, y - 0.1, mix(cover, WHITE, 0.6))
        y -= 0.31


def draw_heart(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A heart."""
    tone = body or (226, 58, 84)
    pen.blob(
        mirror([(0.0, -1.42), (0.42, -1.76), (0.92, -1.56), (0.94, -1.02), (0.46, -0.44), (0.02, -0.04)]),
        shade(tone),
    )
    pen.blob([(-0.68, -1.34), (-0.46, -1.56), (-0.34, -1.44), (-0.56, -1.18), (-0.7, -1.1)], mix(tone, WHITE, 0.5))


def draw_star(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A star with five points."""
    gold = body or (250, 200, 66)
    points = []
    for step in range(10):
        turn, reach = math.tau * (step / 10 - 0.25), 1.0 if step % 2 == 0 else 0.46
        points.append((math.cos(turn) * reach, -1.04 + math.sin(turn) * reach))
    pen.shape(points, shade(gold))
    for step in range(0, 10, 2):
        pen.shape([(0, -1.04), points[step], points[step - 1]], mix(gold, WHITE, 0.3))
    pen.glow(0, -1.04, 1.2, (255, 226, 150))


def draw_gift(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A parcel with a bow."""
    paper = body or mood.accent
    band = mix((255, 236, 170), paper, 0.1)
    pen.box(-0.84, -1.2, 0.84, 0.02, shade(paper), 0.04)
    pen.box(-0.14, -1.2, 0.14, 0.02, shade(band))
    pen.box(-0.94, -1.46, 0.94, -1.16, shade(mix(paper, WHITE, 0.14)), 0.04)
    pen.box(-0.16, -1.46, 0.16, -1.16, shade(band))
    for side in (-1, 1):
        pen.blob([(0, -1.46), (side * 0.3, -1.9), (side * 0.66, -1.86), (side * 0.5, -1.5)], shade(band))
        pen.blob(
            [(side * 0.12, -1.54), (side * 0.34, -1.76), (side * 0.5, -1.72), (side * 0.4, -1.56)],
            mix(band, DARK, 0.25),
        )
    pen.oval(0, -1.5, 0.13, 0.12, shade(band))
