"""Sky and landscape as small motifs, for images without a background."""

from __future__ import annotations

import math
import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mix
from qwave_jupyter.demo.painting.shapes import WHITE, Pen, shade

__all__ = ["draw_bridge", "draw_city", "draw_forest", "draw_moon", "draw_mountain", "draw_sun"]

_GROUND: Colour = (96, 150, 90)


def draw_sun(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A sun with rays."""
    gold = body or (250, 196, 62)
    for ray in range(12):
        turn = math.tau * ray / 12
        x, y = math.cos(turn), math.sin(turn)
        tip = (x * 1.14, -1.2 + y * 1.14)
        sides = [(x * 0.78 + s * y * 0.13, -1.2 + y * 0.78 - s * x * 0.13) for s in (-1, 1)]
        pen.shape([sides[0], tip, sides[1]], mix(gold, (255, 120, 40), 0.25))
    pen.oval(0, -1.2, 0.7, 0.7, (mix(gold, WHITE, 0.5), gold))


def draw_moon(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A full moon with its seas."""
    pale = body or (244, 238, 214)
    pen.oval(0, -1.2, 1.0, 1.0, (mix(pale, WHITE, 0.5), mix(pale, (120, 120, 150), 0.2)))
    for _ in range(7):
        turn, away = dice.uniform(0, math.tau), dice.uniform(0.1, 0.7)
        wide = dice.uniform(0.08, 0.22)
        at = math.cos(turn) * away, -1.2 + math.sin(turn) * away
        pen.oval(*at, wide, wide * 0.92, mix(pale, (120, 116, 130), 0.3))


def draw_mountain(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """Two mountains with snow."""
    rock = body or (104, 122, 158)
    for x, tall, wide, tone in ((0.5, 1.5, 0.85, mix(rock, WHITE, 0.25)), (-0.25, 2.1, 1.15, rock)):
        pen.shape([(x - wide, 0), (x, -tall), (x + wide, 0)], shade(tone))
        pen.shape([(x, -tall), (x + wide, 0), (x + wide * 0.1, 0)], mix(tone, (24, 20, 50), 0.22))
        high = tall * 0.34
        side = wide * high / tall
        snow = [(x, -tall), (x + side, high - tall), (x + side * 0.4, high * 0.72 - tall), (x, high * 1.2 - tall)]
        pen.shape([*snow, (x - side * 0.5, high * 0.7 - tall), (x - side, high - tall)], WHITE)


def draw_city(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A row of towers with windows."""
    wall = body or mix((84, 98, 140), mood.accent, 0.12)
    lamp = (255, 220, 140) if mood.night or mood.sun < 0.35 else (206, 226, 240)
    for index, (x, tall) in enumerate(((-0.95, 1.2), (0.5, 1.4), (-0.5, 1.9), (0.95, 1.0), (0.0, 2.3))):
        tone = mix(wall, WHITE, 0.06 * (4 - index))
        pen.box(x - 0.26, -tall, x + 0.26, 0, shade(tone))
        if index % 2 == 0:
            pen.shape([(x - 0.26, -tall), (x, -tall - 0.3), (x + 0.26, -tall)], mix(tone, (20, 16, 40), 0.3))
        y = -tall + 0.14
        while y < -0.16:
            for column in range(3):
                if dice.random() < 0.75:
                    left = x - 0.19 + column * 0.14
                    pen.box(left, y, left + 0.09, y + 0.11, lamp)
            y += 0.2


def draw_forest(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """Five firs."""
    green = body or (mix((60, 124, 84), (226, 236, 246), 0.5) if mood.season == "winter" else (60, 124, 84))
    for x, tall in ((-0.8, 1.5), (0.8, 1.6), (-0.35, 2.0), (0.4, 2.1), (0.0, 2.4)):
        pen.box(x - 0.06, -0.3, x + 0.06, 0.02, (96, 66, 48))
        for tier in range(4):
            top = -tall + tall * 0.2 * tier
            wide = tall * (0.12 + 0.06 * tier)
            pen.shape([(x - wide, top + tall * 0.33), (x, top), (x + wide, top + tall * 0.33)], shade(green))


def draw_bridge(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A suspension bridge with two towers."""
    steel = body or (206, 74, 52)
    for x in (-0.9, 0.9):
        pen.box(x - 0.09, -1.7, x + 0.09, 0, shade(steel))
    spans = (
        [(x / 20, -0.66 - (x / 18) ** 2) for x in range(-18, 19)],
        [(-1.8, -0.6), (-1.4, -0.86), (-0.9, -1.66)],
        [(1.8, -0.6), (1.4, -0.86), (0.9, -1.66)],
    )
    for span in spans:
        pen.line(span, steel, 0.05, smooth=True)
    for x, y in spans[0][::3]:
        pen.line([(x, y), (x, -0.55)], mix(steel, WHITE, 0.2), 0.02)
    pen.box(-1.85, -0.58, 1.85, -0.44, shade(mix(steel, (40, 20, 30), 0.3)))
