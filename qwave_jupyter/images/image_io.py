"""Read image files that come from outside and may be anything."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.folders import is_file
from qwave_jupyter.i18n import printable
from qwave_jupyter.image_formats import FILE_FORMATS, open_image, quiet_pillow

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "MAX_PIXELS",
    "SUFFIXES",
    "FileInfo",
    "NotAnImage",
    "digest_pixels",
    "identify",
    "info_of",
    "is_raw",
    "is_whole",
    "load",
    "probe",
    "refuse_other_file",
]

#: The largest documented output is 4k (8.3 megapixels) and the largest grid 16; decoding takes 4 bytes for each.
MAX_PIXELS = 80_000_000

#: File name suffix by true format.
SUFFIXES = {"png": "png", "jpeg": "jpg", "webp": "webp", "gif": "gif", "avif": "avif", "bmp": "bmp", "tiff": "tif"}


class NotAnImage(ValueError):
    """No image can be read.

    ``reason`` is ``unknown``, ``broken``, ``raw``, ``too_large`` or ``pillow_limit``; of what is no file also
    ``closed``, ``no_pixels``, ``mode`` or ``array``.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class FileInfo:
    """Size in pixels and format (``png``, ``jpeg``, ``webp``, …) of an image file."""

    width: int
    height: int
    format: str


def probe(source: Path | bytes, *, whole: bool = False) -> FileInfo:
    """Return size and format of an image; ``whole`` decodes every pixel, which finds truncated files."""
    with _open_binary(source) as file, _open_image(file, FILE_FORMATS, whole=whole) as image:
        return info_of(image)


def digest_pixels(image: Image.Image) -> str:
    """The SHA-256 of an image's pixels, which is the same however its file was optimised without loss."""
    return hashlib.sha256(image.convert("RGBA").tobytes()).hexdigest()


def is_whole(path: Path) -> bool:
    """Whether a file is an image of which every pixel can be read."""
    with contextlib.suppress(OSError, ValueError):
        return bool(probe(path, whole=True))
    return False


def load(source: Path | bytes, formats: Sequence[str] = FILE_FORMATS) -> Image.Image:
    """Return a decoded PIL image, so that no file stays open; of several frames the first one.

    Args:
        source: a file's path or content.
        formats: the allowed formats, by Pillow's names.

    Raises:
        NotAnImage: it is no image, or a broken or too large one.
        OSError: the file can't be read at all.
    """
    if isinstance(source, bytes):
        # Not closed: whoever gets the image may ask for its other frames.
        return _open_image(io.BytesIO(source), formats, whole=True)
    with _open_binary(source) as file:
        return _open_image(file, formats, whole=True)


def info_of(image: Image.Image) -> FileInfo:
    """Return size and format of an image that was opened from a file."""
    name = (image.format or "").lower()
    return FileInfo(image.width, image.height, "jpeg" if name == "mpo" else name)


