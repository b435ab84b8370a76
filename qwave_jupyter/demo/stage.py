"""The stage on which a picture is set: its light, its horizon, its sky."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from PIL import Image

from qwave_jupyter.demo.clouds import clouds
from qwave_jupyter.demo.moods import Colour, Mood
from qwave_jupyter.demo.pens import column
from qwave_jupyter.demo.skies import sky_lights

__all__ = ["Scene", "open_scene"]


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
        framed: whether near trees stand at its sides.
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
