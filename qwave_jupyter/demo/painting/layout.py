"""Where the motifs of a scene or a pattern stand, float and fly, and how they are lit."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mix
from qwave_jupyter.demo.painting.motifs.registry import PromptMotif
from qwave_jupyter.demo.painting.scene import Scene
from qwave_jupyter.demo.painting.shapes import Pen, light_up

__all__ = ["draw_distant_motifs", "draw_motif", "draw_motif_row", "draw_motifs", "make_pattern"]

_MAX_NEAR = 7
#: How much smaller several near motifs are than one.
_CROWD = (1.0, 1.0, 0.84, 0.68, 0.58, 0.5, 0.46, 0.42)
_AFLOAT = frozenset({"water", "swim"})
_HOLDERS = frozenset({"person", "cat", "dog", "robot", "panda", "rabbit", "astronaut", "fox", "bear", "penguin"})
_MEADOW = 30
_ROWS = 4


def draw_motifs(scene: Scene, motifs: Sequence[PromptMotif]) -> None:
    """Draw the motifs that float, fly and stand near; skip those of the sky, the horizon and the landscape."""
    _draw_floating_motifs(scene, motifs)
    near = [one for one in motifs if one.kind.stance == "near"]
    for motif in near:
        if motif.name == "flower" and motif.count > 2:
            _draw_meadow(scene, motif)
    beside = any(one.kind.stance == "middle" for one in motifs)
    _draw_near_motifs(scene, [one for one in near if one.name != "flower" or one.count <= 2], beside=beside)


def draw_distant_motifs(scene: Scene, motifs: Sequence[PromptMotif]) -> None:
    """Draw the motifs that stand in the landscape; water that is drawn later reflects them."""
    width, height = scene.image.size
    each = [motif for motif in motifs if motif.kind.stance == "middle" for _ in range(motif.count)][:6]
    base = scene.horizon + (height - scene.horizon) * (0.5 if not scene.mood.wet else 0.22)
    away = -scene.side * scene.dice.uniform(0.05, 0.2)
    for number, motif in enumerate(each):
        if len(each) == 1:
            x = width * (0.5 + away)
        else:
            x = width * (0.14 + 0.72 * (number + 0.5 + scene.dice.uniform(-0.12, 0.12)) / len(each))
        unit = scene.unit * motif.kind.size * (1.0, 1.0, 0.84, 0.68)[min(3, len(each))]
        unit = min(unit, width * 0.46 / motif.kind.wide)
        draw_motif(
            scene, motif, (x + scene.shift * width * 0.5, base + scene.dice.uniform(0, 0.06) * height), unit, hazy=0.16
        )


def draw_motif_row(scene: Scene, motifs: Sequence[PromptMotif]) -> None:
    """Draw at most five motifs large and in a row, with nothing around them."""
    width, height = scene.image.size
    each = [motif for motif in motifs for _ in range(motif.count)][:5]
    for number, motif in enumerate(each):
        kind = motif.kind
        unit = min(width * 0.86 / len(each) / (kind.wide * 2), height * 0.8 / kind.tall)
        x = width * (number + 0.5) / len(each)
        draw_motif(scene, motif, (x, height / 2 + unit * kind.tall * 0.48), unit, hazy=0.0, shadow=False)


def _draw_floating_motifs(scene: Scene, motifs: Sequence[PromptMotif]) -> None:
    for kind in (_AFLOAT, frozenset({"air"})):
        each = [(one, number) for one in motifs if one.kind.stance in kind for number in range(one.count)]
        for index, (motif, number) in enumerate(each[:_MAX_NEAR]):
            small = 1.0 if number == 0 else scene.dice.uniform(0.5, 0.8)
            unit = scene.unit * motif.kind.size * small * (1.25, 0.95, 0.8)[min(2, len(each) - 1)]
            x, unit = _choose_floating_spot(scene, motifs, (index, min(len(each), _MAX_NEAR)), unit, motif)
            _draw_floating_motif(scene, motif, x + scene.shift * scene.image.width, unit, small)


def _choose_floating_spot(
    scene: Scene, motifs: Sequence[PromptMotif], position: tuple[int, int], unit: float, motif: PromptMotif
) -> tuple[float, float]:
    """Return the x in pixels of a floating motif, and its unit; position is its index and their number."""
    index, count = position
    width, dice = scene.image.width, scene.dice
    if count > 1:
        return width * (index + dice.uniform(0.35, 0.65)) / count, min(unit, width / count / motif.kind.wide * 0.72)
    if motif.kind.stance == "water" and any(one.kind.stance == "middle" for one in motifs):
        # Not before what stands in the landscape.
        return width * (0.5 + scene.side * dice.uniform(0.16, 0.26)), unit * 0.8
    return width * (0.5 + dice.uniform(-0.16, 0.16)), unit


def _draw_floating_motif(scene: Scene, motif: PromptMotif, x: float, unit: float, small: float) -> None:
    height, dice, stance = scene.image.height, scene.dice, motif.kind.stance
    if stance == "water" or (stance == "swim" and scene.mood.wet):
        y = scene.horizon + (height - scene.horizon) * (0.42 + 0.3 * small * dice.random() + 0.1 * (small == 1))
        draw_motif(scene, motif, (x, y), unit, hazy=0.1 * (1 - small), mirror=True)
    elif stance == "swim":
        y = height * (0.4 + 0.3 * dice.random()) + unit
        draw_motif(scene, motif, (x, y), unit, hazy=0.06 + 0.5 * (1 - small))
    else:
        middle = dice.uniform(0.34, 0.62) + (0.36 if scene.lettered else 0.0)
        y = scene.horizon * middle + unit * motif.kind.tall * 0.5
        draw_motif(scene, motif, (x, y), unit, hazy=0.5 * (1 - small))


def _draw_near_motifs(scene: Scene, near: Sequence[PromptMotif], *, beside: bool) -> None:
    width = scene.image.width
    umbrella = next((one for one in near if one.name == "umbrella"), None)
    holds = umbrella is not None and any(one.name in _HOLDERS for one in near)
    each = [(motif, number) for motif in near for number in range(motif.count) if not (holds and motif is umbrella)]
    each = each[:_MAX_NEAR]
    if not each:
        return
    shrink = min(_CROWD[len(each)], width / (scene.unit * 3.2 * len(each)))
    drawn = []
    for index, (motif, number) in enumerate(each):
        middle = 0.5 + (index - (len(each) - 1) / 2) * min(0.3, 0.86 / len(each))
        if len(each) == 1:
            # Away from the light, unless something in the landscape stands there.
            way = 1 if beside else -1
            middle = 0.5 + way * scene.side * scene.dice.uniform(0.02 + 0.1 * beside, 0.16 + 0.04 * beside)
        middle += scene.dice.uniform(-0.025, 0.025)
        small = scene.dice.uniform(0.82, 1.0) if number else 1.0
        drawn.append((motif, width * (middle + scene.shift), small))
    for motif, x, small in sorted(drawn, key=lambda one: one[2]):
        unit = scene.unit * motif.kind.size * shrink * small
        y = scene.floor + scene.unit * (0.5 * (small - 1) + scene.dice.uniform(-0.15, 0.15))
        if holds and umbrella is not None and motif.name in _HOLDERS:
            # The canopy begins 1.42 units above the foot of the stick, and has to clear the head.
            high = (motif.kind.tall - 0.5 - 1.42) * unit
            draw_motif(scene, umbrella, (x + 0.34 * unit, y - high), unit, hazy=0.0, shadow=False)
        draw_motif(scene, motif, (x, y), unit, hazy=0.0)


def _draw_meadow(scene: Scene, motif: PromptMotif) -> None:
    """Draw dozens of flowers, small and hazy far away, large in front."""
    width, height = scene.image.size
    dice = scene.dice
    top = scene.horizon + (height - scene.horizon) * 0.5
    turn = dice.random()
    for number in range(_MEADOW):
        near = (number + dice.random()) / _MEADOW
        unit = scene.unit * motif.kind.size * (0.2 + 0.56 * near**1.6)
        # The golden section spreads them without rows.
        x = width * ((turn + number * 0.618) % 1 * 1.04 - 0.02)
        y = top + (height * 1.02 - top) * near + unit * 0.7
        draw_motif(scene, motif, (x + scene.shift * width, y), unit, hazy=0.3 * (1 - near), shadow=near > 0.5)


def draw_motif(
    scene: Scene,
    motif: PromptMotif,
    at: tuple[float, float],
    unit: float,
    *,
    hazy: float,
    mirror: bool = False,
    shadow: bool = True,
) -> None:
    """Draw one motif in the light of the scene.

    Its foot stands at ``at`` in pixels; ``unit`` is pixels per unit of the motif; ``hazy`` is 0 to 1.
    """
    kind, mood = motif.kind, scene.mood
    pen = Pen(max(3.0, unit), kind.wide, kind.tall)
    kind.draw(pen, mood, motif.colour, scene.fork())
    sheet, x, y = pen.finish()
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
        scene.image.alpha_composite(_crop_to_canvas(sheet, spot, scene.image.size), (max(0, spot[0]), max(0, spot[1])))
        return
    if mirror:
        _draw_reflection(scene, sheet, at, y)
    elif shadow and kind.stance in {"near", "middle"}:
        _draw_shadow(scene, at, unit, kind.wide)
    scene.image.paste(sheet.convert("RGB"), spot, sheet.getchannel("A"))
    scene.outline(spot, sheet.getchannel("A"), drawn)
    for right, down, radius, colour in pen.lamps:
        _draw_lamp(scene, (at[0] + right, at[1] + down), radius, colour)


def _crop_to_canvas(sheet: Image.Image, spot: tuple[int, int], size: tuple[int, int]) -> Image.Image:
    left, top = max(0, -spot[0]), max(0, -spot[1])
    right, bottom = min(sheet.width, size[0] - spot[0]), min(sheet.height, size[1] - spot[1])
    return sheet.crop((left, top, max(left + 1, right), max(top + 1, bottom)))


def _tint(sheet: Image.Image, colour: Colour, much: float) -> Image.Image:
    if much <= 0:
        return sheet
    tinted = Image.blend(sheet.convert("RGB"), Image.new("RGB", sheet.size, colour), min(0.9, much))
    tinted.putalpha(sheet.getchannel("A"))
    return tinted


def _draw_shadow(scene: Scene, at: tuple[float, float], unit: float, wide: float) -> None:
    reach, flat = max(4, round(unit * min(wide, 1.5) * 1.1)), max(2, round(unit * 0.2))
    soft = Image.new("L", (reach * 2, flat * 6))
    ImageDraw.Draw(soft).ellipse((reach * 0.3, flat * 2, reach * 1.7, flat * 4), fill=150)
    soft = soft.filter(ImageFilter.GaussianBlur(flat * 0.6))
    spot = round(at[0] - reach - scene.side * unit * 0.3), round(at[1] - flat * 3)
    scene.image.paste(mix(scene.mood.near, (0, 0, 10), 0.55), spot, soft)


def _draw_reflection(scene: Scene, sheet: Image.Image, at: tuple[float, float], foot: float) -> None:
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


def _draw_lamp(scene: Scene, at: tuple[float, float], radius: float, colour: Colour) -> None:
    reach = max(3, round(radius))
    curve = [round(200 * max(0.0, 1 - value / 181) ** 2.4) for value in range(256)]
    soft = Image.radial_gradient("L").point(curve).resize((reach * 2, reach * 2), Image.Resampling.BICUBIC)
    scene.image.paste(colour, (round(at[0]) - reach, round(at[1]) - reach), soft)


def make_pattern(
    size: tuple[int, int], mood: Mood, motifs: Sequence[PromptMotif], dice: random.Random, *, lines: bool
) -> Scene:
    """Return a seamless pattern of motifs: what leaves at one edge comes in at the other."""
    width, height = size
    drawn = list(motifs) or [PromptMotif("flower")]
    cloth = mix(mood.sky[-1], mood.far, 0.25) if not mood.night else mix(mood.sky[1], mood.sky[2], 0.5)
    scene = Scene(Image.new("RGB", size, cloth), mood, dice, height * 0.6, height, (0.0, 0.0))
    scene.lines = Image.new("L", size) if lines else None
    columns = max(1, round(_ROWS * width / height))
    step = width / columns, height / _ROWS
    pen = ImageDraw.Draw(scene.image)
    dot = min(step) * 0.035
    for row in range(_ROWS):
        for column in range(columns):
            motif = drawn[(row * 2 + column) % len(drawn)]
            unit = min(step[0] / (motif.kind.wide * 2), step[1] / motif.kind.tall) * dice.uniform(0.62, 0.8)
            x = (column + 0.5 + 0.5 * (row % 2) + dice.uniform(-0.06, 0.06)) * step[0]
            y = (row + 0.5 + dice.uniform(-0.06, 0.06)) * step[1] + unit * motif.kind.tall * 0.46
            at = (column + 0.5 * (row % 2)) * step[0], (row + 0.5) * step[1]
            for left in (0, width) if at[0] < dot * 2 else (0,):
                spot = at[0] + left
                pen.ellipse((spot - dot, at[1] - dot, spot + dot, at[1] + dot), fill=mix(cloth, mood.accent, 0.7))
            same = dice.getrandbits(64)
            for across in (-width, 0, width):
                for down in (-height, 0, height):
                    scene.dice = random.Random(same)  # noqa: S311 - the same motif at each edge
                    draw_motif(scene, motif, (round(x) + across, round(y) + down), unit, hazy=0.0, shadow=False)
    return scene
