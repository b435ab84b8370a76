"""Pictures as input: URL, file, PIL image, array, figure or earlier result, as what the model accepts.

No era has an upload endpoint. A picture that isn't at a public URL can only travel as a data URI, and only to models
whose page allows base64 (gpt-4o-image and GPT-Image pages, edition 2026-04).
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from qwave_jupyter.errors import ReferenceMistake

__all__ = ["Reference", "resolve"]

_FORMATS = {"PNG": "png", "JPEG": "jpeg", "WEBP": "webp", "GIF": "gif", "BMP": "bmp"}
_MOST_PIXELS = 100_000_000


@dataclass(frozen=True)
class Reference:
    """One picture as it will be sent.

    Args:
        wire: a URL or a data URI.
        size: pixels (width, height), None where unknown.
        format: ``png``, ``jpeg``, … or "".
        weight: bytes, None where unknown.
        notices: what was done to it, in words.
    """

    wire: str = field(repr=False)
    size: tuple[int, int] | None = None
    format: str = ""
    weight: int | None = None
    notices: tuple[str, ...] = ()


def resolve(
    given: Any,
    *,
    takes_bytes: bool,
    formats: Sequence[str] = (),
    max_mb: float | None = None,
    able: Callable[[], Sequence[str]] = tuple,
    model: str = "",
    now: float = 0.0,
) -> Reference:
    """A picture as the model accepts it. URLs are never fetched.

    Args:
        given: URL, data URI, path, PIL image, NumPy array, Matplotlib figure, or an earlier result.
        takes_bytes: whether the model's page allows base64.
        formats: the formats that the page names.
        max_mb: megabytes that the page allows.
        able: names the models that would take bytes, for the error.
        model: the model id, for the error.
        now: Unix seconds, to tell living links from dead ones.

    Raises:
        ReferenceMistake: it can't be used; the text says what would work.
    """
    text = given if isinstance(given, str) else ""
    if text.startswith(("http://", "https://")):
        if not urlsplit(text).hostname:
            raise ReferenceMistake("generation.bad_url", given=text[:200])
        return Reference(text)
    link = _living_link(given, now)
    if link and not takes_bytes:
        return Reference(link, size=getattr(given, "size", None))
    if not takes_bytes:
        raise ReferenceMistake("generation.url_only", model=model, able=list(able()))
    return _as_data(_content(given), formats, max_mb)


def _living_link(given: Any, now: float) -> str:
    one = given[0] if isinstance(given, Sequence) and not isinstance(given, (str, bytes)) and len(given) == 1 else given
    url, expires = getattr(one, "url", None), getattr(one, "expires_at", None)
    return url if isinstance(url, str) and url and (expires is None or expires > now + 60) else ""


def _content(given: Any) -> bytes:
    if isinstance(given, str) and given.startswith("data:"):
        try:
            return base64.b64decode(given.partition(",")[2], validate=True)
        except (binascii.Error, ValueError):
            raise ReferenceMistake("generation.bad_data_uri") from None
    if isinstance(given, (str, Path)):
        return _file(Path(given).expanduser())
    if isinstance(given, bytes):
        return given
    if hasattr(given, "path") and isinstance(given.path, Path):
        return _file(given.path)
    if isinstance(given, Sequence) and len(given) == 1:
        return _content(given[0])
    return _drawn(given)


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise ReferenceMistake(
            "generation.unreadable_file", path=str(path)[:200], reason=problem.strerror or type(problem).__name__
        ) from None


def _drawn(given: Any) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    if callable(getattr(given, "savefig", None)):
        given.savefig(buffer, format="png")
        return buffer.getvalue()
    if hasattr(given, "__array_interface__") and not isinstance(given, Image.Image):
        try:
            given = Image.fromarray(_as_pixels(given))
        except (TypeError, ValueError, KeyError) as problem:
            raise ReferenceMistake("generation.bad_array", shape=str(getattr(given, "shape", "?"))) from problem
    if isinstance(given, Image.Image):
        given.save(buffer, format="PNG")
        return buffer.getvalue()
    raise ReferenceMistake("generation.not_a_picture", type=type(given).__name__)


def _as_pixels(array: Any) -> Any:
    # Floats are taken as 0 to 1, as Matplotlib does.
    if array.dtype.kind == "f":
        return (array.clip(0, 1) * 255).round().astype("uint8")
    return array.astype("uint8") if array.dtype.kind in "iub" else array


def _as_data(content: bytes, formats: Sequence[str], max_mb: float | None) -> Reference:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as picture:
            size, kind = picture.size, _FORMATS.get(picture.format or "", "")
            if size[0] * size[1] <= _MOST_PIXELS:
                picture.verify()
    except Exception as problem:  # noqa: BLE001 - Pillow's decoders raise anything
        raise ReferenceMistake("generation.undecodable", reason=type(problem).__name__) from None
    if size[0] * size[1] > _MOST_PIXELS:
        raise ReferenceMistake("generation.too_many_pixels", size=f"{size[0]}×{size[1]}")
    notices: list[str] = []
    if (formats and kind not in formats) or not kind:
        content, kind = _re_encoded(content, "PNG"), "png"
        notices.append("generation.reference_converted")
    if max_mb and len(content) > max_mb * 2**20:
        content, kind = _re_encoded(content, "JPEG"), "jpeg"
        notices.append("generation.reference_shrunk")
        if len(content) > max_mb * 2**20:
            raise ReferenceMistake("generation.too_heavy", given=f"{len(content) / 2**20:.1f}", most=max_mb)
    data = base64.b64encode(content).decode("ascii")
    return Reference(f"data:image/{kind};base64,{data}", size, kind, len(content), tuple(notices))


def _re_encoded(content: bytes, kind: str) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(content)) as picture:
        if kind == "JPEG":
            picture.convert("RGB").save(buffer, format=kind, quality=90)
        else:
            picture.save(buffer, format=kind)
    return buffer.getvalue()
