"""Indoors: a table before an open view, for what one doesn't put into a meadow."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFilter

from qwave_jupyter.demo.painting.lighting import Colour, mix
from qwave_jupyter.demo.painting.scene import Scene
from qwave_jupyter.demo.painting.shapes import column
from qwave_jupyter.demo.painting.textures import curve, fractal

__all__ = ["table"]

_OAK: Colour = (158, 104, 66)


def table(scene: Scene) -> None:
    """A wooden table in front, and everything behind it out of focus, with a few lights in the blur.

    Args:
        scene: is changed.
    """
    mood, dice = scene.mood, scene.fork()
    width, height = scene.image.size
    edge = round(height * 0.74)
    scene.image.paste(scene.image.filter(ImageFilter.GaussianBlur(scene.unit * 0.2)))
    _lights(scene, edge)
    if scene.lines is not None:
        scene.lines.paste(0, (0, 0, width, height))
    wood = mix(mix(_OAK, mood.near, 0.55 if mood.night else 0.2), mood.accent, 0.08)
    size = width, height - edge
    board = column((mix(wood, mood.light, 0.3), wood, mix(wood, (30, 18, 22), 0.45)), size)
    # Long fibres, and the joints of the planks.
    fibre = fractal(size, dice, (2.2, 26.0), 4, 0.7)
    board.paste(mix(wood, (40, 20, 14), 0.6), (0, 0), curve(fibre, 110, 235, 120))
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


def _lights(scene: Scene, edge: int) -> None:
    """Round blurs of lights far away."""
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
