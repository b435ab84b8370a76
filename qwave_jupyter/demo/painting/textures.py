"""Natural irregularity: noise of several grains, for clouds, mist, nebulae, grass and paper."""

from __future__ import annotations

import random

from PIL import Image, ImageChops, ImageFilter, ImageOps

__all__ = ["add_grain", "apply_curve", "find_edges", "make_noise", "mottle"]


def make_noise(
    size: tuple[int, int], dice: random.Random, cells: tuple[float, float], octaves: int = 4, rough: float = 0.55
) -> Image.Image:
    """Return noise from 0 to 255 of several octaves.

    ``cells`` is how many of its largest cells lie across and down; each octave is ``rough`` times as strong as the
    one before.
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


def apply_curve(mask: Image.Image, low: float, high: float, maximum: float = 255.0) -> Image.Image:
    """Return a mask whose levels rise smoothly from 0 at ``low`` to ``maximum`` at ``high``."""
    table = []
    for value in range(256):
        part = max(0.0, min(1.0, (value - low) / (high - low)))
        table.append(round(maximum * part * part * (3 - 2 * part)))
    return mask.point(table)


def mottle(
    image: Image.Image, dice: random.Random, cells: tuple[float, float], much: float, octaves: int = 4
) -> Image.Image:
    """Return an RGB image with light and dark patches; ``much`` is 0 to 1."""
    small = max(8, image.width // 2), max(8, image.height // 2)
    noise = make_noise(small, dice, cells, octaves).resize(image.size, Image.Resampling.BILINEAR)
    return Image.blend(image, ImageChops.overlay(image, Image.merge("RGB", (noise, noise, noise))), much)


def find_edges(image: Image.Image) -> Image.Image:
    """Return the edges of an RGB image in grey: the strongest of its three channels."""
    red, green, blue = (one.filter(ImageFilter.FIND_EDGES) for one in image.split())
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def add_grain(image: Image.Image, dice: random.Random, much: int) -> Image.Image:
    """Add fine grain of some levels up or down, which also hides the steps of gradients."""
    width, height = image.size
    noise = Image.frombytes("L", (width, height), dice.randbytes(width * height))
    noise = noise.point([value * (2 * much + 1) // 256 for value in range(256)])
    return ImageChops.add(image, Image.merge("RGB", (noise, noise, noise)), 1, -much)
