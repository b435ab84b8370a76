"""What the words of a prompt put into the scene."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qwave_jupyter.demo.moods import Mood, mixed

__all__ = ["draw_motif", "motifs_in"]

_MOST = 3
_WORDS = {
    "mountains": r"mountain|alps|peak|\bhills?\b|山",
    "city": r"city|town|street|skyline|building|tokyo|城市|街|楼",
    "trees": r"trees?\b|forest|wood|park|garden|林|树|公园|花园",
    "castle": r"castle|palace|tower|temple|城堡|宫|塔|寺",
    "boat": r"boat|ship|\bsail|船|帆",
    "flowers": r"flower|\brose|tulip|blossom|花",
    "balloons": r"balloon|气球",
    "robot": r"robot|android|机器人",
    "cat": r"\bcats?\b|kitten|猫",
    "dog": r"\bdogs?\b|puppy|corgi|shiba|狗|犬",
}


def motifs_in(prompt: str) -> list[str]:
    """The motifs that a prompt calls, from far to near; trees where it calls none.

    Args:
        prompt: the words in lower case.
    """
    return [name for name, words in _WORDS.items() if re.search(words, prompt)][-_MOST:] or ["trees"]


def draw_motif(name: str, scene: Image.Image, mood: Mood, dice: random.Random) -> None:
    """Draw one motif into a scene.

    Args:
        name: one of :func:`motifs_in`.
        scene: is changed.
        mood: its light.
        dice: decides where and how.
    """
    _DRAWN[name](scene, mood, dice)


def _mountains(scene: Image.Image, mood: Mood, dice: random.Random) -> None:
    width, height = scene.size
    pen = ImageDraw.Draw(scene)
    for step in range(4):
        x, y = width * dice.uniform(0.1, 0.9), height * dice.uniform(0.24, 0.42)
        half, base = width * dice.uniform(0.22, 0.4), height * (0.68 + 0.04 * step)
        rock = mixed(mood.low, mood.ground, 0.35 + 0.15 * step)
        pen.polygon([(x, y), (x + half, base), (x - half, base)], fill=rock)
        pen.polygon([(x, y), (x + half, base), (x + half * 0.1, base)], fill=mixed(rock, (0, 0, 0), 0.2))
        deep = (base - y) * 0.28
        cap = [(x, y), (x + half * 0.28, y + deep), (x + half * 0.08, y + deep * 0.7), (x - half * 0.28, y + deep)]
        pen.polygon(cap, fill=mixed((250, 250, 255), mood.low, 0.2))


def _city(scene: Image.Image, mood: Mood, dice: random.Random) -> None:
    width, height = scene.size
    pen = ImageDraw.Draw(scene)
    glow = Image.new("RGB", scene.size)
    lamps = ImageDraw.Draw(glow)
    for layer in range(3):
        ground = height * (0.74 + 0.06 * layer)
        x = -dice.randrange(30)
        while x < width:
            wide = dice.randrange(max(9, width // 26), max(14, width // 11))
            top = ground - height * dice.uniform(0.14, 0.48 - 0.08 * layer)
            pen.rectangle((x, top, x + wide, height), fill=mixed(mood.low, mood.ground, 0.45 + 0.27 * layer))
            step = max(4, wide // 6)
            for row in range(int(top) + step, int(ground), step * 2):
                for column in range(x + step, x + wide - step, step * 2):
                    if dice.random() < 0.33:
                        lit = mood.accent if dice.random() < 0.3 else mood.light
                        window = (column, row, column + step // 2, row + step // 2)
                        pen.rectangle(window, fill=lit)
                        lamps.rectangle(window, fill=lit)
            x += wide + dice.randrange(2, 8)
    if scene.mode == "RGB":
        shine = glow.filter(ImageFilter.GaussianBlur(max(2, width // 120))).point(lambda value: min(255, value * 2))
        scene.paste(ImageChops.screen(scene, shine))
    if mood.wet and scene.mode == "RGB":
        line = round(height * 0.84)
        street = scene.crop((0, line - (height - line) * 2, width, line)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        street = street.resize((width, height - line)).filter(ImageFilter.GaussianBlur(3))
        scene.paste(Image.blend(street, Image.new("RGB", street.size, (8, 8, 16)), 0.2), (0, line))


def _trees(scene: Image.Image, mood: Mood, dice: random.Random) -> None:
    width, height = scene.size
    pen = ImageDraw.Draw(scene)
    for near in sorted(dice.random() for _ in range(26)):
        x, base = width * dice.random(), height * (0.78 + 0.24 * near)
        tall = height * (0.1 + 0.16 * near)
        leaf = mixed(mixed(mood.ground, (30, 84, 52), 0.4), mood.low, 0.35 * (1 - near))
        for tier in range(4):
            half, top = tall * (0.12 + 0.07 * tier), base - tall * (1 - tier * 0.2)
            pen.polygon([(x, top), (x + half, top + tall * 0.36), (x - half, top + tall * 0.36)], fill=leaf)


def _castle(scene: Image.Image, mood: Mood, dice: random.Random) -> None:
    width, height = scene.size
    pen = ImageDraw.Draw(scene)
    unit, left, base = min(width, height) * 0.06, width * dice.uniform(0.3, 0.55), height * 0.8
    stone = mixed(mood.ground, mood.low, 0.35)
    for shift, tall in ((0, 5.5), (2, 7.5), (4, 5), (1, 4), (3, 4)):
        x, top = left + shift * unit, base - tall * unit
        pen.rectangle((x, top, x + unit * 1.25, base), fill=stone)
        roof = [(x + unit * 0.62, top - unit * 2.2), (x - unit * 0.25, top), (x + unit * 1.5, top)]
        pen.polygon(roof, fill=mood.accent)
        pen.rectangle((x + unit * 0.45, top + unit, x + unit * 0.8, top + unit * 1.8), fill=mood.light)


def _boat(scene: Image.Image, mood: Mood, dice: random.Random) -> None:
    x, y, unit = _place(scene, dice, 0.84, 0.15)
    pen = ImageDraw.Draw(scene)
    hull = [(x - unit, y), (x + unit, y), (x + unit * 0.7, y + unit * 0.35), (x - unit * 0.7, y + unit * 0.35)]
    pen.polygon(hull, fill=(92, 54, 36))
    low = y - unit * 0.1
    pen.polygon([(x, y - unit * 1.6), (x + unit * 0.85, low), (x, low)], fill=(248, 244, 234))
    pen.polygon([(x - unit * 0.08, y - unit * 1.4), (x - unit * 0.6, low), (x - unit * 0.08, low)], fill=mood.accent)


def _flowers(scene: Image.Image, mood: Mood, dice: random.Random) -> None:
    pen = ImageDraw.Draw(scene)
    for _ in range(dice.randrange(5, 9)):
        x, y, unit = _place(scene, dice, dice.uniform(0.66, 0.86), 0.05, spread=0.45)
        pen.line([(x, y), (x, y + unit * 4)], fill=(54, 112, 62), width=max(2, int(unit / 6)))
        for petal in range(6):
            turn = petal * math.pi / 3
            at = (x + math.cos(turn) * unit * 0.6, y + math.sin(turn) * unit * 0.6)
            pen.ellipse(_around(*at, unit * 0.5, unit * 0.5), fill=mood.accent)
        pen.ellipse(_around(x, y, unit * 0.38, unit * 0.38), fill=(250, 214, 90))


def _balloons(scene: Image.Image, mood: Mood, dice: random.Random) -> None:
    pen = ImageDraw.Draw(scene)
    for _ in range(3):
        x, y, unit = _place(scene, dice, dice.uniform(0.2, 0.45), 0.085, spread=0.4)
        for side in (-1, 1):
            rope = [(x + side * unit * 0.5, y + unit), (x + side * unit * 0.18, y + unit * 1.7)]
            pen.line(rope, fill=mood.ground, width=2)
        pen.ellipse(_around(x, y, unit, unit * 1.15), fill=mood.accent)
        pen.ellipse(_around(x, y, unit * 0.45, unit * 1.15), fill=mixed(mood.accent, (255, 255, 255), 0.45))
        pen.rectangle((x - unit * 0.2, y + unit * 1.7, x + unit * 0.2, y + unit * 2), fill=(120, 78, 44))


def _robot(scene: Image.Image, mood: Mood, dice: random.Random) -> None:
    x, y, unit = _place(scene, dice, 0.68, 0.17)
    pen = ImageDraw.Draw(scene)
    steel, dark = (176, 186, 198), (70, 78, 92)
    pen.line([(x, y - unit * 1.4), (x, y - unit * 1.9)], fill=dark, width=max(2, int(unit / 14)))
    pen.ellipse(_around(x, y - unit * 1.95, unit * 0.1, unit * 0.1), fill=mood.accent)
    parts = (
        ((0, 0.28, 0.7, 0.62), steel),
        ((0, -1.0, 0.55, 0.5), steel),
        ((-0.3, 1.15, 0.15, 0.26), dark),
        ((0.3, 1.15, 0.15, 0.26), dark),
        ((-0.86, 0.2, 0.11, 0.42), dark),
        ((0.86, 0.2, 0.11, 0.42), dark),
    )
    for (right, down, wide, tall), colour in parts:
        box = _around(x + right * unit, y + down * unit, wide * unit, tall * unit)
        pen.rounded_rectangle(box, radius=unit * 0.1, fill=colour)
    for side in (-1, 1):
        pen.ellipse(_around(x + side * unit * 0.25, y - unit * 1.05, unit * 0.14, unit * 0.14), fill=mood.accent)


def _animal(scene: Image.Image, mood: Mood, dice: random.Random, *, pointed: bool) -> None:
    x, y, unit = _place(scene, dice, 0.7, 0.17)
    pen = ImageDraw.Draw(scene)
    fur, dark = mixed(mood.accent, (255, 255, 255), 0.15), mixed(mood.accent, (20, 14, 10), 0.6)
    tail = (x + unit * 0.3, y - unit * 0.6, x + unit * 1.4, y + unit)
    pen.arc(tail, 280, 90, fill=fur, width=max(3, int(unit * 0.2)))
    pen.ellipse(_around(x, y + unit * 0.35, unit * 0.75, unit * 0.85), fill=fur)
    head = y - unit * 0.8
    for side in (-1, 1):
        if pointed:
            tip = (x + side * unit * 0.56, head - unit * 0.85)
            pen.polygon([(x + side * unit * 0.62, head), tip, (x + side * unit * 0.06, head - unit * 0.4)], fill=fur)
        else:
            pen.ellipse(_around(x + side * unit * 0.62, head + unit * 0.1, unit * 0.2, unit * 0.45), fill=dark)
    pen.ellipse(_around(x, head, unit * 0.66, unit * 0.58), fill=fur)
    for side in (-1, 1):
        pen.ellipse(_around(x + side * unit * 0.26, head - unit * 0.06, unit * 0.12, unit * 0.15), fill=(250, 250, 220))
        pen.ellipse(_around(x + side * unit * 0.26, head - unit * 0.06, unit * 0.05, unit * 0.13), fill=(16, 16, 20))
        pen.ellipse(_around(x + side * unit * 0.35, y + unit * 1.12, unit * 0.28, unit * 0.14), fill=dark)
    nose = [(x - unit * 0.08, head + unit * 0.14), (x + unit * 0.08, head + unit * 0.14), (x, head + unit * 0.24)]
    pen.polygon(nose, fill=dark)


def _cat(scene: Image.Image, mood: Mood, dice: random.Random) -> None:
    _animal(scene, mood, dice, pointed=True)


def _dog(scene: Image.Image, mood: Mood, dice: random.Random) -> None:
    _animal(scene, mood, dice, pointed=False)


def _place(
    scene: Image.Image, dice: random.Random, down: float, share: float, spread: float = 0.22
) -> tuple[float, float, float]:
    width, height = scene.size
    return width * (0.5 + dice.uniform(-spread, spread)), height * down, min(width, height) * share


def _around(x: float, y: float, wide: float, tall: float) -> tuple[float, float, float, float]:
    return x - wide, y - tall, x + wide, y + tall


_DRAWN: dict[str, Callable[[Image.Image, Mood, random.Random], None]] = {
    "mountains": _mountains,
    "city": _city,
    "trees": _trees,
    "castle": _castle,
    "boat": _boat,
    "flowers": _flowers,
    "balloons": _balloons,
    "robot": _robot,
    "cat": _cat,
    "dog": _dog,
}
