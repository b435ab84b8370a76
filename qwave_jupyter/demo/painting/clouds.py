"""Clouds: streaks when the sun is low, heaps by day, a lid in bad weather, wisps by night."""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mix
from qwave_jupyter.demo.painting.textures import curve, fractal

__all__ = ["clouds"]

_HEAVY = frozenset({"rain", "storm", "clouds", "snow"})


@dataclass(frozen=True)
class _Kind:
    """One sort of cloud: where its noise becomes cloud, how soft, how flat, how dense, and its three colours."""

    cover: float
    soft: float
    cells: tuple[float, float]
    dense: float
    top: Colour
    middle: Colour
    under: Colour


def clouds(canvas: Image.Image, mood: Mood, dice: random.Random, horizon: float, light: tuple[float, float]) -> None:
    """Clouds over the whole sky, lit from where the light stands.

    Args:
        canvas: is changed.
        mood: the light.
        dice: decides where they are.
        horizon: in pixels from the top.
        light: where the light stands, in pixels.
    """
    if mood.place in {"space", "underwater"} or "aurora" in mood.weather:
        return
    size = canvas.width, max(8, round(horizon))
    small = max(16, min(480, size[0] // 2)), 0
    small = small[0], max(16, round(small[0] * size[1] / size[0]))
    wide = size[0] / size[1]
    for kind in _kinds(mood, dice, wide):
        # Larger than the sky, so that what is moved in from beyond the edges is never seen.
        reach = max(2, small[0] // 60)
        roomy = small[0] + reach * 2, small[1] + reach * 2
        cut = (reach, reach, reach + small[0], reach + small[1])
        whole = fractal(roomy, dice, kind.cells, 6, 0.52)
        noise = whole.crop(cut)
        thick = ImageChops.multiply(curve(noise, kind.cover, kind.cover + kind.soft), _where(small, mood, dice))
        # Towards the light the cloud is thinner than where one looks: that flank is bright.
        side = 1 if light[0] > canvas.width / 2 else -1
        body = whole.filter(ImageFilter.GaussianBlur(small[0] / 200))
        flank = ImageChops.subtract(body, ImageChops.offset(body, -side * reach, reach), 0.45, 128).crop(cut)
        bright = curve(flank, 96, 190)
        dark = curve(ImageChops.invert(flank), 120, 236, 235)
        layer = Image.new("RGB", small, kind.middle)
        layer.paste(kind.under, (0, 0), ImageChops.lighter(dark, curve(noise, kind.cover + kind.soft, 255, 120)))
        layer.paste(kind.top, (0, 0), bright)
        alpha = thick.point([round(value * kind.dense) for value in range(256)])
        how = Image.Resampling.BICUBIC
        canvas.paste(layer.resize(size, how), (0, 0), alpha.resize(size, how))


def _kinds(mood: Mood, dice: random.Random, wide: float) -> list[_Kind]:
    low_sun = mood.sun < 0.35
    if mood.weather & _HEAVY:
        top, under = mix(mood.sky[-1], mood.light, 0.2), mix(mood.sky[0], mood.near, 0.3)
        cover = 58 if mood.weather & {"storm", "rain"} else 84
        if mood.weather & {"clouds"}:
            top = mix(mood.light, (255, 255, 255), 0.4)
        return [_Kind(cover, 120, (2.2 * wide, 2.6), 0.92, top, mix(mood.sky[1], mood.far, 0.35), under)]
    if mood.night:
        top = mix(mood.sky[2], mood.light, 0.3)
        return [_Kind(150, 90, (1.7 * wide, 4), 0.5, top, mix(mood.sky[1], mood.sky[2], 0.5), mood.sky[0])]
    if low_sun:
        top, middle = mix(mood.light, mood.accent, 0.2), mix(mood.sky[2], mood.accent, 0.25)
        under = mix(mood.sky[1], mood.near, 0.22)
        return [
            _Kind(146, 90, (1.1 * wide, 6.5), 0.72, top, middle, under),
            _Kind(138, 70, (1.5 * wide, 9), 0.5, top, middle, under),
        ]
    top, middle = mix(mood.light, (255, 255, 255), 0.6), mix(mood.sky[2], (255, 255, 255), 0.5)
    under = mix(mood.sky[1], mood.far, 0.55)
    heaps = _Kind(dice.uniform(118, 144), 46, (1.5 * wide, 3.2), 0.94, top, middle, under)
    veils = _Kind(140, 110, (0.9 * wide, 5), 0.34, top, top, middle)
    return [veils, heaps]


def _where(size: tuple[int, int], mood: Mood, dice: random.Random) -> Image.Image:
    """How far up clouds hang: a band by fair weather, everything but the horizon otherwise."""
    mask = Image.new("L", (1, 64))
    pen = ImageDraw.Draw(mask)
    heavy = bool(mood.weather & _HEAVY)
    middle = dice.uniform(0.3, 0.5) if not heavy else 0.0
    for row in range(64):
        away = abs(row / 63 - middle) / (0.95 if heavy else 0.5)
        pen.point((0, row), round(255 * max(0.0, 1 - away * away)))
    return mask.resize(size, Image.Resampling.BICUBIC)
