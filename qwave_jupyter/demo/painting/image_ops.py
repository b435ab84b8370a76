"""Operations on reference images: decode, crop, mask, inset, zoom out, pan, enlarge."""

from __future__ import annotations

import io
import math
import struct
import warnings
import zlib
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from qwave_jupyter.image_formats import open_image

__all__ = [
    "DIRECTIONS",
    "Boxes",
    "decode",
    "draw_insets",
    "enlarge",
    "find_editable_region",
    "fit",
    "pan",
    "read_size",
    "restore_outside",
    "vary_light",
    "zoom_out",
]

#: The boxes of each reference, in its own pixels: left, top, right, bottom.
Boxes = Sequence[Sequence[Sequence[float]]]

_MAX_PIXELS = 100_000_000
#: What Pillow lets through for broken files, besides its own error.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
_OPAQUE = 128
#: To where a pan goes on: how far right and how far down, in shares of the image.
DIRECTIONS = {"left": (-0.5, 0.0), "right": (0.5, 0.0), "up": (0.0, -0.5), "down": (0.0, 0.5)}


def read_size(content: bytes) -> tuple[int, int] | None:
    """Return the pixel size of an image, or None for bytes that cannot be decoded."""
    try:
        return decode(content).size
    except ValueError:
        return None


def vary_light(image: Image.Image, index: int) -> Image.Image:
    """Return a further image of one task (index from 1), a little lighter or darker than the first."""
    step = 0.05 * ((index + 1) // 2)
    return ImageEnhance.Brightness(image).enhance(1 + (step if index % 2 else -min(0.5, step)))


def decode(content: bytes) -> Image.Image:
    """Decode a reference as RGB, or RGBA where it has transparency.

    Raises:
        ValueError: no image, or one of more than 100 million pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_image(io.BytesIO(content)) as file:
                if file.width * file.height > _MAX_PIXELS:
                    msg = "the reference is too large to be opened"
                    raise ValueError(msg)
                clear = file.mode in {"RGBA", "LA", "PA"} or "transparency" in file.info
                whole: Image.Image = file.convert("RGBA" if clear else "RGB")
                return whole
    except _BROKEN as problem:
        msg = "the reference is no image that can be opened"
        raise ValueError(msg) from problem


def fit(image: Image.Image, size: tuple[int, int], how: Image.Resampling) -> Image.Image:
    """Resize an image to cover a size, cropped to its middle; unchanged if it has that size."""
    if image.size == size:
        return image
    ratio = size[0] / size[1]
    wide, tall = min(image.width, image.height * ratio), min(image.height, image.width / ratio)
    left, top = (image.width - wide) / 2, (image.height - tall) / 2
    return image.resize(size, how, box=(left, top, left + wide, top + tall))


def find_editable_region(reference: Image.Image, mask: bytes | None, boxes: Boxes) -> Image.Image | None:
    """Return where a change is allowed, as a mask of 0 and 255 in the reference's size; None for everywhere.

    A mask of another size is enlarged or shrunk pixel by pixel. Its transparent area is repainted; where it has no
    transparency, its white one (mask_url: transparent area is edited, edition 2026-09).

    Raises:
        ValueError: the mask is no image.
    """
    allowed = None
    if mask is not None:
        drawn = decode(mask)
        alpha = drawn.getchannel("A") if drawn.mode == "RGBA" else None
        if alpha is not None and alpha.histogram()[:_OPAQUE] != [0] * _OPAQUE:
            allowed = alpha.point([255 * (value < _OPAQUE) for value in range(256)])
        else:
            allowed = drawn.convert("L").point([255 * (value >= _OPAQUE) for value in range(256)])
        allowed = allowed.resize(reference.size, Image.Resampling.NEAREST)
    if boxes and boxes[0]:
        boxed = Image.new("L", reference.size)
        pen = ImageDraw.Draw(boxed)
        for left, top, right, bottom in boxes[0]:
            edges = (round(left), round(top), round(right) - 1, round(bottom) - 1)
            if edges[0] <= edges[2] and edges[1] <= edges[3]:
                pen.rectangle(edges, fill=255)
        allowed = ImageChops.darker(allowed, boxed) if allowed else boxed
    return allowed


def restore_outside(before: Image.Image, after: Image.Image, allowed: Image.Image) -> Image.Image:
    """Return the changed image where ``allowed`` is 255, the old pixels elsewhere."""
    result = before.copy()
    result.paste(after.convert(before.mode), (0, 0), allowed)
    return result


def draw_insets(scene: Image.Image, others: Sequence[Image.Image], area: tuple[int, int, int, int]) -> None:
    """Draw further references into an area (left, top, right, bottom) as small framed prints."""
    left, top, right, bottom = area
    columns = min(len(others), max(1, math.ceil(math.sqrt(len(others) * 2))))
    rows = math.ceil(len(others) / columns)
    step = max(6, min((right - left) / (columns + 0.25), (bottom - top) * (0.4 if rows == 1 else 0.75) / rows))
    for index, other in enumerate(others):
        row, column = divmod(index, columns)
        here = min(columns, len(others) - row * columns)
        x = (left + right) / 2 + (column - (here - 1) / 2) * step
        y = bottom - step * (rows - row - 0.5) - (bottom - top) * 0.02
        _draw_framed_print(scene, other, (x, y), step * 0.92, 5 * math.sin(index * 2.4 + 1))


def _draw_framed_print(
    scene: Image.Image, other: Image.Image, at: tuple[float, float], side: float, turn: float
) -> None:
    # Drawn at twice the size and turned, so that the edges stay smooth.
    inner = max(4, round(side * 1.5))
    rim = max(1, inner // 18)
    scale = inner / max(other.size)
    size = max(2, round(other.width * scale)), max(2, round(other.height * scale))
    shown = Image.new("RGB", size, (255, 255, 255))
    small = other.convert("RGBA").resize(size, Image.Resampling.BICUBIC)
    shown.paste(small, (0, 0), small)
    card = Image.new("RGBA", (size[0] + rim * 2, size[1] + rim * 2), (252, 250, 244, 255))
    card.paste(shown, (rim, rim))
    rotated = card.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    rotated = rotated.resize((max(2, rotated.width // 2), max(2, rotated.height // 2)), Image.Resampling.BICUBIC)
    x, y = round(at[0] - rotated.width / 2), round(at[1] - rotated.height / 2)
    blur = max(1, rim // 2)
    shade = Image.new("L", (rotated.width + blur * 8, rotated.height + blur * 8))
    shade.paste(rotated.getchannel("A").point(lambda alpha: alpha * 2 // 5), (blur * 4, blur * 4))
    shade = shade.filter(ImageFilter.GaussianBlur(blur * 1.6))
    dark = (10, 12, 20, 255) if scene.mode == "RGBA" else (10, 12, 20)
    scene.paste(dark, (x - blur * 4, y - blur * 2), shade)
    scene.paste(rotated.convert(scene.mode), (x, y), rotated.getchannel("A"))


def zoom_out(image: Image.Image, factor: float) -> Image.Image:
    """Return the RGB image shrunk by a factor above 1, in the middle of an image of its own size."""
    width, height = image.size
    small = max(4, round(width / factor)), max(4, round(height / factor))
    shrunk = image.resize(small, Image.Resampling.LANCZOS)
    spot = (width - small[0]) // 2, (height - small[1]) // 2
    return _extend_around(shrunk, (width, height), spot)


def pan(image: Image.Image, direction: str) -> Image.Image:
    """Extend the RGB image by half of its length in one of :data:`DIRECTIONS`."""
    right, down = DIRECTIONS[direction]
    width, height = image.size
    more = round(width * abs(right)), round(height * abs(down))
    spot = more[0] if right < 0 else 0, more[1] if down < 0 else 0
    return _extend_around(image, (width + more[0], height + more[1]), spot)


def enlarge(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the RGB image in another size, and sharper."""
    return image.resize(size, Image.Resampling.LANCZOS).filter(ImageFilter.UnsharpMask(2, 90, 2))


def _extend_around(inner: Image.Image, size: tuple[int, int], spot: tuple[int, int]) -> Image.Image:
    """Return the image on its own mirror images, which blur with distance."""
    width, height = inner.size
    wall = Image.new("RGB", (width * 3, height * 3))
    for row in range(3):
        for column in range(3):
            one = ImageOps.mirror(inner) if column != 1 else inner
            wall.paste(ImageOps.flip(one) if row != 1 else one, (column * width, row * height))
    left, top = width - spot[0], height - spot[1]
    canvas = wall.crop((left, top, left + size[0], top + size[1]))
    result = canvas.filter(ImageFilter.GaussianBlur(min(inner.size) / 9))
    window = Image.new("L", size)
    inside = spot[0], spot[1], spot[0] + width - 1, spot[1] + height - 1
    ImageDraw.Draw(window).rectangle(inside, fill=255)
    for blur, away in ((30, 6), (90, 14)):
        less = canvas.filter(ImageFilter.GaussianBlur(min(inner.size) / blur))
        near = window.filter(ImageFilter.GaussianBlur(min(inner.size) / away))
        result = Image.composite(less, result, near.point([min(255, value * 2) for value in range(256)]))
    result.paste(inner, spot)
    return result
