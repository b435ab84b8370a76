"""The OpenAI-compatible endpoints, ``/v1/images/generations`` and ``/v1/images/edits``: an image in one answer.

They take ``size``, ``quality``, ``n`` and ``response_format``, cost what a task costs, and validate no capability;
there are no masks, tiers or group images (Images pages, editions 2026-04 to 2026-09).
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from qwave_jupyter.catalog import Catalog
from qwave_jupyter.demo.http_types import Refused
from qwave_jupyter.demo.task_factory import ValidRequest, find_model

__all__ = ["ENDPOINTS", "from_body", "to_json"]

ENDPOINTS = frozenset({"/images/generations", "/images/edits"})
_MAX_IMAGES = 10


def from_body(catalog: Catalog, body: Mapping[str, Any], path: str) -> ValidRequest:
    """A body of one of the endpoints as a request.

    Args:
        catalog: the edition.
        body: what arrived.
        path: the endpoint.

    Raises:
        Refused: no such model, no prompt, or a field of the wrong type.
    """
    model = find_model(catalog, body.get("model"))
    prompt, n = body.get("prompt"), body.get("n")
    if not isinstance(prompt, str) or not prompt.strip():
        raise Refused(400, "invalid_request_error", "prompt is required", "prompt")
    if n is not None and not (type(n) is int and 1 <= n <= _MAX_IMAGES):
        raise Refused(400, "invalid_request_error", f"n must be an integer from 1 to {_MAX_IMAGES}", "n")
    if body.get("response_format") not in {None, "url", "b64_json"}:
        raise Refused(400, "invalid_request_error", "response_format must be url or b64_json", "response_format")
    values = {"prompt": prompt, "n": n or 1, "aspect_ratio": _ratio(body.get("size")), "quality": body.get("quality")}
    if path.endswith("edits"):
        values["images"] = _addresses(body.get("image_urls", body.get("image")))
    return ValidRequest(model, {name: value for name, value in values.items() if value is not None})


def to_json(created: float, prompt: str, links: Mapping[str, Callable[[], bytes]], *, inline: bool) -> dict[str, Any]:
    """The answer: ``{created, data: [{url, revised_prompt}]}``.

    Args:
        created: Unix seconds.
        prompt: the prompt.
        links: the images' addresses, each with what paints it.
        inline: whether the images themselves are in it, as ``b64_json``.
    """
    if inline:
        entries = [{"b64_json": base64.b64encode(paint()).decode()} for paint in links.values()]
    else:
        entries = [{"url": link, "revised_prompt": prompt} for link in links]
    return {"created": round(created), "data": entries}


def _ratio(size: Any) -> str | None:
    """A size in pixels, or a ratio, as a ratio."""
    pixels = re.fullmatch(r"(\d{1,5})\s*[x×:]\s*(\d{1,5})", size) if isinstance(size, str) else None
    if pixels is None or not int(pixels[1]) or not int(pixels[2]):
        return None
    common = math.gcd(int(pixels[1]), int(pixels[2]))
    return f"{int(pixels[1]) // common}:{int(pixels[2]) // common}"


def _addresses(given: Any) -> tuple[str, ...]:
    several = given if isinstance(given, list) else [given]
    return tuple(one for one in several if isinstance(one, str))
