"""Paint images that show what each parameter does.

The same brief gives the same bytes; another seed another composition. Every image has the mark DEMO.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from itertools import chain, repeat

from PIL import Image, ImageFilter, PngImagePlugin

from qwave_jupyter.demo.painting import image_ops, lettering
from qwave_jupyter.demo.painting.compose import choose_canvas_size, compose_scene
from qwave_jupyter.demo.painting.image_ops import DIRECTIONS, enlarge, pan, zoom_out
from qwave_jupyter.demo.painting.lighting import has_special_light
from qwave_jupyter.demo.painting.palettes import reduce_to_palette
from qwave_jupyter.demo.painting.prompt_parser import Brief, Plan, parse_prompt
from qwave_jupyter.demo.painting.textures import apply_curve

__all__ = ["Brief", "paint", "pixel_size"]

#: Long side of each tier in pixels (1k, 2k, 4k: sizes table of June 2026; the others in proportion).
_TIERS = {"0.5k": 512, "1k": 1024, "1.5k": 1536, "2k": 2048, "3k": 3072, "4k": 3840}
_MEGAPIXEL = 1024 * 1024
_MAX_PIXELS = 16_000_000


def pixel_size(aspect_ratio: str | None, resolution: str | None) -> tuple[int, int]:
    """Return the pixel size (width, height) of a ratio and a tier.

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
        return _round_to_even(math.sqrt(area * ratio)), _round_to_even(math.sqrt(area / ratio))
    side = _TIERS.get(tier, 1024)
    width, height = (side, side / ratio) if ratio >= 1 else (side * ratio, side)
    shrink = min(1.0, math.sqrt(_MAX_PIXELS / (width * height)))
    return _round_to_even(width * shrink), _round_to_even(height * shrink)


def paint(brief: Brief) -> bytes:
    """Paint one image; return the bytes of its file.

    Args:
        brief: what to paint.

    Raises:
        ValueError: a size that no tier has, or reference or mask bytes that are no image.
    """
    if not 16 <= brief.width <= 8192 or not 16 <= brief.height <= 8192:
        msg = f"an image of {brief.width}×{brief.height} pixels can't be painted"
        raise ValueError(msg)
    plan = parse_prompt(brief)
    if brief.references and brief.window:
        return _encode(_paint_window(brief, plan), brief)
    if not brief.references:
        image = compose_scene(brief, plan, (brief.width, brief.height))
        image = _enlarge(image, (brief.width, brief.height), plan)
        if brief.completion < 1:
            image = image.filter(ImageFilter.GaussianBlur((1 - brief.completion) * min(image.size) / 36))
        if brief.insets:
            image_ops.draw_insets(image, [image_ops.decode(one) for one in brief.insets], (0, 0, *image.size))
        _draw_texts(image, brief, plan, None)
        _draw_marks(image, brief, plan, None, None)
        return _encode(reduce_to_palette(image, brief.palette) if brief.palette else image, brief)
    return _encode(_paint_edit(brief, plan), brief)


def _round_to_even(length: float) -> int:
    return max(16, round(length / 2) * 2)


def _paint_window(brief: Brief, plan: Plan) -> Image.Image:
    image, size = image_ops.decode(brief.references[0]).convert("RGB"), (brief.width, brief.height)
    if brief.window == "zoom":
        image = zoom_out(image, max(1.05, min(8.0, brief.zoom)))
    elif brief.window in DIRECTIONS:
        image = pan(image, brief.window)
    image = image if image.size == size else enlarge(image, size)
    _draw_marks(image, brief, plan, None, None)
    return image


def _paint_edit(brief: Brief, plan: Plan) -> Image.Image:
    size = (brief.width, brief.height)
    references = [image_ops.decode(one) for one in brief.references]
    allowed = image_ops.find_editable_region(references[0], brief.mask, brief.boxes)
    before = image_ops.fit(references[0], size, Image.Resampling.LANCZOS)
    if brief.transparent and before.mode != "RGBA":
        before = before.convert("RGBA")
    if allowed is not None:
        allowed = image_ops.fit(allowed, size, Image.Resampling.NEAREST)
    area = allowed.getbbox() if allowed is not None else (0, 0, *size)
    if area is None:
        return before
    after = before.copy()
    part = before.crop(area)
    start = _make_ground(part, plan, brief, allowed)
    repainted = _enlarge(compose_scene(brief, plan, part.size, start, filling=allowed is not None), part.size, plan)
    if brief.index:
        repainted = image_ops.vary_light(repainted, brief.index)
    if brief.transparent and allowed is None:
        repainted.putalpha(_make_cutout_mask(part))
    after.paste(repainted.convert(after.mode), area[:2])
    if len(references) > 1:
        boxes = chain(brief.boxes[1:], repeat(()))
        insets = [_crop_to_box(*pair) for pair in zip(references[1:], boxes, strict=False)]
        image_ops.draw_insets(after, insets, area)
    _draw_texts(after, brief, plan, area)
    _draw_marks(after, brief, plan, area, allowed)
    if brief.palette:
        after.paste(reduce_to_palette(after.crop(area), brief.palette), area[:2])
    return image_ops.restore_outside(before, after, allowed) if allowed is not None else after


