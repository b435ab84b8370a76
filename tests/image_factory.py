"""Small images for tests."""

from __future__ import annotations

import io

from PIL import Image


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    import random

    chance = random.Random(7)  # noqa: S311 - the same noise each time
    channels = len(mode)
    return Image.frombytes(mode, (width, height), chance.randbytes(width * height * channels))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def plain(width: int = 64, height: int = 48, kind: str = "PNG", colour: str = "teal", **options: object) -> bytes:
    return encoded(Image.new("RGB", (width, height), colour), kind, **options)
