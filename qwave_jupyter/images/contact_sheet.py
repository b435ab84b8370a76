"""Draw several images on one sheet, with captions; only one image is in memory at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from qwave_jupyter import fonts
from qwave_jupyter.images import image_io, pixels
from qwave_jupyter.tracebacks import contain

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

__all__ = ["Tile", "draw_sheet", "stack_sheets"]

_BACKGROUND, _EMPTY = (255, 255, 255), (240, 241, 243)
_TEXT, _MUTED, _ERROR = (32, 33, 36), (110, 112, 118), (176, 32, 32)
_Colour: TypeAlias = tuple[int, int, int]
_GAP = 10
_FONT_SIZE = 14
_LINE = 20
_MAX_COLUMNS = 8


@dataclass(frozen=True)
class Tile:
    """One image on a sheet, or a note that says why there is none, or that it is still to come."""

    path: Path | None
    caption: str = ""
    note: str = ""
    waiting: bool = False


def draw_sheet(
    tiles: Sequence[Tile],
    *,
    columns: int | None = None,
    width: int = 768,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
) -> Image.Image:
    """Draw tiles on a sheet ``width`` pixels wide, row by row; without ``columns`` about as high as wide."""
    from PIL import Image, ImageDraw

    square = min(_MAX_COLUMNS, math.ceil(math.sqrt(len(tiles))))
    across = max(1, min(columns or len(column_labels) or square, max(1, len(tiles))))
    down = math.ceil(len(tiles) / across)
    margin = _measure_labels(row_labels)
    head = _LINE + _GAP if column_labels else 0
    side = max(48, (width - margin - _GAP * (across + 1)) // across)
    heights = [_measure_row(tiles[start : start + across], side) for start in range(0, len(tiles), across)]
    captions = _LINE if any(tile.caption for tile in tiles) else 0
    height = head + sum(heights) + down * (captions + _GAP) + _GAP
    sheet = Image.new("RGB", (margin + side * across + _GAP * (across + 1), height), _BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    for column, label in enumerate(column_labels[:across]):
        _draw_text(pen, label, (margin + _GAP + column * (side + _GAP), _GAP), side, _TEXT)
    top = head + _GAP
    for row in range(down):
        if row < len(row_labels):
            _draw_text(pen, row_labels[row], (_GAP, top + heights[row] // 2 - _LINE // 2), margin - _GAP, _TEXT)
        for column, tile in enumerate(tiles[row * across : (row + 1) * across]):
            left = margin + _GAP + column * (side + _GAP)
            _draw_tile(sheet, pen, tile, (left, top, side, heights[row]))
            _draw_text(pen, tile.caption, (left, top + heights[row] + 3), side, _MUTED)
        top += heights[row] + captions + _GAP
    return sheet


def stack_sheets(sheets: Sequence[Image.Image], titles: Sequence[str]) -> Image.Image:
    """Draw several sheets below each other, each under its title."""
    from PIL import Image, ImageDraw

    head = _LINE + _GAP
    width = max(sheet.width for sheet in sheets)
    whole = Image.new("RGB", (width, sum(sheet.height + head for sheet in sheets)), _BACKGROUND)
    pen = ImageDraw.Draw(whole)
    top = 0
    for sheet, title in zip(sheets, titles, strict=True):
        _draw_text(pen, title, (_GAP, top + _GAP), width - 2 * _GAP, _TEXT)
        whole.paste(sheet, (0, top + head))
        top += sheet.height + head
    return whole


def _measure_labels(labels: Sequence[str]) -> int:
    if not labels:
        return 0
    return min(180, _GAP + max(math.ceil(_find_font(label).getlength(_clean(label))) for label in labels))


def _measure_row(tiles: Sequence[Tile], side: int) -> int:
    tallest = max((ratio for tile in tiles if (ratio := _measure_ratio(tile.path))), default=1.0)
    return max(24, round(side * min(tallest, 2.0)))


def _measure_ratio(path: Path | None) -> float | None:
    if path is None:
        return None
    with contain("contact sheet"):
        info = image_io.probe(path)
        return info.height / info.width if info.width else None
    return None


def _draw_tile(sheet: Image.Image, pen: ImageDraw.ImageDraw, tile: Tile, box: tuple[int, int, int, int]) -> None:
    left, top, side, height = box
    thumbnail = _load_thumbnail(tile.path, side, height)
    if thumbnail is None:
        pen.rectangle((left, top, left + side - 1, top + height - 1), fill=_EMPTY)
        colour = _MUTED if tile.waiting else _ERROR
        _draw_paragraph(pen, tile.note or "–", (left + 8, top + 8), (side - 16, height - 16), colour)
        return
    centred = (left + (side - thumbnail.width) // 2, top + (height - thumbnail.height) // 2)
    sheet.paste(thumbnail, centred, thumbnail if thumbnail.mode == "RGBA" else None)


def _load_thumbnail(path: Path | None, side: int, height: int) -> Image.Image | None:
    from PIL import Image

    if path is None:
        return None
    with contain("contact sheet"):
        image = pixels.normalize(image_io.load(path)).image
        image.thumbnail((side, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        return image.convert("RGBA" if pixels.has_alpha(image) else "RGB")
    return None


def _draw_text(pen: ImageDraw.ImageDraw, text: str, at: tuple[int, int], width: int, colour: _Colour) -> None:
    if text:
        line = _truncate(text, width)
        pen.text(at, line, font=_find_font(line), fill=colour)


def _draw_paragraph(
    pen: ImageDraw.ImageDraw, text: str, at: tuple[int, int], size: tuple[int, int], colour: _Colour
) -> None:
    width, height = size
    lines, line = [], ""
    font = _find_font(text)
    for word in _clean(text).split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    for row, fitting in enumerate([*lines, line][: max(1, height // _LINE)]):
        pen.text((at[0], at[1] + row * _LINE), _truncate(fitting, width), font=font, fill=colour)


def _truncate(text: str, width: int) -> str:
    text = _clean(text)
    font = _find_font(text)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip(" ·") + "…"


def _clean(text: str) -> str:
    return fonts.replace_undrawable(" ".join(text[:300].split()))


def _find_font(text: str) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return fonts.find_font(text, _FONT_SIZE)
