"""The stage: sky, light, hills, water and ground, layer behind layer in ever thinner air."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qwave_jupyter.demo.moods import Colour, Mood, mixed
from qwave_jupyter.demo.pens import column
from qwave_jupyter.demo.skies import clouds, sky_lights

__all__ = ["Scene", "bank", "ground", "hills", "open_scene"]


@dataclass
class Scene:
    """A picture in the making.

    Args:
        image: RGB, or RGBA where nothing but motifs is wanted.
        mood: its light.
        dice: decides what is left open.
        horizon: in pixels from the top.
        floor: where the feet of a near motif stand, in pixels from the top.
        light: where the light is, in pixels.
        fine: 0 for a rough sketch to 2 for much detail.
        shift: how far motifs are moved, as a share of the width.
    """

    image: Image.Image
    mood: Mood
    dice: random.Random
    horizon: float
    floor: float
    light: tuple[float, float]
    fine: int = 1
    shift: float = 0.0

    def fork(self) -> random.Random:
        """Dice of its own for one part, so that a finer part doesn't move what comes after it."""
        return random.Random(self.dice.getrandbits(64))  # noqa: S311 - pictures, not secrets

    @property
    def side(self) -> float:
        """Where the light comes from: -1 the left, 1 the right."""
        return 1.0 if self.light[0] > self.image.width / 2 else -1.0

    @property
    def unit(self) -> float:
        """A tenth of what counts for size: the shorter side, a little more where the picture is long."""
        short, long = sorted(self.image.size)
        return (short * 0.8 + math.sqrt(short * long) * 0.2) / 10

    @property
    def hazy(self) -> Colour:
        """The colour of the air."""
        return self.mood.far


def open_scene(
    size: tuple[int, int], mood: Mood, dice: random.Random, fine: int = 1, at: float | None = None, *, moon: str = ""
) -> Scene:
    """Sky and light, ready for hills and motifs.

    Args:
        size: width and height in pixels.
        mood: its light.
        dice: decides where things are.
        fine: 0 for a rough sketch to 2 for much detail.
        at: where the light stands, from 0 at the left to 1 at the right; None leaves it to the dice.
        moon: ``moon`` or ``sun`` where the prompt asks for one, which is then large.
    """
    width, height = size
    horizon = height * dice.uniform(0.58, 0.68)
    if mood.place == "underwater":
        horizon = height * 0.82
    image = column(mood.sky, (width, round(horizon) + 2))
    canvas = Image.new("RGB", size, mood.sky[-1])
    canvas.paste(image, (0, 0))
    thrown = dice.choice((dice.uniform(0.16, 0.36), dice.uniform(0.64, 0.84)))
    across = thrown if at is None else at
    light = width * across, horizon * (1 - 0.82 * mood.sun)
    scene = Scene(canvas, mood, dice, horizon, height * 0.9, light, fine)
    sky_lights(canvas, mood, dice, horizon, light, moon)
    clouds(canvas, mood, dice, horizon, light)
    return scene


def hills(scene: Scene, *, rocky: bool, wooded: bool) -> None:
    """The hills, from the farthest to the nearest but one.

    Args:
        scene: is changed.
        rocky: whether the far ones are mountains.
        wooded: whether trees stand on the nearer ones.
    """
    mood, dice = scene.mood, scene.fork()
    if mood.place == "underwater":
        _seabed(scene)
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
        line = _ridge(width, dice, base, tall, rough)
        shade = mixed(mood.far, mood.near, 0.1 + 0.62 * depth)
        shade = mixed(shade, mood.leaf, 0.45 * depth if not rocky or layer >= 3 else 0.0)
        foot = mixed(shade, mood.far, 0.6 - 0.25 * depth)
        trees = wooded and layer >= layers - 3
        _layer(
            scene, line, shade, foot, height * (0.32 - 0.1 * depth), trees=scene.unit * (0.16 + 0.34 * depth) * trees
        )
        if rocky and layer < 3 and mood.place != "desert":
            _snow_line(scene, line, shade, tall)


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
    line = _ridge(width, scene.fork(), base, scene.unit * 0.5, 0.0)
    top, low = mixed(mood.leaf, mood.near, 0.12), mixed(mood.leaf, mood.near, 0.8)
    top = mixed(top, mood.light, 0.16 if not mood.night else 0.04)
    _layer(scene, line, top, low, height - base)
    if mood.place == "desert":
        for fold in range(3):
            dune = _ridge(width, scene.dice, base + (height - base) * (0.25 + 0.25 * fold), scene.unit * 0.6, 0.0)
            shade = mixed(mixed(mood.leaf, mood.light, 0.18), mood.near, 0.22 * fold)
            _layer(scene, dune, shade, mixed(shade, mood.near, 0.5), scene.unit * 3)
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
    sand = mixed(mood.leaf, (222, 190, 140), 0.75 if mood.place == "sea" else 0.1)
    sand = mixed(sand, mood.near, 0.7 if mood.night else 0.15)
    line = _ridge(width, scene.fork(), base, scene.unit * 0.35, 0.0)
    _layer(scene, line, mixed(sand, mood.light, 0.12), mixed(sand, mood.near, 0.55), height - base)


