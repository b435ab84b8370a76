"""Which image formats are read, and the one place where an image file is opened."""

from __future__ import annotations

import contextlib
import importlib
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

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


#: A filter of the warnings module: action, text, category, module, line.
_IGNORE_PILLOW = ("ignore", None, Warning, re.compile(r"PIL\."), 0)


@contextlib.contextmanager
def quiet_pillow() -> Iterator[None]:
    """Let no warning of Pillow's out: what is wrong with a file is said in our words, or is of no consequence.

    ``warnings.catch_warnings`` puts the filters of one thread back over those of another, and images are read in
    several; this adds one filter that concerns nobody else, and takes one away.
    """
    cast("list[object]", warnings.filters).insert(0, _IGNORE_PILLOW)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            cast("list[object]", warnings.filters).remove(_IGNORE_PILLOW)


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
