"""Pictures that visibly obey the request, so that a student can see what a parameter does.

The same brief gives the same bytes; another seed another composition. Every picture bears the word DEMO.
"""

from __future__ import annotations

import hashlib
import io
import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from qwave_jupyter.demo.moods import Mood, mixed, mood_of
from qwave_jupyter.demo.motifs import draw_motif, motifs_in

__all__ = ["Brief", "paint", "pixel_size"]

#: Long side of each tier in pixels (1k, 2k, 4k: sizes table of June 2026; the others in proportion).
_TIERS = {"0.5k": 512, "1k": 1024, "1.5k": 1536, "2k": 2048, "3k": 3072, "4k": 3840}
_MEGAPIXEL = 1024 * 1024
_MOST_PIXELS = 16_000_000
_MOST_REFERENCE_PIXELS = 100_000_000
#: A scene is painted at this width and enlarged, which keeps 4k quick.
_CANVAS = 960


@dataclass(frozen=True)
class Brief:
    """What a picture has to obey.

    Args:
        prompt: the words.
        width: pixels.
        height: pixels.
        seed: the same seed gives the same composition.
        index: which of several pictures, from 0.
        format: ``png``, ``jpeg`` or ``webp``.
        compression: 0 to 100 for JPEG and WebP, or None.
        quality: ``low``, ``medium``, ``high`` or anything else.
        transparent: whether the background is left out.
        watermark: whether a watermark is drawn.
        references: bytes of reference pictures, the first of which is the ground of an edit.
    """

    prompt: str
    width: int = 1024
    height: int = 1024
    seed: int = 0
    index: int = 0
    format: str = "png"
    compression: int | None = None
    quality: str = ""
    transparent: bool = False
    watermark: bool = False
    references: Sequence[bytes] = ()


def pixel_size(aspect_ratio: str | None, resolution: str | None) -> tuple[int, int]:
    """The pixel size (width, height) of a ratio and a tier.

    Args:
        aspect_ratio: such as ``16:9``; anything else is square.
        resolution: such as ``2k`` or ``2mp``, in any case; anything else is 1k.

    Example:
        >>> pixel_size("16:9", "4k"), pixel_size("1:1", "1k")
        ((3840, 2160), (1024, 1024))
    """
    left, _, right = (aspect_ratio or "").partition(":")
    try:
        ratio = min(8.0, max(0.125, float(left) / float(right)))
    except (ValueError, ZeroDivisionError):
        ratio = 1.0
    tier = (resolution or "1k").lower()
    if re.fullmatch(r"\d{1,2}mp", tier):
        area = min(16, int(tier[:-2])) * _MEGAPIXEL
        return _even(math.sqrt(area * ratio)), _even(math.sqrt(area / ratio))
    side = _TIERS.get(tier, 1024)
    width, height = (side, side / ratio) if ratio >= 1 else (side * ratio, side)
    shrink = min(1.0, math.sqrt(_MOST_PIXELS / (width * height)))
    return _even(width * shrink), _even(height * shrink)


