"""Which image formats are read, and the one place where an image file is opened."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from qwave_jupyter.tracebacks import ignore_warnings

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["FILE_FORMATS", "RESULT_FORMATS", "open_image", "quiet_pillow"]

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


def quiet_pillow() -> contextlib.AbstractContextManager[None]:
    """Let no warning of Pillow's out: what is wrong with a file is said in our words, or is of no consequence."""
    return ignore_warnings("PIL.")


def open_image(source: Path | IO[bytes], formats: Sequence[str] = FILE_FORMATS) -> Image.Image:
    """Open an image file whose format is allowed; like ``PIL.Image.open`` it reads the header only."""
    from PIL import Image

    for name in formats:
        if name not in Image.OPEN:
            # Pillow registers the rarer formats late, and old releases have no AVIF.
            with contextlib.suppress(ImportError):
                importlib.import_module(f"PIL.{_PLUGINS[name]}")
    # Pillow tries every format that it knows, and some start other programs: a "PNG" that is PostScript Ghostscript.
    known = [name for name in formats if name in Image.OPEN]
    return Image.open(source, formats=known)  # noqa: TID251 - the one place
