"""A pen for smooth shapes, drawn larger than needed and reduced, filled with gradients; parts that motifs share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qwave_jupyter.demo.painting.lighting import Colour, mix

__all__ = [
    "DARK",
    "GLASS",
    "LAMP",
    "WHITE",
    "Fill",
    "Pen",
    "Point",
    "draw_eyes",
    "draw_mouth",
    "interpolate",
    "light_up",
    "make_gradient",
    "mirror",
    "shade",
]

Point = tuple[float, float]
#: One colour, or two of which the first is at the top.
Fill = Colour | tuple[Colour, Colour]

_MAX_SHEET = 1800
DARK: Colour = (34, 30, 38)
WHITE: Colour = (252, 250, 244)
GLASS: Colour = (178, 214, 230)
LAMP: Colour = (255, 214, 130)


class Pen:
    """A sheet on which one motif is drawn; the ground it stands on is y = 0, up is negative.

    Args:
        unit: pixels per unit in the finished sheet.
        wide: half the width in units.
        tall: height above the ground in units.
        below: depth below the ground in units.
    """

    def __init__(self, unit: float, wide: float, tall: float, below: float = 0.25) -> None:
        long_side = unit * max(wide * 2, tall + below)
        self._times = 2 if long_side * 2 <= _MAX_SHEET else 1
        self.unit = unit
        self._scale = unit * self._times
        self._wide, self._tall = wide, tall
        size = math.ceil(wide * 2 * self._scale), math.ceil((tall + below) * self._scale)
        self._sheet = Image.new("RGBA", (max(4, size[0]), max(4, size[1])))
        self._glow: list[tuple[float, float, float, Colour]] = []

    def shape(self, points: Sequence[Point], fill: Fill) -> None:
        """Fill a shape with straight edges."""
        self._fill([self._at(*point) for point in points], fill)

    def blob(self, points: Sequence[Point], fill: Fill) -> None:
        """Fill a shape with a smooth outline through its points."""
        self._fill([self._at(*point) for point in interpolate(points)], fill)

    def oval(self, x: float, y: float, wide: float, tall: float, fill: Fill) -> None:
        """Fill an ellipse around a point, given its half axes."""
        steps = 28 if max(wide, tall) * self._scale < 40 else 64
        turns = [math.tau * step / steps for step in range(steps)]
        self._fill([self._at(x + math.cos(turn) * wide, y + math.sin(turn) * tall) for turn in turns], fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Fill, radius: float = 0.0) -> None:
        """Fill a rectangle, with round corners if radius > 0."""
        if radius <= 0:
            self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], fill)
            return
        radius = min(radius, abs(right - left) / 2, abs(bottom - top) / 2)
        near, far = left + radius, right - radius
        corners = ((far, top + radius), (far, bottom - radius), (near, bottom - radius), (near, top + radius))
        points = []
        for quarter, (x, y) in enumerate(corners):
            for step in range(9):
                turn = math.tau * (quarter - 1 + step / 8) / 4
                points.append(self._at(x + math.cos(turn) * radius, y + math.sin(turn) * radius))
        self._fill(points, fill)

    def line(self, points: Sequence[Point], colour: Colour, width: float, *, smooth: bool = False) -> None:
        """Draw a line with round ends, its width in units."""
        path = [self._at(*point) for point in (interpolate(points, closed=False) if smooth else points)]
        thick = max(1, round(width * self._scale))
        pen = ImageDraw.Draw(self._sheet)
        pen.line(path, fill=(*colour, 255), width=thick, joint="curve")
        for x, y in (path[0], path[-1]):
            pen.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=(*colour, 255))

    def haze(self, points: Sequence[Point], colour: Colour, width: float, much: float = 0.6) -> None:
        """Draw a soft line, as of steam or smoke; ``much`` is its density, 0 to 1."""
        veil = Image.new("L", self._sheet.size)
        path = [self._at(*point) for point in interpolate(points, closed=False)]
        pen = ImageDraw.Draw(veil)
        for index, ((ax, ay), (bx, by)) in enumerate(pairwise(path)):
            # Dense at its source, wide and thin at its end.
            part = index / len(path)
            thick = max(1, round(width * self._scale * (0.5 + part)))
            pen.line([(ax, ay), (bx, by)], fill=round(255 * much * (1 - part)), width=thick)
        soft = veil.filter(ImageFilter.GaussianBlur(width * self._scale * 0.4))
        layer = Image.new("RGBA", self._sheet.size, (*colour, 0))
        layer.putalpha(soft)
        self._sheet.alpha_composite(layer)

    def glow(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Add a lamp, which lights its surroundings when the motif is placed."""
        self._glow.append((x, y, radius, colour))

    def finish(self) -> tuple[Image.Image, float, float]:
        """The sheet at its final size, and where in it (x, y in pixels) the middle of the ground is."""
        sheet = self._sheet.reduce(self._times) if self._times > 1 else self._sheet
        return sheet, self._wide * self.unit, self._tall * self.unit

    @property
    def lamps(self) -> list[tuple[float, float, float, Colour]]:
        """The lamps: x, y and radius in pixels from the middle of the ground, and their colour."""
        return [(x * self.unit, y * self.unit, radius * self.unit, colour) for x, y, radius, colour in self._glow]

    def _at(self, x: float, y: float) -> Point:
        return (x + self._wide) * self._scale, (y + self._tall) * self._scale

    def _fill(self, path: list[Point], fill: Fill) -> None:
        if isinstance(fill[0], int):
            red, green, blue = fill
            ImageDraw.Draw(self._sheet).polygon(path, fill=(int(str(red)), int(str(green)), int(str(blue)), 255))
            return
        left, top = max(0, math.floor(min(x for x, _ in path))), max(0, math.floor(min(y for _, y in path)))
        right = min(self._sheet.width, math.ceil(max(x for x, _ in path)) + 1)
        bottom = min(self._sheet.height, math.ceil(max(y for _, y in path)) + 1)
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in path], fill=255)
        upper, lower = fill
        ground = make_gradient((upper, lower), mask.size)
        self._sheet.paste(ground.convert("RGBA"), (left, top), mask)


