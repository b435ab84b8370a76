"""Pictures that start from others: opening references, where a mask or boxes allow a change, showing several."""

from __future__ import annotations

import io
import math
import struct
import warnings
import zlib
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from qwave_jupyter.image_formats import open_image

__all__ = ["Boxes", "decode", "fit", "inset", "region", "restore_outside", "size_of", "vary_light"]

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


def size_of(content: bytes) -> tuple[int, int] | None:
    """The pixel size of an image that can be painted on; None for bytes that are none.

    Args:
        content: the file.
    """
    try:
        return decode(content).size
    except ValueError:
        return None


def vary_light(image: Image.Image, index: int) -> Image.Image:
    """A further image of one order: a little lighter or darker, since no two are ever the same.

    Args:
        image: what was painted.
        index: its place in the order, from 1.
    """
    step = 0.05 * ((index + 1) // 2)
    return ImageEnhance.Brightness(image).enhance(1 + (step if index % 2 else -min(0.5, step)))


def decode(content: bytes) -> Image.Image:
    """A reference as RGB, or RGBA where it has transparency.

    Args:
        content: the file.

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
        msg = "the reference is no picture that can be opened"
        raise ValueError(msg) from problem


def fit(image: Image.Image, size: tuple[int, int], how: Image.Resampling) -> Image.Image:
    """An image that covers a size: enlarged or shrunk, and cut at the middle; the very pixels where it has that size.

    Args:
        image: in any mode.
        size: width and height in pixels.
        how: to resample.
    """
    if image.size == size:
        return image
    ratio = size[0] / size[1]
    wide, tall = min(image.width, image.height * ratio), min(image.height, image.width / ratio)
    left, top = (image.width - wide) / 2, (image.height - tall) / 2
    return image.resize(size, how, box=(left, top, left + wide, top + tall))


def region(reference: Image.Image, mask: bytes | None, boxes: Boxes) -> Image.Image | None:
    """Where a change is allowed, as a mask of 0 and 255 in the reference's size; None for everywhere.

    A mask of another size is enlarged or shrunk pixel by pixel. Its transparent area is repainted; where it has no
    transparency, its white one (mask_url: transparent area is edited, edition 2026-09).

    Args:
        reference: the image that is edited.
        mask: the file of a mask, or None.
        boxes: boxes per reference; those of the first count.

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
    """The changed image inside the region, the old pixels outside it.

    Args:
        before: the reference.
        after: the change, of the same size.
        allowed: 255 where the change shows, else 0.
    """
    result = before.copy()
    result.paste(after.convert(before.mode), (0, 0), allowed)
    return result


def inset(scene: Image.Image, others: Sequence[Image.Image], area: tuple[int, int, int, int]) -> None:
    """Lay further references into a scene as small framed prints, so that each is seen.

    Args:
        scene: is changed.
        others: the references besides the ground.
        area: left, top, right, bottom within which they lie, in pixels.
    """
    left, top, right, bottom = area
    columns = min(len(others), max(1, math.ceil(math.sqrt(len(others) * 2))))
    rows = math.ceil(len(others) / columns)
    step = max(6, min((right - left) / (columns + 0.25), (bottom - top) * (0.4 if rows == 1 else 0.75) / rows))
    for place, other in enumerate(others):
        row, column = divmod(place, columns)
        here = min(columns, len(others) - row * columns)
        x = (left + right) / 2 + (column - (here - 1) / 2) * step
        y = bottom - step * (rows - row - 0.5) - (bottom - top) * 0.02
        _print(scene, other, (x, y), step * 0.92, 5 * math.sin(place * 2.4 + 1))


def _print(scene: Image.Image, other: Image.Image, at: tuple[float, float], side: float, turn: float) -> None:
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
    shift_hue = card.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    shift_hue = shift_hue.resize(
        (max(2, shift_hue.width // 2), max(2, shift_hue.height // 2)), Image.Resampling.BICUBIC
    )
    x, y = round(at[0] - shift_hue.width / 2), round(at[1] - shift_hue.height / 2)
    blur = max(1, rim // 2)
    shade = Image.new("L", (shift_hue.width + blur * 8, shift_hue.height + blur * 8))
    shade.paste(shift_hue.getchannel("A").point(lambda alpha: alpha * 2 // 5), (blur * 4, blur * 4))
    shade = shade.filter(ImageFilter.GaussianBlur(blur * 1.6))
    dark = (10, 12, 20, 255) if scene.mode == "RGBA" else (10, 12, 20)
    scene.paste(dark, (x - blur * 4, y - blur * 2), shade)
    scene.paste(shift_hue.convert(scene.mode), (x, y), shift_hue.getchannel("A"))
