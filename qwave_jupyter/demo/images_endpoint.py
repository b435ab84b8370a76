"""The OpenAI-compatible endpoints, ``/v1/images/generations`` and ``/v1/images/edits``: an image in one response.

They take ``size``, ``quality``, ``n`` and ``response_format``, cost what a task costs, and validate no capability;
there are no tiers or group images (Images pages, editions 2026-04 to 2026-09). The OpenAI-compatible clients send
images and masks as files in a form; what these clients send is served.
"""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Callable, Mapping, Sequence

from PIL import Image

from qwave_jupyter.catalog import Catalog
from qwave_jupyter.demo.http_types import ApiError, Request, parse_object
from qwave_jupyter.demo.multipart import Part, is_multipart, parse_multipart
from qwave_jupyter.demo.task_factory import ValidRequest, find_model
from qwave_jupyter.image_formats import open_image
from qwave_jupyter.types import JSONObject

__all__ = ["ENDPOINTS", "build_response", "parse_body", "parse_request"]

ENDPOINTS = frozenset({"/images/generations", "/images/edits"})
_MAX_IMAGES = 10
_INVALID = "invalid_request_error"
_FORMATS = ("url", "b64_json")
#: What the painter takes as a data URI, before it is encoded.
_MAX_FILE_BYTES = 29_000_000


def parse_body(request: Request) -> JSONObject:
    """Parse JSON, or at ``edits`` a form with image files, which become data URIs in ``image`` and ``mask``.

    Raises:
        ApiError: the body is neither, or a file is no image.
    """
    content_type = request.headers.get("content-type", "")
    if not (is_multipart(content_type) and request.path.rstrip("/").endswith("edits")):
        return parse_object(request.body)
    body: dict[str, object] = {}
    images: list[str] = []
    for part in parse_multipart(content_type, request.body):
        if re.fullmatch(r"image(\[\d*\])?", part.name):
            images.append(_read_image(part, "image"))
        elif part.name == "mask":
            body["mask"] = _read_image(part, "mask")
        elif part.content:
            body[part.name] = _read_text(part)
    if images:
        body["image"] = images
    if re.fullmatch(r"\d{1,4}", str(body.get("n", "")), re.ASCII):
        # A form knows no numbers.
        body["n"] = int(str(body["n"]))
    return body


def parse_request(catalog: Catalog, body: JSONObject, path: str) -> ValidRequest:
    """Validate the body of one of the endpoints.

    Raises:
        ApiError: no such model, no prompt, no image to edit, or a field of the wrong type.
    """
    model = find_model(catalog, body.get("model"))
    prompt, n, quality = body.get("prompt"), body.get("n"), body.get("quality")
    if not isinstance(prompt, str) or not prompt.strip():
        raise ApiError(400, _INVALID, "prompt is required", "prompt")
    if n is not None and not (type(n) is int and 1 <= n <= _MAX_IMAGES):
        raise ApiError(400, _INVALID, f"n must be an integer from 1 to {_MAX_IMAGES}", "n")
    if quality is not None and not isinstance(quality, str):
        raise ApiError(400, _INVALID, "quality must be a string", "quality")
    if body.get("response_format") not in (None, *_FORMATS):
        raise ApiError(400, _INVALID, "response_format must be url or b64_json", "response_format")
    if body.get("stream") not in (None, False, "false"):
        # Whoever reads events would find none in the answer, and pay.
        raise ApiError(400, _INVALID, "stream is not served here; leave it out", "stream")
    values = {"prompt": prompt, "n": n or 1, "aspect_ratio": _parse_ratio(body.get("size")), "quality": quality}
    if path.endswith("edits"):
        values["images"] = _list_addresses(body, ("image_urls", "image"))
        values["mask"] = next(iter(_list_addresses(body, ("mask_url", "mask"))), None)
        if not values["images"]:
            raise ApiError(400, _INVALID, "image is required: a file in a form, or its address in image_urls", "image")
    return ValidRequest(model, {name: value for name, value in values.items() if value is not None})


def build_response(
    created: float, prompt: str, links: Mapping[str, Callable[[], bytes]], *, inline: bool
) -> JSONObject:
    """Return ``{created, data: [{url, revised_prompt}]}``, or with ``b64_json`` of the painted images if inline."""
    if inline:
        entries = [{"b64_json": base64.b64encode(paint()).decode()} for paint in links.values()]
    else:
        entries = [{"url": link, "revised_prompt": prompt} for link in links]
    return {"created": round(created), "data": entries}


def _parse_ratio(size: object) -> str | None:
    """Convert a size in pixels, or a ratio, to a ratio; None for auto."""
    if size is None or size == "auto":
        return None
    pixels = re.fullmatch(r"(\d{1,5})\s*[x×:]\s*(\d{1,5})", size, re.ASCII) if isinstance(size, str) else None
    if pixels is None or not int(pixels[1]) or not int(pixels[2]):
        raise ApiError(400, _INVALID, "size must be WIDTHxHEIGHT, such as 1024x1024, or auto", "size")
    common = math.gcd(int(pixels[1]), int(pixels[2]))
    return f"{int(pixels[1]) // common}:{int(pixels[2]) // common}"


def _list_addresses(body: JSONObject, names: Sequence[str]) -> tuple[str, ...]:
    """List the addresses in the first of the fields that is there."""
    name = next((one for one in names if body.get(one) is not None), "")
    given = body.get(name, ())
    several = (given,) if isinstance(given, str) else given
    if not isinstance(several, (list, tuple)) or not all(isinstance(one, str) and _is_address(one) for one in several):
        raise ApiError(400, _INVALID, f"{name} must be an address: http(s)://… or data:image/…", name)
    return tuple(several)


def _is_address(text: str) -> bool:
    return text.lower().startswith(("http://", "https://", "data:image/"))


def _read_image(part: Part, param: str) -> str:
    """Return a file as a data URI, and an address as it is."""
    if not part.is_file:
        return _read_text(part)
    try:
        with open_image(io.BytesIO(part.content)) as image:
            kind = str(image.format or "").lower()
    except (OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ApiError(400, _INVALID, f"{param} is not an image that can be read", param) from None
    if len(part.content) > _MAX_FILE_BYTES:
        raise ApiError(400, _INVALID, f"{param} may have {_MAX_FILE_BYTES // 1_000_000} MB at most", param)
    return f"data:image/{kind};base64,{base64.b64encode(part.content).decode()}"


def _read_text(part: Part) -> str:
    try:
        return part.content.decode("utf-8")
    except UnicodeDecodeError:
        raise ApiError(400, _INVALID, "a field of the form is not text in UTF-8") from None