def interpolate(points: Sequence[Point], *, closed: bool = True, steps: int = 8) -> list[Point]:
    """Return a smooth line through points (Catmull-Rom), with ``steps`` points for each given one."""
    count = len(points)
    found = []
    for index in range(count if closed else count - 1):
        around = [index - 1, index, index + 1, index + 2]
        picked = [points[one % count] if closed else points[min(count - 1, max(0, one))] for one in around]
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = picked
        for step in range(steps):
            t = step / steps
            found.append((_catmull_rom(ax, bx, cx, dx, t), _catmull_rom(ay, by, cy, dy, t)))
    return found if closed else [*found, points[-1]]


def _catmull_rom(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)


def make_gradient(colours: Sequence[Colour], size: tuple[int, int]) -> Image.Image:
    """Return a vertical gradient through several colours at equal distances."""
    return _make_gradient_strip(tuple(colours)).resize(size, Image.Resampling.BILINEAR)


@lru_cache(512)
def _make_gradient_strip(colours: tuple[Colour, ...]) -> Image.Image:
    tall = 2 if len(set(colours)) == 1 else 192
    strip = Image.new("RGB", (1, tall))
    for y in range(tall):
        position = y / (tall - 1) * (len(colours) - 1)
        left = min(len(colours) - 2, int(position)) if len(colours) > 1 else 0
        other = colours[min(len(colours) - 1, left + 1)]
        strip.putpixel((0, y), mix(colours[left], other, position - left))
    return strip


def light_up(sheet: Image.Image, light: Colour, shade: Colour, side: float, strength: float = 1.0) -> Image.Image:
    """Light an RGBA motif from one side (-1 left, 1 right), with shade on the other and a bright rim."""
    alpha = sheet.getchannel("A")
    colours = sheet.convert("RGB")
    across = Image.linear_gradient("L").rotate(90 if side > 0 else -90).resize(sheet.size)
    down = Image.linear_gradient("L").resize(sheet.size)
    dark = ImageChops.multiply(Image.blend(across, down, 0.55), Image.new("L", sheet.size, round(150 * strength)))
    colours.paste(shade, (0, 0), dark.point([min(255, value * value // 130) for value in range(256)]))
    bright = ImageChops.invert(Image.blend(across, down, 0.4)).point(
        [round(max(0, value - 120) * 0.42 * strength) for value in range(256)]
    )
    colours.paste(light, (0, 0), bright)
    reach = max(1.0, min(sheet.size) / 70)
    moved = ImageChops.offset(alpha, round(-side * reach), round(reach * 0.8))
    rim = ImageChops.subtract(alpha, moved).filter(ImageFilter.GaussianBlur(reach * 0.35))
    colours.paste(light, (0, 0), rim.point([round(value * 0.7 * strength) for value in range(256)]))
    colours.putalpha(alpha)
    return colours


def shade(colour: Colour) -> Fill:
    """Return a fill that is lighter above and darker below a colour."""
    return mix(colour, (255, 255, 255), 0.16), mix(colour, (30, 14, 40), 0.16)


def mirror(points: list[Point]) -> list[Point]:
    """Return the right half of an outline, from the top down, and its mirror image."""
    return [*points, *((-x, y) for x, y in reversed(points))]


def draw_eyes(pen: Pen, y: float, apart: float, size: float, iris: Colour | None) -> None:
    """Draw two eyes, dark ones without an iris colour."""
    for side in (-1, 1):
        x = side * apart
        if iris:
            pen.oval(x, y, size, size * 1.08, mix(iris, (255, 255, 255), 0.2))
            pen.oval(x, y, size * 0.5, size * 0.92, DARK)
        else:
            pen.oval(x, y, size, size * 1.1, DARK)
        pen.oval(x - size * 0.3, y - size * 0.42, size * 0.28, size * 0.28, WHITE)


def draw_mouth(pen: Pen, y: float, size: float, nose: Colour) -> None:
    """Draw a nose, and a mouth below it."""
    for side in (-1, 1):
        curve = [(0.0, y + size * 0.5), (side * size * 0.5, y + size * 1.1), (side * size * 1.2, y + size * 0.75)]
        pen.line(curve, mix(nose, DARK, 0.6), size * 0.2, smooth=True)
    pen.blob([(-size * 0.6, y - size * 0.15), (size * 0.6, y - size * 0.15), (0, y + size * 0.55)], nose)
