"""The picture that a control lies on: its own pixel size, and a light preview for the browser.

The full picture never travels: strokes and boxes come back in its own pixels, whatever the preview weighs.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter.errors import ReferenceMistake
from qwave_jupyter.images import image_io
from qwave_jupyter.images.gallery import GeneratedImage
from qwave_jupyter.jobs.references import Limits, each, resolve

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["BasePicture", "decoded", "look_at"]

#: The longest side of a preview, in pixels.
_SIDE = 1024
#: What a preview weighs at most, in bytes: with its front end it opens in under 200 KB.
_MOST_BYTES = 120_000
_QUALITIES = (85, 75, 62, 50)
_SQUARE = 12


@dataclass(frozen=True)
class BasePicture:
    """What a control needs of a picture.

    Args:
        width: the picture's own pixels.
        height: the picture's own pixels.
        preview: a JPEG of at most 1024 px on the long side.
    """

    width: int
    height: int
    preview: bytes


def look_at(given: Any) -> BasePicture:
    """Whatever a user calls a picture, as a control shows it.

    Args:
        given: a path, bytes, a data URI, a PIL image, an array, a Matplotlib figure, or an earlier result; a web
            address is never fetched, so it can't be worked on.

    Raises:
        ReferenceMistake: it can't be used; the text says what can.
    """
    picture = decoded(given)
    return BasePicture(picture.width, picture.height, _preview(picture))


def decoded(given: Any) -> Image.Image:
    """Whatever a user calls a picture, as a PIL image in the pixels that a model would be sent.

    Args:
        given: see :func:`look_at`.

    Raises:
        ReferenceMistake: it can't be used.
    """
    from PIL import Image, ImageOps

    given = _single(given)
    if isinstance(given, Image.Image):
        if given.width * given.height > image_io.MOST_PIXELS or 0 in given.size:
            raise ReferenceMistake("canvas.bad_size", size=f"{given.width}×{given.height}", most=_megapixels())
        # A PIL image is sent upright, a file as it is stored: the coordinates have to be those of what is sent.
        return ImageOps.exif_transpose(given) or given
    try:
        if isinstance(given, GeneratedImage):
            given = given.path
        if isinstance(given, Path):
            return image_io.load(given.expanduser())
        reference = resolve(given, "image", Limits("", takes_bytes=True), now=0.0)
        if not reference.is_bytes:
            raise ReferenceMistake("canvas.no_address", given=reference.wire[:80])
        return image_io.opened_bytes(_content(reference.wire))
    except image_io.NotAPicture:
        raise ReferenceMistake("canvas.not_a_picture", given=_named(given), most=_megapixels()) from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or type(problem).__name__
        raise ReferenceMistake("canvas.no_file", given=_named(given), reason=reason) from None


def _single(given: Any) -> Any:
    several = list(each(given)) if not isinstance(given, str) else [given]
    if len(several) != 1:
        raise ReferenceMistake("canvas.one_picture", count=len(several))
    return several[0]


def _content(uri: str) -> bytes:
    import base64

    return base64.b64decode(uri.partition(",")[2])


def _named(given: Any) -> str:
    text = given.name if isinstance(given, Path) else type(given).__name__
    return "".join(sign if sign.isprintable() else "�" for sign in text[:80])


def _megapixels() -> int:
    return image_io.MOST_PIXELS // 10**6


def _preview(picture: Image.Image) -> bytes:
    from PIL import Image

    try:
        small = picture.convert("RGBA") if _has_alpha(picture) else picture.convert("RGB")
    except (ValueError, OSError, MemoryError):
        raise ReferenceMistake("canvas.not_a_picture", given=picture.mode, most=_megapixels()) from None
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    small = _on_squares(small) if small.mode == "RGBA" else small
    while True:
        for quality in _QUALITIES:
            content = _encoded(small, quality)
            if len(content) <= _MOST_BYTES:
                return content
        small = small.resize((max(1, small.width * 3 // 4), max(1, small.height * 3 // 4)))


def _has_alpha(picture: Image.Image) -> bool:
    return picture.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in picture.info


def _on_squares(picture: Image.Image) -> Image.Image:
    """Transparency as everybody draws it: grey squares."""
    from PIL import Image, ImageDraw

    ground = Image.new("RGB", picture.size, (255, 255, 255))
    pen = ImageDraw.Draw(ground)
    for left, top in _squares(picture.size):
        pen.rectangle((left, top, left + _SQUARE - 1, top + _SQUARE - 1), fill=(214, 214, 214))
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def _squares(size: tuple[int, int]) -> Iterable[tuple[int, int]]:
    for row, top in enumerate(range(0, size[1], _SQUARE)):
        for left in range(_SQUARE * (row % 2), size[0], 2 * _SQUARE):
            yield left, top


def _encoded(picture: Image.Image, quality: int) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality)
    return target.getvalue()
