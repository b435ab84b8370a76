"""Words in images: what a prompt puts in quotes, captions, and the mark that every demo image bears."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from qwave_jupyter import i18n
from qwave_jupyter.demo.painting.lighting import Colour, mix
from qwave_jupyter.fonts import find_font, replace_undrawable

__all__ = [
    "draw_captions",
    "draw_demo_mark",
    "draw_series_number",
    "draw_title",
    "draw_watermark",
    "extract_quoted_text",
    "find_mark_area",
]

Font = ImageFont.FreeTypeFont
Area = tuple[int, int, int, int]

_QUOTED = re.compile(r'"([^"\n]{1,120})"|“([^”\n]{1,120})”|「([^」\n]{1,120})」|『([^』\n]{1,120})』|«([^»\n]{1,120})»')
_SINGLE = re.compile(r"(?:^|[\s:(,])'([^'\n]{2,80})'(?=$|[\s.,!?;:)])|(?:^|[\s:(,])‘([^’\n]{2,80})’")
_MAX_LINES = 4
_PAPER, _INK = (255, 253, 246), (16, 18, 26)


def extract_quoted_text(prompt: str) -> str:
    r"""Return the texts in quotes of a prompt, English or Chinese, one per line.

    Example:
        >>> extract_quoted_text('a shop with a sign "OPEN LATE" and 「你好」')
        'OPEN LATE\n你好'
    """
    found = ["".join(match.groups(default="")) for match in _QUOTED.finditer(prompt)]
    found = found or ["".join(match.groups(default="")) for match in _SINGLE.finditer(prompt)]
    clean = (re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", one).strip() for one in found)
    return "\n".join([one for one in clean if one][:_MAX_LINES])


def draw_title(image: Image.Image, text: str, colour: Colour, area: Area | None = None) -> None:
    """Draw a text large and legibly into the upper part of an image, or of an area of it."""
    left, top, right, bottom = area or (0, 0, image.width, image.height)
    wide, tall = (right - left) * 0.86, (bottom - top) * 0.34
    if not _is_drawable(text):
        _draw_missing_font_note(image, text, (left, top, right, bottom))
        return
    lines, font = _fit_lines("\n".join(map(_replace_unprintable, text.split("\n"))), wide, tall)
    pen = ImageDraw.Draw(image)
    step = font.size * 1.18
    y = top + (bottom - top) * 0.07
    _darken_behind(image, (left, round(y - font.size * 0.4), right, round(y + step * len(lines) + font.size * 0.5)))
    # Fonts differ in how far below the top of its line a letter begins.
    lift = min(pen.textbbox((0, 0), line, font=font)[1] for line in lines) - font.size * 0.2
    for line in lines:
        box = pen.textbbox((0, 0), line, font=font)
        x = (left + right) / 2 - (box[0] + box[2]) / 2
        # A dark rim, then letters that a stroke of their own colour makes bold.
        rim, bold = max(2, round(font.size / 13)), round(font.size / 34)
        pen.text((x, y - lift), line, font=font, fill=_INK, stroke_width=rim, stroke_fill=_INK)
        pen.text((x, y - lift), line, font=font, fill=_PAPER, stroke_width=bold, stroke_fill=_PAPER)
        y += step
    rule = font.size * 0.9
    middle = (left + right) / 2
    thick = max(2, font.size * 0.07)
    pen.rounded_rectangle((middle - rule, y + thick * 2, middle + rule, y + thick * 3), thick / 2, fill=colour)


def draw_captions(image: Image.Image, texts: Sequence[str], area: Area | None = None) -> None:
    """Draw notes in small letters at the lower left."""
    left, top, right, bottom = area or (0, 0, image.width, image.height)
    size = max(9.0, min(right - left, bottom - top) / 30)
    y = bottom - size * 2.2
    for text in reversed(texts[:4]):
        fits = replace_undrawable(text[:200])
        font = _load_font(fits, size)
        while len(fits) > 4 and font.getlength(fits) > (right - left) * 0.72:
            fits = fits[:-2].rstrip("…") + "…"
        _draw_chip(image, fits, font, (left + size, y))
        y -= size * 2.0


def draw_demo_mark(image: Image.Image, area: Area | None = None, *, fitting: bool = False) -> None:
    """Draw the word DEMO at the lower right; with ``fitting`` the area is just large enough for it."""
    left, top, right, bottom = area or (0, 0, image.width, image.height)
    short = min(right - left, bottom - top)
    size = max(6, round(short / 36), round(min(right - left, 400) / 40))
    if fitting:
        size = max(5, min(round(min(image.size) / 36), round((bottom - top) / 2.4), round((right - left) / 4.6)))
    text = i18n.text("painter.mark")
    font = _load_font(text, size)
    wide = font.getlength(text)
    x, y = right - wide - size * 1.4, bottom - size * (2.2 if not fitting else 2.0)
    _draw_chip(image, text, font, (max(left, x), max(top, y)))


def find_mark_area(allowed: Image.Image, area: Area) -> Area:
    """Return the area closest to the lower right in which a mark is allowed as a whole; else the region's bounds."""
    left, top, right, bottom = area
    wide, tall = max(1, (right - left) // 3), max(1, (bottom - top) // 8)
    step = max(1, (right - left) // 12), max(1, (bottom - top) // 16)
    for y in range(bottom - tall, top - 1, -step[1]):
        for x in range(right - wide, left - 1, -step[0]):
            box = x, y, x + wide, y + tall
            if allowed.crop(box).getextrema()[0] == 255:
                return box
    return area


def draw_watermark(image: Image.Image, area: Area | None = None) -> None:
    """Draw a translucent watermark across the image."""
    left, top, right, bottom = area or (0, 0, image.width, image.height)
    text = replace_undrawable(i18n.text("painter.watermark"))
    size = max(8, round((right - left) / 22))
    font = _load_font(text, size)
    tile = Image.new("L", (round(font.getlength(text) + size * 2), size * 2))
    ImageDraw.Draw(tile).text((size, size * 0.4), text, font=font, fill=150)
    rotated = tile.rotate(28, Image.Resampling.BICUBIC, expand=True)
    wall = Image.new("L", (right - left, bottom - top))
    for row, y in enumerate(range(-rotated.height // 2, wall.height, max(1, round(rotated.height * 0.9)))):
        for x in range(-rotated.width * (1 + row % 2) // 2, wall.width, max(1, round(rotated.width * 1.05))):
            wall.paste(rotated, (x, y), rotated)
    # A dark shadow below the light letters shows on any ground.
    deep = max(1, size // 14)
    shadow = ImageChops.subtract(ImageChops.offset(wall, deep, deep), wall).point([value // 2 for value in range(256)])
    image.paste(_match_mode(image, _INK), (left, top), shadow)
    image.paste(_match_mode(image, (255, 255, 255)), (left, top), wall)


def draw_series_number(image: Image.Image, number: int, among: int, colour: Colour) -> None:
    """Draw the number (from 1) of one image of a series as a round mark at the upper left."""
    unit = min(image.size) / 16
    drawn = Image.new("RGBA", (round(unit * 8), round(unit * 4)))
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((unit * 0.8, unit * 0.8, unit * 3.2, unit * 3.2), fill=(*mix(colour, _INK, 0.35), 255))
    pen.ellipse((unit * 0.95, unit * 0.95, unit * 3.05, unit * 3.05), outline=(*_PAPER, 230), width=round(unit / 12))
    font, small = _load_font("1", unit * 1.3), _load_font("1", unit * 0.7)
    pen.text((unit * 2, unit * 2), str(number), font=font, fill=(*_PAPER, 255), anchor="mm")
    drawn = drawn.resize((drawn.width // 2, drawn.height // 2), Image.Resampling.LANCZOS)
    image.paste(drawn.convert(image.mode), (0, 0), drawn.getchannel("A"))
    _draw_chip(image, f"{number} / {among}", small, (unit * 1.9, unit * 0.75))


def _match_mode(image: Image.Image, colour: Colour) -> tuple[int, ...]:
    return (*colour, 255) if image.mode == "RGBA" else colour


def _draw_chip(image: Image.Image, text: str, font: Font, at: tuple[float, float]) -> None:
    box = font.getbbox(text)
    pad = font.size * 0.45
    size = max(1, round(box[2] - box[0] + pad * 2)), max(1, round(font.size + pad * 1.5))
    shade = Image.new("L", (size[0] * 4, size[1] * 4))
    ImageDraw.Draw(shade).rounded_rectangle((0, 0, size[0] * 4 - 1, size[1] * 4 - 1), size[1] * 2, fill=150)
    corner = round(at[0]), round(at[1])
    if image.mode == "RGBA":
        # Over nothing, the chip brings its own ground along.
        layer = Image.new("RGBA", size, (*_INK, 0))
        layer.putalpha(shade.resize(size, Image.Resampling.BOX))
        image.alpha_composite(layer, (max(0, corner[0]), max(0, corner[1])))
    else:
        image.paste(_INK, corner, shade.resize(size, Image.Resampling.BOX))
    pen = ImageDraw.Draw(image)
    middle = corner[0] + size[0] / 2, corner[1] + size[1] / 2
    pen.text(middle, text, font=font, fill=_match_mode(image, _PAPER), anchor="mm")


def _darken_behind(image: Image.Image, area: Area) -> None:
    left, top, right, bottom = area
    top, bottom = max(0, top), min(image.height, bottom)
    if image.mode == "RGBA" or bottom - top < 4:
        return
    tall = bottom - top
    shade = Image.new("L", (8, 16))
    ImageDraw.Draw(shade).rectangle((0, 4, 8, 11), fill=88)
    shade = shade.filter(ImageFilter.GaussianBlur(2)).resize((right - left, tall), Image.Resampling.BICUBIC)
    image.paste(_INK, (left, top), shade)


def _draw_missing_font_note(image: Image.Image, text: str, area: Area) -> None:
    left, top, right, bottom = area
    count = sum(not one.isspace() for one in text)
    note = replace_undrawable(i18n.text("painter.no_font", count=count))
    size = max(8, min(round((right - left) / 24), round((bottom - top) / 12)))
    font = _load_font(note, size)
    wide, tall = font.getlength(note) + size * 2, size * 3.2
    x, y = (left + right - wide) / 2, top + (bottom - top) * 0.1
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((x, y, x + wide, y + tall), size * 0.5, fill=_match_mode(image, _PAPER))
    pen.text((x + wide / 2, y + tall / 2), note, font=font, fill=_match_mode(image, _INK), anchor="mm")


def _fit_lines(text: str, wide: float, tall: float) -> tuple[list[str], Font]:
    """Return the lines and the largest font with which a text fits an area."""
    best: tuple[list[str], Font] | None = None
    for count in range(1, _MAX_LINES + 3):
        lines = _break_lines(text, count)
        probe = _load_font(text, 100)
        width = max(probe.getlength(line) for line in lines) or 1.0
        size = max(8, int(min(100 * wide / width, tall / (len(lines) * 1.18), tall * 0.6)))
        if best is None or size > best[1].size * 1.12:
            best = lines, _load_font(text, size)
    return best or ([text], _load_font(text, 8))


def _break_lines(text: str, count: int) -> list[str]:
    """Break a text into about ``count`` lines: at spaces, or anywhere in a script without them."""
    rows = text.split("\n")
    if len(rows) >= count:
        return rows
    whole = " ".join(rows)
    pieces = whole.split(" ") if " " in whole else list(whole)
    glue = " " if " " in whole else ""
    lines, room = [""], len(whole) / count
    for piece in pieces:
        if lines[-1] and len(lines[-1]) + len(piece) / 2 > room and len(lines) < count:
            lines.append(piece)
        else:
            lines[-1] += (glue if lines[-1] else "") + piece
    return lines


def _replace_unprintable(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)


def _is_drawable(text: str) -> bool:
    """Whether this machine has glyphs for most characters of a text."""
    shown = [one for one in text[:300] if not one.isspace()]
    return not shown or sum(map(_has_glyph, shown)) * 2 > len(shown)


def _has_glyph(one: str) -> bool:
    font = _load_font(one, 20)
    missing, shape = font.getmask("\U0010fffe"), font.getmask(one)
    return (shape.size, bytes(shape)) != (missing.size, bytes(missing))


def _load_font(text: str, size: float) -> Font:
    found = find_font(text, max(4, round(size)))
    if isinstance(found, ImageFont.FreeTypeFont):
        return found
    msg = "Pillow was built without FreeType, which lettering needs"
    raise ValueError(msg)
