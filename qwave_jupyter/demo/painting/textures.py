"""Natural irregularity: noise of several grains, for clouds, mist, nebulae, grass and paper."""

from __future__ import annotations

import random

from PIL import Image, ImageChops, ImageFilter, ImageOps

__all__ = ["curve", "edges_of", "fractal", "grain", "mottle"]


def fractal(
    size: tuple[int, int], dice: random.Random, cells: tuple[float, float], octaves: int = 4, rough: float = 0.55
) -> Image.Image:
    """Cloudy noise from 0 to 255.

    Args:
        size: width and height in pixels.
        dice: decides it.
        cells: how many of its largest lumps lie across and down.
        octaves: how many grains, each half as large as the one before.
        rough: how much weaker each is than the one before.
    """
    found: Image.Image | None = None
    weight, total = 1.0, 0.0
    for octave in range(octaves):
        across, down = (max(2, round(count * 2**octave) + 1) for count in cells)
        lumps = Image.frombytes("L", (across, down), dice.randbytes(across * down))
        lumps = lumps.resize(size, Image.Resampling.BICUBIC)
        total += weight
        found = lumps if found is None else Image.blend(found, lumps, weight / total)
        weight *= rough
    return ImageOps.autocontrast(found) if found is not None else Image.new("L", size)


def curve(mask: Image.Image, low: float, high: float, most: float = 255.0) -> Image.Image:
    """A mask whose levels run softly from nothing at one level to the most at another.

    Args:
        mask: in grey.
        low: levels up to this become 0.
        high: levels from this on become the most.
        most: the highest level of the result.
    """
    table = []
    for value in range(256):
        part = max(0.0, min(1.0, (value - low) / (high - low)))
        table.append(round(most * part * part * (3 - 2 * part)))
    return mask.point(table)


def mottle(
    image: Image.Image, dice: random.Random, cells: tuple[float, float], much: float, octaves: int = 4
) -> Image.Image:
    """An image with light and dark patches, as of grass, sand or water.

    Args:
        image: RGB.
        dice: decides them.
        cells: how many of the largest patches lie across and down.
        much: 0 to 1, how strong they are.
        octaves: how many grains.
    """
    small = max(8, image.width // 2), max(8, image.height // 2)
    noise = fractal(small, dice, cells, octaves).resize(image.size, Image.Resampling.BILINEAR)
    return Image.blend(image, ImageChops.overlay(image, Image.merge("RGB", (noise, noise, noise))), much)


def edges_of(image: Image.Image) -> Image.Image:
    """The edges of an image in grey, of whichever of its three colours has the strongest.

    Args:
        image: RGB.
    """
    red, green, blue = (one.filter(ImageFilter.FIND_EDGES) for one in image.split())
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def grain(image: Image.Image, dice: random.Random, much: int) -> Image.Image:
    """Fine grain over an image, which also hides the steps of gradients.

    Args:
        image: RGB.
        dice: decides it.
        much: levels up or down.
    """
    width, height = image.size
    noise = Image.frombytes("L", (width, height), dice.randbytes(width * height))
    noise = noise.point([value * (2 * much + 1) // 256 for value in range(256)])
    return ImageChops.add(image, Image.merge("RGB", (noise, noise, noise)), 1, -much)
