"""Build the brief of one image from the values of its task, and of the earlier task that it refers to."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import unquote, urlsplit

from qwave_jupyter import i18n
from qwave_jupyter.arguments import to_finite
from qwave_jupyter.demo.painter import Brief, paint, pixel_size
from qwave_jupyter.demo.painting.image_ops import DIRECTIONS, read_size
from qwave_jupyter.demo.painting.palettes import Share
from qwave_jupyter.demo.painting.prompt_parser import has_motif
from qwave_jupyter.types import Values

__all__ = ["make_brief"]

_MAX_REFERENCE_BYTES = 40_000_000
_MAX_REFERENCES = 16
_MAX_PIXELS = 16_000_000
_PLACEHOLDER = (1024, 1024)
_INSET = (384, 384)
_SEARCHES = {
    "web_search": "painter.searched_web",
    "google_search": "painter.searched_web",
    "google_image_search": "painter.searched_images",
}
#: Returns the values of the task with an id, and the bytes of its image with an index from 0.
FindEarlier = Callable[[str, int], "tuple[Values, bytes] | None"]
_MAX_SIDE = 8192
#: Actions that paint the same prompt anew; the others start from the image (Midjourney page, edition 2026-09).
_FROM_PROMPT = frozenset({"variation", "high-variation", "reroll", "remix-strong"})
_INHERITED = (
    "prompt",
    "aspect_ratio",
    "resolution",
    "negative_prompt",
    "style",
    "stylize",
    "weird",
    "tile",
    "raw",
    "extra",
)


def make_brief(
    values: Values,
    index: int,
    seed: int,
    kind: str,
    fetch_own: Callable[[str], bytes | None],
    defaults: Values | None = None,
    earlier: FindEarlier | None = None,
) -> Brief:
    """Build the brief of one image of a task.

    A reference that is neither a data URI nor one of the server's own images is never fetched: a placeholder is painted
    from the words of its address. With default ratio and resolution, the image has the first reference's size.

    Args:
        values: the task's values, by the catalogue's names.
        index: the index of the image, from 0.
        seed: the task's seed.
        kind: ``png``, ``jpeg`` or ``webp``.
        fetch_own: returns the bytes of one of the server's own links, or None.
        defaults: the documented defaults that the request did not set.
        earlier: finds the images of earlier tasks.

    Example:
        >>> make_brief({"prompt": "a cat", "aspect_ratio": "2:1"}, 0, 7, "png", lambda address: None).width
        1024
    """
    values, before, window = _apply_earlier_task(values, earlier, defaults)
    mask = _load_image(values.get("mask"), fetch_own)
    boxes = _parse_boxes(values.get("bbox_list"))
    addresses = [str(one) for one in _to_list(values.get("images"))][:_MAX_REFERENCES]
    size = read_size(mask) if mask else _covering_size(boxes)
    references, notes = _load_references(addresses, fetch_own, size or _PLACEHOLDER)
    references = [before, *references] if before else references
    insets = [str(one) for name in ("sref", "cref", "dref") for one in _to_list(values.get(name)) if one]
    series = _series_length(values)
    stop = _to_number(values.get("stop"))
    return Brief(
        **{**_choose_size(values, defaults or {}, references), **window},
        prompt=_to_text(values.get("prompt")),
        negative=_to_text(values.get("negative_prompt")),
        style=" ".join(str(values[name]) for name in ("style", "extra") if isinstance(values.get(name), str))[:200],
        seed=seed,
        index=index,
        format=kind,
        compression=_to_integer(values.get("output_compression")),
        quality=_choose_quality(values),
        transparent=values.get("background") == "transparent" and kind != "jpeg",
        watermark=bool(values.get("watermark")),
        references=references,
        mask=mask if references else None,
        boxes=boxes if references else (),
        palette=() if series else _parse_palette(values.get("color_palette")),
        series=series,
        captions=(*_build_captions(values), *notes),
        saturation=_choose_saturation(values),
        weird=min(1.0, (_to_number(values.get("weird")) or 0.0) / 3000),
        chaos=min(1.0, (_to_number(values.get("chaos")) or 0.0) / 100),
        tile=bool(values.get("tile")),
        insets=_load_references(insets[:_MAX_REFERENCES], fetch_own, _INSET)[0],
        completion=1.0 if stop is None else max(0.1, min(1.0, stop / 100)),
    )


def _choose_size(values: Values, defaults: Values, references: Sequence[bytes]) -> dict[str, int]:
    ratio, resolution = (
        one if isinstance(one := values.get(name), str) else "" for name in ("aspect_ratio", "resolution")
    )
    first = read_size(references[0]) if references else None
    if first and (ratio in {"", "auto"} or ratio == defaults.get("aspect_ratio")):
        if resolution in {"", "auto"} or resolution == defaults.get("resolution"):
            return _limit_size(*first)
        ratio = f"{first[0]}:{first[1]}"
    width, height = pixel_size(ratio, resolution)
    return {"width": width, "height": height}


def _load_references(
    addresses: Sequence[str], fetch_own: Callable[[str], bytes | None], size: tuple[int, int]
) -> tuple[list[bytes], list[str]]:
    found, notes = [], []
    for number, address in enumerate(addresses, 1):
        content = _load_image(address, fetch_own)
        if content is None:
            if address.startswith("data:"):
                notes.append(i18n.text("painter.reference_unreadable", place=number))
            content = _paint_placeholder(address, size)
        found.append(content)
    return found, notes


def _load_image(address: object, fetch_own: Callable[[str], bytes | None]) -> bytes | None:
    if not isinstance(address, str) or not address:
        return None
    if not address.startswith("data:"):
        content = fetch_own(address)
    elif len(address) < _MAX_REFERENCE_BYTES:
        try:
            content = base64.b64decode(re.sub(r"\s+", "", address.partition(",")[2]), validate=True)
        except (binascii.Error, ValueError):
            return None
    else:
        return None
    return content if content and read_size(content) else None


def _paint_placeholder(address: str, size: tuple[int, int]) -> bytes:
    if address.startswith("data:"):
        path = ""
    else:
        try:
            path = unquote(urlsplit(address[:500]).path)
        except ValueError:
            path = address[:500]
    prompt = re.sub(r"[\W_]+", " ", re.sub(r"\.\w{2,4}$", "", path)).strip()
    seed = int.from_bytes(hashlib.sha256(address[:500].encode("utf-8", "replace")).digest()[:4], "big")
    return paint(Brief(prompt=prompt, width=size[0], height=size[1], seed=seed, quality="medium"))


def _covering_size(boxes: Sequence[Sequence[Sequence[float]]]) -> tuple[int, int] | None:
    corners = [box for one in boxes[:1] for box in one]
    if not corners:
        return None
    right, bottom = (max(box[2 + axis] for box in corners) for axis in (0, 1))
    return max(1024, min(4096, math.ceil(right))), max(1024, min(4096, math.ceil(bottom)))


def _parse_boxes(value: object) -> list[list[list[float]]]:
    per_image = []
    for one in _to_list(value):
        boxes = []
        for box in _to_list(one):
            edges = [_to_number(edge) for edge in _to_list(box)]
            finite = [min(1e6, max(-1e6, edge)) for edge in edges if edge is not None]
            if len(edges) == 4 and len(finite) == 4 and finite[0] < finite[2] and finite[1] < finite[3]:
                boxes.append(finite)
        per_image.append(boxes)
    return per_image


def _parse_palette(value: object) -> list[Share]:
    shares = []
    for entry in _to_list(value)[:16]:
        if not isinstance(entry, Mapping):
            continue
        shade = re.fullmatch(r"#?([0-9a-fA-F]{6})", str(entry.get("hex") or "").strip())
        share = _to_number(entry.get("ratio"))
        if shade and share and share > 0:
            red, green, blue = bytes.fromhex(shade[1])
            shares.append(Share((red, green, blue), share))
    return shares


def _series_length(values: Values) -> int:
    several = values.get("action") == "group" or values.get("enable_sequential") is True
    if values.get("sequential_image_generation") == "auto":
        return max(2, int(_to_number(values.get("max_images")) or 0), int(_to_number(values.get("n")) or 0))
    return max(2, int(_to_number(values.get("n")) or 0)) if several else 0


def _choose_quality(values: Values) -> str:
    if values.get("draft") is True or (_to_number(values.get("steps")) or 50) < 12:
        return "low"
    quality = values.get("quality") or ("high" if values.get("hd") is True else "")
    return {"standard": "medium", "hd": "high", "xhigh": "high", "max": "high"}.get(str(quality), str(quality))


def _choose_saturation(values: Values) -> float:
    stylize = _to_number(values.get("stylize"))
    guidance = next(
        (one for one in map(_to_number, (values.get("guidance_scale"), values.get("guidance"))) if one), None
    )
    saturation = 1.0 if stylize is None else 0.75 + min(1000.0, max(0.0, stylize)) / 1000
    if guidance is not None:
        saturation *= 0.8 + min(10.0, max(0.0, guidance)) / 20
    return saturation * (0.75 if values.get("raw") is True else 1.0)


def _build_captions(values: Values) -> list[str]:
    asked = {text for name, text in _SEARCHES.items() if values.get(name) is True}
    if values.get("action") == "search_grounded":
        asked.add("painter.searched_web")
    subject = " ".join(_to_text(values.get("prompt"))[:200].split())
    subject = subject if len(subject) <= 48 else subject[:47] + "…"
    captions = [i18n.text(text, subject=subject) for text in sorted(asked, reverse=True)]
    if not has_motif(_to_text(values.get("prompt"))):
        captions.append(i18n.text("painter.no_motif", subject=subject))
    return captions


def _to_text(value: object) -> str:
    return str(value or "")[:4000]


def _to_list(value: object) -> list[object]:
    if isinstance(value, (list, tuple)):
        return list(value)
    return [] if value is None else [value]


def _to_number(value: object) -> float | None:
    return None if isinstance(value, bool) or not isinstance(value, (int, float)) else to_finite(value)


def _to_integer(value: object) -> int | None:
    number = _to_number(value)
    return None if number is None else int(number)


def _apply_earlier_task(
    values: Values, earlier: FindEarlier | None, defaults: Values | None = None
) -> tuple[Values, bytes | None, Values]:
    """Complete the values of a request by those of the earlier task that it refers to.

    Returns:
        The values; the image to start from, or None; and how it lies in the new one, as arguments of a brief.
    """
    task, index = values.get("ref_task_id"), values.get("index")
    if earlier is None or not isinstance(task, str) or not task:
        return values, None, {}
    found = earlier(task, index - 1 if isinstance(index, int) and index > 0 else 0)
    if found is None:
        return values, None, {}
    earlier_values, image = found
    inherited = {name: earlier_values[name] for name in _INHERITED if name in earlier_values}
    unset = {name for name in inherited if name in (defaults or {}) or values.get(name) in (None, "")}
    merged = {**inherited, **{name: value for name, value in values.items() if name not in unset}}
    action, size = str(values.get("action") or ""), read_size(image)
    if action in _FROM_PROMPT or size is None:
        return merged, None, {}
    return merged, image, _choose_window(action, merged, size)


def _choose_window(action: str, values: Values, size: tuple[int, int]) -> Values:
    width, height = size
    if action == "upscale":
        return {"window": "keep", **_limit_size(width * 2, height * 2)}
    if action == "zoom":
        ratio = values.get("zoom_ratio")
        far = isinstance(ratio, (int, float)) and ratio >= 2
        return {"window": "zoom", **_limit_size(width, height), "zoom": 2.0 if far else 1.5}
    direction = str(values.get("direction"))
    if action == "pan" and direction in DIRECTIONS:
        right, down = DIRECTIONS[direction]
        return {"window": direction, **_limit_size(width * (1 + abs(right)), height * (1 + abs(down)))}
    return {}


def _limit_size(width: float, height: float) -> dict[str, int]:
    shrink = min(1.0, math.sqrt(_MAX_PIXELS / (width * height)), _MAX_SIDE / max(width, height))
    width, height = (max(16, min(_MAX_SIDE, round(side * shrink))) for side in (width, height))
    return {"width": width, "height": height}
