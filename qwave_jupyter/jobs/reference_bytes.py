"""Reference images of a request: let go when its job has ended, and brought back from the journal's folder.

They are kept there by content, so a request without them is still the same request, some megabytes lighter.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.jobs.journal.blobs import Blobs
from qwave_jupyter.jobs.request import Request

__all__ = ["release_bytes", "release_frames", "restore_bytes"]

#: Shorter ones stay: what identifies an image isn't much shorter.
_RELEASED_FROM = 512


def release_bytes(request: Request) -> Request:
    """The request with what identifies each image in place of its bytes."""
    known = {one.wire: one.content_id for one in request.references}
    mimes: dict[str, str] = {}
    names: dict[str, str] = {}

    def name(text: str) -> str:
        if len(text) <= _RELEASED_FROM or not text.startswith("data:"):
            return text
        if text not in names:
            head, _, coded = text.partition(";base64,")
            names[text] = known.get(text) or _content_id(coded)
            mimes[names[text]] = head.removeprefix("data:")
        return names[text]

    values, body = _mapped(request.values, name), _mapped(request.body, name)
    if not mimes:
        return request
    references = tuple(replace(one, wire=name(one.wire)) for one in request.references)
    return replace(request, values=values, body=body, references=references, released={**request.released, **mimes})


def restore_bytes(request: Request, blobs: Blobs) -> Request:
    """The request as it was sent.

    Args:
        request: perhaps one whose images were let go.
        blobs: where they are kept.

    Raises:
        OptionMistake: they aren't kept any more.
    """
    if not request.released:
        return request
    try:
        uris = {one: blobs.read_uri(one.removeprefix("sha256:"), mime) for one, mime in request.released.items()}
    except OSError:
        raise OptionMistake("generation.references_released") from None

    def uri(text: str) -> str:
        return uris.get(text, text)

    references = tuple(replace(one, wire=uri(one.wire)) for one in request.references)
    values, body = _mapped(request.values, uri), _mapped(request.body, uri)
    return replace(request, values=values, body=body, references=references, released={})


def release_frames(error: BaseException | None) -> None:
    """Let go of what the frames of an error hold, and those of its causes: bodies, and the bytes in them."""
    seen: set[int] = set()
    left = [error]
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        traceback.clear_frames(one.__traceback__)
        # The library's errors hold the request, and that its body.
        for name in ("request", "response"):
            if getattr(one, name, None) is not None:
                setattr(one, name, None)
        left += [one.__cause__, one.__context__]


def _content_id(coded: str) -> str:
    try:
        content = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        content = coded.encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _mapped(one, change) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(one, change) for one in value)
    return value
