"""The land: hills, meadow, dunes, water, layer behind layer in ever thinner air."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw, ImageFilter

from qwave_jupyter.demo.painting.lighting import mix
from qwave_jupyter.demo.painting.ridges import lay, ridge, snow_on
from qwave_jupyter.demo.painting.scene import Scene
from qwave_jupyter.demo.painting.seabed import seabed
from qwave_jupyter.demo.painting.shapes import column
from qwave_jupyter.demo.painting.woods import plant

__all__ = ["bank", "fringe", "ground", "hills"]


def hills(scene: Scene, *, rocky: bool, wooded: float) -> None:
    """The hills, from the farthest to the nearest but one.

    Args:
        scene: is changed.
        rocky: whether the far ones are mountains.
        wooded: how high the trees are that stand on the nearer ones; 0 for none.
    """
    mood, dice = scene.mood, scene.fork()
    if mood.place == "underwater":
        seabed(scene)
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
        line = ridge(width, dice, base, tall, rough)
        shade = mix(mood.far, mood.near, 0.1 + 0.62 * depth)
        shade = mix(shade, mood.leaf, 0.45 * depth if not rocky or layer >= 3 else 0.0)
        foot = mix(shade, mood.far, 0.6 - 0.25 * depth)
        if wooded and layer >= layers - 3:
            plant(scene, line, scene.unit * (0.16 + 0.34 * depth) * wooded, shade, foot)
        lay(scene, line, shade, foot, height * (0.32 - 0.1 * depth))
        if rocky and layer < 3 and mood.place != "desert":
            snow_on(scene, line, shade, tall)


def ground(scene: Scene) -> None:
    """What lies in front: water with the world upside down in it, or a meadow, dunes, a planet's dust."""
    mood = scene.mood
    if mood.place == "underwater":
        return
    if mood.wet:
        _water(scene)
        return
    width, height = scene.image.size
    base = scene.horizon + (height - scene.horizon) * 0.45
    line = ridge(width, scene.fork(), base, scene.unit * 0.5, 0.0)
    top, low = mix(mood.leaf, mood.near, 0.12), mix(mood.leaf, mood.near, 0.8)
    top = mix(top, mood.light, 0.16 if not mood.night else 0.04)
    lay(scene, line, top, low, height - base, rough=0.5)
    if mood.place == "desert":
        for fold in range(3):
            dune = ridge(width, scene.dice, base + (height - base) * (0.25 + 0.25 * fold), scene.unit * 0.6, 0.0)
            shade = mix(mix(mood.leaf, mood.light, 0.18), mood.near, 0.22 * fold)
            lay(scene, dune, shade, mix(shade, mood.near, 0.5), scene.unit * 3)
    elif mood.place == "space":
        _craters(scene, base)
    elif scene.fine:
        _tufts(scene, base)


def bank(scene: Scene) -> None:
    """A near shore for those who can't swim.

    Args:
        scene: is changed.
    """
    width, height = scene.image.size
    mood = scene.mood
    base = scene.floor - scene.unit * 0.7
    sand = mix(mood.leaf, (222, 190, 140), 0.75 if mood.place == "sea" else 0.1)
    sand = mix(sand, mood.near, 0.7 if mood.night else 0.15)
    line = ridge(width, scene.fork(), base, scene.unit * 0.35, 0.0)
    lay(scene, line, mix(sand, mood.light, 0.12), mix(sand, mood.near, 0.55), height - base)


def _water(scene: Scene) -> None:
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
    tone = column((mix(mood.sky[-1], mood.far, 0.5), mix(mood.sky[0], mood.near, 0.55)), (width, depth))
    water = Image.blend(waved, tone, 0.42)
    _glitter(water, scene, line)
    scene.image.paste(water, (0, line))
    if scene.lines is not None:
        above = scene.lines.crop((0, max(0, line - depth), width, line)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        scene.lines.paste(0, (0, line, width, height))
        scene.lines.paste(above.point([value // 4 for value in range(256)]), (0, line))
        scene.lines.paste(200, (0, line, width, line + max(1, height // 700)))


def _glitter(water: Image.Image, scene: Scene, line: int) -> None:
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
    _ = line


def fringe(scene: Scene) -> None:
    """Some grass before the feet of what stands near, so that it stands in the meadow and not on it.

    Args:
        scene: is changed.
    """
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


def _tufts(scene: Scene, base: float) -> None:
    """Grass, and flowers or frost among it, thicker and darker towards the viewer."""
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


def _craters(scene: Scene, base: float) -> None:
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
