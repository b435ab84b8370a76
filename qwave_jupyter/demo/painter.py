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
from dataclasses import dataclass, replace

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, PngImagePlugin

from qwave_jupyter.demo import edits, lettering
from qwave_jupyter.demo.interiors import table
from qwave_jupyter.demo.moods import Mood, mixed, mood_at, mood_of, turned
from qwave_jupyter.demo.motifs import Wish, wishes_in
from qwave_jupyter.demo.palettes import Share, in_palette
from qwave_jupyter.demo.patterns import pattern
from qwave_jupyter.demo.pens import column
from qwave_jupyter.demo.placing import place, place_alone, place_middle
from qwave_jupyter.demo.scenery import bank, ground, hills
from qwave_jupyter.demo.skies import weather
from qwave_jupyter.demo.skylines import bridge, city
from qwave_jupyter.demo.stage import Scene, open_scene
from qwave_jupyter.demo.styles import LINED, style_of, styled
from qwave_jupyter.demo.textures import grain
from qwave_jupyter.demo.woods import frame_with_trees

__all__ = ["Brief", "paint", "pixel_size"]

#: Long side of each tier in pixels (1k, 2k, 4k: sizes table of June 2026; the others in proportion).
_TIERS = {"0.5k": 512, "1k": 1024, "1.5k": 1536, "2k": 2048, "3k": 3072, "4k": 3840}
_MEGAPIXEL = 1024 * 1024
_MOST_PIXELS = 16_000_000
#: A scene is painted with this long side and enlarged, which keeps 4k quick: by quality, in pixels.
_CANVAS = {"low": 300, "medium": 1024, "high": 1600}
_CANVAS_ELSE = 1280
_FINE = {"low": 0, "high": 2}
_LEAST_SIDE = 48


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
        negative: words for what mustn't appear.
        style: words for the style besides the prompt's.
        mask: bytes of a mask of the first reference; outside it nothing changes.
        boxes: per reference, boxes (left, top, right, bottom in its own pixels) that confine the change.
        palette: colours and the share of the pixels that each covers.
        series: of how many pictures this is one, all of the same motif; 0 for none.
        captions: what is said in small letters at the lower left.
        vivid: factor of how strong the colours are.
        weird: 0 to 1, how far colours are from the usual.
        chaos: 0 to 1, how much the pictures of one order differ.
        tile: whether the edges meet when it is laid side by side.
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
    negative: str = ""
    style: str = ""
    mask: bytes | None = None
    boxes: edits.Boxes = ()
    palette: Sequence[Share] = ()
    series: int = 0
    captions: Sequence[str] = ()
    vivid: float = 1.0
    weird: float = 0.0
    chaos: float = 0.0
    tile: bool = False

    @property
    def part(self) -> float:
        """How far into its series a picture is, 0 to 1."""
        return self.index / (self.series - 1) if self.series > 1 else 0.0


