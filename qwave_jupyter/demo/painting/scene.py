"""A scene: an image in progress with its light, its horizon and its sky."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from qwave_jupyter.demo.painting.lighting import Mood
from qwave_jupyter.demo.painting.shapes import make_gradient
from qwave_jupyter.demo.painting.skies import draw_clouds, draw_sky_lights
from qwave_jupyter.demo.painting.textures import find_edges

__all__ = ["Scene", "open_scene"]


@dataclass
class Scene:
    """An image in progress.

    Args:
        image: RGB, or RGBA where nothing but motifs is wanted.
        mood: its light.
        dice: decides what is left open.
        horizon: in pixels from the top.
        floor: where the feet of a near motif stand, in pixels from the top.
        light: where the light is, in pixels.
        fine: 0 for a rough sketch to 2 for much detail.
        shift: how far motifs are moved, as a share of the width.
        framed: whether near trees stand at its sides.
        lettered: whether its upper part is kept free for letters.
        lines: the outlines of all that was drawn, in grey, for the styles that draw lines; None where none are wanted.
    """

    image: Image.Image
    mood: Mood
    dice: random.Random
    horizon: float
    floor: float
    light: tuple[float, float]
    fine: int = 1
    shift: float = 0.0
    framed: bool = False
    lettered: bool = False
    lines: Image.Image | None = None

    def fork(self) -> random.Random:
        """Return a generator for one part, so that its number of draws doesn't change the parts after it."""
        return random.Random(self.dice.getrandbits(64))  # noqa: S311 - images, not secrets

    @property
    def side(self) -> float:
        """The side that the light comes from: -1 left, 1 right."""
        return 1.0 if self.light[0] > self.image.width / 2 else -1.0

    @property
    def unit(self) -> float:
        """A tenth of the shorter side in pixels, a little more where the image is long."""
        short, long = sorted(self.image.size)
        return (short * 0.8 + math.sqrt(short * long) * 0.2) / 10

    def outline(self, spot: tuple[int, int], shape: Image.Image, drawn: Image.Image | None = None) -> None:
        """Add the outline of a mask (and the inner edges of its RGBA sheet), and remove the lines behind it."""
        if self.lines is None:
            return
        # A line of black all around, since the edge of the sheet is none of the shape.
        roomy = ImageOps.expand(shape, 2)
        edges = roomy.filter(ImageFilter.FIND_EDGES)
        if drawn is not None:
            inner = find_edges(ImageOps.expand(drawn.convert("RGB"), 2))
            inner = inner.point([min(255, max(0, value - 26) * 4) for value in range(256)])
            edges = ImageChops.lighter(edges, ImageChops.multiply(inner, roomy))
        self.lines.paste(0, spot, shape)
        self.lines.paste(255, (spot[0] - 2, spot[1] - 2), edges)


def open_scene(
    size: tuple[int, int],
    mood: Mood,
    dice: random.Random,
    fine: int = 1,
    at: float | None = None,
    *,
    disc_kind: str = "",
    lines: bool = False,
) -> Scene:
    """Paint the sky.

    ``at`` is where the light stands, 0 left to 1 right; None leaves it to the dice. ``disc_kind`` is ``moon`` or
    ``sun`` where the prompt names one, which is then large, or ``none``. With ``lines`` outlines are recorded.
    """
    width, height = size
    horizon = height * dice.uniform(0.58, 0.68)
    if mood.place == "underwater":
        horizon = height * 0.82
    image = make_gradient(mood.sky, (width, round(horizon) + 2))
    canvas = Image.new("RGB", size, mood.sky[-1])
    canvas.paste(image, (0, 0))
    thrown = dice.choice((dice.uniform(0.16, 0.36), dice.uniform(0.64, 0.84)))
    across = thrown if at is None else at
    light = width * across, horizon * (1 - 0.82 * mood.sun)
    scene = Scene(canvas, mood, dice, horizon, height * 0.9, light, fine, lines=Image.new("L", size) if lines else None)
    disc = draw_sky_lights(canvas, mood, dice, horizon, light, disc_kind)
    draw_clouds(canvas, mood, dice, horizon, light)
    if disc and scene.lines is not None:
        left, top, right, bottom = light[0] - disc, light[1] - disc, light[0] + disc, light[1] + disc
        thick = max(1, round(scene.unit / 60))
        ImageDraw.Draw(scene.lines).ellipse((left, top, right, bottom), outline=230, width=thick)
    return scene
