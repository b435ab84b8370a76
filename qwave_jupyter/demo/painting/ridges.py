"""Layers of land: a ridge, what lies below it, the snow on top of it."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from PIL import Image, ImageDraw

from qwave_jupyter.demo.painting.lighting import Colour, mix
from qwave_jupyter.demo.painting.scene import Scene
from qwave_jupyter.demo.painting.shapes import Point, column
from qwave_jupyter.demo.painting.textures import mottle

__all__ = ["lay", "ridge", "snow_on"]


def ridge(width: int, dice: random.Random, base: float, tall: float, rough: float) -> list[Point]:
    """The outline of a hill, from left to right.

    Args:
        width: of the image in pixels.
        dice: decides it.
        base: about which height it swings, in pixels from the top.
        tall: how far it swings, in pixels.
        rough: 0 for a soft hill, 1 for a mountain.
    """
    waves = [(rate * dice.uniform(0.7, 1.4), dice.uniform(0, 7), 1 / rate**0.92) for rate in (1, 2.1, 4.3, 8.7, 17, 35)]
    waves = waves if rough else waves[:3]
    shift = dice.uniform(0, 50)
    peaks = [dice.uniform(0.34, 1.0) for _ in range(64)]
    line = []
    for x in range(0, width + 4, 3):
        place = x / width
        high = sum(math.sin(place * 6.3 * rate + turn) * weight for rate, turn, weight in waves) / 2.4
        if rough:
            # Peaks: straight flanks between thrown heights, roughened by the faster waves.
            step = place * 5.2 + shift
            left, part = int(step) % 64, step % 1
            one, other = (peaks[left] ** 0.8, peaks[(left + 1) % 64] ** 0.8)
            one, other = (one, other * 0.35) if left % 2 else (one * 0.35, other)
            flank = one + (other - one) * part
            fast = sum(math.sin(place * 40 * rate + turn) * weight for rate, turn, weight in waves[2:])
            high = high * (1 - rough) + rough * (flank * 1.25 - 0.1 + fast * 0.07)
        line.append((float(x), base - high * tall))
    return line


def lay(scene: Scene, line: Sequence[Point], top: Colour, foot: Colour, fade: float, rough: float = 0.16) -> None:
    """All that lies below a ridge, brighter where the light falls on it.

    Args:
        scene: is changed.
        line: the ridge.
        top: its colour at the ridge.
        foot: its colour further down, which for far hills is that of the mist.
        fade: over how many pixels the one becomes the other.
        rough: 0 to 1, how mottled it is.
    """
    width, height = scene.image.size
    upper = max(0, math.floor(min(y for _, y in line) - 2))
    if upper >= height - 1:
        return
    tall = height - upper
    mask = Image.new("L", (width * 2, tall * 2))
    pen = ImageDraw.Draw(mask)
    pen.polygon([*((x * 2, (y - upper) * 2) for x, y in line), (width * 2 + 8, tall * 2), (0, tall * 2)], fill=255)
    reach = min(tall, max(2, round(fade)))
    fill = Image.new("RGB", (width, tall), foot)
    fill.paste(column((top, mix(top, foot, 0.6), foot), (width, reach)), (0, 0))
    if scene.fine and tall > 24:
        fill = mottle(fill, scene.fork(), (3.0 * width / height, 10.0 * tall / height), rough, 5)
    glow = Image.radial_gradient("L").resize((width, max(4, min(tall * 2, width))), Image.Resampling.BICUBIC)
    shine = 46 if scene.mood.night else 96
    shine = 0 if scene.mood.weather & {"rain", "storm", "fog", "snow"} else shine
    soft = glow.point([round(shine * max(0.0, 1 - value / 181) ** 1.6) for value in range(256)])
    fill.paste(scene.mood.light, (round(scene.light[0] - width / 2), -soft.height // 2), soft)
    shape = mask.reduce(2)
    scene.image.paste(fill, (0, upper), shape)
    scene.outline((0, upper), shape)


def snow_on(scene: Scene, line: Sequence[Point], rock: Colour, tall: float) -> None:
    """Snow on what is high, its lower edge torn, brighter towards the light.

    Args:
        scene: is changed.
        line: the ridge.
        rock: the colour below.
        tall: how far the ridge swings, in pixels.
    """
    highest = min(y for _, y in line)
    limit = highest + tall * 0.42
    dice = scene.dice
    lower = []
    for place, (x, y) in enumerate(line):
        reach = max(0.0, limit - y)
        torn = 0.55 + 0.45 * math.sin(place * 0.9) * math.sin(place * 0.23) + dice.uniform(-0.12, 0.12)
        lower.append((x, y + reach * max(0.1, torn) * 0.8))
    width, height = scene.image.size
    top, bottom = max(0, math.floor(highest) - 2), min(height, math.ceil(limit + tall * 0.2))
    if bottom - top < 3:
        return
    mask = Image.new("L", (width * 2, (bottom - top) * 2))
    outline = [*line, *reversed(lower)]
    ImageDraw.Draw(mask).polygon([(x * 2, (y - top) * 2) for x, y in outline], fill=225)
    white = mix((250, 251, 255), scene.mood.light, 0.3) if not scene.mood.night else (176, 186, 222)
    fill = column((mix(white, rock, 0.05), mix(white, rock, 0.55)), (width, bottom - top))
    scene.image.paste(fill, (0, top), mask.reduce(2))