def _ridge(width: int, dice: random.Random, base: float, tall: float, rough: float) -> list[tuple[float, float]]:
    waves = [(rate * dice.uniform(0.7, 1.4), dice.uniform(0, 7), 1 / rate**0.92) for rate in (1, 2.1, 4.3, 8.7, 17, 35)]
    waves = waves if rough else waves[:3]
    shift = dice.uniform(0, 50)
    peaks = [dice.random() for _ in range(64)]
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


def _layer(
    scene: Scene, line: list[tuple[float, float]], top: Colour, foot: Colour, fade: float, *, trees: float = 0.0
) -> None:
    width, height = scene.image.size
    upper = max(0, math.floor(min(y for _, y in line) - trees * 1.6 - 2))
    if upper >= height - 1:
        return
    tall = height - upper
    mask = Image.new("L", (width * 2, tall * 2))
    pen = ImageDraw.Draw(mask)
    pen.polygon([*((x * 2, (y - upper) * 2) for x, y in line), (width * 2 + 8, tall * 2), (0, tall * 2)], fill=255)
    if trees > 2:
        _firs(pen, line, upper, trees, scene.dice)
    reach = min(tall, max(2, round(fade)))
    fill = Image.new("RGB", (width, tall), foot)
    fill.paste(column((top, mixed(top, foot, 0.6), foot), (width, reach)), (0, 0))
    scene.image.paste(fill, (0, upper), mask.reduce(2))


def _firs(
    pen: ImageDraw.ImageDraw, line: list[tuple[float, float]], upper: int, tall: float, dice: random.Random
) -> None:
    x = -tall * dice.random()
    while x < line[-1][0]:
        y = line[max(0, min(len(line) - 1, int(x / 3)))][1] - upper
        high = tall * dice.uniform(0.55, 1.5)
        tiers = 4
        for tier in range(tiers):
            top, wide = y - high * (1 - tier * 0.22), high * (0.1 + 0.065 * tier)
            low = top + high * 0.36
            pen.polygon([(x * 2, top * 2), ((x + wide) * 2, low * 2), ((x - wide) * 2, low * 2)], fill=255)
        pen.rectangle(((x - tall * 0.03) * 2, (y - high * 0.2) * 2, (x + tall * 0.03) * 2, (y + tall) * 2), fill=255)
        x += tall * dice.uniform(0.16, 0.62)


