"""The stage on which an image is set: its light, its horizon, its sky."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from qwave_jupyter.demo.painting.clouds import clouds
from qwave_jupyter.demo.painting.lighting import Mood
from qwave_jupyter.demo.painting.shapes import column
from qwave_jupyter.demo.painting.skies import sky_lights
from qwave_jupyter.demo.painting.textures import edges_of

__all__ = ["Scene", "open_scene"]


@dataclass
class Scene:
    """An image in the making.

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
        """Dice of its own for one part, so that a finer part doesn't move what comes after it."""
        return random.Random(self.dice.getrandbits(64))  # noqa: S311 - images, not secrets

    @property
    def side(self) -> float:
        """Where the light comes from: -1 the left, 1 the right."""
        return 1.0 if self.light[0] > self.image.width / 2 else -1.0

    @property
    def unit(self) -> float:
        """A tenth of what counts for size: the shorter side, a little more where the image is long."""
        short, long = sorted(self.image.size)
        return (short * 0.8 + math.sqrt(short * long) * 0.2) / 10

    def outline(self, spot: tuple[int, int], shape: Image.Image, drawn: Image.Image | None = None) -> None:
        """Note the outline of something that now hides what lies behind it.

        Args:
            spot: where its sheet lies, in pixels.
            shape: its mask.
            drawn: its sheet in RGBA, whose own edges are lines as well.
        """
        if self.lines is None:
            return
        # A line of black all around, since the edge of the sheet is none of the shape.
        roomy = ImageOps.expand(shape, 2)
        edges = roomy.filter(ImageFilter.FIND_EDGES)
        if drawn is not None:
            inner = edges_of(ImageOps.expand(drawn.convert("RGB"), 2))
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
    moon: str = "",
    lines: bool = False,
) -> Scene:
    """Sky and light, ready for hills and motifs.

    Args:
        size: width and height in pixels.
        mood: its light.
        dice: decides where things are.
        fine: 0 for a rough sketch to 2 for much detail.
        at: where the light stands, from 0 at the left to 1 at the right; None leaves it to the dice.
        moon: ``moon`` or ``sun`` where the prompt asks for one, which is then large; ``none`` where it wants none.
        lines: whether outlines are noted.
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
    scene = Scene(canvas, mood, dice, horizon, height * 0.9, light, fine, lines=Image.new("L", size) if lines else None)
    disc = sky_lights(canvas, mood, dice, horizon, light, moon)
    clouds(canvas, mood, dice, horizon, light)
    if disc and scene.lines is not None:
        left, top, right, bottom = light[0] - disc, light[1] - disc, light[0] + disc, light[1] + disc
        thick = max(1, round(scene.unit / 60))
        ImageDraw.Draw(scene.lines).ellipse((left, top, right, bottom), outline=230, width=thick)
    return scene
