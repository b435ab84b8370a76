"""Groups of trees: firs and broad trees on far hills, and the dark trunks that frame a forest."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qwave_jupyter.demo.painting.lighting import Colour, mix
from qwave_jupyter.demo.painting.scene import Scene
from qwave_jupyter.demo.painting.shapes import Point, make_gradient
from qwave_jupyter.demo.painting.textures import apply_curve, make_noise, mottle

__all__ = ["draw_trees", "frame_with_trees"]

_LEAVES = {
    "autumn": ((206, 74, 34), (232, 130, 38), (240, 178, 60), (158, 58, 36)),
    "spring": ((246, 176, 200), (236, 146, 178), (150, 190, 96), (250, 206, 216)),
}


def draw_trees(scene: Scene, line: Sequence[Point], tall: float, shade: Colour, foot: Colour) -> None:
    """Draw trees along a ridge: broad and bright ones in autumn and spring, else firs."""
    if tall < 2:
        return
    dice, mood = scene.fork(), scene.mood
    broad = _LEAVES.get(mood.season, ())
    dark = {"winter": (52, 78, 92)}.get(mood.season, mix(mood.near, shade, 0.4))
    pine = mix(shade, dark, 0.5 if mood.season == "winter" else 0.3)
    upper = max(0, math.floor(min(y for _, y in line) - tall * 1.7))
    size = scene.image.width, max(4, min(scene.image.height, math.ceil(max(y for _, y in line) + tall)) - upper)
    groups: list[tuple[Colour, Image.Image]] = [(pine, Image.new("L", (size[0] * 2, size[1] * 2)))]
    for leaf in broad:
        # By night no leaf is bright.
        tone = mix(leaf, mood.near, 0.72) if mood.night else leaf
        groups.append((mix(shade, tone, 0.62), Image.new("L", (size[0] * 2, size[1] * 2))))
    pens = [ImageDraw.Draw(mask) for _, mask in groups]
    x = -tall * dice.random()
    while x < line[-1][0]:
        y = line[max(0, min(len(line) - 1, int(x / 3)))][1] - upper
        if broad and dice.random() < 0.85:
            _draw_broad_tree(pens[dice.randrange(1, len(pens))], dice, x * 2, y * 2, tall * 1.1)
        else:
            _draw_fir(pens[0], x * 2, y * 2, tall * 2 * dice.uniform(0.55, 1.5))
        x += tall * dice.uniform(0.2, 0.6)
    for colour, mask in groups:
        fill = make_gradient((mix(colour, mood.light, 0.1), colour, mix(colour, foot, 0.5)), size)
        shape = mask.reduce(2)
        scene.image.paste(fill, (0, upper), shape)
        scene.outline((0, upper), shape)


def frame_with_trees(scene: Scene) -> None:
    """Draw near trunks at both sides and leaves above."""
    dice, mood = scene.fork(), scene.mood
    width, height = scene.image.size
    unit = scene.unit
    dark = mix(mood.near, (12, 12, 22), 0.45)
    for depth, (thick, away) in enumerate(((0.34, 0.15), (0.62, 0.075), (1.15, 0.0))):
        large = Image.new("L", (width * 2, height * 2))
        pen = ImageDraw.Draw(large)
        foot = height * (0.9 + 0.08 * depth)
        for side in (0, 1):
            inset = width * (away + dice.uniform(-0.012, 0.03))
            x = inset if side == 0 else width - inset
            _draw_trunk(pen, dice, x * 2, unit * 2 * thick * dice.uniform(0.85, 1.2), foot * 2)
        trunks = large.reduce(2)
        # The foot is lost in the grass.
        grass = max(2, round(unit * 0.4))
        fade = ImageChops.invert(Image.linear_gradient("L").resize((width, grass)))
        trunks.paste(0, (0, round(foot) - grass), ImageChops.invert(fade))
        colour = mix(dark, mood.far, 0.34 - 0.16 * depth)
        fill = make_gradient((mix(colour, mood.far, 0.25), colour, mix(colour, dark, 0.5)), (width, height))
        scene.outline((0, 0), trunks)
        scene.image.paste(fill, (0, 0), trunks.filter(ImageFilter.GaussianBlur(max(0.6, unit / 110))))
    if mood.season != "winter":
        _draw_canopy(scene, dice)


def _draw_canopy(scene: Scene, dice: random.Random) -> None:
    """Draw leaves from above, deepest in the corners, darker the nearer they are."""
    width, height = scene.image.size
    mood, unit = scene.mood, scene.unit
    deep = min(height, round(unit * 4))
    tones: list[Colour] = list(_LEAVES.get(mood.season, (mix(mood.leaf, mood.light, 0.3), mood.leaf, mood.leaf)))
    # From the middle of the upper edge outwards, and from that edge down.
    across = ImageChops.lighter(
        (right := Image.linear_gradient("L").rotate(90).resize((width, deep))),
        right.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    ).point([max(0, value - 128) * 2 for value in range(256)])
    down = Image.linear_gradient("L").resize((width, deep))
    for layer in range(3):
        leaves = make_noise((width, deep), dice, (9.0 * width / height, 4.0), 6, 0.82)
        room = ImageChops.subtract(ImageChops.add(across, Image.new("L", across.size, 132), 1.45), down, 0.92)
        mask = apply_curve(ImageChops.multiply(leaves, room), 92 + 14 * layer, 104 + 14 * layer)
        tone = mix(mix(mood.near, (10, 12, 20), 0.5), tones[layer % len(tones)], 0.16 + 0.2 * layer)
        tone = mix(tone, mood.near, 0.6) if mood.night else tone
        cloth = mottle(Image.new("RGB", mask.size, tone), dice, (5.0 * width / height, 3.0), 0.4)
        scene.image.paste(cloth, (0, 0), mask)


def _draw_trunk(pen: ImageDraw.ImageDraw, dice: random.Random, x: float, thick: float, foot: float) -> None:
    lean = dice.uniform(-1.2, 1.2) * thick
    left, right = [], []
    for step in range(21):
        part = step / 20
        flare = 1 + 0.8 * max(0.0, 1 - part * 7) ** 2
        half = thick * (1 - 0.35 * part) * flare / 2
        middle = x + lean * part + math.sin(part * 6 + x) * thick * 0.1
        left.append((middle - half - dice.uniform(0, 0.04) * thick, foot * (1 - part)))
        right.append((middle + half + dice.uniform(0, 0.04) * thick, foot * (1 - part)))
    pen.polygon([*left, *reversed(right)], fill=255)


def _draw_fir(pen: ImageDraw.ImageDraw, x: float, y: float, high: float) -> None:
    for tier in range(4):
        top, wide = y - high * (1 - tier * 0.22), high * (0.1 + 0.065 * tier)
        low = top + high * 0.36
        pen.polygon([(x, top), (x + wide, low), (x - wide, low)], fill=255)
    pen.rectangle((x - high * 0.03, y - high * 0.2, x + high * 0.03, y + high), fill=255)


def _draw_broad_tree(pen: ImageDraw.ImageDraw, dice: random.Random, x: float, y: float, half: float) -> None:
    high = half * dice.uniform(0.5, 1.1)
    pen.rectangle((x - half * 0.05, y - high, x + half * 0.05, y + half), fill=255)
    for _ in range(14):
        wide = half * dice.uniform(0.16, 0.42)
        across = dice.gauss(0, 0.34)
        at = x + across * half, y - high - dice.uniform(-0.25, 0.95) * half * (1 - abs(across))
        pen.ellipse((at[0] - wide, at[1] - wide, at[0] + wide, at[1] + wide), fill=255)
