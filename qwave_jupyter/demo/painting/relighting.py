"""A reference in another light: the time of day, the weather and the season that the words ask for."""

from __future__ import annotations

import random

from PIL import Image, ImageChops, ImageEnhance

from qwave_jupyter.demo.painting.lighting import Mood, tells_light
from qwave_jupyter.demo.painting.shapes import column
from qwave_jupyter.demo.painting.skies import sky_signs

__all__ = ["relight"]

#: Where green lies on Pillow's circle of 256 hues, and to which hue, saturation and level a season takes it.
_GREEN = range(36, 130)
_SEASONS = {"autumn": (17, 1.25, 1.0), "winter": (150, 0.22, 1.3), "spring": (70, 1.0, 1.12), "summer": (84, 1.2, 1.0)}


def relight(image: Image.Image, mood: Mood, dice: random.Random) -> Image.Image:
    """The image in the light of a mood.

    Args:
        image: RGB.
        mood: the light, the season, the weather.
        dice: decides where stars are.
    """
    size, told = image.size, tells_light(mood)
    image = _in_season(image, mood.season)
    tint = column((*mood.sky, mood.far, mood.near), size)
    if mood.sun < 0.35 and not mood.night:
        image = Image.blend(image, ImageChops.multiply(image, tint), 0.75)
    image = Image.blend(image, ImageChops.overlay(image, tint), 0.6 if told else 0.3)
    if mood.night:
        dark = ImageChops.multiply(image, Image.new("RGB", size, (78, 92, 158)))
        image = Image.blend(image, dark, 0.92)
    elif told:
        image = Image.blend(image, ImageChops.soft_light(image, Image.new("RGB", size, mood.light)), 0.2)
    if mood.season == "autumn":
        image = Image.blend(image, ImageChops.multiply(image, Image.new("RGB", size, (255, 214, 164))), 0.8)
    if mood.weather & {"rain", "storm", "fog"}:
        image = ImageEnhance.Color(image).enhance(0.6)
    if "storm" in mood.weather and not mood.night:
        image = ImageEnhance.Brightness(image).enhance(0.7)
    sky_signs(image, mood, dice, size[1] * 0.5)
    return image


def _in_season(image: Image.Image, season: str) -> Image.Image:
    """Leaves and grass in the colours of a season."""
    if season not in _SEASONS:
        return image
    to, vivid, bright = _SEASONS[season]
    hue, full, level = image.convert("HSV").split()
    green = hue.point([255 * (value in _GREEN) for value in range(256)])
    # A little of the green's own variety is kept.
    shift_hue = hue.point([max(0, min(255, to + (value - 80) // 5)) for value in range(256)])
    changed = Image.merge(
        "HSV",
        (
            shift_hue,
            full.point([min(255, round(value * vivid)) for value in range(256)]),
            level.point([min(255, round(value * bright + (40 if bright > 1.2 else 0))) for value in range(256)]),
        ),
    ).convert("RGB")
    seen = ImageChops.multiply(green, full.point([min(255, value * 4) for value in range(256)]))
    return Image.composite(changed, image, seen)
