"""Under water: rays of light from above, a bed of sand, weeds, bubbles."""

from __future__ import annotations

import math

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qwave_jupyter.demo.painting.lighting import mix
from qwave_jupyter.demo.painting.ridges import lay, ridge
from qwave_jupyter.demo.painting.scene import Scene

__all__ = ["seabed"]


def seabed(scene: Scene) -> None:
    """The bed of the sea and the light above it.

    Args:
        scene: is changed.
    """
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
        line = ridge(width, dice, base, scene.unit * 1.1, 0.0)
        lay(scene, line, shade, mix(shade, mood.near, 0.6), height * 0.2)
        _weeds(scene, base, layer)
    pen = ImageDraw.Draw(scene.image)
    for _ in range(40 * scene.fine + 20):
        x, y, wide = dice.random() * width, dice.random() * height, scene.unit * dice.uniform(0.02, 0.12)
        pen.ellipse((x - wide, y - wide, x + wide, y + wide), outline=mix(mood.light, mood.sky[2], 0.45))


def _weeds(scene: Scene, base: float, layer: int) -> None:
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
