"""A plan becomes a scene: what is painted behind what."""

from __future__ import annotations

import random

from PIL import Image, ImageEnhance

from qwave_jupyter.demo.painting.interiors import table
from qwave_jupyter.demo.painting.layout import place, place_alone, place_middle
from qwave_jupyter.demo.painting.lighting import Mood, mix
from qwave_jupyter.demo.painting.motifs.registry import PromptMotif
from qwave_jupyter.demo.painting.patterns import pattern
from qwave_jupyter.demo.painting.prompt_parser import Brief, Plan, dice_of
from qwave_jupyter.demo.painting.relighting import relight
from qwave_jupyter.demo.painting.scene import Scene, open_scene
from qwave_jupyter.demo.painting.scenery import bank, fringe, ground, hills
from qwave_jupyter.demo.painting.skies import weather
from qwave_jupyter.demo.painting.skylines import bridge, city
from qwave_jupyter.demo.painting.styles import LINED, apply_style
from qwave_jupyter.demo.painting.textures import grain
from qwave_jupyter.demo.painting.woods import frame_with_trees

__all__ = ["canvas_of", "compose_scene"]

#: A scene is painted with this long side and enlarged, which keeps 4k quick: by quality, in pixels.
_CANVAS = {"low": 300, "medium": 1024, "high": 1600}
_CANVAS_ELSE = 1280
_CANVAS_OF_EDITS = 2048
_MIN_SIDE = 48
#: What stands on a table.
_STILL = frozenset({"cup", "bottle", "book", "apple", "cake", "gift"})


def canvas_of(size: tuple[int, int], quality: str, *, edit: bool = False) -> tuple[int, int]:
    """The size in pixels at which a scene is painted.

    Args:
        size: of the finished image.
        quality: ``low``, ``medium``, ``high`` or anything else.
        edit: whether it starts from a reference, whose detail should stay.
    """
    long = _CANVAS_OF_EDITS if edit and quality != "low" else _CANVAS.get(quality, _CANVAS_ELSE)
    shrink = min(1.0, long / max(size))
    return max(_MIN_SIDE, round(size[0] * shrink)), max(_MIN_SIDE, round(size[1] * shrink))


def compose_scene(
    brief: Brief, plan: Plan, size: tuple[int, int], before: Image.Image | None = None, *, filling: bool = False
) -> Image.Image:
    """The scene in its style, on a canvas that may be smaller than what is asked.

    Args:
        brief: what to obey.
        plan: what its words come to.
        size: of the finished image in pixels.
        before: the reference that is changed, or None.
        filling: whether the motifs fill it, as a region that is repainted wants it.
    """
    dice = dice_of(brief.prompt, brief.seed, 0 if brief.series else brief.index + 1)
    canvas = canvas_of(size, brief.quality, edit=before is not None)
    names = {wish.name for wish in plan.wishes}
    if before is not None:
        scene = _scene_from_reference(before.resize(canvas, Image.Resampling.BICUBIC), plan, dice, brief)
    elif brief.transparent:
        scene = Scene(Image.new("RGBA", canvas), plan.mood, dice, canvas[1] * 0.6, canvas[1] * 0.9, (0, 0), plan.fine)
        scene.lines = Image.new("L", canvas) if plan.style in LINED else None
        place_alone(scene, plan.wishes or [PromptMotif("tree")])
        return apply_style(plan.style, scene.image, plan.mood, dice, scene.lines)
    elif brief.tile:
        scene = pattern(canvas, plan.mood, plan.wishes, dice, lines=plan.style in LINED)
        return apply_style(plan.style, scene.image, plan.mood, dice, scene.lines)
    else:
        at = 0.14 + 0.72 * brief.part if brief.series else None
        asked = next((one for one in ("moon", "sun") if one in names), "none" if "sun" in plan.refused else "")
        scene = open_scene(canvas, plan.mood, dice, plan.fine, at, moon=asked, lines=plan.style in LINED)
        scene.shift = (brief.part - 0.5) * 0.4 if brief.series else 0.0
        scene.lettered = bool(plan.text)
        _landscape(scene, plan, names)
    if scene.framed:
        frame_with_trees(scene)
    if filling and before is not None:
        place_alone(scene, [wish for wish in plan.wishes if wish.motif.stance not in {"sky", "far"}])
    else:
        place(scene, plan.wishes)
        if before is None and not names & _STILL and any(wish.motif.stance == "near" for wish in plan.wishes):
            fringe(scene)
    weather(scene.image, plan.mood, scene.fork(), scene.horizon)
    image = scene.image
    if before is None:
        _darken_edges(image, plan.mood)
        image = ImageEnhance.Color(image).enhance(brief.vivid) if brief.vivid != 1.0 else image
    image = apply_style(plan.style, image, plan.mood, dice, scene.lines)
    if before is None and not plan.style and not brief.palette and brief.quality != "low":
        image = grain(image, dice, 2)
    return image


def _landscape(scene: Scene, plan: Plan, names: set[str]) -> None:
    wooded = 1.8 if "forest" in names else 0.0 if names - {"sun", "moon", "mountain"} else 1.0
    wooded = wooded if plan.mood.place == "land" else 0.0
    hills(scene, rocky="mountain" in names, wooded=wooded if "forest" not in plan.refused else 0.0)
    if "forest" in names and plan.mood.place == "land" and scene.fine:
        scene.framed = True
    if "city" in names:
        city(scene, neon=plan.style == "neon" or plan.mood.night)
    if plan.mood.wet:
        place_middle(scene, plan.wishes)
    ground(scene)
    if "bridge" in names:
        bridge(scene)
    if not plan.mood.wet:
        place_middle(scene, plan.wishes)
    if names & _STILL and plan.mood.place in {"land", "sea", "desert"}:
        table(scene)
    elif plan.mood.wet and "city" not in names and any(wish.motif.stance == "near" for wish in plan.wishes):
        bank(scene)


def _scene_from_reference(before: Image.Image, plan: Plan, dice: random.Random, brief: Brief) -> Scene:
    """A reference as the ground of a scene, in the light that the words ask for."""
    width, height = before.size
    image = relight(before.convert("RGB"), plan.mood, dice)
    light = width * dice.uniform(0.2, 0.8), height * 0.2
    shift = (brief.part - 0.5) * 0.4 if brief.series else 0.0
    return Scene(image, plan.mood, dice, height * 0.6, height * 0.93, light, plan.fine, shift)


def _darken_edges(image: Image.Image, mood: Mood) -> None:
    away = Image.radial_gradient("L").resize(image.size, Image.Resampling.BICUBIC)
    dark = mix(mood.sky[0], mood.near, 0.6)
    image.paste(dark, (0, 0), away.point([round(max(0, value - 96) * 0.62) for value in range(256)]))
