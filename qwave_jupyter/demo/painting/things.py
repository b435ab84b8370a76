"""Motifs that people made or that grow: cars, boats, cups, houses, trees, each standing on y = 0."""

from __future__ import annotations

import math
import random

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mixed
from qwave_jupyter.demo.painting.shading import shaded
from qwave_jupyter.demo.painting.shapes import Pen

__all__ = [
    "balloon",
    "boat",
    "car",
    "castle",
    "cup",
    "flower",
    "house",
    "lantern",
    "lighthouse",
    "pagoda",
    "rocket",
    "tree",
    "umbrella",
    "windmill",
]

_DARK = (34, 30, 38)
_WHITE = (252, 250, 244)
_GLASS = (178, 214, 230)
_LAMP = (255, 214, 130)


def _pane(pen: Pen, mood: Mood, left: float, top: float, right: float, bottom: float) -> None:
    if mood.night or mood.sun < 0.35:
        pen.box(left, top, right, bottom, (mixed(_LAMP, _WHITE, 0.4), _LAMP), 0.02)
        pen.glow((left + right) / 2, (top + bottom) / 2, max(right - left, bottom - top) * 1.8, _LAMP)
    else:
        pen.box(left, top, right, bottom, (mixed(_GLASS, _WHITE, 0.5), mixed(_GLASS, (40, 70, 100), 0.4)), 0.02)


