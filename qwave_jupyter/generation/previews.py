"""What a notebook keeps of a picture: a light JPEG, or PNG where there is transparency; several make one sheet."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

__all__ = ["Preview", "contact_sheet", "preview"]

#: What one picture, or one sheet, may add to a notebook, before base64.
_BUDGET = 110_000
_SHEET_BUDGET = 260_000
_GAP, _CAPTION = 8, 20
_LONGEST_CAPTION = 64


@dataclass(frozen=True)
class Preview:
    """Encoded pixels.

    Args:
        content: the bytes of a file.
        mime: ``image/jpeg`` or ``image/png``.
        width: pixels.
        height: pixels.
    """

    content: bytes = field(repr=False)
    mime: str
    width: int
    height: int


def preview(path: Path, long_side: int = 768) -> Preview:
    """A small copy of a picture.

    Args:
        path: the picture.
        long_side: pixels at most; never enlarged.
    """
    return _encoded(_opened(path, long_side), _BUDGET)


def contact_sheet(paths: Sequence[Path], captions: Sequence[str], width: int = 768) -> Preview:
    """Several pictures as one, each with its caption below.

    Args:
        paths: the pictures, in order.
        captions: one line each.
        width: pixels of the sheet, at least; a cell is never narrower than 160.
    """
    columns = min(4, math.ceil(math.sqrt(len(paths))))
    cell = max(160, (width - _GAP * (columns - 1)) // columns)
    font = ImageFont.load_default(12)
    tiles = [_on_white(_opened(path, cell)) for path in paths]
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    heights = [max(tile.height for tile in row) + _CAPTION for row in rows]
    across = cell * columns + _GAP * (columns - 1)
    sheet = Image.new("RGB", (across, sum(heights) + _GAP * (len(rows) - 1)), "white")
    pen = ImageDraw.Draw(sheet)
    top = 0
    for line, row in enumerate(rows):
        for column, tile in enumerate(row):
            left = column * (cell + _GAP)
            sheet.paste(tile, (left + (cell - tile.width) // 2, top))
            caption = _fitting(captions[line * columns + column], font, cell)
            pen.text((left + 2, top + heights[line] - _CAPTION + 3), caption, fill="#555", font=font)
        top += heights[line] + _GAP
    return _encoded(sheet, _SHEET_BUDGET)


def _opened(path: Path, long_side: int) -> Image.Image:
    with Image.open(path) as file:
        # A JPEG can be decoded at a fraction of its size, which saves most of the time and memory.
        file.draft("RGB", (long_side, long_side))
        file.load()
        picture = ImageOps.exif_transpose(file)
    picture.thumbnail((long_side, long_side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return picture


def _is_transparent(picture: Image.Image) -> bool:
    if picture.mode == "P":
        return "transparency" in picture.info
    return picture.mode in {"RGBA", "LA"} and int(picture.getchannel("A").getextrema()[0]) < 255  # type: ignore[arg-type]


def _on_white(picture: Image.Image) -> Image.Image:
    if not _is_transparent(picture):
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    white = Image.new("RGBA", clear.size, "white")
    white.alpha_composite(clear)
    return white.convert("RGB")


def _encoded(picture: Image.Image, budget: int) -> Preview:
    if _is_transparent(picture):
        return _clear(picture.convert("RGBA"), budget)
    flat = picture.convert("RGB")
    for quality in (85, 78, 70, 60, 50, 40):
        buffer = io.BytesIO()
        flat.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
        if buffer.tell() <= budget:
            break
    return Preview(buffer.getvalue(), "image/jpeg", *flat.size)


def _clear(picture: Image.Image, budget: int) -> Preview:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    while buffer.tell() > budget and min(picture.size) > 128:
        picture = picture.resize((picture.width * 4 // 5, picture.height * 4 // 5))
        buffer = io.BytesIO()
        picture.quantize(255).save(buffer, "PNG", optimize=True)
    return Preview(buffer.getvalue(), "image/png", *picture.size)


def _fitting(caption: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    text = "".join(sign for sign in caption if sign.isprintable())[:_LONGEST_CAPTION]
    while text and font.getlength(text) > width - 4:
        text = text[:-2] + "…" if len(text) > 2 else ""
    return text
