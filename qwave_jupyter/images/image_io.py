"""Picture files, read with care: they come from outside, and may be anything."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter.image_formats import FILE_FORMATS, open_image

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "ENDINGS",
    "MOST_PIXELS",
    "NotAPicture",
    "PictureFacts",
    "facts_of",
    "load",
    "look",
    "look_at_bytes",
    "opened_bytes",
]

#: The largest documented output is 4k (8.3 megapixels) and the largest grid 16; decoding takes 4 bytes for each.
MOST_PIXELS = 80_000_000

#: File ending by true format.
ENDINGS = {"png": "png", "jpeg": "jpg", "webp": "webp", "gif": "gif", "avif": "avif", "bmp": "bmp", "tiff": "tif"}


class NotAPicture(ValueError):
    """Bytes that no picture can be read from; ``reason`` is ``unknown``, ``broken`` or ``too_large``."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class PictureFacts:
    """What a picture file is.

    Args:
        width: pixels.
        height: pixels.
        format: ``png``, ``jpeg``, ``webp``, ….
    """

    width: int
    height: int
    format: str


def look(path: Path, *, whole: bool = False) -> PictureFacts:
    """The facts of a file.

    Args:
        path: the file.
        whole: decode every pixel, so that a truncated file is found.

    Raises:
        NotAPicture: it can't be read as one.
        OSError: it can't be read at all.
    """
    with path.open("rb") as file:
        return _look(file, whole)


def look_at_bytes(content: bytes, *, whole: bool = False) -> PictureFacts:
    """The facts of a picture in memory; see :func:`look`."""
    return _look(io.BytesIO(content), whole)


def load(path: Path, formats: Sequence[str] = FILE_FORMATS) -> Image.Image:
    """A file as a PIL image, decoded now so that no file stays open.

    Args:
        path: the file.
        formats: the allowed formats, by Pillow's names.

    Raises:
        NotAPicture: it can't be read as one.
        FileNotFoundError: it isn't there.
    """
    with path.open("rb") as file:
        return _opened(file, whole=True, formats=formats)


def opened_bytes(content: bytes) -> Image.Image:
    """A picture in memory as a PIL image, decoded.

    Raises:
        NotAPicture: it can't be read as one.
    """
    return _opened(io.BytesIO(content), whole=True)


def facts_of(picture: Image.Image) -> PictureFacts:
    """The facts of a picture as it was opened."""
    kind = (picture.format or "").lower()
    return PictureFacts(picture.width, picture.height, "jpeg" if kind == "mpo" else kind)


def _look(file: Any, whole: bool) -> PictureFacts:
    with _opened(file, whole) as picture:
        return facts_of(picture)


def _opened(file: Any, whole: bool, formats: Sequence[str] = FILE_FORMATS) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    try:
        picture = open_image(file, formats)
        too_large = picture.width * picture.height > MOST_PIXELS
        if whole and not too_large:
            picture.load()
    except UnidentifiedImageError:
        raise NotAPicture("unknown", f"none of {', '.join(formats)}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAPicture("too_large") from None
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        ArithmeticError,
        LookupError,
        TypeError,
        MemoryError,
        struct.error,
        zlib.error,
    ) as problem:
        # Pillow's decoders fail in many ways on hostile bytes.
        raise NotAPicture("broken", str(problem)[:120]) from None
    if too_large:
        raise NotAPicture("too_large", f"{picture.width}×{picture.height}")
    return picture