#: What files that aren't read begin with.
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "pdf"),
    (b"%!PS", "postscript"),
    (b"8BPS", "psd"),
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"\xff\x0a", "jxl"),
    (b"\x00\x00\x00\x0cJXL ", "jxl"),
    (b"\x00\x00\x00\x0cjP  ", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
    (b"\x00\x00\x01\x00", "ico"),
    (b"II*\x00\x10\x00\x00\x00CR", "raw"),
    (b"IIU\x00", "raw"),
    (b"IIRO", "raw"),
    (b"IIRS", "raw"),
    (b"MMOR", "raw"),
    (b"FUJIFILMCCD-RAW", "raw"),
    (b"FOVb", "raw"),
    (b"version https://git-lfs", "lfs"),
)
#: What a TIFF begins with, and the order of its bytes.
_TIFF = {b"II*\x00": "<", b"MM\x00*": ">"}
#: What those begin with that are read as long as they are whole.
_WHOLE = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", *_TIFF, b"II+\x00", b"MM\x00+")
#: Bytes of a file that tell what it is.
_MAX_BEGINNING = 4096
#: What the brands of a file of ISO's media format stand for. A file may have several: the first kind here counts.
_BRANDS = {
    "raw": (b"crx ",),
    "avif": (b"avif", b"avis"),
    "heic": (
        *(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"avci", b"avcs", b"vvic", b"vvis"),
        *(b"mif1", b"mif2", b"msf1", b"miaf", b"jpeg", b"jpgs", b"j2ki", b"j2is"),
    ),
    "video": (
        *(b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso8", b"mp41", b"mp42", b"avc1", b"dash", b"qt  "),
        *(b"M4V ", b"MSNV", b"XAVC", b"f4v ", b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3g2a", b"3g2b", b"3g2c"),
    ),
}
#: Tags of a TIFF: a reduced image where odd, the kind of its values, further images of a lower level, a DNG's version.
_SUBFILE_TYPE, _PHOTOMETRIC, _SUB_IMAGES, _DNG_VERSION = 254, 262, 330, 50706
#: What a sensor measured, as a mosaic or one colour after the other.
_SENSOR_VALUES = (32803, 34892)


def identify(content: bytes) -> str:
    """Name what a file is that can't be read as an image.

    Returns:
        ``empty``, ``html``, ``svg``, ``json``, ``base64``, ``heic``, ``avif``, ``raw``, ``pdf``, ``text``,
        ``damaged``, …, or ``unknown``.

    Example:
        >>> identify(b"<!doctype html><title>404</title>")
        'html'
    """
    if not content.strip(b"\0 \t\r\n"):
        return "empty"
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if is_raw(_read_tags(content)):
        return "raw"
    if _begins_as_image(content):
        return "damaged"
    if content[4:8] == b"ftyp":
        end = min(int.from_bytes(content[:4], "big"), _MAX_BEGINNING)
        brands = {content[place : place + 4] for place in (8, *range(16, end, 4))}
        return next((kind for kind, known in _BRANDS.items() if brands.intersection(known)), "unknown")
    return _identify_text(content[:_MAX_BEGINNING])


def is_raw(tags: Mapping[int, object]) -> bool:
    """Whether a TIFF is what a camera's sensor measured; its first image, which can be read, may be but a preview.

    Args:
        tags: those of its first image.
    """
    if _DNG_VERSION in tags or tags.get(_PHOTOMETRIC) in _SENSOR_VALUES:
        return True
    kind = tags.get(_SUBFILE_TYPE)
    return isinstance(kind, int) and kind % 2 == 1 and _SUB_IMAGES in tags


def _read_tags(content: bytes) -> dict[int, int]:
    """The tags of a TIFF's first image, each with its first value as a whole number; none where it is no TIFF."""
    order = _TIFF.get(content[:4])
    tags: dict[int, int] = {}
    if order is None:
        return tags
    # It may be cut off.
    with contextlib.suppress(struct.error):
        (start,) = struct.unpack_from(f"{order}I", content, 4)
        (count,) = struct.unpack_from(f"{order}H", content, start)
        for index in range(count):
            tag, kind = struct.unpack_from(f"{order}HH", content, start + 2 + 12 * index)
            (tags[tag],) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", content, start + 10 + 12 * index)
    return tags


def refuse_other_file(path: Path, *kinds: str) -> None:
    """Raise OptionMistake where a file holds something else than what will be written to it, such as a paid image.

    Args:
        path: where to write; what isn't there, or is empty, may be written.
        kinds: what may be replaced, as :func:`identify` names it.
    """
    if not is_file(path):
        return
    with path.open("rb") as file:
        kind = identify(file.read(_MAX_BEGINNING))
    if kind not in {"empty", *kinds}:
        raise OptionMistake("generation.path_is_other_file", path=printable(path))


def _identify_text(start: bytes) -> str:
    encoding = "utf-16" if start[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    text = start.decode(encoding, "replace").lstrip().lower()
    if "<svg" in text and text.startswith("<"):
        return "svg"
    if text.startswith(("<!doctype html", "<html", "<head", "<body")) or ("<html" in text and text.startswith("<")):
        return "html"
    if text.startswith(("{", "[")):
        return "json"
    if _begins_as_base64(start):
        return "base64"
    strange = sum(not (char.isprintable() or char.isspace()) or char == "\ufffd" for char in text)
    return "text" if strange <= len(text) // 50 else "unknown"


def _begins_as_base64(start: bytes) -> bool:
    """Whether a text is an image in base64, as answers and web pages hold it."""
    head = b"".join(start[:200].split())[:64]
    if not re.fullmatch(rb"[A-Za-z0-9+/]{64}", head):
        return False
    return _begins_as_image(base64.b64decode(head))


def _begins_as_image(content: bytes) -> bool:
    return content.startswith(_WHOLE) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")


def _open_binary(source: Path | bytes) -> IO[bytes]:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _begins_as_raw(file: IO[bytes]) -> bool:
    # Some raw files can be told by their first bytes alone; what Pillow finds in them is a preview.
    file.seek(0)
    return identify(file.read(_MAX_BEGINNING)) == "raw"


def _open_image(file: IO[bytes], formats: Sequence[str], *, whole: bool) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    try:
        with quiet_pillow():
            image = open_image(file, formats)
            is_preview = image.format == "TIFF" and _begins_as_raw(file)
            too_large = image.width * image.height > MAX_PIXELS
            if whole and not (too_large or is_preview):
                image.load()
    except UnidentifiedImageError:
        raise NotAnImage("unknown", f"none of {', '.join(formats)}") from None
    except Image.DecompressionBombError:
        # Pillow's own limit counts as well, as somebody may have set it.
        limit = Image.MAX_IMAGE_PIXELS
        if limit is not None and 2 * limit < MAX_PIXELS:
            raise NotAnImage("pillow_limit", f"PIL.Image.MAX_IMAGE_PIXELS = {limit}") from None
        raise NotAnImage("too_large") from None
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
        raise NotAnImage("broken", str(problem)[:120]) from None
    if is_preview:
        raise NotAnImage("raw")
    if too_large:
        raise NotAnImage("too_large", f"{image.width}×{image.height}")
    return image