def _snow_line(scene: Scene, line: list[tuple[float, float]], rock: Colour, tall: float) -> None:
    """Snow on what is high, its lower edge torn, brighter towards the light."""
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
    white = mixed((250, 251, 255), scene.mood.light, 0.3) if not scene.mood.night else (176, 186, 222)
    fill = column((mixed(white, rock, 0.05), mixed(white, rock, 0.55)), (width, bottom - top))
    scene.image.paste(fill, (0, top), mask.reduce(2))


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
    tone = column((mixed(mood.sky[-1], mood.far, 0.5), mixed(mood.sky[0], mood.near, 0.55)), (width, depth))
    water = Image.blend(waved, tone, 0.42)
    _glitter(water, scene, line)
    scene.image.paste(water, (0, line))


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
    water.paste(mixed(mood.light, (255, 255, 255), 0.3), (0, 0), sheen)
    shore = Image.new("L", (1, depth))
    for row in range(min(depth, max(3, depth // 12))):
        shore.putpixel((0, row), round(90 * (1 - row / max(3, depth // 12))))
    water.paste(mood.far, (0, 0), shore.resize((width, depth)))
    _ = line


def _tufts(scene: Scene, base: float) -> None:
    """Grass, and flowers or frost among it, thicker and darker towards the viewer."""
    width, height = scene.image.size
    dice, mood = scene.fork(), scene.mood
    pen = ImageDraw.Draw(scene.image)
    blossoms = {"spring": mood.accent, "autumn": (226, 130, 44), "winter": (250, 252, 255)}
    bloom = blossoms.get(mood.season, mixed(mood.accent, (255, 250, 230), 0.35))
    for near in sorted(dice.random() for _ in range(round(260 * (1 + scene.fine) / 2))):
        x, y = dice.random() * width, base + scene.unit * 0.5 + (height - base) * near
        tall = scene.unit * (0.08 + 0.3 * near) * dice.uniform(0.5, 1.2)
        shade = mixed(mixed(mood.leaf, mood.light, 0.24 * dice.random()), mood.near, 0.3 + 0.5 * near * dice.random())
        for blade in range(3):
            lean = (blade - 1) * tall * 0.32 + dice.uniform(-0.1, 0.1) * tall
            thick = max(0.7, tall * 0.055)
            pen.polygon([(x - thick, y), (x + thick, y), (x + lean, y - tall)], fill=shade)
        if dice.random() < 0.2:
            dot = scene.unit * (0.02 + 0.05 * near)
            at = x + dice.uniform(-0.4, 0.4) * tall, y - tall
            pen.ellipse(
                (at[0] - dot, at[1] - dot * 0.8, at[0] + dot, at[1] + dot * 0.8), fill=mixed(bloom, shade, 0.15)
            )


def _craters(scene: Scene, base: float) -> None:
    width, height = scene.image.size
    dice, mood = scene.fork(), scene.mood
    pen = ImageDraw.Draw(scene.image)
    for near in sorted(dice.random() for _ in range(9)):
        x, y = dice.random() * width, base + scene.unit * 0.7 + (height - base) * near
        wide = scene.unit * (0.25 + 1.0 * near) * dice.uniform(0.6, 1.2)
        flat = wide * 0.28
        rim, pit = mixed(mood.leaf, mood.light, 0.3), mixed(mood.near, (0, 0, 0), 0.35)
        pen.ellipse((x - wide, y - flat, x + wide, y + flat), fill=rim)
        pen.ellipse((x - wide * 0.94, y - flat * 0.8, x + wide * 0.94, y + flat * 1.02), fill=pit)


def _seabed(scene: Scene) -> None:
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
        shade = mixed(mixed(mood.sky[2], mood.near, 0.35 + 0.3 * layer), (214, 190, 140), 0.1 + 0.04 * layer)
        line = _ridge(width, dice, base, scene.unit * 1.1, 0.0)
        _layer(scene, line, shade, mixed(shade, mood.near, 0.6), height * 0.2)
        _weeds(scene, base, layer)
    pen = ImageDraw.Draw(scene.image)
    for _ in range(40 * scene.fine + 20):
        x, y, wide = dice.random() * width, dice.random() * height, scene.unit * dice.uniform(0.02, 0.12)
        pen.ellipse((x - wide, y - wide, x + wide, y + wide), outline=mixed(mood.light, mood.sky[2], 0.45))


def _weeds(scene: Scene, base: float, layer: int) -> None:
    width = scene.image.width
    dice, mood = scene.fork(), scene.mood
    pen = ImageDraw.Draw(scene.image)
    for _ in range(7):
        x, tall = dice.random() * width, scene.unit * dice.uniform(0.8, 2.4)
        tone = dice.choice((mood.leaf, mood.leaf, mood.accent, (196, 84, 140)))
        shade = mixed(mixed(mood.sky[2], mood.near, 0.4), tone, 0.25 + 0.2 * layer)
        turn = dice.uniform(0, 6)
        path = [
            (x + math.sin(step / 12 * 3.4 + turn) * tall * 0.12 * step / 12, base + scene.unit * 0.6 - tall * step / 12)
            for step in range(13)
        ]
        for (ax, ay), (bx, by), step in zip(path, path[1:], range(13), strict=False):
            pen.line([(ax, ay), (bx, by)], fill=shade, width=max(1, round(scene.unit * 0.16 * (1 - step / 14))))
