"""The styles of images: ink, oil, watercolour, pixels, blueprint, neon, pencil, poster, old photo."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mix
from qwave_jupyter.demo.painting.textures import add_grain, apply_curve, find_edges, make_noise

__all__ = ["LINED", "STYLES", "apply_style", "find_style"]

#: An image, its light, dice, and the outlines of what is on it where they are known.
StyleFunction = Callable[[Image.Image, Mood, random.Random, Image.Image | None], Image.Image]

_PAPER = (246, 240, 226)
_SHEET = (253, 251, 244)
_SOOT: Colour = (28, 26, 30)
_CHALK: Colour = (234, 243, 255)
_MAGENTA: Colour = (255, 46, 168)
_CYAN: Colour = (36, 226, 255)
#: The styles that draw outlines.
LINED = frozenset({"ink", "pencil", "blueprint", "neon"})


def find_style(words: str, excluded: str = "") -> str:
    """Return the name of the style that words in lower case ask for, or "".

    Example:
        >>> style_of("a quiet lake, ink wash"), find_style("a cat")
        ('ink', '')
    """
    for name, (pattern, _) in STYLES.items():
        if re.search(pattern, words) and not (excluded and re.search(pattern, excluded)):
            return name
    return ""


def apply_style(
    name: str, image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None = None
) -> Image.Image:
    """Return an image in a style, of the same size and transparency."""
    if name not in STYLES:
        return image
    painted = STYLES[name][1](image.convert("RGB"), mood, dice, lines)
    if image.mode == "RGBA":
        painted.putalpha(image.getchannel("A"))
    return painted


def _paint_oil(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """Strokes that follow a swirl, long where nothing happens and short where much does."""
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
            detail = _read_level(busy, min(edges.width - 1, x // 4), min(edges.height - 1, y // 4))
            if size < 0.012 and detail < 9:
                continue
            turn = math.sin(x / width * 5 + y / height * 3) * 0.9 + dice.gauss(0, 0.35)
            long = short * size * dice.uniform(0.6, 1.5) / (1 + detail / 24)
            red, green, blue = _read_pixel(colours, x, y)
            shift = dice.randrange(-13, 14)
            tone = (max(0, min(255, red + shift)), max(0, min(255, green + shift)), max(0, min(255, blue + shift)))
            dx, dy = math.cos(turn) * long, math.sin(turn) * long
            pen.line([(x - dx, y - dy), (x + dx, y + dy)], fill=tone, width=max(1, round(short * size * 0.42)))
    relief = canvas.convert("L").filter(ImageFilter.EMBOSS)
    return Image.blend(canvas, ImageChops.overlay(canvas, Image.merge("RGB", (relief, relief, relief))), 0.45)


def _paint_pixel_art(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """Few and large pixels in few colours."""
    width, height = image.size
    step = max(4, round(max(width, height) / 112))
    small = image.resize((max(8, width // step), max(8, height // step)), Image.Resampling.BOX)
    small = ImageEnhance.Contrast(ImageEnhance.Color(small).enhance(1.3)).enhance(1.12)
    few = small.quantize(28, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    return few.resize((width, height), Image.Resampling.NEAREST)


def _paint_watercolour(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """Washes that run out before the edge of the sheet, darker where the pigment gathered at their rims."""
    width, height = image.size
    # Washes have no detail: they are found on a small sheet.
    shrink = min(1.0, 560 / max(width, height))
    small = image.resize((max(8, round(width * shrink)), max(8, round(height * shrink))), Image.Resampling.BOX)
    wash = small.filter(ImageFilter.ModeFilter(5)).filter(ImageFilter.MedianFilter(3))
    wash = wash.resize(image.size, Image.Resampling.BICUBIC)
    wash = ImageEnhance.Color(Image.blend(wash, image, 0.25)).enhance(1.25)
    bloom = make_noise(image.size, dice, (4.0 * width / height, 4.0), 5, 0.6)
    wash = Image.blend(wash, ImageChops.soft_light(wash, Image.merge("RGB", (bloom, bloom, bloom))), 0.55)
    water = apply_curve(make_noise(image.size, dice, (3.0 * width / height, 3.0), 5), 60, 230, 150)
    wash = Image.composite(Image.blend(wash, Image.new("RGB", image.size, (255, 253, 247)), 0.55), wash, water)
    rims = find_edges(wash.filter(ImageFilter.GaussianBlur(max(1.0, width / 900))))
    rims = rims.filter(ImageFilter.GaussianBlur(max(0.7, width / 1400)))
    dark = ImageChops.multiply(wash, Image.new("RGB", image.size, (150, 140, 176)))
    wash.paste(dark, (0, 0), rims.point([min(170, max(0, value - 6) * 6) for value in range(256)]))
    sheet = Image.new("RGB", image.size, _SHEET)
    sheet.paste(wash, (0, 0), _make_ragged_mask(image.size, dice))
    return _apply_paper(sheet, dice)


def _make_ragged_mask(size: tuple[int, int], dice: random.Random) -> Image.Image:
    """Return a mask of all but an uneven margin."""
    width, height = size
    margin = min(size) / 17
    inner = Image.new("L", size)
    ImageDraw.Draw(inner).rounded_rectangle((margin, margin, width - margin, height - margin), margin * 0.8, fill=255)
    soft = inner.filter(ImageFilter.GaussianBlur(margin * 0.55))
    torn = make_noise(size, dice, (11.0 * width / height, 11.0), 5, 0.66)
    return apply_curve(ImageChops.add(soft, torn, 1.0, -128), 96, 124)


def _apply_paper(sheet: Image.Image, dice: random.Random) -> Image.Image:
    """Add the structure of rough paper."""
    tooth = make_noise(sheet.size, dice, (sheet.width / 7, sheet.height / 7), 2).filter(ImageFilter.EMBOSS)
    rough = Image.blend(sheet, ImageChops.overlay(sheet, Image.merge("RGB", (tooth, tooth, tooth))), 0.3)
    return add_grain(rough, dice, 3)


def _paint_poster(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """A few flat inks, and a margin."""
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
    return add_grain(sheet, dice, 4)


def _paint_vintage(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """A faded print with a margin, scratches and dark corners."""
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
    return add_grain(sheet, dice, 12)


def _read_level(pixels: object, x: int, y: int) -> int:
    value = pixels[x, y]  # type: ignore[index]
    return int(value)


def _read_pixel(pixels: object, x: int, y: int) -> tuple[int, int, int]:
    red, green, blue = pixels[x, y]  # type: ignore[index]
    return int(red), int(green), int(blue)


def _paint_ink(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """Washes of diluted ink, brush lines that swell and fade, a red seal."""
    width, height = image.size
    grey = ImageOps.autocontrast(image.convert("L").filter(ImageFilter.MedianFilter(5)), cutoff=(2, 6))
    wash = grey.filter(ImageFilter.GaussianBlur(max(1.0, width / 360)))
    runs = make_noise(image.size, dice, (5.0 * width / height, 5.0), 5, 0.6)
    wash = Image.blend(wash, ImageChops.overlay(wash, runs), 0.5)
    tones = wash.point([round(255 * min(1.0, (value / 255) ** 0.66 * 1.16 + 0.04)) for value in range(256)])
    sheet = ImageOps.colorize(tones, _SOOT, _PAPER, mid=(134, 130, 126))
    drawn = _find_lines(image, lines)
    # A brush presses here and lifts there.
    thick = drawn.filter(ImageFilter.MaxFilter(_round_to_odd(width / 300))).filter(
        ImageFilter.GaussianBlur(width / 1300)
    )
    thin = drawn.filter(ImageFilter.GaussianBlur(max(0.5, width / 1800)))
    press = make_noise(image.size, dice, (7.0 * width / height, 7.0), 3)
    stroke = Image.composite(thick, thin.point([value * 3 // 4 for value in range(256)]), apply_curve(press, 100, 150))
    sheet.paste(_SOOT, (0, 0), stroke.point([min(235, value) for value in range(256)]))
    away = Image.radial_gradient("L").resize((width, height))
    sheet.paste(_PAPER, (0, 0), apply_curve(ImageChops.add(away, runs, 1.0, -128), 118, 196))
    _draw_seal(sheet)
    return add_grain(sheet, dice, 5)


def _paint_pencil(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """Graphite outlines, and hatching that is denser where it is darker."""
    width, height = image.size
    grey = ImageOps.autocontrast(image.convert("L").filter(ImageFilter.GaussianBlur(max(1, width / 400))), cutoff=2)
    sheet = Image.new("L", image.size, 255)
    for lean, upto in ((1.0, 150), (-0.6, 84), (2.4, 44)):
        hatch = _make_hatching(image.size, dice, lean)
        dark = apply_curve(ImageChops.invert(grey), 255 - upto, 255 - upto + 90)
        sheet = ImageChops.multiply(sheet, Image.composite(hatch, Image.new("L", image.size, 255), dark))
    drawn = _find_lines(image, lines).filter(ImageFilter.GaussianBlur(max(0.5, width / 1600)))
    # A second, looser line beside the first.
    shift = max(1, round(width / 420))
    loose = ImageChops.offset(drawn, shift, -shift).point([value * 2 // 5 for value in range(256)])
    press = apply_curve(make_noise(image.size, dice, (9.0 * width / height, 9.0), 3), 20, 190, 120)
    drawn = ImageChops.subtract(ImageChops.lighter(drawn, loose), press, 1.25)
    sheet = ImageChops.multiply(sheet, ImageChops.invert(drawn.point([min(235, value * 2) for value in range(256)])))
    smudge = grey.filter(ImageFilter.GaussianBlur(max(2.0, width / 90))).point(
        [196 + value * 59 // 255 for value in range(256)]
    )
    return add_grain(ImageOps.colorize(ImageChops.multiply(sheet, smudge), (40, 40, 48), (251, 248, 241)), dice, 8)


def _paint_blueprint(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """White lines on blue, over squared paper."""
    width, height = image.size
    tones = image.convert("L").filter(ImageFilter.GaussianBlur(max(1.0, width / 300)))
    sheet = ImageOps.colorize(ImageOps.autocontrast(tones, cutoff=2), (12, 46, 112), (34, 92, 172))
    pen = ImageDraw.Draw(sheet)
    cell = max(8, min(width, height) // 32)
    for across, end in ((True, width), (False, height)):
        for index, at in enumerate(range(0, end, cell)):
            path = [(at, 0), (at, height)] if across else [(0, at), (width, at)]
            pen.line(path, fill=(50, 106, 184) if index % 4 else (76, 132, 206))
    drawn = _find_lines(image, lines)
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
    return add_grain(sheet, dice, 4)


def _paint_neon(image: Image.Image, mood: Mood, dice: random.Random, lines: Image.Image | None) -> Image.Image:
    """A dark scene in two colours, its outlines glowing tubes."""
    width, height = image.size
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    dim = grey.point([round(value**1.15 / 255**0.15 * 0.78) for value in range(256)])
    duo = ImageOps.colorize(dim, (7, 4, 26), (255, 176, 236), mid=(92, 26, 148), midpoint=112)
    base = Image.blend(duo, ImageEnhance.Color(image).enhance(1.9), 0.34)
    drawn = _find_lines(image, lines).filter(ImageFilter.MaxFilter(_round_to_odd(width / 520)))
    slope = Image.blend(
        Image.linear_gradient("L").resize((width, height)),
        Image.linear_gradient("L").rotate(90).resize((width, height)),
        0.5,
    )
    tubes = Image.composite(
        Image.new("RGB", image.size, _MAGENTA), Image.new("RGB", image.size, _CYAN), apply_curve(slope, 80, 176)
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
    return add_grain(base, dice, 4)


def _find_lines(image: Image.Image, known: Image.Image | None) -> Image.Image:
    """Return the known outlines, or those found in the image."""
    if known is not None:
        return known
    soft = image.filter(ImageFilter.GaussianBlur(max(0.8, image.width / 1200)))
    return find_edges(soft).point([min(255, max(0, value - 10) * 6) for value in range(256)])


def _round_to_odd(width: float) -> int:
    return max(3, round(width) // 2 * 2 + 1)


def _make_hatching(size: tuple[int, int], dice: random.Random, lean: float) -> Image.Image:
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


def _draw_seal(sheet: Image.Image) -> None:
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


STYLES: dict[str, tuple[str, StyleFunction]] = {
    "pixel": (r"pixel ?art|pixel|8-?bit|16-?bit|像素", _paint_pixel_art),
    "blueprint": (r"blueprint|technical drawing|schematic|蓝图|图纸", _paint_blueprint),
    "watercolour": (r"water ?colou?r|aquarelle|水彩", _paint_watercolour),
    "ink": (r"\bink\b|sumi|\bwash painting|calligraph|水墨|国画|墨", _paint_ink),
    "oil": (r"\boil\b|van gogh|impressionis|impasto|油画|印象派", _paint_oil),
    "pencil": (r"sketch|pencil|charcoal|line art|drawing|素描|铅笔|线稿|速写", _paint_pencil),
    "neon": (r"neon|cyberpunk|synthwave|vaporwave|霓虹|赛博", _paint_neon),
    "poster": (r"poster|\bflat\b|vector|minimalis|screen ?print|海报|扁平|极简", _paint_poster),
    "vintage": (r"vintage|sepia|old photo|retro|polaroid|1[89]\d0s|复古|老照片|怀旧", _paint_vintage),
}
