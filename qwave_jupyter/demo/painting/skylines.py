"""What people built across a whole view: a city behind the water, a bridge from side to side."""

from __future__ import annotations

from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qwave_jupyter.demo.painting.lighting import Colour, mix
from qwave_jupyter.demo.painting.scene import Scene
from qwave_jupyter.demo.painting.shapes import make_gradient

__all__ = ["draw_bridge", "draw_city"]

_LAMPS: tuple[Colour, ...] = ((255, 214, 138), (255, 236, 190), (255, 190, 110))
_NEON: tuple[Colour, ...] = ((255, 64, 168), (52, 224, 255), (168, 92, 255), (255, 170, 60))


def draw_city(scene: Scene, *, neon: bool = False) -> None:
    """Draw a skyline in three depths, its windows lit in the dark, with neon signs on the nearest houses."""
    mood, dice = scene.mood, scene.fork()
    width, height = scene.image.size
    base = round(scene.horizon + (height - scene.horizon) * (0.3 if mood.wet else 0.42))
    dark = mood.night or mood.sun < 0.35
    layers = 3 if scene.fine else 2
    for layer in range(layers):
        depth = layer / max(1, layers - 1)
        glow = Image.new("RGB", (width, base))
        lamps = ImageDraw.Draw(glow)
        mask = Image.new("L", (width * 2, base * 2))
        pen = ImageDraw.Draw(mask)
        shade = mix(mood.far, mood.near, 0.22 + 0.56 * depth)
        tallest = scene.unit * (4.6 - 1.1 * depth)
        windows: list[tuple[float, float, float, float, Colour]] = []
        x = -scene.unit * dice.random()
        while x < width:
            wide = scene.unit * dice.uniform(0.42, 0.85) * (0.8 + 0.7 * depth)
            centre = 1 - abs((x + wide / 2) / width - 0.5) * 0.9
            tall = tallest * dice.uniform(0.25, 1.0) * centre
            top = base - tall
            pen.rectangle((x * 2, top * 2, (x + wide) * 2, base * 2), fill=255)
            _draw_roof(pen, dice.randrange(5), x, top, wide, scene.unit)
            _add_windows(scene, windows, (x, top, wide, base), depth, dark=dark)
            if neon and layer == layers - 1 and dice.random() < 0.7:
                _draw_neon_sign(lamps, scene, x, top, wide)
            x += wide * dice.uniform(0.86, 1.25)
        reach = max(2, round(tallest))
        foot = mix(shade, mood.far, 0.5 - 0.2 * depth)
        body = Image.new("RGB", (width, base), shade)
        body.paste(
            make_gradient((mix(shade, mood.light, 0.05), shade, foot), (width, min(base, reach))),
            (0, max(0, base - reach)),
        )
        paint = ImageDraw.Draw(body)
        for left, top, right, bottom, colour in windows:
            paint.rectangle((left, top, right, bottom), fill=colour)
            if dark:
                lamps.rectangle((left, top, right, bottom), fill=mix((0, 0, 0), colour, 0.8))
        shape = mask.reduce(2)
        scene.image.paste(body, (0, 0), shape)
        scene.outline((0, 0), shape, body if layer else None)
        if dark:
            small = glow.reduce(3) if width > 60 and base > 60 else glow
            soft = small.filter(ImageFilter.GaussianBlur(max(1.5, scene.unit / 22)))
            soft = soft.point([min(255, round(value * 1.9)) for value in range(256)] * 3).resize(glow.size)
            upper = scene.image.crop((0, 0, width, base))
            scene.image.paste(ImageChops.screen(ImageChops.lighter(upper, glow) if neon else upper, soft), (0, 0))


def draw_bridge(scene: Scene) -> None:
    """Draw a suspension bridge across the view."""
    mood, dice = scene.mood, scene.fork()
    width, height = scene.image.size
    steel = mix((206, 74, 52), mood.near, 0.45 if mood.night else 0.18)
    steel = mix(steel, mood.far, 0.2)
    deck = scene.horizon + (height - scene.horizon) * 0.05
    water = scene.horizon + (height - scene.horizon) * 0.42
    top = deck - scene.unit * 2.6
    first, second = width * dice.uniform(0.2, 0.26), width * dice.uniform(0.72, 0.8)
    times = 2
    sheet = Image.new("L", (width * times, height * times))
    pen = ImageDraw.Draw(sheet)
    thin = max(1, round(scene.unit * 0.03 * times))

    def line(points: list[tuple[float, float]], wide: float) -> None:
        pen.line(
            [(x * times, y * times) for x, y in points], fill=255, width=max(1, round(wide * times)), joint="curve"
        )

    anchors = (first - width * 0.45, first, second, second + width * 0.45)
    for index, (left, right) in enumerate(pairwise(anchors)):
        sag = _make_cable(index, (left, right), top, deck, scene.unit * 0.12)
        line(sag, scene.unit * 0.06)
        for x, y in sag:
            pen.line([(x * times, y * times), (x * times, deck * times)], fill=170, width=thin)
    pen.rectangle((0, deck * times, width * times, (deck + scene.unit * 0.16) * times), fill=255)
    for x in (first, second):
        half = scene.unit * 0.17
        for shift in (-half, half):
            wide = scene.unit * 0.075
            pen.rectangle(
                ((x + shift - wide) * times, top * times, (x + shift + wide) * times, water * times), fill=255
            )
        for brace in range(4):
            y = top + (deck - top) * brace / 4 + scene.unit * 0.1
            pen.rectangle(((x - half) * times, y * times, (x + half) * times, (y + scene.unit * 0.1) * times), fill=255)
    shape = sheet.reduce(times)
    scene.image.paste(
        make_gradient((mix(steel, mood.light, 0.2), steel, mix(steel, mood.near, 0.4)), (width, height)),
        (0, 0),
        shape,
    )
    scene.outline((0, 0), shape)
    if mood.night:
        glow = ImageDraw.Draw(scene.image)
        for step in range(60):
            x = width * step / 60
            dot = scene.unit * 0.03
            glow.ellipse((x - dot, deck - dot * 3, x + dot, deck - dot), fill=(255, 226, 160))


