"""Patterns whose edges meet: motifs strewn over a cloth that can be laid side by side."""

from __future__ import annotations

import random
from collections.abc import Sequence

from PIL import Image, ImageDraw

from qwave_jupyter.demo.painting.layout import draw
from qwave_jupyter.demo.painting.lighting import Mood, mix
from qwave_jupyter.demo.painting.motifs.registry import PromptMotif
from qwave_jupyter.demo.painting.scene import Scene

__all__ = ["pattern"]

_ROWS = 4


def pattern(
    size: tuple[int, int], mood: Mood, wishes: Sequence[PromptMotif], dice: random.Random, *, lines: bool
) -> Scene:
    """A cloth with motifs on it, in which what leaves at one edge comes in at the other.

    Args:
        size: width and height in pixels.
        mood: its colours.
        wishes: what is on it; flowers where there is nothing.
        dice: decides where.
        lines: whether outlines are noted.
    """
    width, height = size
    drawn = list(wishes) or [PromptMotif("flower")]
    cloth = mix(mood.sky[-1], mood.far, 0.25) if not mood.night else mix(mood.sky[1], mood.sky[2], 0.5)
    scene = Scene(Image.new("RGB", size, cloth), mood, dice, height * 0.6, height, (0.0, 0.0))
    scene.lines = Image.new("L", size) if lines else None
    columns = max(1, round(_ROWS * width / height))
    step = width / columns, height / _ROWS
    pen = ImageDraw.Draw(scene.image)
    dot = min(step) * 0.035
    for row in range(_ROWS):
        for column in range(columns):
            wish = drawn[(row * 2 + column) % len(drawn)]
            unit = min(step[0] / (wish.motif.wide * 2), step[1] / wish.motif.tall) * dice.uniform(0.62, 0.8)
            x = (column + 0.5 + 0.5 * (row % 2) + dice.uniform(-0.06, 0.06)) * step[0]
            y = (row + 0.5 + dice.uniform(-0.06, 0.06)) * step[1] + unit * wish.motif.tall * 0.46
            at = (column + 0.5 * (row % 2)) * step[0], (row + 0.5) * step[1]
            for left in (0, width) if at[0] < dot * 2 else (0,):
                spot = at[0] + left
                pen.ellipse((spot - dot, at[1] - dot, spot + dot, at[1] + dot), fill=mix(cloth, mood.accent, 0.7))
            same = dice.getrandbits(64)
            for across in (-width, 0, width):
                for down in (-height, 0, height):
                    scene.dice = random.Random(same)  # noqa: S311 - the same motif at each edge
                    draw(scene, wish, (round(x) + across, round(y) + down), unit, hazy=0.0, shadow=False)
    return scene
