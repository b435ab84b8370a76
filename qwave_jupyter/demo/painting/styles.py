"""The hand in which an image is painted: ink, oil, watercolour, pixels, blueprint, neon, pencil, poster, old photo."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from qwave_jupyter.demo.painting.lighting import Mood, mix
from qwave_jupyter.demo.painting.linework import blueprint, ink, neon, pencil
from qwave_jupyter.demo.painting.textures import curve, edges_of, fractal, grain

__all__ = ["LINED", "STYLES", "apply_style", "style_of"]

#: An image, its light, dice, and the outlines of what is on it where they are known.
StyleFunction = Callable[[Image.Image, Mood, random.Random, Image.Image | None], Image.Image]

_PAPER = (246, 240, 226)
_SHEET = (253, 251, 244)


def style_of(words: str, refused: str = "") -> str:
    """The name of the style that words ask for, or "".

    Args:
        words: prompt and style in lower case, English or Chinese.
        refused: the negative prompt in lower case; a style that it names isn't used.

    Example:
        >>> style_of("a quiet lake, ink wash"), style_of("a cat")
        ('ink', '')
    """
    for name, (pattern, _) in STYLES.items():
        if re.search(pattern, words) and not (refused and re.search(pattern, refused)):
            return name
    return ""


def apply_style(
    name: str, image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None = None
) -> Image.Image:
    """An image in a style, of the same size; see-through where it was.

    Args:
        name: one of :data:`STYLES`, or "" for none.
        image: RGB or RGBA.
        mood: its light.
        dice: decides where strokes fall.
        lines: the outlines of what is on it in grey, or None where they have to be found.
    """
    if name not in STYLES:
        return image
    painted = STYLES[name][1](image.convert("RGB"), mood, dice, lines)
    if image.mode == "RGBA":
        painted.putalpha(image.getchannel("A"))
    return painted


def _oil(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """Strokes that follow a swirl, long where nothing happens and short where much does."""
    _ = mood, lines
    width, height = image.size
    smooth = ImageEnhance.Color(image).enhance(1.25).filter(ImageFilter.GaussianBlur(max(1.0, width / 500)))
    canvas = smooth.filter(ImageFilter.GaussianBlur(max(2.0, width / 130)))
    edges = image.convert("L").reduce(4).filter(ImageFilter.FIND_EDGES).filter(ImageFilter.GaussianBlur(2))
    colours, busy = smooth.load(), edges.load()
    pen = ImageDraw.Draw(canvas)
    short = min(width, height)
    for size, count in ((0.03, 1900), (0.016, 5200), (0.008, 7600)):
        for _ in range(round(count * max(width, height) / short)):
            x, y = dice.randrange(width), dice.randrange(height)
            detail = _level(busy, min(edges.width - 1, x // 4), min(edges.height - 1, y // 4))
            if size < 0.012 and detail < 9:
                continue
            turn = math.sin(x / width * 5 + y / height * 3) * 0.9 + dice.gauss(0, 0.35)
            long = short * size * dice.uniform(0.6, 1.5) / (1 + detail / 24)
            red, green, blue = _pixel(colours, x, y)
            shift = dice.randrange(-13, 14)
            tone = (max(0, min(255, red + shift)), max(0, min(255, green + shift)), max(0, min(255, blue + shift)))
            dx, dy = math.cos(turn) * long, math.sin(turn) * long
            pen.line([(x - dx, y - dy), (x + dx, y + dy)], fill=tone, width=max(1, round(short * size * 0.42)))
    relief = canvas.convert("L").filter(ImageFilter.EMBOSS)
    return Image.blend(canvas, ImageChops.overlay(canvas, Image.merge("RGB", (relief, relief, relief))), 0.45)


def _pixel_art(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """Few and large pixels in few colours."""
    _ = mood, dice, lines
    width, height = image.size
    step = max(4, round(max(width, height) / 112))
    small = image.resize((max(8, width // step), max(8, height // step)), Image.Resampling.BOX)
    small = ImageEnhance.Contrast(ImageEnhance.Color(small).enhance(1.3)).enhance(1.12)
    few = small.quantize(28, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    return few.resize((width, height), Image.Resampling.NEAREST)


def _watercolour(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """Washes that run out before the edge of the sheet, darker where the pigment gathered at their rims."""
    _ = mood, lines
    width, height = image.size
    # Washes have no detail: they are found on a small sheet.
    shrink = min(1.0, 560 / max(width, height))
    small = image.resize((max(8, round(width * shrink)), max(8, round(height * shrink))), Image.Resampling.BOX)
    wash = small.filter(ImageFilter.ModeFilter(5)).filter(ImageFilter.MedianFilter(3))
    wash = wash.resize(image.size, Image.Resampling.BICUBIC)
    wash = ImageEnhance.Color(Image.blend(wash, image, 0.25)).enhance(1.25)
    bloom = fractal(image.size, dice, (4.0 * width / height, 4.0), 5, 0.6)
    wash = Image.blend(wash, ImageChops.soft_light(wash, Image.merge("RGB", (bloom, bloom, bloom))), 0.55)
    water = curve(fractal(image.size, dice, (3.0 * width / height, 3.0), 5), 60, 230, 150)
    wash = Image.composite(Image.blend(wash, Image.new("RGB", image.size, (255, 253, 247)), 0.55), wash, water)
    rims = edges_of(wash.filter(ImageFilter.GaussianBlur(max(1.0, width / 900))))
    rims = rims.filter(ImageFilter.GaussianBlur(max(0.7, width / 1400)))
    dark = ImageChops.multiply(wash, Image.new("RGB", image.size, (150, 140, 176)))
    wash.paste(dark, (0, 0), rims.point([min(170, max(0, value - 6) * 6) for value in range(256)]))
    sheet = Image.new("RGB", image.size, _SHEET)
    sheet.paste(wash, (0, 0), _ragged_mask(image.size, dice))
    return _paper(sheet, dice)


def _ragged_mask(size: tuple[int, int], dice: random.Random) -> Image.Image:
    """Where a wash covers the sheet: all but an uneven margin."""
    width, height = size
    margin = min(size) / 17
    inner = Image.new("L", size)
    ImageDraw.Draw(inner).rounded_rectangle((margin, margin, width - margin, height - margin), margin * 0.8, fill=255)
    soft = inner.filter(ImageFilter.GaussianBlur(margin * 0.55))
    torn = fractal(size, dice, (11.0 * width / height, 11.0), 5, 0.66)
    return curve(ImageChops.add(soft, torn, 1.0, -128), 96, 124)


def _paper(sheet: Image.Image, dice: random.Random) -> Image.Image:
    """The tooth of a rough sheet."""
    tooth = fractal(sheet.size, dice, (sheet.width / 7, sheet.height / 7), 2).filter(ImageFilter.EMBOSS)
    rough = Image.blend(sheet, ImageChops.overlay(sheet, Image.merge("RGB", (tooth, tooth, tooth))), 0.3)
    return grain(rough, dice, 3)


def _poster(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """A few flat inks, and a margin."""
    _ = lines
    width, height = image.size
    flat = ImageEnhance.Color(image.filter(ImageFilter.GaussianBlur(max(1.0, width / 420)))).enhance(1.3)
    # The inks of the sky are the mood's, the others those that the image has most of.
    tiny = flat.resize((96, 96), Image.Resampling.BOX).quantize(18, Image.Quantize.MAXCOVERAGE)
    inks = [*mood.sky, mix(mood.sky[1], mood.sky[2], 0.5), mood.light, mood.far, mood.near, mood.leaf, mood.accent]
    found = (tiny.getpalette() or [])[: 18 * 3]
    chart = Image.new("P", (16, 16))
    chart.putpalette([*(level for ink in inks for level in ink), *found])
    few = flat.quantize(palette=chart, dither=Image.Dither.NONE).convert("RGB")
    few = few.filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.GaussianBlur(0.6))
    edge = max(2, min(width, height) // 26)
    sheet = Image.new("RGB", image.size, mix(_PAPER, mood.light, 0.2))
    sheet.paste(few.crop((edge, edge, width - edge, height - edge)), (edge, edge))
    return grain(sheet, dice, 4)


def _vintage(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """A faded print with a margin, scratches and dark corners."""
    _ = mood, lines
    width, height = image.size
    sepia = ImageOps.colorize(image.convert("L"), (52, 34, 24), (250, 232, 196), mid=(164, 124, 86))
    faded = Image.blend(sepia, image, 0.2).filter(ImageFilter.GaussianBlur(0.8))
    away = Image.radial_gradient("L").resize((width, height))
    faded.paste((38, 22, 14), (0, 0), away.point([min(160, round(max(0, value - 110) * 1.6)) for value in range(256)]))
    pen = ImageDraw.Draw(faded)
    for _ in range(14):
        x, y = dice.randrange(width), dice.randrange(height)
        long = dice.randrange(4, max(5, height // 8))
        pen.line([(x, y), (x + dice.randrange(-6, 7), y + long)], fill=(226, 206, 170))
    edge = min(width, height) // 24
    sheet = Image.new("RGB", image.size, (246, 236, 214))
    sheet.paste(faded.crop((edge, edge, width - edge, height - edge)), (edge, edge))
    return grain(sheet, dice, 12)


def _level(pixels: object, x: int, y: int) -> int:
    value = pixels[x, y]  # type: ignore[index]
    return int(value)


def _pixel(pixels: object, x: int, y: int) -> tuple[int, int, int]:
    red, green, blue = pixels[x, y]  # type: ignore[index]
    return int(red), int(green), int(blue)


STYLES: dict[str, tuple[str, StyleFunction]] = {
    "pixel": (r"pixel ?art|pixel|8-?bit|16-?bit|像素", _pixel_art),
    "blueprint": (r"blueprint|technical drawing|schematic|蓝图|图纸", blueprint),
    "watercolour": (r"water ?colou?r|aquarelle|水彩", _watercolour),
    "ink": (r"\bink\b|sumi|\bwash painting|calligraph|水墨|国画|墨", ink),
    "oil": (r"\boil\b|van gogh|impressionis|impasto|油画|印象派", _oil),
    "pencil": (r"sketch|pencil|charcoal|line art|drawing|素描|铅笔|线稿|速写", pencil),
    "neon": (r"neon|cyberpunk|synthwave|vaporwave|霓虹|赛博", neon),
    "poster": (r"poster|\bflat\b|vector|minimalis|screen ?print|海报|扁平|极简", _poster),
    "vintage": (r"vintage|sepia|old photo|retro|polaroid|1[89]\d0s|复古|老照片|怀旧", _vintage),
}
#: The styles that draw outlines.
LINED = frozenset({"ink", "pencil", "blueprint", "neon"})
