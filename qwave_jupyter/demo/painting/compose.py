"""Compose a scene from a plan: what is painted behind what, and the light of a reference image."""

from __future__ import annotations

import random

from PIL import Image, ImageChops, ImageEnhance

from qwave_jupyter.demo.painting.layout import draw_distant_motifs, draw_motif_row, draw_motifs, make_pattern
from qwave_jupyter.demo.painting.lighting import Mood, has_special_light, mix
from qwave_jupyter.demo.painting.motifs.registry import PromptMotif
from qwave_jupyter.demo.painting.prompt_parser import Brief, Plan, make_dice
from qwave_jupyter.demo.painting.scene import Scene, open_scene
from qwave_jupyter.demo.painting.scenery import draw_bank, draw_grass_fringe, draw_ground, draw_hills, draw_table
from qwave_jupyter.demo.painting.shapes import make_gradient
from qwave_jupyter.demo.painting.skies import draw_sky_phenomena, draw_weather
from qwave_jupyter.demo.painting.skylines import draw_bridge, draw_city
from qwave_jupyter.demo.painting.styles import LINED, apply_style
from qwave_jupyter.demo.painting.textures import add_grain
from qwave_jupyter.demo.painting.woods import frame_with_trees

__all__ = ["choose_canvas_size", "compose_scene"]

#: A scene is painted with this long side and enlarged, which keeps 4k quick: by quality, in pixels.
_CANVAS = {"low": 300, "medium": 1024, "high": 1600}
_CANVAS_ELSE = 1280
_CANVAS_OF_EDITS = 2048
_MIN_SIDE = 48
#: What stands on a table.
_STILL = frozenset({"cup", "bottle", "book", "apple", "cake", "gift"})
#: Where green lies on Pillow's circle of 256 hues, and to which hue, saturation and level a season takes it.
_GREEN = range(36, 130)
_SEASONS = {"autumn": (17, 1.25, 1.0), "winter": (150, 0.22, 1.3), "spring": (70, 1.0, 1.12), "summer": (84, 1.2, 1.0)}


def choose_canvas_size(size: tuple[int, int], quality: str, *, edit: bool = False) -> tuple[int, int]:
    """Return the size in pixels at which a scene is painted; an edit keeps more of its reference."""
    long = _CANVAS_OF_EDITS if edit and quality != "low" else _CANVAS.get(quality, _CANVAS_ELSE)
    shrink = min(1.0, long / max(size))
    return max(_MIN_SIDE, round(size[0] * shrink)), max(_MIN_SIDE, round(size[1] * shrink))


def compose_scene(
    brief: Brief, plan: Plan, size: tuple[int, int], before: Image.Image | None = None, *, filling: bool = False
) -> Image.Image:
    """Paint a scene in its style, on a canvas that may be smaller than the image.

    ``before`` is the reference that is edited; with ``filling`` the motifs fill it, for a region that is repainted.
    """
    dice = make_dice(brief.prompt, brief.seed, 0 if brief.series else brief.index + 1)
    canvas = choose_canvas_size(size, brief.quality, edit=before is not None)
    names = {motif.name for motif in plan.motifs}
    if before is not None:
        scene = _scene_from_reference(before.resize(canvas, Image.Resampling.BICUBIC), plan, dice, brief)
    elif brief.transparent:
        scene = Scene(Image.new("RGBA", canvas), plan.mood, dice, canvas[1] * 0.6, canvas[1] * 0.9, (0, 0), plan.fine)
        scene.lines = Image.new("L", canvas) if plan.style in LINED else None
        draw_motif_row(scene, plan.motifs or [PromptMotif("tree")])
        return apply_style(plan.style, scene.image, plan.mood, dice, scene.lines)
    elif brief.tile:
        scene = make_pattern(canvas, plan.mood, plan.motifs, dice, lines=plan.style in LINED)
        return apply_style(plan.style, scene.image, plan.mood, dice, scene.lines)
    else:
        at = 0.14 + 0.72 * brief.series_progress if brief.series else None
        disc_kind = next((one for one in ("moon", "sun") if one in names), "none" if "sun" in plan.excluded else "")
        scene = open_scene(canvas, plan.mood, dice, plan.fine, at, disc_kind=disc_kind, lines=plan.style in LINED)
        scene.shift = (brief.series_progress - 0.5) * 0.4 if brief.series else 0.0
        scene.lettered = bool(plan.text)
        _draw_landscape(scene, plan, names)
    if scene.framed:
        frame_with_trees(scene)
    if filling and before is not None:
        draw_motif_row(scene, [motif for motif in plan.motifs if motif.kind.stance not in {"sky", "far"}])
    else:
        draw_motifs(scene, plan.motifs)
        if before is None and not names & _STILL and any(motif.kind.stance == "near" for motif in plan.motifs):
            draw_grass_fringe(scene)
    draw_weather(scene.image, plan.mood, scene.fork(), scene.horizon)
    image = scene.image
    if before is None:
        _darken_edges(image, plan.mood)
        image = ImageEnhance.Color(image).enhance(brief.saturation) if brief.saturation != 1.0 else image
    image = apply_style(plan.style, image, plan.mood, dice, scene.lines)
    if before is None and not plan.style and not brief.palette and brief.quality != "low":
        image = add_grain(image, dice, 2)
    return image


