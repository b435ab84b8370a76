"""The land: hills, meadow, dunes, water and the seabed, layer behind layer in ever thinner air; a table in front."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qwave_jupyter.demo.painting.lighting import Colour, mix
from qwave_jupyter.demo.painting.scene import Scene
from qwave_jupyter.demo.painting.shapes import Point, make_gradient
from qwave_jupyter.demo.painting.textures import apply_curve, make_noise, mottle
from qwave_jupyter.demo.painting.woods import draw_trees

__all__ = ["draw_bank", "draw_grass_fringe", "draw_ground", "draw_hills", "draw_table"]
_OAK: Colour = (158, 104, 66)


def draw_hills(scene: Scene, *, rocky: bool, wooded: float) -> None:
    """Draw the hills from far to near; ``wooded`` is the height of their trees, 0 for none."""
    mood, dice = scene.mood, scene.fork()
    if mood.place == "underwater":
        _draw_seabed(scene)
        return
    width, height = scene.image.size
    short = min(scene.unit * 12, height)
    layers = 5
    for layer in range(layers):
        depth = layer / (layers - 1)
        base = scene.horizon + (height - scene.horizon) * 0.34 * depth**1.4
        tall = short * (0.15 - 0.1 * depth)
        rough = 0.0
        if rocky and layer < 3:
            tall, rough = short * (0.4 - 0.1 * layer), 1.0
        elif mood.place == "desert":
            tall *= 0.55
        elif mood.place == "space":
            rough, tall = 0.6, tall * 0.8
        elif mood.place == "sea" and depth > 0.3:
            break
        line = _make_ridge(width, dice, base, tall, rough)
        shade = mix(mood.far, mood.near, 0.1 + 0.62 * depth)
        shade = mix(shade, mood.leaf, 0.45 * depth if not rocky or layer >= 3 else 0.0)
        foot = mix(shade, mood.far, 0.6 - 0.25 * depth)
        if wooded and layer >= layers - 3:
            draw_trees(scene, line, scene.unit * (0.16 + 0.34 * depth) * wooded, shade, foot)
        _draw_layer(scene, line, shade, foot, height * (0.32 - 0.1 * depth))
        if rocky and layer < 3 and mood.place != "desert":
            _draw_snow(scene, line, shade, tall)


def draw_ground(scene: Scene) -> None:
    """Draw the foreground: water with reflections, a meadow, dunes, or craters."""
    mood = scene.mood
    if mood.place == "underwater":
        return
    if mood.wet:
        _draw_water(scene)
        return
    width, height = scene.image.size
    base = scene.horizon + (height - scene.horizon) * 0.45
    line = _make_ridge(width, scene.fork(), base, scene.unit * 0.5, 0.0)
    top, low = mix(mood.leaf, mood.near, 0.12), mix(mood.leaf, mood.near, 0.8)
    top = mix(top, mood.light, 0.16 if not mood.night else 0.04)
    _draw_layer(scene, line, top, low, height - base, rough=0.5)
    if mood.place == "desert":
        for fold in range(3):
            dune = _make_ridge(width, scene.dice, base + (height - base) * (0.25 + 0.25 * fold), scene.unit * 0.6, 0.0)
            shade = mix(mix(mood.leaf, mood.light, 0.18), mood.near, 0.22 * fold)
            _draw_layer(scene, dune, shade, mix(shade, mood.near, 0.5), scene.unit * 3)
    elif mood.place == "space":
        _draw_craters(scene, base)
    elif scene.fine:
        _draw_tufts(scene, base)


def draw_bank(scene: Scene) -> None:
    """Draw a near shore, on which motifs stand beside water."""
    width, height = scene.image.size
    mood = scene.mood
    base = scene.floor - scene.unit * 0.7
    sand = mix(mood.leaf, (222, 190, 140), 0.75 if mood.place == "sea" else 0.1)
    sand = mix(sand, mood.near, 0.7 if mood.night else 0.15)
    line = _make_ridge(width, scene.fork(), base, scene.unit * 0.35, 0.0)
    _draw_layer(scene, line, mix(sand, mood.light, 0.12), mix(sand, mood.near, 0.55), height - base)


def _draw_water(scene: Scene) -> None:
    width, height = scene.image.size
    mood, dice = scene.mood, scene.fork()
    line = round(scene.horizon + (height - scene.horizon) * (0.16 if mood.place == "sea" else 0.3))
    depth = height - line
    if depth < 4:
        return
    source = scene.image.crop((0, max(0, line - round(depth * 1.6)), width, line))
    mirror = source.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((width, depth), Image.Resampling.BICUBIC)
    mirror = mirror.filter(ImageFilter.GaussianBlur(max(1.0, width / 500)))
    step = max(2, height // 360)
    shift = dice.uniform(0, 6)
    waved = mirror.copy()
    for row in range(0, depth, step):
        near = row / depth
        move = math.sin(row / step * 0.9 + shift) * math.sin(row / step * 0.31) * width * (0.003 + 0.012 * near)
        strip = mirror.crop((0, row, width, min(depth, row + step)))
        waved.paste(strip, (round(move), row))
    tone = make_gradient((mix(mood.sky[-1], mood.far, 0.5), mix(mood.sky[0], mood.near, 0.55)), (width, depth))
    water = Image.blend(waved, tone, 0.42)
    _draw_glitter(water, scene)
    scene.image.paste(water, (0, line))
    if scene.lines is not None:
        above = scene.lines.crop((0, max(0, line - depth), width, line)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        scene.lines.paste(0, (0, line, width, height))
        scene.lines.paste(above.point([value // 4 for value in range(256)]), (0, line))
        scene.lines.paste(200, (0, line, width, line + max(1, height // 700)))


def _draw_glitter(water: Image.Image, scene: Scene) -> None:
    width, depth = water.size
    dice, mood = scene.fork(), scene.mood
    sheen = Image.new("L", (width, depth))
    pen = ImageDraw.Draw(sheen)
    for _ in range(240 if scene.fine else 60):
        near = dice.random() ** 1.3
        y = near * depth
        spread = width * (0.015 + 0.09 * near)
        on_path = dice.random() < 0.7
        x = dice.gauss(scene.light[0], spread) if on_path else dice.random() * width
        long = width * (0.006 + 0.03 * near) * dice.uniform(0.4, 1.4)
        thick = max(1, round(depth * 0.006 * (0.3 + near)))
        pen.line([(x - long, y), (x + long, y)], fill=dice.randrange(90, 230) if on_path else 46, width=thick)
    sheen = sheen.filter(ImageFilter.GaussianBlur(max(0.6, width / 1400)))
    water.paste(mix(mood.light, (255, 255, 255), 0.3), (0, 0), sheen)
    shore = Image.new("L", (1, depth))
    for row in range(min(depth, max(3, depth // 12))):
        shore.putpixel((0, row), round(90 * (1 - row / max(3, depth // 12))))
    water.paste(mood.far, (0, 0), shore.resize((width, depth)))


def draw_grass_fringe(scene: Scene) -> None:
    """Draw some grass over the feet of near motifs."""
    mood = scene.mood
    if mood.place != "land" or not scene.fine or mood.wet:
        return
    width, height = scene.image.size
    dice = scene.fork()
    pen = ImageDraw.Draw(scene.image)
    for near in sorted(dice.random() for _ in range(90)):
        x, y = dice.random() * width, scene.floor + scene.unit * 0.16 + (height - scene.floor) * near
        tall = scene.unit * (0.16 + 0.26 * near) * dice.uniform(0.6, 1.2)
        shade = mix(mix(mood.leaf, mood.near, 0.3 + 0.5 * dice.random()), mood.near, 0.3 * near)
        for blade in range(4):
            lean = (blade - 1.5) * tall * 0.3 + dice.uniform(-0.1, 0.1) * tall
            thick = max(0.8, tall * 0.05)
            pen.polygon([(x - thick, y), (x + thick, y), (x + lean, y - tall)], fill=shade)


def _draw_tufts(scene: Scene, base: float) -> None:
    """Draw grass with flowers or frost, thicker and darker in front."""
    width, height = scene.image.size
    dice, mood = scene.fork(), scene.mood
    pen = ImageDraw.Draw(scene.image)
    blossoms = {"spring": mood.accent, "autumn": (226, 130, 44), "winter": (250, 252, 255)}
    bloom = blossoms.get(mood.season, mix(mood.accent, (255, 250, 230), 0.35))
    for near in sorted(dice.random() for _ in range(round(260 * (1 + scene.fine) / 2))):
        x, y = dice.random() * width, base + scene.unit * 0.5 + (height - base) * near
        tall = scene.unit * (0.08 + 0.3 * near) * dice.uniform(0.5, 1.2)
        shade = mix(mix(mood.leaf, mood.light, 0.24 * dice.random()), mood.near, 0.3 + 0.5 * near * dice.random())
        for blade in range(3):
            lean = (blade - 1) * tall * 0.32 + dice.uniform(-0.1, 0.1) * tall
            thick = max(0.7, tall * 0.055)
            pen.polygon([(x - thick, y), (x + thick, y), (x + lean, y - tall)], fill=shade)
        if dice.random() < 0.2:
            dot = scene.unit * (0.02 + 0.05 * near)
            at = x + dice.uniform(-0.4, 0.4) * tall, y - tall
            pen.ellipse((at[0] - dot, at[1] - dot * 0.8, at[0] + dot, at[1] + dot * 0.8), fill=mix(bloom, shade, 0.15))


def _draw_craters(scene: Scene, base: float) -> None:
    width, height = scene.image.size
    dice, mood = scene.fork(), scene.mood
    pen = ImageDraw.Draw(scene.image)
    for near in sorted(dice.random() for _ in range(9)):
        x, y = dice.random() * width, base + scene.unit * 0.7 + (height - base) * near
        wide = scene.unit * (0.25 + 1.0 * near) * dice.uniform(0.6, 1.2)
        flat = wide * 0.28
        rim, pit = mix(mood.leaf, mood.light, 0.3), mix(mood.near, (0, 0, 0), 0.35)
        pen.ellipse((x - wide, y - flat, x + wide, y + flat), fill=rim)
        pen.ellipse((x - wide * 0.94, y - flat * 0.8, x + wide * 0.94, y + flat * 1.02), fill=pit)


def _make_ridge(width: int, dice: random.Random, base: float, tall: float, rough: float) -> list[Point]:
    """Return the outline of a hill from left to right: ``rough`` is 0 for a soft hill, 1 for a mountain."""
    waves = [(rate * dice.uniform(0.7, 1.4), dice.uniform(0, 7), 1 / rate**0.92) for rate in (1, 2.1, 4.3, 8.7, 17, 35)]
    waves = waves if rough else waves[:3]
    shift = dice.uniform(0, 50)
    peaks = [dice.uniform(0.34, 1.0) for _ in range(64)]
    line = []
    for x in range(0, width + 4, 3):
        position = x / width
        high = sum(math.sin(position * 6.3 * rate + turn) * weight for rate, turn, weight in waves) / 2.4
        if rough:
            # Peaks: straight flanks between thrown heights, roughened by the faster waves.
            step = position * 5.2 + shift
            left, part = int(step) % 64, step % 1
            one, other = (peaks[left] ** 0.8, peaks[(left + 1) % 64] ** 0.8)
            one, other = (one, other * 0.35) if left % 2 else (one * 0.35, other)
            flank = one + (other - one) * part
            fast = sum(math.sin(position * 40 * rate + turn) * weight for rate, turn, weight in waves[2:])
            high = high * (1 - rough) + rough * (flank * 1.25 - 0.1 + fast * 0.07)
        line.append((float(x), base - high * tall))
    return line


def _draw_layer(
    scene: Scene, line: Sequence[Point], top: Colour, foot: Colour, fade: float, rough: float = 0.16
) -> None:
    """Draw all below a ridge, from its colour ``top`` to ``foot`` within ``fade`` pixels, lit by the light."""
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
    fill.paste(make_gradient((top, mix(top, foot, 0.6), foot), (width, reach)), (0, 0))
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


def _draw_snow(scene: Scene, line: Sequence[Point], rock: Colour, tall: float) -> None:
    """Draw snow on the upper part of a ridge, with a torn lower edge."""
    highest = min(y for _, y in line)
    limit = highest + tall * 0.42
    dice = scene.dice
    lower = []
    for index, (x, y) in enumerate(line):
        reach = max(0.0, limit - y)
        torn = 0.55 + 0.45 * math.sin(index * 0.9) * math.sin(index * 0.23) + dice.uniform(-0.12, 0.12)
        lower.append((x, y + reach * max(0.1, torn) * 0.8))
    width, height = scene.image.size
    top, bottom = max(0, math.floor(highest) - 2), min(height, math.ceil(limit + tall * 0.2))
    if bottom - top < 3:
        return
    mask = Image.new("L", (width * 2, (bottom - top) * 2))
    outline = [*line, *reversed(lower)]
    ImageDraw.Draw(mask).polygon([(x * 2, (y - top) * 2) for x, y in outline], fill=225)
    white = mix((250, 251, 255), scene.mood.light, 0.3) if not scene.mood.night else (176, 186, 222)
    fill = make_gradient((mix(white, rock, 0.05), mix(white, rock, 0.55)), (width, bottom - top))
    scene.image.paste(fill, (0, top), mask.reduce(2))


def _draw_seabed(scene: Scene) -> None:
    """Draw the bed of the sea, rays of light, weeds and bubbles."""
    width, height = scene.image.size
    mood, dice = scene.mood, scene.fork()
    rays = Image.new("L", (max(8, width // 4), max(8, height // 4)))
    pen = ImageDraw.Draw(rays)
    source = rays.width * dice.uniform(0.3, 0.7)
    for _ in range(9):
        x = source + dice.uniform(-0.6, 0.6) * rays.width
        wide = rays.width * dice.uniform(0.02, 0.07)
        foot = x + (x - source) * 1.2
        pen.polygon(
            [(x - wide / 3, 0), (x + wide / 3, 0), (foot + wide, rays.height), (foot - wide, rays.height)], fill=80
        )
    fade = ImageChops.invert(Image.linear_gradient("L").resize(rays.size))
    rays = ImageChops.multiply(rays.filter(ImageFilter.GaussianBlur(rays.width / 60)), fade)
    scene.image.paste(mood.light, (0, 0), rays.resize((width, height), Image.Resampling.BICUBIC))
    for layer in range(3):
        base = height * (0.78 + 0.07 * layer)
        shade = mix(mix(mood.sky[2], mood.near, 0.35 + 0.3 * layer), (214, 190, 140), 0.1 + 0.04 * layer)
        line = _make_ridge(width, dice, base, scene.unit * 1.1, 0.0)
        _draw_layer(scene, line, shade, mix(shade, mood.near, 0.6), height * 0.2)
        _draw_weeds(scene, base, layer)
    pen = ImageDraw.Draw(scene.image)
    for _ in range(40 * scene.fine + 20):
        x, y, wide = dice.random() * width, dice.random() * height, scene.unit * dice.uniform(0.02, 0.12)
        pen.ellipse((x - wide, y - wide, x + wide, y + wide), outline=mix(mood.light, mood.sky[2], 0.45))


def _draw_weeds(scene: Scene, base: float, layer: int) -> None:
    width = scene.image.width
    dice, mood = scene.fork(), scene.mood
    pen = ImageDraw.Draw(scene.image)
    for _ in range(7):
        x, tall = dice.random() * width, scene.unit * dice.uniform(0.8, 2.4)
        tone = dice.choice((mood.leaf, mood.leaf, mood.accent, (196, 84, 140)))
        shade = mix(mix(mood.sky[2], mood.near, 0.4), tone, 0.25 + 0.2 * layer)
        turn = dice.uniform(0, 6)
        path = [
            (x + math.sin(step / 12 * 3.4 + turn) * tall * 0.12 * step / 12, base + scene.unit * 0.6 - tall * step / 12)
            for step in range(13)
        ]
        for (ax, ay), (bx, by), step in zip(path, path[1:], range(13), strict=False):
            pen.line([(ax, ay), (bx, by)], fill=shade, width=max(1, round(scene.unit * 0.16 * (1 - step / 14))))


def draw_table(scene: Scene) -> None:
    """Draw a wooden table in front, and blur everything behind it."""
    mood, dice = scene.mood, scene.fork()
    width, height = scene.image.size
    edge = round(height * 0.74)
    scene.image.paste(scene.image.filter(ImageFilter.GaussianBlur(scene.unit * 0.2)))
    _draw_blurred_lights(scene, edge)
    if scene.lines is not None:
        scene.lines.paste(0, (0, 0, width, height))
    wood = mix(mix(_OAK, mood.near, 0.55 if mood.night else 0.2), mood.accent, 0.08)
    size = width, height - edge
    board = make_gradient((mix(wood, mood.light, 0.3), wood, mix(wood, (30, 18, 22), 0.45)), size)
    # Long fibres, and the joints of the planks.
    fibre = make_noise(size, dice, (2.2, 26.0), 4, 0.7)
    board.paste(mix(wood, (40, 20, 14), 0.6), (0, 0), apply_curve(fibre, 110, 235, 120))
    pen = ImageDraw.Draw(board)
    for plank in (0.0, 0.2, 0.52):
        y = round(size[1] * plank)
        pen.line([(0, y), (width, y)], fill=mix(wood, (24, 12, 10), 0.55), width=max(1, height // 400))
        lower = y + max(1, height // 400)
        pen.line([(0, lower), (width, lower)], fill=mix(wood, mood.light, 0.4), width=max(1, height // 700))
    shine = Image.radial_gradient("L").resize((width, size[1] * 2), Image.Resampling.BICUBIC)
    soft = shine.point([round(120 * max(0.0, 1 - value / 181) ** 1.7) for value in range(256)])
    board.paste(mix(mood.light, mood.sky[-1], 0.2), (round(scene.light[0] - width / 2), -size[1]), soft)
    shape = Image.new("L", size, 255)
    scene.image.paste(board, (0, edge))
    scene.outline((0, edge), shape)


def _draw_blurred_lights(scene: Scene, edge: int) -> None:
    """Draw round blurs of distant lights."""
    mood, dice = scene.mood, scene.fork()
    width, height = scene.image.size
    for layer in range(2):
        mask = Image.new("L", (width, height))
        pen = ImageDraw.Draw(mask)
        for _ in range(9):
            x, y = dice.random() * width, edge - abs(dice.gauss(0.16, 0.14)) * height
            wide = scene.unit * dice.uniform(0.12, 0.42) * (1 + 0.4 * layer)
            pen.ellipse((x - wide, y - wide, x + wide, y + wide), fill=dice.randrange(24, 84))
        tone = mix(mood.light, mood.accent, 0.35 * layer)
        scene.image.paste(tone, (0, 0), mask.filter(ImageFilter.GaussianBlur(max(0.8, scene.unit / 60))))