def car(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A small car from the side."""
    paint = body or dice.choice((mood.accent, (220, 70, 62), (58, 126, 180), (240, 184, 60)))
    dark = mixed(paint, (24, 14, 34), 0.4)
    pen.blob(
        [(-0.74, -0.72), (-0.5, -1.18), (-0.1, -1.3), (0.42, -1.26), (0.86, -0.8), (0.8, -0.62), (-0.7, -0.62)],
        shaded(dark),
    )
    pen.shape([(-0.6, -0.76), (-0.42, -1.08), (-0.04, -1.16), (-0.04, -0.76)], (mixed(_GLASS, _WHITE, 0.45), _GLASS))
    pen.shape([(0.06, -0.76), (0.06, -1.16), (0.38, -1.12), (0.7, -0.76)], (mixed(_GLASS, _WHITE, 0.45), _GLASS))
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
        shaded(paint),
    )
    pen.box(-1.3, -0.32, 1.32, -0.2, dark, 0.05)
    pen.line([(0.01, -0.76), (0.0, -0.34)], dark, 0.022)
    pen.line([(0.14, -0.6), (0.3, -0.6)], mixed(paint, _WHITE, 0.6), 0.04)
    for x in (-0.78, 0.78):
        pen.oval(x, -0.24, 0.31, 0.31, mixed(dark, _DARK, 0.5))
        pen.oval(x, -0.24, 0.26, 0.26, (40, 40, 48))
        pen.oval(x, -0.24, 0.14, 0.14, ((226, 230, 236), (148, 154, 164)))
        pen.oval(x, -0.24, 0.05, 0.05, (90, 94, 104))
    pen.oval(1.24, -0.54, 0.1, 0.09, (255, 244, 200))
    pen.box(-1.3, -0.6, -1.18, -0.48, (226, 60, 56), 0.03)
    if mood.night or mood.sun < 0.35:
        pen.glow(1.3, -0.54, 0.8, (255, 240, 190))


def boat(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A sailing boat."""
    _ = dice
    hull, sail = (146, 82, 54), body or (250, 246, 236)
    pen.line([(0, -0.3), (0, -2.36)], (92, 62, 46), 0.06)
    pen.blob([(0.06, -2.3), (0.5, -1.5), (0.98, -0.56), (0.5, -0.5), (0.06, -0.52)], shaded(sail))
    pen.blob(
        [(-0.06, -2.06), (-0.4, -1.4), (-0.74, -0.6), (-0.4, -0.54), (-0.06, -0.54)],
        shaded(mixed(mood.accent, sail, 0.12)),
    )
    pen.shape([(0, -2.36), (0.34, -2.27), (0, -2.18)], mood.accent)
    pen.blob([(-1.0, -0.42), (1.16, -0.46), (0.96, -0.16), (0.7, 0.04), (-0.68, 0.04), (-0.9, -0.14)], shaded(hull))
    pen.line([(-0.96, -0.38), (1.1, -0.41)], mixed(hull, _WHITE, 0.5), 0.05)


def rocket(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A rocket that has just taken off."""
    _ = dice
    hull, fin = body or (240, 240, 244), mood.accent if body is None else mixed(body, _DARK, 0.5)
    pen.blob([(-0.24, -0.52), (0.24, -0.52), (0.2, -0.1), (0.0, 0.22), (-0.2, -0.1)], (255, 150, 50))
    pen.blob([(-0.13, -0.52), (0.13, -0.52), (0.1, -0.22), (0.0, 0.0), (-0.1, -0.22)], (255, 236, 150))
    pen.glow(0, -0.2, 1.0, (255, 170, 80))
    for side in (-1, 1):
        pen.blob([(side * 0.3, -1.2), (side * 0.7, -0.76), (side * 0.72, -0.36), (side * 0.3, -0.56)], shaded(fin))
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
        shaded(hull),
    )
    pen.blob([(0.0, -2.62), (0.17, -2.36), (0.27, -2.1), (0.0, -2.04), (-0.27, -2.1), (-0.17, -2.36)], shaded(fin))
    pen.oval(0, -1.6, 0.2, 0.2, (104, 114, 134))
    pen.oval(0, -1.6, 0.15, 0.15, (mixed(_GLASS, _WHITE, 0.6), (74, 138, 190)))
    pen.box(-0.38, -1.16, 0.38, -1.08, fin)
    pen.blob([(-0.07, -1.0), (0.07, -1.0), (0.06, -0.4), (-0.06, -0.4)], shaded(fin))


def balloon(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A hot-air balloon."""
    silk = body or dice.choice((mood.accent, (234, 96, 78), (70, 140, 190), (246, 184, 70)))
    other = mixed(silk, (255, 246, 226), 0.75)
    for side in (-1, 1):
        pen.line([(side * 0.5, -0.96), (side * 0.16, -0.3)], (94, 66, 48), 0.025)
    pen.oval(0, -1.66, 0.98, 0.94, shaded(silk))
    pen.blob([(-0.72, -1.24), (0.72, -1.24), (0.3, -0.72), (-0.3, -0.72)], mixed(silk, (30, 14, 40), 0.12))
    for wide in (0.7, 0.28):
        tone = other if wide == 0.7 else silk
        shape = [
            (math.cos(turn) * wide, -1.66 + math.sin(turn) * 0.94) for turn in (x * math.tau / 40 for x in range(40))
        ]
        pen.shape(shape, shaded(tone))
    pen.blob([(-0.44, -0.92), (0.44, -0.92), (0.2, -0.66), (-0.2, -0.66)], mixed(silk, (30, 14, 40), 0.3))
    pen.box(-0.19, -0.34, 0.19, 0.0, shaded((150, 98, 58)), 0.05)
    pen.line([(-0.19, -0.3), (0.19, -0.3)], (90, 56, 36), 0.04)
    if mood.night or mood.sun < 0.35:
        pen.glow(0, -0.9, 0.9, _LAMP)


def lantern(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A paper lantern, lit."""
    _ = mood, dice
    paper = body or (226, 52, 44)
    pen.line([(0, -2.3), (0, -2.0)], (90, 60, 40), 0.04)
    pen.oval(0, -1.3, 0.78, 0.66, (mixed(paper, (255, 220, 120), 0.35), mixed(paper, (255, 160, 60), 0.2)))
    for wide in (0.52, 0.22):
        ring = [
            (math.cos(turn) * wide, -1.3 + math.sin(turn) * 0.66) for turn in (x * math.tau / 40 for x in range(41))
        ]
        pen.line(ring, mixed(paper, (90, 10, 10), 0.35), 0.02)
    for y in (-2.0, -0.7):
        pen.box(-0.36, y, 0.36, y + 0.12, (226, 178, 70), 0.04)
    for x in (-0.12, 0.0, 0.12):
        pen.line([(x, -0.58), (x * 1.3, -0.1)], (236, 190, 80), 0.04)
    pen.glow(0, -1.3, 1.7, (255, 170, 80))


def umbrella(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """An open umbrella on its stick."""
    _ = dice
    cloth = body or mood.accent
    pen.line([(0, -2.0), (0, -0.2), (0.1, -0.02), (0.28, -0.06), (0.3, -0.22)], (86, 60, 48), 0.07, smooth=True)
    pen.line([(0, -2.36), (0, -2.1)], (86, 60, 48), 0.05)
    top = [
        (math.cos(turn) * 1.2, -1.3 + math.sin(turn) * 0.94) for turn in (math.pi + x * math.pi / 24 for x in range(25))
    ]
    scallop = [(1.2 - x * 0.05, -1.3 - abs(math.sin(x / 12 * math.pi)) * 0.13) for x in range(49)]
    pen.shape([*top, *scallop], shaded(cloth))
    for wide in (-0.8, -0.27, 0.27, 0.8):
        rib = [(0.0, -2.24), (wide * 0.62, -1.86), (wide, -1.42)]
        pen.line(rib, mixed(cloth, (30, 10, 30), 0.3), 0.02, smooth=True)
    pen.blob([(-0.2, -2.16), (-0.7, -1.86), (-0.96, -1.5), (-0.6, -1.66)], mixed(cloth, _WHITE, 0.3))


def cup(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A steaming cup on its saucer."""
    china = body or dice.choice(((250, 246, 238), (96, 148, 156), (226, 128, 104)))
    band = mood.accent if body is None else mixed(body, _WHITE, 0.6)
    pen.oval(0, -0.06, 1.26, 0.17, shaded(mixed(china, (90, 80, 90), 0.14)))
    pen.oval(0, -0.1, 0.98, 0.11, mixed(china, _WHITE, 0.3))
    pen.oval(0.98, -0.78, 0.34, 0.34, shaded(china))
    pen.oval(0.98, -0.78, 0.19, 0.2, mixed(china, (60, 50, 70), 0.5))
    pen.blob([(-0.94, -1.22), (0.94, -1.22), (0.86, -0.6), (0.5, -0.16), (-0.5, -0.16), (-0.86, -0.6)], shaded(china))
    pen.blob([(-0.92, -0.96), (0.0, -0.86), (0.92, -0.96), (0.88, -0.74), (0.0, -0.64), (-0.88, -0.74)], band)
    pen.oval(0, -1.22, 0.94, 0.2, mixed(china, _WHITE, 0.45))
    pen.oval(0, -1.2, 0.83, 0.15, ((112, 66, 38), (76, 40, 24)))
    for x, high in ((-0.3, 0.86), (0.04, 1.1), (0.36, 0.8)):
        path = [(x, -1.36), (x - 0.12, -1.36 - high * 0.35), (x + 0.12, -1.36 - high * 0.7), (x - 0.02, -1.36 - high)]
        pen.haze(path, mixed(mood.sky[-1], _WHITE, 0.7), 0.13, 0.8)


def flower(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A flower with two leaves."""
    petal = body or dice.choice((mood.accent, (246, 120, 150), (250, 180, 60), (150, 110, 220)))
    lean = dice.uniform(-0.16, 0.16)
    stem = mixed((78, 140, 76), mood.near, 0.2)
    pen.line([(0, 0.02), (lean * 0.3, -0.7), (lean, -1.5)], stem, 0.075, smooth=True)
    for side in (-1, 1):
        y = -0.3 - 0.22 * (side > 0)
        leaf = [(lean * 0.2, y), (side * 0.3, y - 0.34), (side * 0.62, y - 0.36), (side * 0.42, y - 0.04)]
        pen.blob(leaf, shaded(stem))
    turn = dice.uniform(0, 1)
    for ring, (reach, wide) in enumerate(((0.42, 0.25), (0.28, 0.2))):
        for one in range(8):
            angle = math.tau * (one + ring * 0.5) / 8 + turn
            x, y = lean + math.cos(angle) * reach, -1.6 + math.sin(angle) * reach
            pen.oval(x, y, wide, wide, shaded(mixed(petal, _WHITE, 0.2 * ring + 0.05 * (one % 2))))
    pen.oval(lean, -1.6, 0.19, 0.19, ((255, 220, 100), (222, 150, 40)))


def tree(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A broad tree; bare and white in winter, in blossom in spring."""
    seasons = {"autumn": (222, 116, 40), "spring": (246, 170, 196), "winter": (226, 234, 244)}
    crown = body or seasons.get(mood.season, mixed((70, 140, 74), mood.leaf, 0.4))
    if mood.night and body is None:
        crown = mixed(crown, mood.near, 0.5)
    bark = mixed((104, 72, 54), mood.near, 0.3)
    pen.blob([(-0.26, 0.04), (-0.13, -0.3), (-0.11, -1.0), (0.11, -1.0), (0.14, -0.3), (0.3, 0.04)], shaded(bark))
    for side in (-1, 1):
        pen.line([(0, -0.8), (side * 0.42, -1.4)], bark, 0.09)
    clumps = [(dice.uniform(-0.72, 0.72), -1.62 + dice.uniform(-0.62, 0.44), dice.uniform(0.3, 0.5)) for _ in range(17)]
    for x, y, wide in sorted(clumps, key=lambda one: -one[1]):
        near = (-y - 1.0) / 1.3
        tone = mixed(mixed(crown, (24, 20, 60), 0.34), mixed(crown, (255, 250, 220), 0.22), max(0.0, min(1.0, near)))
        pen.oval(x * (1.25 - 0.35 * near), y, wide, wide * 0.88, shaded(tone))
    for _ in range(26):
        x, y = dice.uniform(-0.8, 0.8), -1.7 + dice.uniform(-0.6, 0.5)
        pen.oval(x, y, 0.06, 0.05, mixed(crown, (255, 252, 226), 0.42))


def house(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A cottage with a chimney."""
    wall = body or dice.choice(((246, 232, 208), (232, 196, 160), (214, 224, 226)))
    roof = (228, 236, 246) if mood.season == "winter" else mixed((164, 72, 56), mood.accent, 0.3)
    pen.box(0.5, -2.1, 0.74, -1.3, shaded((150, 92, 76)))
    pen.box(0.46, -2.16, 0.78, -2.06, (110, 66, 56), 0.02)
    pen.haze([(0.62, -2.16), (0.66, -2.38), (0.84, -2.56), (1.1, -2.74)], mixed(mood.sky[-1], _WHITE, 0.6), 0.2, 0.8)
    pen.box(-0.96, -1.1, 0.96, 0.02, shaded(wall))
    pen.shape([(-1.18, -1.04), (-0.76, -1.86), (0.76, -1.86), (1.18, -1.04)], shaded(roof))
    for row in range(1, 4):
        y = -1.86 + row * 0.2
        pen.line([(-0.78 - row * 0.1, y), (0.78 + row * 0.1, y)], mixed(roof, _DARK, 0.24), 0.018)
    pen.box(-0.2, -0.72, 0.2, 0.02, shaded((122, 76, 52)), 0.03)
    pen.oval(0.12, -0.34, 0.03, 0.03, (240, 200, 90))
    for x in (-0.76, 0.4):
        pen.box(x - 0.04, -0.86, x + 0.4, -0.4, _WHITE, 0.02)
        _pane(pen, mood, x, -0.82, x + 0.36, -0.44)
        pen.line([(x + 0.18, -0.82), (x + 0.18, -0.44)], _WHITE, 0.03)
        pen.line([(x, -0.63), (x + 0.36, -0.63)], _WHITE, 0.03)


def castle(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A castle with pointed towers."""
    _ = dice
    stone = body or mixed((196, 186, 190), mood.far, 0.3)
    roof = mixed((84, 96, 156), mood.accent, 0.35)
    towers = ((-0.52, 1.5, 0.2), (0.52, 1.6, 0.2), (0.0, 2.1, 0.26), (-0.92, 1.1, 0.24), (0.92, 1.2, 0.24))
    for x, tall, half in towers:
        pen.box(x - half, -tall, x + half, 0.02, shaded(mixed(stone, mood.far, 0.2 if tall > 1.3 else 0.0)))
        pen.box(x - half * 1.2, -tall - 0.04, x + half * 1.2, -tall + 0.1, mixed(stone, _DARK, 0.16))
        pen.shape([(x - half * 1.34, -tall), (x, -tall - half * 3.0), (x + half * 1.34, -tall)], shaded(roof))
        pen.line([(x, -tall - half * 3.0), (x, -tall - half * 3.0 - 0.2)], _DARK, 0.02)
        pen.shape(
            [(x, -tall - half * 3.0 - 0.2), (x + 0.2, -tall - half * 3.0 - 0.14), (x, -tall - half * 3.0 - 0.07)],
            mood.accent,
        )
        _pane(pen, mood, x - 0.06, -tall + 0.22, x + 0.06, -tall + 0.46)
    pen.box(-0.86, -0.82, 0.86, 0.02, shaded(stone))
    for tooth in range(9):
        x = -0.84 + tooth * 0.2
        pen.box(x, -0.94, x + 0.11, -0.8, mixed(stone, _WHITE, 0.1))
    pen.blob([(-0.22, 0.02), (-0.22, -0.3), (0.0, -0.52), (0.22, -0.3), (0.22, 0.02)], (78, 54, 46))


def lighthouse(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A lighthouse on its rock."""
    _ = dice
    stripe = body or (214, 64, 58)
    pen.blob(
        [(-1.1, 0.12), (-0.8, -0.14), (-0.3, -0.3), (0.4, -0.28), (0.86, -0.1), (1.2, 0.12)],
        shaded(mixed((96, 84, 84), mood.near, 0.4)),
    )
    for band in range(5):
        low, high = band / 5, (band + 1) / 5
        left, right = 0.36 - 0.13 * low, 0.36 - 0.13 * high
        y, top = -0.22 - 1.6 * low, -0.22 - 1.6 * high
        tone = _WHITE if band % 2 else stripe
        pen.shape([(-left, y), (left, y), (right, top), (-right, top)], tone)
    pen.box(-0.32, -1.9, 0.32, -1.8, (60, 56, 66), 0.02)
    pen.box(-0.19, -2.2, 0.19, -1.88, ((255, 246, 200), _LAMP))
    for x in (-0.19, -0.06, 0.06, 0.19):
        pen.line([(x, -2.2), (x, -1.88)], (60, 56, 66), 0.02)
    pen.blob([(-0.26, -2.2), (0.26, -2.2), (0.0, -2.52)], shaded(stripe))
    _pane(pen, mood, -0.06, -1.2, 0.06, -1.02)
    pen.box(-0.1, -0.56, 0.1, -0.22, (84, 58, 50), 0.05)
    pen.glow(0, -2.04, 1.6 if mood.night or mood.sun < 0.35 else 0.7, (255, 236, 170))


def pagoda(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A pagoda with curved roofs."""
    _ = dice
    wall = body or (196, 62, 50)
    roof = mixed((58, 76, 88), mood.near, 0.3)
    for floor in range(4):
        half, y = 0.72 - 0.13 * floor, -0.54 * floor
        pen.box(-half, y - 0.42, half, y + 0.02, shaded(wall))
        for x in range(-1, 2):
            _pane(pen, mood, x * half * 0.6 - 0.07, y - 0.32, x * half * 0.6 + 0.07, y - 0.12)
        reach = half * 1.46
        eave = [
            (-reach, y - 0.5),
            (-half * 0.8, y - 0.44),
            (half * 0.8, y - 0.44),
            (reach, y - 0.5),
            (half * 0.7, y - 0.6),
            (half * 0.5, y - 0.68),
            (-half * 0.5, y - 0.68),
            (-half * 0.7, y - 0.6),
        ]
        pen.shape(eave, shaded(roof))
        pen.line(
            [(-reach, y - 0.5), (-half * 0.8, y - 0.44), (half * 0.8, y - 0.44), (reach, y - 0.5)],
            (226, 180, 84),
            0.025,
        )
    pen.line([(0, -2.24), (0, -2.64)], (226, 180, 84), 0.05)
    pen.oval(0, -2.44, 0.07, 0.07, (226, 180, 84))


def windmill(pen: Pen, mood: Mood, body: Colour | None, dice: random.Random) -> None:
    """A windmill."""
    wall = body or (244, 236, 222)
    pen.shape([(-0.5, 0.02), (-0.3, -1.4), (0.3, -1.4), (0.5, 0.02)], shaded(wall))
    pen.blob(
        [(-0.36, -1.36), (0.36, -1.36), (0.2, -1.66), (0.0, -1.76), (-0.2, -1.66)],
        shaded(mixed((140, 70, 58), mood.accent, 0.3)),
    )
    pen.box(-0.14, -0.46, 0.14, 0.02, (110, 72, 52), 0.06)
    _pane(pen, mood, -0.08, -1.0, 0.08, -0.78)
    turn = dice.uniform(0, 1.5)
    for arm in range(4):
        angle = turn + arm * math.pi / 2
        dx, dy = math.cos(angle), math.sin(angle)
        tip = (dx * 1.1, -1.42 + dy * 1.1)
        start = (dx * 0.24, -1.42 + dy * 0.24)
        cloth = [start, tip, (tip[0] - dy * 0.26, tip[1] + dx * 0.26), (start[0] - dy * 0.26, start[1] + dx * 0.26)]
        pen.shape(cloth, (250, 246, 238))
        pen.line([(0, -1.42), tip], (98, 68, 52), 0.05)
    pen.oval(0, -1.42, 0.09, 0.09, (98, 68, 52))
