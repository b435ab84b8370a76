"""The hands that draw lines: ink on paper, pencil, blueprint, neon tubes."""

from __future__ import annotations

import random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mix
from qwave_jupyter.demo.painting.textures import curve, edges_of, fractal, grain

__all__ = ["blueprint", "ink", "neon", "pencil"]

_PAPER: Colour = (246, 240, 226)
_SOOT: Colour = (28, 26, 30)
_CHALK: Colour = (234, 243, 255)
_MAGENTA: Colour = (255, 46, 168)
_CYAN: Colour = (36, 226, 255)


def ink(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """Washes of diluted ink, brush lines that swell and fade, a red seal.

    Args:
        image: RGB.
        mood: its light.
        dice: decides where strokes fall.
        lines: outlines in grey, or None.
    """
    _ = mood
    width, height = image.size
    grey = ImageOps.autocontrast(image.convert("L").filter(ImageFilter.MedianFilter(5)), cutoff=(2, 6))
    wash = grey.filter(ImageFilter.GaussianBlur(max(1.0, width / 360)))
    runs = fractal(image.size, dice, (5.0 * width / height, 5.0), 5, 0.6)
    wash = Image.blend(wash, ImageChops.overlay(wash, runs), 0.5)
    tones = wash.point([round(255 * min(1.0, (value / 255) ** 0.66 * 1.16 + 0.04)) for value in range(256)])
    sheet = ImageOps.colorize(tones, _SOOT, _PAPER, mid=(134, 130, 126))
    drawn = _lines(image, lines)
    # A brush presses here and lifts there.
    thick = drawn.filter(ImageFilter.MaxFilter(_odd(width / 300))).filter(ImageFilter.GaussianBlur(width / 1300))
    thin = drawn.filter(ImageFilter.GaussianBlur(max(0.5, width / 1800)))
    press = fractal(image.size, dice, (7.0 * width / height, 7.0), 3)
    stroke = Image.composite(thick, thin.point([value * 3 // 4 for value in range(256)]), curve(press, 100, 150))
    sheet.paste(_SOOT, (0, 0), stroke.point([min(235, value) for value in range(256)]))
    away = Image.radial_gradient("L").resize((width, height))
    sheet.paste(_PAPER, (0, 0), curve(ImageChops.add(away, runs, 1.0, -128), 118, 196))
    _seal(sheet)
    return grain(sheet, dice, 5)


def pencil(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """Graphite outlines, and hatching that is denser where it is darker.

    Args:
        image: RGB.
        mood: its light.
        dice: decides where strokes fall.
        lines: outlines in grey, or None.
    """
    _ = mood
    width, height = image.size
    grey = ImageOps.autocontrast(image.convert("L").filter(ImageFilter.GaussianBlur(max(1, width / 400))), cutoff=2)
    sheet = Image.new("L", image.size, 255)
    for lean, upto in ((1.0, 150), (-0.6, 84), (2.4, 44)):
        hatch = _hatching(image.size, dice, lean)
        dark = curve(ImageChops.invert(grey), 255 - upto, 255 - upto + 90)
        sheet = ImageChops.multiply(sheet, Image.composite(hatch, Image.new("L", image.size, 255), dark))
    drawn = _lines(image, lines).filter(ImageFilter.GaussianBlur(max(0.5, width / 1600)))
    # A second, looser line beside the first.
    shift = max(1, round(width / 420))
    loose = ImageChops.offset(drawn, shift, -shift).point([value * 2 // 5 for value in range(256)])
    press = curve(fractal(image.size, dice, (9.0 * width / height, 9.0), 3), 20, 190, 120)
    drawn = ImageChops.subtract(ImageChops.lighter(drawn, loose), press, 1.25)
    sheet = ImageChops.multiply(sheet, ImageChops.invert(drawn.point([min(235, value * 2) for value in range(256)])))
    smudge = grey.filter(ImageFilter.GaussianBlur(max(2.0, width / 90))).point(
        [196 + value * 59 // 255 for value in range(256)]
    )
    return grain(ImageOps.colorize(ImageChops.multiply(sheet, smudge), (40, 40, 48), (251, 248, 241)), dice, 8)


def blueprint(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """White lines on blue, over squared paper.

    Args:
        image: RGB.
        mood: its light.
        dice: decides the grain.
        lines: outlines in grey, or None.
    """
    _ = mood
    width, height = image.size
    tones = image.convert("L").filter(ImageFilter.GaussianBlur(max(1.0, width / 300)))
    sheet = ImageOps.colorize(ImageOps.autocontrast(tones, cutoff=2), (12, 46, 112), (34, 92, 172))
    pen = ImageDraw.Draw(sheet)
    cell = max(8, min(width, height) // 32)
    for across, end in ((True, width), (False, height)):
        for place, at in enumerate(range(0, end, cell)):
            path = [(at, 0), (at, height)] if across else [(0, at), (width, at)]
            pen.line(path, fill=(50, 106, 184) if place % 4 else (76, 132, 206))
    drawn = _lines(image, lines)
    glow = drawn.filter(ImageFilter.GaussianBlur(max(1.5, width / 240)))
    sheet.paste((120, 180, 255), (0, 0), glow.point([min(110, value) for value in range(256)]))
    sheet.paste(
        _CHALK, (0, 0), drawn.filter(ImageFilter.GaussianBlur(0.6)).point(lambda value: min(245, value * 3 // 2))
    )
    edge, thick = cell // 2, max(1, cell // 14)
    pen.rectangle((edge, edge, width - edge - 1, height - edge - 1), outline=_CHALK, width=thick)
    for at in range(edge + cell * 2, width - edge, cell * 4):
        pen.line([(at, height - edge), (at, height - edge - cell // 3)], fill=_CHALK, width=thick)
    for at in range(edge + cell * 2, height - edge, cell * 4):
        pen.line([(edge, at), (edge + cell // 3, at)], fill=_CHALK, width=thick)
    return grain(sheet, dice, 4)


def neon(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """A dark scene in two colours, its outlines glowing tubes.

    Args:
        image: RGB.
        mood: its light.
        dice: decides the grain.
        lines: outlines in grey, or None.
    """
    width, height = image.size
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    dim = grey.point([round(value**1.15 / 255**0.15 * 0.78) for value in range(256)])
    duo = ImageOps.colorize(dim, (7, 4, 26), (255, 176, 236), mid=(92, 26, 148), midpoint=112)
    base = Image.blend(duo, ImageEnhance.Color(image).enhance(1.9), 0.34)
    drawn = _lines(image, lines).filter(ImageFilter.MaxFilter(_odd(width / 520)))
    slope = Image.blend(
        Image.linear_gradient("L").resize((width, height)),
        Image.linear_gradient("L").rotate(90).resize((width, height)),
        0.5,
    )
    tubes = Image.composite(
        Image.new("RGB", image.size, _MAGENTA), Image.new("RGB", image.size, _CYAN), curve(slope, 80, 176)
    )
    lamps = Image.new("RGB", image.size)
    lamps.paste(tubes, (0, 0), drawn.filter(ImageFilter.GaussianBlur(max(0.6, width / 1500))))
    for reach, much in ((70, 1.2), (260, 1.6)):
        small = lamps.reduce(4) if min(width, height) > 64 else lamps
        glow = small.filter(ImageFilter.GaussianBlur(max(1.0, small.width / reach * 0.5)))
        glow = glow.point([min(255, round(value * much)) for value in range(256)] * 3)
        base = ImageChops.screen(base, glow.resize(image.size, Image.Resampling.BICUBIC))
    core = drawn.filter(ImageFilter.MinFilter(3)).point([value * 2 // 3 for value in range(256)])
    base = ImageChops.screen(base, lamps)
    base.paste(mix((255, 255, 255), mood.accent, 0.05), (0, 0), core)
    return grain(base, dice, 4)


def _lines(image: Image.Image, known: Image.Image | None) -> Image.Image:
    """The outlines that are known, or those that can be found; sharp and at full strength."""
    if known is not None:
        return known
    soft = image.filter(ImageFilter.GaussianBlur(max(0.8, image.width / 1200)))
    return edges_of(soft).point([min(255, max(0, value - 10) * 6) for value in range(256)])


def _odd(width: float) -> int:
    return max(3, round(width) // 2 * 2 + 1)


def _hatching(size: tuple[int, int], dice: random.Random, lean: float) -> Image.Image:
    width, height = size
    sheet = Image.new("L", size, 255)
    pen = ImageDraw.Draw(sheet)
    step = max(3, min(size) // 130)
    reach = height * abs(lean)
    at = -reach
    while at < width + reach:
        wobble = dice.uniform(-0.3, 0.3) * step
        ends = (at + wobble, height), (at + wobble + height * lean, 0)
        pen.line(ends, fill=dice.randrange(140, 214), width=max(1, step // 3))
        at += step
    return sheet.filter(ImageFilter.GaussianBlur(0.6))


def _seal(sheet: Image.Image) -> None:
    width, height = sheet.size
    side = max(12, min(width, height) // 14)
    seal = Image.new("RGB", (side, side), (186, 44, 34))
    pen = ImageDraw.Draw(seal)
    edge = max(1, side // 16)
    pen.rectangle((edge, edge, side - 1 - edge, side - 1 - edge), outline=_PAPER, width=edge)
    for x, y, right, bottom in (
        (0.25, 0.3, 0.75, 0.38),
        (0.46, 0.2, 0.54, 0.8),
        (0.28, 0.55, 0.72, 0.62),
        (0.28, 0.55, 0.36, 0.8),
        (0.64, 0.55, 0.72, 0.8),
    ):
        pen.rectangle((x * side, y * side, right * side, bottom * side), fill=_PAPER)
    sheet.paste(seal, (round(width * 0.93 - side), round(height * 0.86 - side)))