@dataclass(frozen=True)
class _Plan:
    """What the words of a brief come to."""

    mood: Mood
    wishes: Sequence[Wish]
    style: str
    text: str
    fine: int
    refused: frozenset[str]


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
        ratio = float(left) / float(right)
    except (ValueError, ZeroDivisionError):
        ratio = 1.0
    ratio = min(8.0, max(0.125, ratio)) if math.isfinite(ratio) else 1.0
    tier = (resolution or "1k").lower()
    if re.fullmatch(r"[0-9]{1,2}mp", tier):
        area = max(1, min(16, int(tier[:-2]))) * _MEGAPIXEL
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
        ValueError: a size that no tier has, or reference or mask bytes that are no picture.
    """
    if not 16 <= brief.width <= 8192 or not 16 <= brief.height <= 8192:
        msg = f"a picture of {brief.width}×{brief.height} pixels can't be painted"
        raise ValueError(msg)
    plan = _planned(brief)
    if not brief.references:
        picture = _stage(brief, plan, (brief.width, brief.height))
        picture = _enlarged(picture, (brief.width, brief.height), plan)
        _lettered(picture, brief, plan, None)
        _marked(picture, brief, plan, None, None)
        return _encoded(in_palette(picture, brief.palette) if brief.palette else picture, brief)
    return _encoded(_edited(brief, plan), brief)


def _planned(brief: Brief) -> _Plan:
    prompt = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", brief.prompt[:4000])
    read = prompt.lower()
    refused = brief.negative[:2000].lower()
    index = brief.index if brief.chaos > 0 and not brief.series else 0
    words = f"{read} {brief.style[:200].lower()}"
    mood = mood_of(words, _dice(prompt, brief.seed, -1 - index), refused)
    if brief.series:
        mood = mood_at(mood, brief.part)
    if brief.weird or brief.vivid != 1.0:
        mood = _bent(mood, brief.weird, brief.vivid)
    return _Plan(
        mood=mood,
        wishes=wishes_in(read, refused),
        style=style_of(words, refused),
        text=lettering.quoted(prompt),
        fine=_FINE.get(brief.quality, 1),
        refused=frozenset(wish.name for wish in wishes_in(refused)),
    )


def _bent(mood: Mood, weird: float, vivid: float) -> Mood:
    turn = weird * 0.45
    return replace(
        mood,
        sky=tuple(turned(one, turn, vivid) for one in mood.sky),
        far=turned(mood.far, turn, vivid),
        near=turned(mood.near, -turn, vivid),
        leaf=turned(mood.leaf, -turn, vivid),
        accent=turned(mood.accent, turn, vivid),
    )


def _even(length: float) -> int:
    return max(16, round(length / 2) * 2)


def _dice(prompt: str, seed: int, index: int) -> random.Random:
    digest = hashlib.sha256(f"{prompt}\0{seed}\0{index}".encode("utf-8", "replace")).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - pictures, not secrets


def _canvas(size: tuple[int, int], quality: str) -> tuple[int, int]:
    shrink = min(1.0, _CANVAS.get(quality, _CANVAS_ELSE) / max(size))
    return max(_LEAST_SIDE, round(size[0] * shrink)), max(_LEAST_SIDE, round(size[1] * shrink))


def _stage(brief: Brief, plan: _Plan, size: tuple[int, int], before: Image.Image | None = None) -> Image.Image:
    """The scene in its style, on a canvas that may be smaller than what is asked."""
    dice = _dice(brief.prompt, brief.seed, 0 if brief.series else brief.index + 1)
    canvas = _canvas(size, brief.quality)
    names = {wish.name for wish in plan.wishes}
    if before is not None:
        scene = _relit(before.resize(canvas, Image.Resampling.BICUBIC), plan, dice, brief)
    elif brief.transparent:
        scene = Scene(Image.new("RGBA", canvas), plan.mood, dice, canvas[1] * 0.6, canvas[1] * 0.9, (0, 0), plan.fine)
        scene.lines = Image.new("L", canvas) if plan.style in LINED else None
        place_alone(scene, plan.wishes or [Wish("tree")])
        return styled(plan.style, scene.image, plan.mood, dice, scene.lines)
    elif brief.tile:
        scene = pattern(canvas, plan.mood, plan.wishes, dice, lines=plan.style in LINED)
        return styled(plan.style, scene.image, plan.mood, dice, scene.lines)
    else:
        at = 0.14 + 0.72 * brief.part if brief.series else None
        asked = next((one for one in ("moon", "sun") if one in names), "none" if "sun" in plan.refused else "")
        scene = open_scene(canvas, plan.mood, dice, plan.fine, at, moon=asked, lines=plan.style in LINED)
        scene.shift = (brief.part - 0.5) * 0.4 if brief.series else 0.0
        _landscape(scene, plan, names)
    if scene.framed:
        frame_with_trees(scene)
    place(scene, plan.wishes)
    weather(scene.image, plan.mood, scene.fork(), scene.horizon)
    picture = scene.image
    if before is None:
        _framed(picture, plan.mood)
        picture = ImageEnhance.Color(picture).enhance(brief.vivid) if brief.vivid != 1.0 else picture
    picture = styled(plan.style, picture, plan.mood, dice, scene.lines)
    if before is None and not plan.style and brief.quality != "low":
        picture = grain(picture, dice, 2)
    return picture


def _landscape(scene: Scene, plan: _Plan, names: set[str]) -> None:
    wooded = 1.8 if "forest" in names else 0.0 if names - {"sun", "moon", "mountain"} else 1.0
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
    if "cup" in names and plan.mood.place in {"land", "sea", "desert"}:
        table(scene)
    elif plan.mood.wet and "city" not in names and any(wish.motif.stance == "near" for wish in plan.wishes):
        bank(scene)


def _relit(before: Image.Image, plan: _Plan, dice: random.Random, brief: Brief) -> Scene:
    """A reference as the ground of a scene, in the light that the words ask for."""
    mood, size = plan.mood, before.size
    picture = before.convert("RGB")
    told = mood.night or mood.sun < 0.35 or mood.weather or mood.season or mood.place != "land"
    tint = column((*mood.sky, mood.far, mood.near), size)
    much = 0.6 if told else 0.22
    picture = Image.blend(picture, ImageChops.overlay(picture, tint), much)
    if mood.night:
        dark = ImageChops.multiply(picture, Image.new("RGB", size, (96, 108, 168)))
        picture = Image.blend(picture, dark, 0.85)
    elif told:
        picture = Image.blend(picture, ImageChops.soft_light(picture, Image.new("RGB", size, mood.light)), 0.4)
    light = size[0] * dice.uniform(0.2, 0.8), size[1] * 0.2
    shift = (brief.part - 0.5) * 0.4 if brief.series else 0.0
    return Scene(picture, mood, dice, size[1] * 0.6, size[1] * 0.93, light, plan.fine, shift)


def _edited(brief: Brief, plan: _Plan) -> Image.Image:
    size = (brief.width, brief.height)
    opened = [edits.opened(one) for one in brief.references]
    allowed = edits.region(opened[0], brief.mask, brief.boxes)
    before = edits.fitted(opened[0], size, Image.Resampling.LANCZOS)
    if brief.transparent and before.mode != "RGBA":
        before = before.convert("RGBA")
    if allowed is not None:
        allowed = edits.fitted(allowed, size, Image.Resampling.NEAREST)
    area = allowed.getbbox() if allowed is not None else (0, 0, *size)
    if area is None:
        return before
    after = before.copy()
    part = before.crop(area)
    repainted = _enlarged(_stage(brief, plan, part.size, _ground(part, plan, brief, allowed)), part.size, plan)
    if brief.transparent and allowed is None:
        repainted.putalpha(_cut_out(part))
    after.paste(repainted.convert(after.mode), area[:2])
    if len(opened) > 1:
        edits.inset(after, [_boxed(one, boxes) for one, boxes in _rest(opened, brief.boxes)], area)
    _lettered(after, brief, plan, area)
    _marked(after, brief, plan, area, allowed)
    if brief.palette:
        after.paste(in_palette(after.crop(area), brief.palette), area[:2])
    return edits.confined(before, after, allowed) if allowed is not None else after


def _ground(part: Image.Image, plan: _Plan, brief: Brief, allowed: Image.Image | None) -> Image.Image | None:
    """What a change starts from: all of the reference, or the blurred surroundings of a region, or nothing of it."""
    if allowed is None:
        return part
    if not any(wish.motif.stance not in {"sky", "far"} for wish in plan.wishes):
        return None
    tiny = part.convert("RGB").resize((5, 5), Image.Resampling.BOX)
    return tiny.resize(_canvas(part.size, brief.quality), Image.Resampling.BICUBIC)


def _rest(opened: Sequence[Image.Image], boxes: edits.Boxes) -> list[tuple[Image.Image, Sequence[Sequence[float]]]]:
    return [(one, boxes[place] if place < len(boxes) else ()) for place, one in enumerate(opened) if place]


def _boxed(picture: Image.Image, boxes: Sequence[Sequence[float]]) -> Image.Image:
    for left, top, right, bottom in boxes:
        inside = (
            max(0, round(left)),
            max(0, round(top)),
            min(picture.width, round(right)),
            min(picture.height, round(bottom)),
        )
        if inside[0] < inside[2] and inside[1] < inside[3]:
            return picture.crop(inside)
    return picture


def _cut_out(part: Image.Image) -> Image.Image:
    """The middle of a picture, softly cut out, for a transparent background."""
    face = Image.radial_gradient("L").resize(part.size, Image.Resampling.BICUBIC)
    return face.point([255 if value < 118 else max(0, 255 - (value - 118) * 25) for value in range(256)])


def _enlarged(picture: Image.Image, size: tuple[int, int], plan: _Plan) -> Image.Image:
    if picture.size == size:
        return picture
    if plan.style == "pixel":
        return picture.resize(size, Image.Resampling.NEAREST)
    grown = picture.resize(size, Image.Resampling.BICUBIC)
    return grown.filter(ImageFilter.UnsharpMask(1.6, 70, 2)) if plan.fine == 2 else grown


def _framed(picture: Image.Image, mood: Mood) -> None:
    away = Image.radial_gradient("L").resize(picture.size, Image.Resampling.BICUBIC)
    dark = mixed(mood.sky[0], mood.near, 0.6)
    picture.paste(dark, (0, 0), away.point([round(max(0, value - 96) * 0.62) for value in range(256)]))


def _lettered(picture: Image.Image, brief: Brief, plan: _Plan, area: tuple[int, int, int, int] | None) -> None:
    if plan.text:
        lettering.letter(picture, plan.text, plan.mood.accent, area)
    if brief.captions:
        lettering.caption(picture, brief.captions, area)


def _marked(
    picture: Image.Image,
    brief: Brief,
    plan: _Plan,
    area: tuple[int, int, int, int] | None,
    allowed: Image.Image | None,
) -> None:
    if brief.series > 1 and area is None:
        lettering.number(picture, brief.index + 1, brief.series, plan.mood.accent)
    if brief.watermark:
        lettering.sign(picture, area)
    lettering.mark(picture, lettering.room(allowed, area) if allowed is not None and area else area)


def _encoded(picture: Image.Image, brief: Brief) -> bytes:
    buffer = io.BytesIO()
    quality = 92 if brief.compression is None else max(5, min(95, brief.compression))
    if brief.format == "jpeg":
        picture.convert("RGB").save(buffer, "JPEG", quality=quality)
    elif brief.format == "webp":
        picture.save(buffer, "WEBP", quality=quality, method=2)
    else:
        said = PngImagePlugin.PngInfo()
        said.add_text("Software", "qwave-jupyter DEMO")
        picture.save(buffer, "PNG", compress_level=2, pnginfo=said)
    return buffer.getvalue()
