"""The hand in which a picture is painted: ink, oil, watercolour, pixels, blueprint, neon, pencil, poster, old photo."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from qwave_jupyter.demo.moods import Mood, mixed

__all__ = ["STYLES", "grain", "style_of", "styled"]

Hand = Callable[[Image.Image, Mood, random.Random], Image.Image]

_PAPER = (246, 240, 226)
_INK = (28, 26, 30)


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


def styled(name: str, picture: Image.Image, mood: Mood, dice: random.Random) -> Image.Image:
    """A picture in a style, of the same size; see-through where it was.

    Args:
        name: one of :data:`STYLES`, or "" for none.
        picture: RGB or RGBA.
        mood: its light.
        dice: decides where strokes fall.
    """
    if name not in STYLES:
        return picture
    painted = STYLES[name][1](picture.convert("RGB"), mood, dice)
    if picture.mode == "RGBA":
        painted.putalpha(picture.getchannel("A"))
    return painted


def grain(picture: Image.Image, dice: random.Random, much: int) -> Image.Image:
    """Fine grain over a picture, which also hides the steps of gradients.

    Args:
        picture: RGB.
        dice: decides it.
        much: levels up or down.
    """
    width, height = picture.size
    noise = Image.frombytes("L", (width, height), dice.randbytes(width * height))
    noise = noise.point([value * (2 * much + 1) // 256 for value in range(256)])
    return ImageChops.add(picture, Image.merge("RGB", (noise, noise, noise)), 1, -much)


def _ink(picture: Image.Image, mood: Mood, dice: random.Random) -> Image.Image:
    _ = mood
    width, height = picture.size
    grey = ImageOps.autocontrast(picture.convert("L").filter(ImageFilter.MedianFilter(5)), cutoff=(2, 8))
    wash = grey.filter(ImageFilter.GaussianBlur(max(1.0, width / 420)))
    tones = wash.point([round(255 * min(1.0, (value / 255) ** 0.72 * 1.12)) for value in range(256)])
    sheet = ImageOps.colorize(tones, _INK, _PAPER, mid=(128, 124, 120))
    lines = grey.filter(ImageFilter.GaussianBlur(1)).filter(ImageFilter.FIND_EDGES)
    lines = lines.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.GaussianBlur(0.8))
    lines = ImageOps.crop(ImageOps.expand(lines, 0), 0).point(
        [min(200, max(0, value - 14) * 4) for value in range(256)]
    )
    sheet.paste(_INK, (0, 0), lines)
    away = Image.radial_gradient("L").resize((width, height))
    sheet.paste(_PAPER, (0, 0), away.point([min(255, max(0, value - 110) * 3) for value in range(256)]))
    side = max(12, min(width, height) // 13)
    seal = Image.new("RGB", (side, side), (188, 44, 34))
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
    sheet.paste(seal, (round(width * 0.92 - side), round(height * 0.86 - side)))
    return grain(sheet, dice, 5)


def _oil(picture: Image.Image, mood: Mood, dice: random.Random) -> Image.Image:
    _ = mood
    width, height = picture.size
    smooth = ImageEnhance.Color(picture).enhance(1.25).filter(ImageFilter.GaussianBlur(max(1.0, width / 500)))
    canvas = smooth.filter(ImageFilter.GaussianBlur(max(2.0, width / 130)))
    edges = picture.convert("L").reduce(4).filter(ImageFilter.FIND_EDGES).filter(ImageFilter.GaussianBlur(2))
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


def _watercolour(picture: Image.Image, mood: Mood, dice: random.Random) -> Image.Image:
    _ = mood
    width, height = picture.size
    wash = picture.filter(ImageFilter.GaussianBlur(max(1.0, width / 420))).filter(
        ImageFilter.ModeFilter(9 if width < 700 else 7)
    )
    wash = ImageEnhance.Color(wash).enhance(1.2)
    wash = Image.blend(wash, Image.new("RGB", picture.size, (255, 252, 244)), 0.24)
    blots = Image.frombytes("L", (24, 24), dice.randbytes(576)).resize(picture.size, Image.Resampling.BICUBIC)
    blots = blots.point([112 + value * 40 // 255 for value in range(256)])
    wash = ImageChops.overlay(wash, Image.merge("RGB", (blots, blots, blots)))
    rims = wash.convert("L").filter(ImageFilter.FIND_EDGES).filter(ImageFilter.GaussianBlur(1))
    wash.paste(
        mixed(mood.near, (60, 50, 90), 0.4),
        (0, 0),
        rims.point([min(90, max(0, value - 8) * 2) for value in range(256)]),
    )
    torn = Image.frombytes("L", (64, 64), dice.randbytes(4096)).resize(picture.size, Image.Resampling.BICUBIC)
    frame = Image.new("L", picture.size)
    inset = min(width, height) // 26
    ImageDraw.Draw(frame).rounded_rectangle((inset, inset, width - inset, height - inset), inset, fill=255)
    frame = frame.filter(ImageFilter.GaussianBlur(inset / 2.2))
    frame = ImageChops.add(frame, torn, 2).point([max(0, min(255, (value - 110) * 7)) for value in range(256)])
    sheet = Image.new("RGB", picture.size, (252, 249, 240))
    sheet.paste(wash, (0, 0), frame.filter(ImageFilter.GaussianBlur(1)))
    return grain(sheet, dice, 6)


def _pixel_art(picture: Image.Image, mood: Mood, dice: random.Random) -> Image.Image:
    _ = mood, dice
    width, height = picture.size
    step = max(1, round(max(width, height) / 128))
    small = picture.resize((max(8, width // step), max(8, height // step)), Image.Resampling.BOX)
    small = ImageEnhance.Contrast(ImageEnhance.Color(small).enhance(1.3)).enhance(1.12)
    few = small.quantize(28, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    return few.resize((width, height), Image.Resampling.NEAREST)


def _blueprint(picture: Image.Image, mood: Mood, dice: random.Random) -> Image.Image:
    _ = mood
    width, height = picture.size
    soft = picture.filter(ImageFilter.GaussianBlur(max(0.8, width / 1300)))
    edges = ImageChops.lighter(
        *(soft.convert("L").filter(one) for one in (ImageFilter.FIND_EDGES, ImageFilter.CONTOUR))
    )
    edges = soft.convert("L").filter(ImageFilter.FIND_EDGES)
    tint = soft.convert("HSV").getchannel("H").filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.FIND_EDGES)
    lines = ImageChops.add(
        edges.point([min(255, max(0, value - 7) * 7) for value in range(256)]),
        tint.point([(value > 60) * 60 for value in range(256)]),
    )
    sheet = ImageOps.colorize(picture.convert("L").filter(ImageFilter.GaussianBlur(2)), (10, 44, 112), (30, 92, 176))
    pen = ImageDraw.Draw(sheet)
    cell = max(8, min(width, height) // 32)
    for place, x in enumerate(range(0, width, cell)):
        pen.line([(x, 0), (x, height)], fill=(56, 112, 190) if place % 4 else (92, 146, 214))
    for place, y in enumerate(range(0, height, cell)):
        pen.line([(0, y), (width, y)], fill=(56, 112, 190) if place % 4 else (92, 146, 214))
    sheet.paste((232, 242, 255), (0, 0), lines)
    pen = ImageDraw.Draw(sheet)
    edge = cell // 2
    pen.rectangle((edge, edge, width - edge - 1, height - edge - 1), outline=(232, 242, 255), width=max(1, cell // 14))
    return grain(sheet, dice, 4)


def _neon(picture: Image.Image, mood: Mood, dice: random.Random) -> Image.Image:
    _ = mood
    grey = ImageOps.autocontrast(picture.convert("L"), cutoff=1)
    duo = ImageOps.colorize(
        grey.point([value * 200 // 255 for value in range(256)]),
        (8, 4, 30),
        (255, 190, 240),
        mid=(104, 26, 150),
        midpoint=110,
    )
    base = Image.blend(duo, ImageEnhance.Color(picture).enhance(1.8), 0.42)
    edges = picture.convert("L").filter(ImageFilter.GaussianBlur(1)).filter(ImageFilter.FIND_EDGES)
    edges = edges.point([min(255, max(0, value - 12) * 4) for value in range(256)])
    down = Image.linear_gradient("L").resize(picture.size)
    tubes = Image.composite(
        Image.new("RGB", picture.size, (255, 50, 170)), Image.new("RGB", picture.size, (40, 230, 255)), down
    )
    lines = Image.new("RGB", picture.size)
    lines.paste(tubes, (0, 0), edges)
    glow = (
        lines.reduce(3)
        .filter(ImageFilter.GaussianBlur(max(1.5, picture.width / 320)))
        .resize(picture.size, Image.Resampling.BICUBIC)
    )
    base = ImageChops.screen(
        ImageChops.screen(base, lines), glow.point([min(255, value * 2) for value in range(256)] * 3)
    )
    return grain(base, dice, 4)


def _pencil(picture: Image.Image, mood: Mood, dice: random.Random) -> Image.Image:
    _ = mood
    width, height = picture.size
    grey = ImageOps.autocontrast(picture.convert("L"), cutoff=1)
    far = ImageChops.invert(grey).filter(ImageFilter.GaussianBlur(max(2.0, width / 190)))
    dodge = ImageChops.invert(
        ImageChops.subtract(
            ImageChops.add(ImageChops.invert(grey), ImageChops.invert(far)), Image.new("L", grey.size, 255)
        )
    )
    lines = grey.filter(ImageFilter.GaussianBlur(0.8)).filter(ImageFilter.FIND_EDGES)
    lines = ImageChops.invert(lines.point([min(255, max(0, value - 4) * 5) for value in range(256)]))
    hatch = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(hatch)
    step = max(3, min(width, height) // 150)
    for x in range(-height, width, step):
        wobble = dice.uniform(-2, 2)
        pen.line(
            [(x + wobble, height), (x + height - wobble, 0)], fill=dice.randrange(96, 170), width=max(1, step // 3)
        )
    shade = Image.composite(
        Image.new("L", grey.size, 255), hatch, grey.point([min(255, round(value * 1.25)) for value in range(256)])
    )
    drawn = ImageChops.multiply(
        ImageChops.multiply(lines, shade), dodge.point([150 + value * 105 // 255 for value in range(256)])
    )
    return grain(ImageOps.colorize(drawn, (44, 44, 52), (250, 247, 240)), dice, 7)


def _poster(picture: Image.Image, mood: Mood, dice: random.Random) -> Image.Image:
    width, height = picture.size
    flat = ImageEnhance.Color(picture.filter(ImageFilter.GaussianBlur(max(1.0, width / 460)))).enhance(1.35)
    few = flat.quantize(9, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    few = few.filter(ImageFilter.ModeFilter(7)).filter(ImageFilter.GaussianBlur(0.7))
    edge = min(width, height) // 28
    sheet = Image.new("RGB", picture.size, mixed(_PAPER, mood.light, 0.2))
    sheet.paste(few.crop((edge, edge, width - edge, height - edge)), (edge, edge))
    return grain(sheet, dice, 5)


def _vintage(picture: Image.Image, mood: Mood, dice: random.Random) -> Image.Image:
    _ = mood
    width, height = picture.size
    sepia = ImageOps.colorize(picture.convert("L"), (52, 34, 24), (250, 232, 196), mid=(164, 124, 86))
    faded = Image.blend(sepia, picture, 0.2).filter(ImageFilter.GaussianBlur(0.8))
    away = Image.radial_gradient("L").resize((width, height))
    faded.paste((38, 22, 14), (0, 0), away.point([min(170, max(0, value - 90) * 2) for value in range(256)]))
    pen = ImageDraw.Draw(faded)
    for _ in range(14):
        x, y = dice.randrange(width), dice.randrange(height)
        long = dice.randrange(4, max(5, height // 8))
        pen.line([(x, y), (x + dice.randrange(-6, 7), y + long)], fill=(226, 206, 170))
    edge = min(width, height) // 24
    sheet = Image.new("RGB", picture.size, (246, 236, 214))
    sheet.paste(faded.crop((edge, edge, width - edge, height - edge)), (edge, edge))
    return grain(sheet, dice, 12)


def _level(pixels: object, x: int, y: int) -> int:
    value = pixels[x, y]  # type: ignore[index]
    return int(value)


def _pixel(pixels: object, x: int, y: int) -> tuple[int, int, int]:
    red, green, blue = pixels[x, y]  # type: ignore[index]
    return int(red), int(green), int(blue)


STYLES: dict[str, tuple[str, Hand]] = {
    "pixel": (r"pixel ?art|pixel|8-?bit|16-?bit|像素", _pixel_art),
    "blueprint": (r"blueprint|technical drawing|schematic|蓝图|图纸", _blueprint),
    "watercolour": (r"water ?colou?r|aquarelle|水彩", _watercolour),
    "ink": (r"\bink\b|sumi|\bwash painting|calligraph|水墨|国画|墨", _ink),
    "oil": (r"\boil\b|van gogh|impressionis|impasto|油画|印象派", _oil),
    "pencil": (r"sketch|pencil|charcoal|line art|drawing|素描|铅笔|线稿|速写", _pencil),
    "neon": (r"neon|cyberpunk|synthwave|vaporwave|霓虹|赛博", _neon),
    "poster": (r"poster|\bflat\b|vector|minimalis|screen ?print|海报|扁平|极简", _poster),
    "vintage": (r"vintage|sepia|old photo|retro|polaroid|1[89]\d0s|复古|老照片|怀旧", _vintage),
}
