"""Several pictures on one sheet, with captions that stay legible.

A sheet is drawn from small thumbnails, one picture in memory at a time, whatever the originals weigh.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter import fonts
from qwave_jupyter.images import image_io

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

__all__ = ["Tile", "draw", "stacked"]

_PAPER, _INK, _FAINT, _EMPTY, _ALARM = (255, 255, 255), (32, 33, 36), (110, 112, 118), (240, 241, 243), (176, 32, 32)
_GAP = 10
_FONT_SIZE = 14
_LINE = 20
_MOST_COLUMNS = 8


@dataclass(frozen=True)
class Tile:
    """One place on a sheet.

    Args:
        path: its picture; None for a place without one.
        caption: below it.
        note: why there is no picture.
        waiting: whether it is still to come, so that its note is no alarm.
    """

    path: Path | None
    caption: str = ""
    note: str = ""
    waiting: bool = False


def draw(
    tiles: Sequence[Tile],
    *,
    columns: int | None = None,
    width: int = 768,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
) -> Image.Image:
    """A sheet of tiles, row by row.

    Args:
        tiles: the places.
        columns: how many stand side by side; None for a sheet about as high as wide.
        width: of the sheet, in pixels.
        row_labels: at the left of each row.
        column_labels: above each column.
    """
    from PIL import Image, ImageDraw

    across = max(1, min(columns or len(column_labels) or _columns(len(tiles)), max(1, len(tiles))))
    down = math.ceil(len(tiles) / across)
    margin = _margin(row_labels)
    head = _LINE + _GAP if column_labels else 0
    side = max(48, (width - margin - _GAP * (across + 1)) // across)
    heights = _heights(tiles, across, side)
    captions = _LINE if any(tile.caption for tile in tiles) else 0
    height = head + sum(heights) + down * (captions + _GAP) + _GAP
    sheet = Image.new("RGB", (margin + side * across + _GAP * (across + 1), height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for place, label in enumerate(column_labels[:across]):
        _write(pen, label, (margin + _GAP + place * (side + _GAP), _GAP), side, _INK)
    top = head + _GAP
    for row in range(down):
        if row < len(row_labels):
            _write(pen, row_labels[row], (_GAP, top + heights[row] // 2 - _LINE // 2), margin - _GAP, _INK)
        for column, tile in enumerate(tiles[row * across : (row + 1) * across]):
            left = margin + _GAP + column * (side + _GAP)
            _place(sheet, pen, tile, (left, top, side, heights[row]))
            _write(pen, tile.caption, (left, top + heights[row] + 3), side, _FAINT)
        top += heights[row] + captions + _GAP
    return sheet


def stacked(sheets: Sequence[Image.Image], titles: Sequence[str]) -> Image.Image:
    """Several sheets below each other, each under its title.

    Args:
        sheets: the pages.
        titles: one for each.
    """
    from PIL import Image, ImageDraw

    head = _LINE + _GAP
    width = max(sheet.width for sheet in sheets)
    whole = Image.new("RGB", (width, sum(sheet.height + head for sheet in sheets)), _PAPER)
    pen = ImageDraw.Draw(whole)
    top = 0
    for sheet, title in zip(sheets, titles, strict=True):
        _write(pen, title, (_GAP, top + _GAP), width - 2 * _GAP, _INK)
        whole.paste(sheet, (0, top + head))
        top += sheet.height + head
    return whole


def _columns(count: int) -> int:
    return min(_MOST_COLUMNS, math.ceil(math.sqrt(count)))


def _margin(labels: Sequence[str]) -> int:
    if not labels:
        return 0
    return min(180, _GAP + max(math.ceil(_font(label).getlength(_legible(label))) for label in labels))


def _heights(tiles: Sequence[Tile], across: int, side: int) -> list[int]:
    heights = []
    for start in range(0, len(tiles), across):
        ratios = [ratio for tile in tiles[start : start + across] if (ratio := _ratio(tile.path))]
        tallest = max(ratios) if ratios else 1.0
        heights.append(max(24, round(side * min(tallest, 2.0))))
    return heights


def _ratio(path: Path | None) -> float | None:
    if path is None:
        return None
    try:
        facts = image_io.look(path)
    except (OSError, image_io.NotAPicture):
        return None
    return facts.height / facts.width if facts.width else None


def _place(sheet: Image.Image, pen: ImageDraw.ImageDraw, tile: Tile, box: tuple[int, int, int, int]) -> None:
    left, top, side, height = box
    thumbnail = _thumbnail(tile.path, side, height)
    if thumbnail is None:
        pen.rectangle((left, top, left + side - 1, top + height - 1), fill=_EMPTY)
        ink = _FAINT if tile.waiting else _ALARM
        _write_lines(pen, tile.note or "–", (left + 8, top + 8), (side - 16, height - 16), ink)
        return
    place = (left + (side - thumbnail.width) // 2, top + (height - thumbnail.height) // 2)
    sheet.paste(thumbnail, place, thumbnail if thumbnail.mode == "RGBA" else None)


def _thumbnail(path: Path | None, side: int, height: int) -> Image.Image | None:
    from PIL import Image

    if path is None:
        return None
    try:
        picture = image_io.load(path)
    except (OSError, image_io.NotAPicture):
        return None
    picture.thumbnail((side, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return picture.convert("RGBA" if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info else "RGB")


def _write(pen: ImageDraw.ImageDraw, text: str, place: tuple[int, int], width: int, ink: tuple[int, int, int]) -> None:
    if text:
        shown = _fitting(text, width)
        pen.text(place, shown, font=_font(shown), fill=ink)


def _write_lines(
    pen: ImageDraw.ImageDraw, text: str, place: tuple[int, int], size: tuple[int, int], ink: tuple[int, int, int]
) -> None:
    width, height = size
    lines, line = [], ""
    font = _font(text)
    for word in _legible(text).split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    shown = [*lines, line][: max(1, height // _LINE)]
    for row, one in enumerate(shown):
        pen.text((place[0], place[1] + row * _LINE), _fitting(one, width), font=font, fill=ink)


def _fitting(text: str, width: int) -> str:
    text = _legible(text)
    font = _font(text)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip(" ·") + "…"


def _legible(text: str) -> str:
    return fonts.legible(" ".join(text[:300].split()))


def _font(text: str) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return fonts.font_for(text, _FONT_SIZE)