def _make_ground(part: Image.Image, plan: Plan, brief: Brief, allowed: Image.Image | None) -> Image.Image | None:
    """Return what an edit starts from: the reference, a region without its content, or None."""
    if allowed is None or (has_special_light(plan.mood) and not plan.motifs):
        return part
    if not any(motif.kind.stance not in {"sky", "far"} for motif in plan.motifs):
        return None
    rough = part.convert("RGB").resize((9, 9), Image.Resampling.BOX)
    rough = rough.resize(choose_canvas_size(part.size, brief.quality, edit=True), Image.Resampling.BICUBIC)
    away = allowed.crop(allowed.getbbox()).resize(rough.size, Image.Resampling.NEAREST)
    # At its edge the region keeps its content, so that the change blends in.
    away = apply_curve(away.filter(ImageFilter.GaussianBlur(min(rough.size) / 6)), 128, 250)
    return Image.composite(rough, part.convert("RGB").resize(rough.size, Image.Resampling.BICUBIC), away)


def _crop_to_box(image: Image.Image, boxes: Sequence[Sequence[float]]) -> Image.Image:
    for left, top, right, bottom in boxes:
        inside = (
            max(0, round(left)),
            max(0, round(top)),
            min(image.width, round(right)),
            min(image.height, round(bottom)),
        )
        if inside[0] < inside[2] and inside[1] < inside[3]:
            return image.crop(inside)
    return image


def _make_cutout_mask(part: Image.Image) -> Image.Image:
    """Return a soft mask of the middle of an image, for a transparent background."""
    face = Image.radial_gradient("L").resize(part.size, Image.Resampling.BICUBIC)
    return face.point([255 if value < 118 else max(0, 255 - (value - 118) * 25) for value in range(256)])


def _enlarge(image: Image.Image, size: tuple[int, int], plan: Plan) -> Image.Image:
    if image.size == size:
        return image
    if plan.style == "pixel":
        return image.resize(size, Image.Resampling.NEAREST)
    grown = image.resize(size, Image.Resampling.BICUBIC)
    return grown.filter(ImageFilter.UnsharpMask(1.6, 70, 2)) if plan.fine == 2 else grown


def _draw_texts(image: Image.Image, brief: Brief, plan: Plan, area: tuple[int, int, int, int] | None) -> None:
    if plan.text:
        lettering.draw_title(image, plan.text, plan.mood.accent, area)
    if brief.captions:
        lettering.draw_captions(image, brief.captions, area)


def _draw_marks(
    image: Image.Image,
    brief: Brief,
    plan: Plan,
    area: tuple[int, int, int, int] | None,
    allowed: Image.Image | None,
) -> None:
    if brief.series > 1 and area is None:
        lettering.draw_series_number(image, brief.index + 1, brief.series, plan.mood.accent)
    if brief.watermark:
        lettering.draw_watermark(image, area)
    if allowed is not None and area:
        lettering.draw_demo_mark(image, lettering.find_mark_area(allowed, area), fitting=True)
    else:
        lettering.draw_demo_mark(image)


def _encode(image: Image.Image, brief: Brief) -> bytes:
    buffer = io.BytesIO()
    quality = 92 if brief.compression is None else max(5, min(95, brief.compression))
    if brief.format == "jpeg":
        image.convert("RGB").save(buffer, "JPEG", quality=quality)
    elif brief.format == "webp":
        image.save(buffer, "WEBP", quality=quality, method=2)
    else:
        info = PngImagePlugin.PngInfo()
        info.add_text("Software", "qwave-jupyter DEMO")
        image.save(buffer, "PNG", compress_level=2, pnginfo=info)
    return buffer.getvalue()