def paint(brief: Brief) -> bytes:
    """The file of one picture.

    Args:
        brief: what to obey.

    Raises:
        ValueError: a size that no tier has, or reference bytes that are no picture.
    """
    if not 16 <= brief.width <= 8192 or not 16 <= brief.height <= 8192:
        msg = f"a picture of {brief.width}×{brief.height} pixels can't be painted"
        raise ValueError(msg)
    prompt = brief.prompt[:4000].lower()
    mood = mood_of(prompt, _dice(prompt, brief.seed, 0))
    dice = _dice(prompt, brief.seed, brief.index + 1)
    shrink = min(1.0, _CANVAS / max(brief.width, brief.height))
    size = (max(16, round(brief.width * shrink)), max(16, round(brief.height * shrink)))
    if brief.references:
        scene = _edited(brief.references[0], size, mood)
    elif brief.transparent:
        scene = Image.new("RGBA", size, (0, 0, 0, 0))
    else:
        scene = _landscape(size, mood, dice)
    for motif in motifs_in(prompt):
        draw_motif(motif, scene, mood, dice)
    if brief.quality == "low":
        scene = scene.resize((max(8, size[0] // 5), max(8, size[1] // 5))).resize(size, Image.Resampling.BILINEAR)
    picture = scene.resize((brief.width, brief.height), Image.Resampling.BICUBIC)
    if brief.quality == "high":
        picture = picture.filter(ImageFilter.UnsharpMask(2, 80, 2))
    _mark(picture, watermark=brief.watermark)
    return _encoded(picture, brief)


def _even(length: float) -> int:
    return max(16, round(length / 2) * 2)


def _dice(prompt: str, seed: int, index: int) -> random.Random:
    digest = hashlib.sha256(f"{prompt}\0{seed}\0{index}".encode("utf-8", "replace")).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - pictures, not secrets


def _landscape(size: tuple[int, int], mood: Mood, dice: random.Random) -> Image.Image:
    width, height = size
    fade = Image.linear_gradient("L").resize(size)
    scene = Image.composite(Image.new("RGB", size, mood.low), Image.new("RGB", size, mood.high), fade)
    _light(scene, mood, dice)
    horizon = height * dice.uniform(0.54, 0.68)
    pen = ImageDraw.Draw(scene)
    for layer in range(4):
        near = layer / 3
        ridge = _ridge(width, dice, horizon + near * (height - horizon) * 0.6, height * (0.16 - 0.03 * layer))
        pen.polygon([*ridge, (width, height), (0, height)], fill=mixed(mood.low, mood.ground, 0.25 + 0.75 * near))
    if mood.wet:
        _reflect(scene, round(height * 0.76))
    return scene


def _light(scene: Image.Image, mood: Mood, dice: random.Random) -> None:
    width, height = scene.size
    radius = round(min(width, height) * dice.uniform(0.5, 0.8))
    left, top = round(width * dice.uniform(0.15, 0.85)), round(height * dice.uniform(0.12, 0.4))
    halo = ImageChops.invert(Image.radial_gradient("L")).resize((radius * 2, radius * 2))
    scene.paste(mood.light, (left - radius, top - radius), halo.point(lambda value: max(0, value - 76) ** 2 // 150))
    pen = ImageDraw.Draw(scene)
    disc = max(4, radius // 9)
    pen.ellipse((left - disc, top - disc, left + disc, top + disc), fill=mood.light)
    for _ in range(width * height // 3500 if mood.stars else 0):
        x, y = dice.randrange(width), int(height * 0.6 * dice.random() ** 1.4)
        wide = dice.choice((0, 0, 0, 1))
        pen.ellipse((x, y, x + wide, y + wide), fill=mixed(mood.high, (255, 255, 255), dice.uniform(0.3, 1.0)))


def _ridge(width: int, dice: random.Random, base: float, swing: float) -> list[tuple[float, float]]:
    waves = [(dice.uniform(0.6, 1.4) * step, dice.uniform(0, 7), swing / step) for step in (1, 2.3, 5.1, 11)]
    return [
        (x, base - sum(math.sin(x / width * 6.3 * rate + shift) * high for rate, shift, high in waves) / 2)
        for x in range(0, width + 8, 4)
    ]


def _reflect(scene: Image.Image, line: int) -> None:
    width, height = scene.size
    depth = height - line
    mirrored = scene.crop((0, line - depth, width, line)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    mirrored = mirrored.filter(ImageFilter.GaussianBlur(2))
    for row in range(0, depth, 3):
        mirrored.paste(mirrored.crop((0, row, width, row + 3)), (round(math.sin(row / 5) * row / 30), row))
    scene.paste(mirrored, (0, line))


def _edited(reference: bytes, size: tuple[int, int], mood: Mood) -> Image.Image:
    try:
        with Image.open(io.BytesIO(reference)) as file:
            if file.width * file.height > _MOST_REFERENCE_PIXELS:
                msg = "the reference is too large to be opened"
                raise ValueError(msg)
            ground = file.convert("RGB")
    except (OSError, SyntaxError) as problem:
        msg = "the reference is no picture that can be opened"
        raise ValueError(msg) from problem
    scale = max(size[0] / ground.width, size[1] / ground.height)
    fitted = ground.resize((max(size[0], round(ground.width * scale)), max(size[1], round(ground.height * scale))))
    left, top = (fitted.width - size[0]) // 2, (fitted.height - size[1]) // 2
    fitted = fitted.crop((left, top, left + size[0], top + size[1]))
    tint = Image.new("RGB", size, mixed(mood.high, mood.light, 0.4))
    return Image.blend(fitted, ImageChops.overlay(fitted, tint), 0.6)


def _mark(picture: Image.Image, *, watermark: bool) -> None:
    tall = max(10, min(picture.size) // 36)
    font = ImageFont.load_default(tall)
    pen = ImageDraw.Draw(picture, "RGBA")
    text = "DEMO · WATERMARK" if watermark else "DEMO"
    _, _, right, bottom = pen.textbbox((0, 0), text, font=font)
    x, y = picture.width - right - tall, picture.height - bottom - tall
    pad = tall * 0.4
    shade: tuple[int, int, int, int] = (0, 0, 0, 110)
    pen.rounded_rectangle((x - pad, y - pad / 2, x + right + pad, y + bottom + pad), radius=pad, fill=shade)
    pen.text((x, y), text, font=font, fill=(255, 255, 255, 230))


def _encoded(picture: Image.Image, brief: Brief) -> bytes:
    buffer = io.BytesIO()
    quality = 92 if brief.compression is None else max(5, min(95, brief.compression))
    if brief.format == "jpeg":
        picture.convert("RGB").save(buffer, "JPEG", quality=quality)
    elif brief.format == "webp":
        picture.save(buffer, "WEBP", quality=quality, method=2)
    else:
        picture.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
