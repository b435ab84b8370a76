"""Requests that go on from an earlier task's image: enlarge it, vary it, zoom out of it, pan on, repaint a part."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from qwave_jupyter.demo.painting.image_ops import size_of
from qwave_jupyter.demo.painting.outpainting import DIRECTIONS

__all__ = ["Earlier", "follow_up"]

#: Asked with a task's id and the place of an image from 0: what that task was told, and the image's bytes.
Earlier = Callable[[str, int], "tuple[Mapping[str, Any], bytes] | None"]

_MAX_PIXELS = 16_000_000
_MAX_SIDE = 8192
#: Those that paint the same words anew; the others start from the image (Midjourney page, edition 2026-09).
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


def follow_up(
    values: Mapping[str, Any], earlier: Earlier | None, defaults: Mapping[str, Any] | None = None
) -> tuple[Mapping[str, Any], bytes | None, dict[str, Any]]:
    """The values of a request that names an earlier task.

    Args:
        values: what was ordered, by the catalogue's names.
        earlier: finds earlier images; None where there are none.
        defaults: the values that weren't set; what the earlier task was told goes before them.

    Returns:
        The values, completed by those of the earlier task; the image to start from, or None; and how the image
        lies in the new one, as arguments of a brief.
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
    action, size = str(values.get("action") or ""), size_of(image)
    if action in _FROM_PROMPT or size is None:
        return merged, None, {}
    return merged, image, _placement(action, merged, size)


def _placement(action: str, values: Mapping[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    width, height = size
    if action == "upscale":
        return _window("keep", width * 2, height * 2)
    if action == "zoom":
        ratio = values.get("zoom_ratio")
        far = isinstance(ratio, (int, float)) and ratio >= 2
        return {**_window("zoom", width, height), "zoom": 2.0 if far else 1.5}
    direction = str(values.get("direction"))
    if action == "pan" and direction in DIRECTIONS:
        right, down = DIRECTIONS[direction]
        return _window(direction, width * (1 + abs(right)), height * (1 + abs(down)))
    return {}


def _window(kind: str, width: float, height: float) -> dict[str, Any]:
    shrink = min(1.0, math.sqrt(_MAX_PIXELS / (width * height)), _MAX_SIDE / max(width, height))
    return {"window": kind, "width": max(16, round(width * shrink)), "height": max(16, round(height * shrink))}
