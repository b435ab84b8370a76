"""Which image formats are read, and the one place where an image file is opened.

Pillow tries every format it knows, whatever a file is called, and hands some of them to other programs: a "PNG" that is
PostScript starts Ghostscript.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["FILE_FORMATS", "RESULT_FORMATS", "open_image"]

#: What image models write. The pages document PNG, JPEG and WebP (``output_format``, editions 2026-04 to 2026-09).
RESULT_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
#: What users' own files may be besides. A format that a model's page doesn't allow is encoded anew before it is sent.
FILE_FORMATS = (*RESULT_FORMATS, "BMP", "TIFF")
_PLUGINS = {
    "PNG": "PngImagePlugin",
    "JPEG": "JpegImagePlugin",
    "WEBP": "WebPImagePlugin",
    "GIF": "GifImagePlugin",
    "AVIF": "AvifImagePlugin",
    "BMP": "BmpImagePlugin",
    "TIFF": "TiffImagePlugin",
}


def open_image(source: Path | IO[bytes], formats: Sequence[str] = FILE_FORMATS) -> Image.Image:
    """Open an image file whose format is allowed; like ``PIL.Image.open`` it reads the header only.

    Args:
        source: a path or a binary file.
        formats: the allowed formats, by Pillow's names.

    Raises:
        PIL.UnidentifiedImageError: it is in none of them.
    """
    from PIL import Image

    for name in formats:
        if name not in Image.OPEN:
            # Pillow registers the rarer formats late, and old releases have no AVIF.
            with contextlib.suppress(ImportError):
                importlib.import_module(f"PIL.{_PLUGINS[name]}")
    known = [name for name in formats if name in Image.OPEN]
    return Image.open(source, formats=known)  # noqa: TID251 - the one place
