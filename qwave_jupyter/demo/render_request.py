"""From what was ordered to what has to be painted: the values of a task become the brief of one of its images."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from qwave_jupyter import i18n
from qwave_jupyter.amounts import to_finite
from qwave_jupyter.demo.followups import Earlier, follow_up
from qwave_jupyter.demo.painter import Brief, paint, pixel_size
from qwave_jupyter.demo.painting.image_ops import size_of
from qwave_jupyter.demo.painting.palettes import Share
from qwave_jupyter.demo.painting.prompt_parser import has_motif

__all__ = ["make_brief"]

_MAX_REFERENCE_BYTES = 40_000_000
_MAX_REFERENCES = 16
_MAX_PIXELS = 16_000_000
_PLACEHOLDER = (1024, 1024)
_INSET = (384, 384)
_SEARCHES = {
    "web_search": "painter.searched_web",
    "google_search": "painter.searched_web",
    "google_image_search": "painter.searched_pictures",
}


def make_brief(
    values: Mapping[str, Any],
    index: int,
    seed: int,
    kind: str,
    fetch_own: Callable[[str], bytes | None],
    defaults: Mapping[str, Any] | None = None,
    earlier: Earlier | None = None,
) -> Brief:
    """What one image of a task has to obey.

    A reference that isn't a data URI or one of the server's own images is never fetched: a stand-in is painted from
    the words of its address. Where ratio and resolution stay at their defaults, the first reference's size rules.

    Args:
        values: what was ordered, by the catalogue's names.
        index: which of the task's images, from 0.
        seed: the task's seed.
        kind: ``png``, ``jpeg`` or ``webp``.
        fetch_own: the bytes behind one of the server's own links, or None.
        defaults: the documented defaults, which count as not asked for.
        earlier: finds the images of earlier tasks, for orders that go on from them.

    Example:
        >>> make_brief({"prompt": "a cat", "aspect_ratio": "2:1"}, 0, 7, "png", lambda address: None).width
        1024
    """
    values, before, window = follow_up(values, earlier, defaults)
    mask = _image_bytes(values.get("mask"), fetch_own)
    boxes = _boxes(values.get("bbox_list"))
    addresses = [str(one) for one in _as_list(values.get("images"))][:_MAX_REFERENCES]
    least = size_of(mask) if mask else _covering_size(boxes)
    references, notes = _references(addresses, fetch_own, least or _PLACEHOLDER)
    references = [before, *references] if before else references
    beside = [str(one) for name in ("sref", "cref", "dref") for one in _as_list(values.get(name)) if one]
    series = _series(values)
    stop = _number(values.get("stop"))
    return Brief(
        **{**_size(values, defaults or {}, references), **window},
        prompt=_text(values.get("prompt")),
        negative=_text(values.get("negative_prompt")),
        style=" ".join(str(values[name]) for name in ("style", "extra") if isinstance(values.get(name), str))[:200],
        seed=seed,
        index=index,
        format=kind,
        compression=_whole(values.get("output_compression")),
        quality=_quality(values),
        transparent=values.get("background") == "transparent" and kind != "jpeg",
        watermark=bool(values.get("watermark")),
        references=references,
        mask=mask if references else None,
        boxes=boxes if references else (),
        palette=() if series else _palette(values.get("color_palette")),
        series=series,
        captions=(*_captions(values), *notes),
        vivid=_vivid(values),
        weird=min(1.0, (_number(values.get("weird")) or 0.0) / 3000),
        chaos=min(1.0, (_number(values.get("chaos")) or 0.0) / 100),
        tile=bool(values.get("tile")),
        beside=_references(beside[:_MAX_REFERENCES], fetch_own, _INSET)[0],
        done=1.0 if stop is None else max(0.1, min(1.0, stop / 100)),
    )


def _size(values: Mapping[str, Any], defaults: Mapping[str, Any], references: Sequence[bytes]) -> dict[str, int]:
    ratio, resolution = (
        one if isinstance(one := values.get(name), str) else "" for name in ("aspect_ratio", "resolution")
    )
    first = size_of(references[0]) if references else None
    if first and (ratio in {"", "auto"} or ratio == defaults.get("aspect_ratio")):
        if resolution in {"", "auto"} or resolution == defaults.get("resolution"):
            shrink = min(1.0, math.sqrt(_MAX_PIXELS / (first[0] * first[1])), 8192 / max(first))
            width, height = (max(16, min(8192, round(side * shrink))) for side in first)
            return {"width": width, "height": height}
        ratio = f"{first[0]}:{first[1]}"
    width, height = pixel_size(ratio, resolution)
    return {"width": width, "height": height}


def _references(
    addresses: Sequence[str], fetch_own: Callable[[str], bytes | None], size: tuple[int, int]
) -> tuple[list[bytes], list[str]]:
    found, notes = [], []
    for place, address in enumerate(addresses, 1):
        content = _image_bytes(address, fetch_own)
        if content is None:
            if address.startswith("data:"):
                notes.append(i18n.say("painter.reference_unreadable", place=place))
            content = _placeholder(address, size)
        found.append(content)
    return found, notes


def _image_bytes(address: Any, fetch_own: Callable[[str], bytes | None]) -> bytes | None:
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
    return content if content and size_of(content) else None


def _placeholder(address: str, size: tuple[int, int]) -> bytes:
    if address.startswith("data:"):
        said = ""
    else:
        try:
            said = unquote(urlsplit(address[:500]).path)
        except ValueError:
            said = address[:500]
    prompt = re.sub(r"[\W_]+", " ", re.sub(r"\.\w{2,4}$", "", said)).strip()
    seed = int.from_bytes(hashlib.sha256(address[:500].encode("utf-8", "replace")).digest()[:4], "big")
    return paint(Brief(prompt=prompt, width=size[0], height=size[1], seed=seed, quality="medium"))


def _covering_size(boxes: Sequence[Sequence[Sequence[float]]]) -> tuple[int, int] | None:
    corners = [box for one in boxes[:1] for box in one]
    if not corners:
        return None
    right, bottom = (max(box[2 + axis] for box in corners) for axis in (0, 1))
    return max(1024, min(4096, math.ceil(right))), max(1024, min(4096, math.ceil(bottom)))


def _boxes(value: Any) -> list[list[list[float]]]:
    per_image = []
    for one in _as_list(value):
        boxes = []
        for box in _as_list(one):
            edges = [_number(edge) for edge in _as_list(box)]
            sound = [min(1e6, max(-1e6, edge)) for edge in edges if edge is not None]
            if len(edges) == 4 and len(sound) == 4 and sound[0] < sound[2] and sound[1] < sound[3]:
                boxes.append(sound)
        per_image.append(boxes)
    return per_image


def _palette(value: Any) -> list[Share]:
    shares = []
    for entry in _as_list(value)[:16]:
        if not isinstance(entry, Mapping):
            continue
        shade = re.fullmatch(r"#?([0-9a-fA-F]{6})", str(entry.get("hex") or "").strip())
        share = _number(entry.get("ratio"))
        if shade and share and share > 0:
            red, green, blue = bytes.fromhex(shade[1])
            shares.append(Share((red, green, blue), share))
    return shares


def _series(values: Mapping[str, Any]) -> int:
    several = values.get("action") == "group" or values.get("enable_sequential") is True
    if values.get("sequential_image_generation") == "auto":
        return max(2, int(_number(values.get("max_images")) or 0), int(_number(values.get("n")) or 0))
    return max(2, int(_number(values.get("n")) or 0)) if several else 0


def _quality(values: Mapping[str, Any]) -> str:
    if values.get("draft") is True or (_number(values.get("steps")) or 50) < 12:
        return "low"
    asked = values.get("quality") or ("high" if values.get("hd") is True else "")
    return {"standard": "medium", "hd": "high", "xhigh": "high", "max": "high"}.get(str(asked), str(asked))


def _vivid(values: Mapping[str, Any]) -> float:
    stylize = _number(values.get("stylize"))
    guidance = next((one for one in map(_number, (values.get("guidance_scale"), values.get("guidance"))) if one), None)
    vivid = 1.0 if stylize is None else 0.75 + min(1000.0, max(0.0, stylize)) / 1000
    if guidance is not None:
        vivid *= 0.8 + min(10.0, max(0.0, guidance)) / 20
    return vivid * (0.75 if values.get("raw") is True else 1.0)


def _captions(values: Mapping[str, Any]) -> list[str]:
    asked = {text for name, text in _SEARCHES.items() if values.get(name) is True}
    if values.get("action") == "search_grounded":
        asked.add("painter.searched_web")
    subject = " ".join(_text(values.get("prompt"))[:200].split())
    subject = subject if len(subject) <= 48 else subject[:47] + "…"
    said = [i18n.say(text, subject=subject) for text in sorted(asked, reverse=True)]
    return said if has_motif(_text(values.get("prompt"))) else [*said, i18n.say("painter.no_motif", subject=subject)]


def _text(value: Any) -> str:
    return str(value or "")[:4000]


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return list(value)
    return [] if value is None else [value]


def _number(value: Any) -> float | None:
    return None if isinstance(value, bool) or not isinstance(value, (int, float)) else to_finite(value)


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
