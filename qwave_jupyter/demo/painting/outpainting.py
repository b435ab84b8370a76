"""An image as a window in a larger one: zooming out, panning on, enlarging."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFilter, ImageOps

__all__ = ["DIRECTIONS", "enlarge", "pan", "zoom_out"]

#: To where a pan goes on: how far right and how far down, in shares of the image.
DIRECTIONS = {"left": (-0.5, 0.0), "right": (0.5, 0.0), "up": (0.0, -0.5), "down": (0.0, 0.5)}


def zoom_out(image: Image.Image, factor: float) -> Image.Image:
    """The image smaller in the middle of an image of its own size, its surroundings made up.

    Args:
        image: RGB.
        factor: how much smaller, above 1.
    """
    width, height = image.size
    small = max(4, round(width / factor)), max(4, round(height / factor))
    shrunk = image.resize(small, Image.Resampling.LANCZOS)
    spot = (width - small[0]) // 2, (height - small[1]) // 2
    return _surround(shrunk, (width, height), spot)


def pan(image: Image.Image, direction: str) -> Image.Image:
    """The image with half of itself more in one direction.

    Args:
        image: RGB.
        direction: one of :data:`DIRECTIONS`.
    """
    right, down = DIRECTIONS[direction]
    width, height = image.size
    more = round(width * abs(right)), round(height * abs(down))
    spot = more[0] if right < 0 else 0, more[1] if down < 0 else 0
    return _surround(image, (width + more[0], height + more[1]), spot)


def enlarge(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The image in another size, and sharper.

    Args:
        image: RGB.
        size: width and height in pixels.
    """
    return image.resize(size, Image.Resampling.LANCZOS).filter(ImageFilter.UnsharpMask(2, 90, 2))


def _surround(inner: Image.Image, size: tuple[int, int], spot: tuple[int, int]) -> Image.Image:
    """The image on a ground of its own mirror images, which blur away from it."""
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