def _draw_landscape(scene: Scene, plan: Plan, names: set[str]) -> None:
    wooded = 1.8 if "forest" in names else 0.0 if names - {"sun", "moon", "mountain"} else 1.0
    wooded = wooded if plan.mood.place == "land" else 0.0
    draw_hills(scene, rocky="mountain" in names, wooded=wooded if "forest" not in plan.excluded else 0.0)
    if "forest" in names and plan.mood.place == "land" and scene.fine:
        scene.framed = True
    if "city" in names:
        draw_city(scene, neon=plan.style == "neon" or plan.mood.night)
    if plan.mood.wet:
        draw_distant_motifs(scene, plan.motifs)
    draw_ground(scene)
    if "bridge" in names:
        draw_bridge(scene)
    if not plan.mood.wet:
        draw_distant_motifs(scene, plan.motifs)
    if names & _STILL and plan.mood.place in {"land", "sea", "desert"}:
        draw_table(scene)
    elif plan.mood.wet and "city" not in names and any(motif.kind.stance == "near" for motif in plan.motifs):
        draw_bank(scene)


def _scene_from_reference(before: Image.Image, plan: Plan, dice: random.Random, brief: Brief) -> Scene:
    """Return a reference as the ground of a scene, in the light that the prompt asks for."""
    width, height = before.size
    image = _relight(before.convert("RGB"), plan.mood, dice)
    light = width * dice.uniform(0.2, 0.8), height * 0.2
    shift = (brief.series_progress - 0.5) * 0.4 if brief.series else 0.0
    return Scene(image, plan.mood, dice, height * 0.6, height * 0.93, light, plan.fine, shift)


def _darken_edges(image: Image.Image, mood: Mood) -> None:
    away = Image.radial_gradient("L").resize(image.size, Image.Resampling.BICUBIC)
    dark = mix(mood.sky[0], mood.near, 0.6)
    image.paste(dark, (0, 0), away.point([round(max(0, value - 96) * 0.62) for value in range(256)]))


def _relight(image: Image.Image, mood: Mood, dice: random.Random) -> Image.Image:
    """Return the RGB image in the light of a mood."""
    size, special = image.size, has_special_light(mood)
    image = _apply_season(image, mood.season)
    tint = make_gradient((*mood.sky, mood.far, mood.near), size)
    if mood.sun < 0.35 and not mood.night:
        image = Image.blend(image, ImageChops.multiply(image, tint), 0.75)
    image = Image.blend(image, ImageChops.overlay(image, tint), 0.6 if special else 0.3)
    if mood.night:
        dark = ImageChops.multiply(image, Image.new("RGB", size, (78, 92, 158)))
        image = Image.blend(image, dark, 0.92)
    elif special:
        image = Image.blend(image, ImageChops.soft_light(image, Image.new("RGB", size, mood.light)), 0.2)
    if mood.season == "autumn":
        image = Image.blend(image, ImageChops.multiply(image, Image.new("RGB", size, (255, 214, 164))), 0.8)
    if mood.weather & {"rain", "storm", "fog"}:
        image = ImageEnhance.Color(image).enhance(0.6)
    if "storm" in mood.weather and not mood.night:
        image = ImageEnhance.Brightness(image).enhance(0.7)
    draw_sky_phenomena(image, mood, dice, size[1] * 0.5)
    return image


def _apply_season(image: Image.Image, season: str) -> Image.Image:
    """Return the image with its green in the colours of a season."""
    if season not in _SEASONS:
        return image
    to, vivid, bright = _SEASONS[season]
    hue, full, level = image.convert("HSV").split()
    green = hue.point([255 * (value in _GREEN) for value in range(256)])
    # A little of the green's own variety is kept.
    turned = hue.point([max(0, min(255, to + (value - 80) // 5)) for value in range(256)])
    changed = Image.merge(
        "HSV",
        (
            turned,
            full.point([min(255, round(value * vivid)) for value in range(256)]),
            level.point([min(255, round(value * bright + (40 if bright > 1.2 else 0))) for value in range(256)]),
        ),
    ).convert("RGB")
    seen = ImageChops.multiply(green, full.point([min(255, value * 4) for value in range(256)]))
    return Image.composite(changed, image, seen)