def _make_cable(
    index: int, ends: tuple[float, float], top: float, deck: float, above: float
) -> list[tuple[float, float]]:
    """Return the sagging cable of one of three spans."""
    left, right = ends
    line = []
    for step in range(41):
        part = step / 40
        if index == 1:
            y = top + (deck - top - above) * (1 - (2 * part - 1) ** 2)
        else:
            y = deck + (top - deck) * (part if index == 0 else 1 - part) ** 2
        line.append((left + (right - left) * part, y))
    return line


def _draw_roof(pen: ImageDraw.ImageDraw, kind: int, x: float, top: float, wide: float, unit: float) -> None:
    middle = x + wide / 2
    if kind == 0:
        pen.rectangle(
            ((middle - unit * 0.02) * 2, (top - unit * 0.6) * 2, (middle + unit * 0.02) * 2, top * 2), fill=255
        )
        pen.rectangle(((x + wide * 0.25) * 2, (top - unit * 0.14) * 2, (x + wide * 0.75) * 2, top * 2), fill=255)
    elif kind == 1:
        pen.polygon([(x * 2, top * 2), (middle * 2, (top - wide * 0.42) * 2), ((x + wide) * 2, top * 2)], fill=255)
    elif kind == 2:
        pen.polygon([(x * 2, top * 2), (x * 2, (top - wide * 0.4) * 2), ((x + wide) * 2, top * 2)], fill=255)
    elif kind == 3:
        for step in (0.14, 0.28):
            pen.rectangle(
                ((x + wide * step) * 2, (top - wide * step) * 2, (x + wide * (1 - step)) * 2, top * 2), fill=255
            )


def _add_windows(
    scene: Scene,
    found: list[tuple[float, float, float, float, Colour]],
    house: tuple[float, float, float, float],
    depth: float,
    *,
    dark: bool,
) -> None:
    dice, mood = scene.dice, scene.mood
    x, top, wide, base = house
    columns = max(2, round(wide / scene.unit * 6))
    step = wide / (columns + 0.6)
    lit_share = dice.uniform(0.2, 0.62) if dark else 0.75
    size = step * 0.46
    y = top + step * 0.9
    while y < base:
        for index in range(columns):
            if dice.random() < lit_share:
                left = x + step * (index + 0.55)
                if dark:
                    colour = mix(mood.far, dice.choice(_LAMPS), 0.4 + 0.6 * depth)
                else:
                    colour = mix(
                        mix(mood.far, mood.near, 0.22 + 0.56 * depth), mood.sky[-1], 0.2 + 0.14 * dice.random()
                    )
                found.append((left, y, left + size, y + size * 1.25, colour))
        y += step * 1.35


def _draw_neon_sign(lamps: ImageDraw.ImageDraw, scene: Scene, x: float, top: float, wide: float) -> None:
    dice = scene.dice
    colour = dice.choice(_NEON)
    thick = max(2, round(scene.unit * 0.05))
    if dice.random() < 0.5:
        left, tall = x + wide * dice.uniform(0.1, 0.7), scene.unit * dice.uniform(0.7, 1.6)
        y = top + scene.unit * 0.3
        lamps.rounded_rectangle((left, y, left + scene.unit * 0.26, y + tall), thick, outline=colour, width=thick)
        for mark in range(round(tall / (scene.unit * 0.24))):
            at = y + scene.unit * (0.1 + 0.24 * mark)
            lamps.line(
                [(left + thick * 1.6, at), (left + scene.unit * 0.26 - thick * 1.6, at)], fill=colour, width=thick
            )
    else:
        lamps.line([(x, top), (x + wide, top)], fill=colour, width=thick)
        lamps.line([(x + wide, top), (x + wide, top + scene.unit * dice.uniform(1, 2.4))], fill=colour, width=thick)
