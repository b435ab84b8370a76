"""The sky and the weather: sun, moon, stars, clouds, rain, snow, mist, northern lights."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qwave_jupyter.demo.painting.lighting import Colour, Mood, mix
from qwave_jupyter.demo.painting.textures import apply_curve, make_noise

__all__ = ["draw_clouds", "draw_sky_lights", "draw_sky_phenomena", "draw_weather"]
_HEAVY = frozenset({"rain", "storm", "clouds", "snow"})


def draw_sky_lights(
    canvas: Image.Image,
    mood: Mood,
    dice: random.Random,
    horizon: float,
    light: tuple[float, float],
    disc_kind: str = "",
) -> float:
    """Draw stars, sun or moon, northern lights and a rainbow; return the radius of sun or moon in pixels, or 0.

    ``disc_kind`` is ``moon`` or ``sun`` where the prompt names one, which is then large, or ``none``.
    """
    width, height = canvas.size
    short = min(width, height)
    if mood.stars:
        _draw_stars(canvas, mood, dice, horizon)
    if mood.place == "space":
        _draw_planets(canvas, mood, dice, horizon, light)
    if "aurora" in mood.weather:
        _draw_aurora(canvas, dice, horizon)
    if mood.place == "underwater":
        return 0.0
    covered = disc_kind == "none" or (bool(mood.weather & {"rain", "storm", "fog", "snow"}) and not disc_kind)
    disc = 0.0
    radius = round(short * (0.85 if not mood.night else 0.5))
    _draw_halo(canvas, mood.light, light, radius, 0.5 if covered else 0.85)
    _draw_halo(canvas, mood.light, light, round(radius * 0.35), 0.3 if covered else 0.7)
    if not covered:
        disc = short * (0.105 if disc_kind else 0.06 if mood.sun < 0.35 or mood.night else 0.045)
        _draw_disc(canvas, mood, light, disc, moon=disc_kind == "moon" or (mood.night and disc_kind != "sun"))
    if "rainbow" in mood.weather:
        _draw_rainbow(canvas, dice, horizon)
    return disc


def draw_sky_phenomena(canvas: Image.Image, mood: Mood, dice: random.Random, horizon: float) -> None:
    """Draw stars, northern lights and a rainbow over a sky that is there already."""
    if mood.stars:
        starry = canvas.copy()
        _draw_stars(starry, mood, dice, horizon * 0.8)
        canvas.paste(ImageChops.lighter(canvas, starry))
    if "aurora" in mood.weather:
        _draw_aurora(canvas, dice, horizon)
    if "rainbow" in mood.weather:
        _draw_rainbow(canvas, dice, horizon * 1.2)


def draw_weather(canvas: Image.Image, mood: Mood, dice: random.Random, horizon: float) -> None:
    """Draw rain, snow, mist or lightning over everything."""
    width, height = canvas.size
    if "fog" in mood.weather:
        _draw_mist(canvas, mood, dice, horizon)
    if "storm" in mood.weather:
        _draw_lightning(canvas, dice, horizon)
    if mood.weather & {"rain", "storm"}:
        drops = Image.new("L", (width, height))
        pen = ImageDraw.Draw(drops)
        slant = dice.uniform(-0.16, -0.08)
        for _ in range(round(420 * max(1.0, width / height))):
            near = dice.random() ** 2
            x, y, long = dice.uniform(-0.1, 1.1) * width, dice.random() * height, height * (0.02 + 0.06 * near)
            thick = max(1, round(height / 900 * (1 + 1.6 * near)))
            pen.line([(x, y), (x + slant * long, y + long)], fill=round(60 + 90 * near), width=thick)
        drops = drops.filter(ImageFilter.GaussianBlur(max(0.5, height / 1800)))
        canvas.paste(mix((220, 230, 245), mood.sky[-1], 0.25), (0, 0), drops)
    if "snow" in mood.weather:
        flakes = Image.new("L", (width, height))
        pen = ImageDraw.Draw(flakes)
        for _ in range(round(460 * max(1.0, width / height))):
            near = dice.random() ** 3
            x, y, wide = dice.random() * width, dice.random() * height, height * (0.0014 + 0.0065 * near)
            pen.ellipse((x - wide, y - wide, x + wide, y + wide), fill=round(235 - 120 * near))
        canvas.paste((252, 253, 255), (0, 0), flakes.filter(ImageFilter.GaussianBlur(max(0.6, height / 900))))


def _draw_halo(
    canvas: Image.Image, colour: tuple[int, int, int], at: tuple[float, float], radius: int, much: float
) -> None:
    glow = Image.radial_gradient("L")
    curve = [round(255 * much * max(0.0, 1 - value / 181) ** 2.2) for value in range(256)]
    soft = glow.point(curve).resize((radius * 2, radius * 2), Image.Resampling.BICUBIC)
    canvas.paste(colour, (round(at[0]) - radius, round(at[1]) - radius), soft)


def _draw_disc(canvas: Image.Image, mood: Mood, at: tuple[float, float], radius: float, *, moon: bool) -> None:
    side = max(8, round(radius * 8))
    face = Image.new("L", (side, side))
    pen = ImageDraw.Draw(face)
    pen.ellipse((0, 0, side - 1, side - 1), fill=255)
    sheet = Image.new("RGB", (side, side), mix(mood.light, (255, 255, 255), 0.35))
    if moon:
        marks = ImageDraw.Draw(sheet)
        grey = mix(mood.light, (126, 128, 150), 0.3)
        for x, y, wide in (
            (0.36, 0.36, 0.15),
            (0.6, 0.3, 0.08),
            (0.62, 0.58, 0.17),
            (0.33, 0.66, 0.1),
            (0.48, 0.82, 0.06),
        ):
            marks.ellipse(((x - wide) * side, (y - wide) * side, (x + wide) * side, (y + wide) * side), fill=grey)
        sheet = sheet.filter(ImageFilter.GaussianBlur(side / 50))
    final = max(2, round(radius * 2))
    sheet, face = sheet.resize((final, final), Image.Resampling.BOX), face.resize((final, final), Image.Resampling.BOX)
    canvas.paste(sheet, (round(at[0] - radius), round(at[1] - radius)), face)


def _draw_stars(canvas: Image.Image, mood: Mood, dice: random.Random, horizon: float) -> None:
    width, height = canvas.size
    if mood.place == "space" or not mood.weather & {"clouds"}:
        band = Image.new("L", (max(8, width // 6), max(8, height // 6)))
        pen = ImageDraw.Draw(band)
        slope, start = dice.uniform(-0.6, 0.6), dice.uniform(0.1, 0.5)
        for _ in range(90):
            x = dice.random()
            y = start + slope * (x - 0.5) * 0.6 + dice.gauss(0, 0.05)
            wide = band.width * dice.uniform(0.01, 0.06)
            at = x * band.width, y * band.height
            pen.ellipse(
                (at[0] - wide, at[1] - wide * 0.6, at[0] + wide, at[1] + wide * 0.6), fill=dice.randrange(20, 84)
            )
        band = band.filter(ImageFilter.GaussianBlur(band.width / 34)).resize(canvas.size, Image.Resampling.BICUBIC)
        canvas.paste(mix(mood.sky[-1], (220, 210, 255), 0.4), (0, 0), band)
    pen = ImageDraw.Draw(canvas)
    limit = height if mood.place == "space" else horizon
    scale = max(0.36, min(width, height) / 1000)
    for _ in range(round(520 * max(0.5, width / height))):
        x, y = dice.random() * width, limit * 0.95 * dice.random() ** 1.25
        bright = dice.random() ** 4
        wide = scale * (0.45 + 1.5 * bright)
        fade = 0.25 + 0.5 * bright + 0.25 * dice.random()
        tint = dice.choice(((255, 255, 255), (255, 240, 220), (214, 226, 255)))
        behind = canvas.getpixel((min(width - 1, int(x)), min(height - 1, int(y))))
        if isinstance(behind, tuple):
            shade = mix((int(behind[0]), int(behind[1]), int(behind[2])), tint, fade)
            pen.ellipse((x - wide, y - wide, x + wide, y + wide), fill=shade)


def _draw_planets(
    canvas: Image.Image, mood: Mood, dice: random.Random, horizon: float, light: tuple[float, float]
) -> None:
    short = min(canvas.size)
    away = dice.uniform(0.1, 0.3), dice.uniform(0.34, 0.44)
    large, small = (1 - part if light[0] < canvas.width / 2 else part for part in away)
    for radius, across, down in (
        (short * dice.uniform(0.13, 0.2), large, dice.uniform(0.24, 0.42)),
        (short * dice.uniform(0.03, 0.05), small, dice.uniform(0.1, 0.2)),
    ):
        side = max(16, round(radius * 4))
        hue = dice.choice(((222, 130, 92), (110, 156, 214), (196, 154, 210), (120, 190, 170)))
        sheet = Image.new("RGB", (side, side), hue)
        pen = ImageDraw.Draw(sheet)
        for band in range(12):
            y = side * band / 12
            pen.rectangle(
                (0, y, side, y + side * dice.uniform(0.02, 0.09)), fill=mix(hue, mood.light, dice.uniform(0, 0.4))
            )
        sheet = sheet.filter(ImageFilter.GaussianBlur(side / 60)).rotate(18, Image.Resampling.BICUBIC, fillcolor=hue)
        dark = (
            Image.radial_gradient("L")
            .resize((side * 2, side * 2))
            .crop((side // 3, side // 3, side + side // 3, side + side // 3))
        )
        sheet.paste(mix(mood.sky[0], (0, 0, 0), 0.4), (0, 0), dark.point([min(250, value * 2) for value in range(256)]))
        face = Image.new("L", (side, side))
        ImageDraw.Draw(face).ellipse((0, 0, side - 1, side - 1), fill=255)
        at = canvas.width * across, horizon * down + radius * 0.3
        _draw_halo(canvas, hue, at, round(radius * 1.9), 0.5)
        final = max(4, round(radius * 2))
        how = Image.Resampling.BOX
        canvas.paste(
            sheet.resize((final, final), how),
            (round(at[0] - radius), round(at[1] - radius)),
            face.resize((final, final), how),
        )


def _draw_aurora(canvas: Image.Image, dice: random.Random, horizon: float) -> None:
    width, height = canvas.size
    small = max(16, width // 4), max(16, height // 4)
    for colour, strength in (((72, 240, 170), 190), ((120, 120, 255), 110), ((230, 90, 200), 80)):
        curtain = Image.new("L", small)
        pen = ImageDraw.Draw(curtain)
        turn, rate, base = dice.uniform(0, 6), dice.uniform(1.4, 3.2), dice.uniform(0.4, 0.62)
        for x in range(small[0]):
            position = x / small[0]
            wave = math.sin(position * 6.3 * rate + turn) * 0.09 + math.sin(position * 15 + turn * 2) * 0.03
            foot = (base + wave) * horizon / 4
            ray = 0.55 + 0.45 * math.sin(position * 70 + math.sin(position * 23) * 4)
            tall = horizon / 4 * (0.28 + 0.16 * ray)
            for step in range(14):
                shade = round(strength * (0.4 + 0.6 * ray) * (1 - step / 14) ** 1.5)
                top = foot - tall * (step + 1) / 14
                pen.line([(x, foot - tall * step / 14), (x, top)], fill=shade)
        soft = curtain.filter(ImageFilter.GaussianBlur(small[0] / 130)).resize(
            (width, height), Image.Resampling.BICUBIC
        )
        layer = Image.new("RGB", canvas.size)
        layer.paste(colour, (0, 0), soft)
        canvas.paste(ImageChops.screen(canvas, layer))


def _draw_rainbow(canvas: Image.Image, dice: random.Random, horizon: float) -> None:
    width, height = canvas.size
    arc = Image.new("RGB", canvas.size)
    mask = Image.new("L", canvas.size)
    pen, veil = ImageDraw.Draw(arc), ImageDraw.Draw(mask)
    radius, band = min(width * 0.52, horizon * 0.98), min(width, height) * 0.011
    x = width * dice.uniform(0.4, 0.6)
    hues = ((226, 60, 60), (244, 140, 50), (246, 214, 70), (84, 190, 96), (66, 140, 226), (86, 84, 196), (150, 80, 190))
    for index, hue in enumerate(hues):
        reach = radius - index * band
        box = (x - reach, horizon - reach, x + reach, horizon + reach)
        pen.arc(box, 180, 360, fill=hue, width=round(band * 1.6))
        veil.arc(box, 180, 360, fill=126, width=round(band * 1.6))
    soft = max(1.0, band * 0.55)
    canvas.paste(arc.filter(ImageFilter.GaussianBlur(soft / 2)), (0, 0), mask.filter(ImageFilter.GaussianBlur(soft)))


def _draw_mist(canvas: Image.Image, mood: Mood, dice: random.Random, horizon: float) -> None:
    width, height = canvas.size
    small = max(16, width // 8), max(16, height // 8)
    veil = Image.new("L", small, 26)
    pen = ImageDraw.Draw(veil)
    for _ in range(26):
        x, y = dice.random() * small[0], (horizon + dice.gauss(0.2, 0.28) * (height - horizon)) / 8
        wide, thin = small[0] * dice.uniform(0.1, 0.4), small[1] * dice.uniform(0.01, 0.04)
        pen.ellipse((x - wide, y - thin, x + wide, y + thin), fill=dice.randrange(90, 190))
    veil = veil.filter(ImageFilter.GaussianBlur(small[1] / 22)).resize((width, height), Image.Resampling.BICUBIC)
    canvas.paste(mix(mood.far, (248, 249, 250), 0.45 if not mood.night else 0.1), (0, 0), veil)


def _draw_lightning(canvas: Image.Image, dice: random.Random, horizon: float) -> None:
    width, height = canvas.size
    x, y = width * dice.uniform(0.2, 0.8), 0.0
    path = [(x, y)]
    while y < horizon:
        x, y = x + dice.uniform(-0.045, 0.045) * width, y + horizon * dice.uniform(0.05, 0.12)
        path.append((x, min(y, horizon)))
    branch = path[len(path) // 2]
    twig = [
        branch,
        (branch[0] + width * 0.07, branch[1] + horizon * 0.12),
        (branch[0] + width * 0.1, branch[1] + horizon * 0.24),
    ]
    mask = Image.new("L", canvas.size)
    pen = ImageDraw.Draw(mask)
    thick = max(2, round(height / 260))
    pen.line(path, fill=255, width=thick, joint="curve")
    pen.line(twig, fill=190, width=max(1, thick // 2), joint="curve")
    glow = mask.reduce(4).filter(ImageFilter.GaussianBlur(height / 260)).resize(canvas.size, Image.Resampling.BICUBIC)
    canvas.paste((196, 206, 255), (0, 0), glow.point([min(230, value * 3) for value in range(256)]))
    canvas.paste((250, 250, 255), (0, 0), mask.filter(ImageFilter.GaussianBlur(0.6)))


@dataclass(frozen=True)
class _CloudLayer:
    """A layer of clouds: its threshold of noise, softness, cells, density and three colours."""

    cover: float
    soft: float
    cells: tuple[float, float]
    dense: float
    top: Colour
    middle: Colour
    under: Colour


def draw_clouds(
    canvas: Image.Image, mood: Mood, dice: random.Random, horizon: float, light: tuple[float, float]
) -> None:
    """Draw clouds over the whole sky, lit from the position of the light."""
    if mood.place in {"space", "underwater"} or "aurora" in mood.weather:
        return
    size = canvas.width, max(8, round(horizon))
    small = max(16, min(480, size[0] // 2)), 0
    small = small[0], max(16, round(small[0] * size[1] / size[0]))
    wide = size[0] / size[1]
    for kind in _choose_cloud_layers(mood, dice, wide):
        # Larger than the sky, so that what is moved in from beyond the edges is never seen.
        reach = max(2, small[0] // 60)
        roomy = small[0] + reach * 2, small[1] + reach * 2
        cut = (reach, reach, reach + small[0], reach + small[1])
        whole = make_noise(roomy, dice, kind.cells, 6, 0.52)
        noise = whole.crop(cut)
        thick = ImageChops.multiply(
            apply_curve(noise, kind.cover, kind.cover + kind.soft), _make_height_mask(small, mood, dice)
        )
        # Towards the light the cloud is thinner than on the near side: that flank is bright.
        side = 1 if light[0] > canvas.width / 2 else -1
        body = whole.filter(ImageFilter.GaussianBlur(small[0] / 200))
        flank = ImageChops.subtract(body, ImageChops.offset(body, -side * reach, reach), 0.45, 128).crop(cut)
        bright = apply_curve(flank, 96, 190)
        dark = apply_curve(ImageChops.invert(flank), 120, 236, 235)
        layer = Image.new("RGB", small, kind.middle)
        layer.paste(kind.under, (0, 0), ImageChops.lighter(dark, apply_curve(noise, kind.cover + kind.soft, 255, 120)))
        layer.paste(kind.top, (0, 0), bright)
        alpha = thick.point([round(value * kind.dense) for value in range(256)])
        how = Image.Resampling.BICUBIC
        canvas.paste(layer.resize(size, how), (0, 0), alpha.resize(size, how))


def _choose_cloud_layers(mood: Mood, dice: random.Random, wide: float) -> list[_CloudLayer]:
    low_sun = mood.sun < 0.35
    if mood.weather & _HEAVY:
        top, under = mix(mood.sky[-1], mood.light, 0.2), mix(mood.sky[0], mood.near, 0.3)
        cover = 58 if mood.weather & {"storm", "rain"} else 84
        if mood.weather & {"clouds"}:
            top = mix(mood.light, (255, 255, 255), 0.4)
        return [_CloudLayer(cover, 120, (2.2 * wide, 2.6), 0.92, top, mix(mood.sky[1], mood.far, 0.35), under)]
    if mood.night:
        top = mix(mood.sky[2], mood.light, 0.3)
        return [_CloudLayer(150, 90, (1.7 * wide, 4), 0.5, top, mix(mood.sky[1], mood.sky[2], 0.5), mood.sky[0])]
    if low_sun:
        top, middle = mix(mood.light, mood.accent, 0.2), mix(mood.sky[2], mood.accent, 0.25)
        under = mix(mood.sky[1], mood.near, 0.22)
        return [
            _CloudLayer(146, 90, (1.1 * wide, 6.5), 0.72, top, middle, under),
            _CloudLayer(138, 70, (1.5 * wide, 9), 0.5, top, middle, under),
        ]
    top, middle = mix(mood.light, (255, 255, 255), 0.6), mix(mood.sky[2], (255, 255, 255), 0.5)
    under = mix(mood.sky[1], mood.far, 0.55)
    heaps = _CloudLayer(dice.uniform(118, 144), 46, (1.5 * wide, 3.2), 0.94, top, middle, under)
    veils = _CloudLayer(140, 110, (0.9 * wide, 5), 0.34, top, top, middle)
    return [veils, heaps]


def _make_height_mask(size: tuple[int, int], mood: Mood, dice: random.Random) -> Image.Image:
    """Return a mask of the heights of clouds: a band in fair weather, everything but the horizon otherwise."""
    mask = Image.new("L", (1, 64))
    pen = ImageDraw.Draw(mask)
    heavy = bool(mood.weather & _HEAVY)
    middle = dice.uniform(0.3, 0.5) if not heavy else 0.0
    for row in range(64):
        away = abs(row / 63 - middle) / (0.95 if heavy else 0.5)
        pen.point((0, row), round(255 * max(0.0, 1 - away * away)))
    return mask.resize(size, Image.Resampling.BICUBIC)
