"""Where the motifs of a scene stand, float and fly, and how they sit in its light."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qwave_jupyter.demo.painting.lighting import Colour, mix
from qwave_jupyter.demo.painting.motifs.registry import PromptMotif
from qwave_jupyter.demo.painting.scene import Scene
from qwave_jupyter.demo.painting.shapes import Pen, light_up

__all__ = ["draw", "place", "place_alone", "place_middle"]

_MOST_NEAR = 7
#: How much smaller several near motifs are than one.
_CROWD = (1.0, 1.0, 0.84, 0.68, 0.58, 0.5, 0.46, 0.42)
_AFLOAT = frozenset({"water", "swim"})
_HOLDERS = frozenset({"person", "cat", "dog", "robot", "panda", "rabbit", "astronaut", "fox", "bear", "penguin"})
_MEADOW = 30


def place(scene: Scene, wishes: Sequence[PromptMotif]) -> None:
    """Draw the motifs that float, fly and stand near.

    Args:
        scene: is changed.
        wishes: which; those of the sky, across the view and in the landscape are passed over.
    """
    _float(scene, wishes)
    near = [one for one in wishes if one.motif.stance == "near"]
    for wish in near:
        if wish.name == "flower" and wish.count > 2:
            _meadow(scene, wish)
    beside = any(one.motif.stance == "middle" for one in wishes)
    _stand(scene, [one for one in near if one.name != "flower" or one.count <= 2], beside=beside)


def place_middle(scene: Scene, wishes: Sequence[PromptMotif]) -> None:
    """Draw the motifs that stand in the landscape, so that water laid before them mirrors them.

    Args:
        scene: is changed.
        wishes: which; all others are passed over.
    """
    width, height = scene.image.size
    each = [wish for wish in wishes if wish.motif.stance == "middle" for _ in range(wish.count)][:6]
    base = scene.horizon + (height - scene.horizon) * (0.5 if not scene.mood.wet else 0.22)
    away = -scene.side * scene.dice.uniform(0.05, 0.2)
    for number, wish in enumerate(each):
        if len(each) == 1:
            x = width * (0.5 + away)
        else:
            x = width * (0.14 + 0.72 * (number + 0.5 + scene.dice.uniform(-0.12, 0.12)) / len(each))
        unit = scene.unit * wish.motif.size * (1.0, 1.0, 0.84, 0.68)[min(3, len(each))]
        unit = min(unit, width * 0.46 / wish.motif.wide)
        draw(scene, wish, (x + scene.shift * width * 0.5, base + scene.dice.uniform(0, 0.06) * height), unit, hazy=0.16)


def place_alone(scene: Scene, wishes: Sequence[PromptMotif]) -> None:
    """Draw motifs large and in a row, with nothing around them.

    Args:
        scene: is changed.
        wishes: which; at most five are shown.
    """
    width, height = scene.image.size
    each = [wish for wish in wishes for _ in range(wish.count)][:5]
    for number, wish in enumerate(each):
        motif = wish.motif
        unit = min(width * 0.86 / len(each) / (motif.wide * 2), height * 0.8 / motif.tall)
        x = width * (number + 0.5) / len(each)
        draw(scene, wish, (x, height / 2 + unit * motif.tall * 0.48), unit, hazy=0.0, shadow=False)


def _float(scene: Scene, wishes: Sequence[PromptMotif]) -> None:
    for kind in (_AFLOAT, frozenset({"air"})):
        each = [(one, number) for one in wishes if one.motif.stance in kind for number in range(one.count)]
        for spot, (wish, number) in enumerate(each[:_MOST_NEAR]):
            small = 1.0 if number == 0 else scene.dice.uniform(0.5, 0.8)
            unit = scene.unit * wish.motif.size * small * (1.25, 0.95, 0.8)[min(2, len(each) - 1)]
            x, unit = _spot_of(scene, wishes, (spot, min(len(each), _MOST_NEAR)), unit, wish)
            _set_afloat(scene, wish, x + scene.shift * scene.image.width, unit, small)


def _spot_of(
    scene: Scene, wishes: Sequence[PromptMotif], spot: tuple[int, int], unit: float, wish: PromptMotif
) -> tuple[float, float]:
    """How far right the one of so many floats, and how large it is there."""
    place, among = spot
    width, dice = scene.image.width, scene.dice
    if among > 1:
        return width * (place + dice.uniform(0.35, 0.65)) / among, min(unit, width / among / wish.motif.wide * 0.72)
    if wish.motif.stance == "water" and any(one.motif.stance == "middle" for one in wishes):
        # Not before what stands in the landscape.
        return width * (0.5 + scene.side * dice.uniform(0.16, 0.26)), unit * 0.8
    return width * (0.5 + dice.uniform(-0.16, 0.16)), unit


def _set_afloat(scene: Scene, wish: PromptMotif, x: float, unit: float, small: float) -> None:
    height, dice, stance = scene.image.height, scene.dice, wish.motif.stance
    if stance == "water" or (stance == "swim" and scene.mood.wet):
        y = scene.horizon + (height - scene.horizon) * (0.42 + 0.3 * small * dice.random() + 0.1 * (small == 1))
        draw(scene, wish, (x, y), unit, hazy=0.1 * (1 - small), mirror=True)
    elif stance == "swim":
        y = height * (0.4 + 0.3 * dice.random()) + unit
        draw(scene, wish, (x, y), unit, hazy=0.06 + 0.5 * (1 - small))
    else:
        middle = dice.uniform(0.34, 0.62) + (0.36 if scene.lettered else 0.0)
        y = scene.horizon * middle + unit * wish.motif.tall * 0.5
        draw(scene, wish, (x, y), unit, hazy=0.5 * (1 - small))


def _stand(scene: Scene, near: Sequence[PromptMotif], *, beside: bool) -> None:
    width = scene.image.width
    umbrella = next((one for one in near if one.name == "umbrella"), None)
    holds = umbrella is not None and any(one.name in _HOLDERS for one in near)
    each = [(wish, number) for wish in near for number in range(wish.count) if not (holds and wish is umbrella)]
    each = each[:_MOST_NEAR]
    if not each:
        return
    shrink = min(_CROWD[len(each)], width / (scene.unit * 3.2 * len(each)))
    drawn = []
    for spot, (wish, number) in enumerate(each):
        middle = 0.5 + (spot - (len(each) - 1) / 2) * min(0.3, 0.86 / len(each))
        if len(each) == 1:
            # Away from the light, unless something in the landscape stands there.
            way = 1 if beside else -1
            middle = 0.5 + way * scene.side * scene.dice.uniform(0.02 + 0.1 * beside, 0.16 + 0.04 * beside)
        middle += scene.dice.uniform(-0.025, 0.025)
        small = scene.dice.uniform(0.82, 1.0) if number else 1.0
        drawn.append((wish, width * (middle + scene.shift), small))
    for wish, x, small in sorted(drawn, key=lambda one: one[2]):
        unit = scene.unit * wish.motif.size * shrink * small
        y = scene.floor + scene.unit * (0.5 * (small - 1) + scene.dice.uniform(-0.15, 0.15))
        if holds and umbrella is not None and wish.name in _HOLDERS:
            # The canopy begins 1.42 units above the foot of the stick, and has to clear the head.
            high = (wish.motif.tall - 0.5 - 1.42) * unit
            draw(scene, umbrella, (x + 0.34 * unit, y - high), unit, hazy=0.0, shadow=False)
        draw(scene, wish, (x, y), unit, hazy=0.0)


def _meadow(scene: Scene, wish: PromptMotif) -> None:
    """Flowers by the dozen, small and hazy far away, large in front."""
    width, height = scene.image.size
    dice = scene.dice
    top = scene.horizon + (height - scene.horizon) * 0.5
    turn = dice.random()
    for number in range(_MEADOW):
        near = (number + dice.random()) / _MEADOW
        unit = scene.unit * wish.motif.size * (0.2 + 0.56 * near**1.6)
        # The golden section spreads them without rows.
        x = width * ((turn + number * 0.618) % 1 * 1.04 - 0.02)
        y = top + (height * 1.02 - top) * near + unit * 0.7
        draw(scene, wish, (x + scene.shift * width, y), unit, hazy=0.3 * (1 - near), shadow=near > 0.5)


def draw(
    scene: Scene,
    wish: PromptMotif,
    at: tuple[float, float],
    unit: float,
    *,
    hazy: float,
    mirror: bool = False,
    shadow: bool = True,
) -> None:
    """Draw one motif in the light of the scene.

    Args:
        scene: is changed.
        wish: which, and in which colour.
        at: where its foot stands, in pixels.
        unit: pixels per unit of the motif.
        hazy: how much air lies before it, 0 to 1.
        mirror: whether it stands in water.
        shadow: whether it throws one.
    """
    motif, mood = wish.motif, scene.mood
    pen = Pen(max(3.0, unit), motif.wide, motif.tall)
    motif.draw(pen, mood, wish.colour, scene.fork())
    sheet, x, y = pen.finished()
    drawn = sheet
    strength = 0.75 if not mood.night else 1.0
    shade = mix(mood.sky[0], mood.near, 0.5)
    if scene.image.mode == "RGB":
        sheet = light_up(sheet, mix(mood.light, mood.sky[-1], 0.25), shade, scene.side, strength)
        dusky = 0.34 if mood.night else 0.14 if mood.sun < 0.35 else 0.0
        dusky = 0.1 if mood.place == "underwater" else dusky
        sheet = _tint(sheet, mix(mood.near, mood.sky[1], 0.45), dusky)
        sheet = _tint(sheet, mood.far, hazy)
    spot = round(at[0] - x), round(at[1] - y)
    if scene.image.mode == "RGBA":
        scene.image.alpha_composite(_cut(sheet, spot, scene.image.size), (max(0, spot[0]), max(0, spot[1])))
        return
    if mirror:
        _mirror(scene, sheet, at, y)
    elif shadow and motif.stance in {"near", "middle"}:
        _shadow(scene, at, unit, motif.wide)
    scene.image.paste(sheet.convert("RGB"), spot, sheet.getchannel("A"))
    scene.outline(spot, sheet.getchannel("A"), drawn)
    for right, down, radius, colour in pen.lamps:
        _lamp(scene, (at[0] + right, at[1] + down), radius, colour)


def _cut(sheet: Image.Image, spot: tuple[int, int], size: tuple[int, int]) -> Image.Image:
    left, top = max(0, -spot[0]), max(0, -spot[1])
    right, bottom = min(sheet.width, size[0] - spot[0]), min(sheet.height, size[1] - spot[1])
    return sheet.crop((left, top, max(left + 1, right), max(top + 1, bottom)))


def _tint(sheet: Image.Image, colour: Colour, much: float) -> Image.Image:
    if much <= 0:
        return sheet
    tinted = Image.blend(sheet.convert("RGB"), Image.new("RGB", sheet.size, colour), min(0.9, much))
    tinted.putalpha(sheet.getchannel("A"))
    return tinted


def _shadow(scene: Scene, at: tuple[float, float], unit: float, wide: float) -> None:
    reach, flat = max(4, round(unit * min(wide, 1.5) * 1.1)), max(2, round(unit * 0.2))
    soft = Image.new("L", (reach * 2, flat * 6))
    ImageDraw.Draw(soft).ellipse((reach * 0.3, flat * 2, reach * 1.7, flat * 4), fill=150)
    soft = soft.filter(ImageFilter.GaussianBlur(flat * 0.6))
    spot = round(at[0] - reach - scene.side * unit * 0.3), round(at[1] - flat * 3)
    scene.image.paste(mix(scene.mood.near, (0, 0, 10), 0.55), spot, soft)


def _mirror(scene: Scene, sheet: Image.Image, at: tuple[float, float], foot: float) -> None:
    upper = sheet.crop((0, 0, sheet.width, max(1, round(foot))))
    flipped = upper.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    flipped = flipped.resize((flipped.width, max(1, round(flipped.height * 0.7))), Image.Resampling.BICUBIC)
    waved = Image.new("RGBA", flipped.size)
    step = max(2, flipped.height // 60)
    for row in range(0, flipped.height, step):
        shift = round(math.sin(row / step * 1.1) * scene.unit * 0.06 * (row / flipped.height + 0.3))
        waved.paste(flipped.crop((0, row, flipped.width, min(flipped.height, row + step))), (shift, row))
    waved = waved.filter(ImageFilter.GaussianBlur(max(0.5, scene.unit / 70)))
    fade = ImageChops.invert(Image.linear_gradient("L").resize(waved.size))
    alpha = ImageChops.multiply(waved.getchannel("A"), fade.point([value * 2 // 3 for value in range(256)]))
    scene.image.paste(waved.convert("RGB"), (round(at[0] - sheet.width / 2), round(at[1])), alpha)


def _lamp(scene: Scene, at: tuple[float, float], radius: float, colour: Colour) -> None:
    reach = max(3, round(radius))
    curve = [round(200 * max(0.0, 1 - value / 181) ** 2.4) for value in range(256)]
    soft = Image.radial_gradient("L").point(curve).resize((reach * 2, reach * 2), Image.Resampling.BICUBIC)
    scene.image.paste(colour, (round(at[0]) - reach, round(at[1]) - reach), soft)
