"""Reduce an image to given colours, each with its share of the pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter

__all__ = ["Share", "reduce_to_palette"]


@dataclass(frozen=True)
class Share:
    """A colour and how much of the image it covers.

    Args:
        colour: red, green, blue, 0 to 255.
        weight: its share, in any unit that the others have too.
    """

    colour: tuple[int, int, int]
    weight: float


def reduce_to_palette(image: Image.Image, shares: Sequence[Share]) -> Image.Image:
    """Return the image in these colours only: its darkest pixels take the darkest colour, as many as its share.

    Pixels of one brightness that two colours have to share are divided by their row, so that no speckles
    appear. Where the image is see-through, nothing is counted and nothing changes.

    Raises:
        ValueError: no colour.
    """
    if not shares or sum(one.weight for one in shares) <= 0:
        msg = "a palette needs at least one colour with a share above 0"
        raise ValueError(msg)
    ordered = sorted(shares, key=lambda one: (_brightness(one.colour), one.colour))
    seen = image.getchannel("A").point(lambda alpha: 255 * (alpha > 127)) if image.mode == "RGBA" else None
    levels = image.convert("L").filter(ImageFilter.MedianFilter(3))
    rows = Image.linear_gradient("L").resize(image.size, Image.Resampling.BILINEAR)
    painted = Image.new("RGB", image.size, ordered[-1].colour)
    total, weight = sum(levels.histogram(seen)), sum(one.weight for one in ordered)
    for below in range(len(ordered) - 1, 0, -1):
        wanted = round(total * sum(one.weight for one in ordered[:below]) / weight)
        painted.paste(ordered[below - 1].colour, (0, 0), _mask_darkest(levels, rows, seen, wanted))
    if image.mode == "RGBA":
        painted.putalpha(image.getchannel("A"))
    return painted


def _mask_darkest(levels: Image.Image, rows: Image.Image, seen: Image.Image | None, wanted: int) -> Image.Image:
    """Return a mask of the ``wanted`` darkest pixels, as exactly as level and row allow."""
    level, short = _find_level(levels.histogram(seen), wanted)
    mask = levels.point([255 * (value < level) for value in range(256)])
    if short > 0:
        same = levels.point([255 * (value == level) for value in range(256)])
        counted = ImageChops.multiply(same, seen) if seen else same
        # The lower in the image, the darker it counts.
        row, _ = _find_level(rows.histogram(counted)[::-1], short)
        low = rows.point([255 * (255 - value <= row) for value in range(256)])
        mask = ImageChops.lighter(mask, ImageChops.darker(same, low))
    return mask


def _find_level(histogram: Sequence[int], wanted: int) -> tuple[int, int]:
    """Return the first level whose running sum exceeds ``wanted``, and how many of its pixels are needed."""
    passed = 0
    for level, count in enumerate(histogram):
        if passed + count > wanted:
            return level, wanted - passed
        passed += count
    return 256, 0


def _brightness(colour: tuple[int, int, int]) -> float:
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue
